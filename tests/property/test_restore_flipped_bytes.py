"""Any flipped bit in any file of a repository is found by a check, and never restored as if nothing had happened."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged
from app.repository.keys import make_key_file
from app.repository.model import RestoreOptions
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.trees import differences

KINDS = (FileKind.CONFIG, FileKind.KEY, FileKind.SNAPSHOT, FileKind.INDEX, FileKind.PACK)


class OneBitWrong(MemoryBackend):
    """Another backend, read with one bit of one file flipped."""

    def __init__(self, whole: MemoryBackend, kind: FileKind, name: str, bit: int) -> None:
        super().__init__()
        self._whole = whole
        self._wrong = kind, name
        self._bit = bit

    def exists(self, kind: FileKind, name: str = "") -> bool:
        return self._whole.exists(kind, name)

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        return self._whole.list(kind)

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        self._whole.save(kind, name, data)

    def remove(self, kind: FileKind, name: str) -> None:
        self._whole.remove(kind, name)

    def _get(self, operation: str, kind: FileKind, name: str) -> bytes:
        data = self._whole.load(kind, name, limit=1 << 30)
        if (kind, name) != self._wrong:
            return data
        flipped = bytearray(data)
        flipped[self._bit // 8] ^= 1 << self._bit % 8
        return bytes(flipped)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryBackend, MasterKey, Path]:
    """A sound repository with two snapshots, and what the newest holds."""
    source = tmp_path_factory.mktemp("source") / "files"
    (source / "below").mkdir(parents=True)
    (source / "below" / "text.txt").write_text("text " * 300)
    (source / "noise.bin").write_bytes(os.urandom(3000))
    (source / "same.bin").write_bytes((source / "noise.bin").read_bytes())
    master = MasterKey.generate()
    now = datetime(2026, 5, 1, tzinfo=UTC)
    key = make_key_file(master, Secret("geheim"), hostname="pc", username="test", now=now, n=2, r=1, p=1)
    backend = MemoryBackend()
    repository = Repository.init(backend, master, [key])
    repository.backup([os.fsencode(source)])
    (source / "later.txt").write_text("later")
    repository.backup([os.fsencode(source)])
    return backend, master, source


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_is_found_and_never_restored(
    whole: tuple[MemoryBackend, MasterKey, Path], data: st.DataObject
) -> None:
    backend, master, source = whole
    kind = data.draw(st.sampled_from(KINDS))
    info = data.draw(st.sampled_from(sorted(backend.list(kind), key=lambda info: info.name)))
    bit = data.draw(st.integers(0, info.size * 8 - 1))
    damaged = Repository.open(backend, master=master)
    damaged.backend = OneBitWrong(backend, kind, info.name, bit)  # it goes bad after it was opened
    problems = damaged.check(read_data=True).problems
    assert f"{kind.value}/{info.name}".rstrip("/") in [problem.file for problem in problems]

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        try:
            [*_, newest] = damaged.snapshots()
            options = RestoreOptions(strip=os.fsencode(source))
            summary = damaged.restore(newest, os.fsencode(target), options=options)
        except RepositoryDamaged:
            return  # said so, and wrote nothing that could be taken for whole
        found = differences(source, target, with_root=False)
        # Every file is as it was, or it is missing and something is named.
        assert all(line.startswith(f"only in {source}") for line in found)
        assert not found or summary.problems
