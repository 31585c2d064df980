"""Repositories for the tests of restoring, checking and searching."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.index_json import PackContents
from app.repository.model import BackupOptions, BlobId, Node, Snapshot, SnapshotId
from app.repository.pack import PackBuilder
from app.repository.repository import Repository
from app.repository.trees import encode_tree


@pytest.fixture
def in_memory() -> Repository:
    return Repository.init(MemoryBackend())


@pytest.fixture
def in_folder(tmp_path: Path) -> Repository:
    return Repository.init(LocalBackend(tmp_path / "repository"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small source: two files in two folders, and one beside them."""
    root = tmp_path / "source"
    (root / "letters").mkdir(parents=True)
    (root / "photos" / "2026").mkdir(parents=True)
    (root / "letters" / "To the Council.txt").write_text("Dear council")
    (root / "photos" / "2026" / "trip.jpg").write_bytes(bytes(range(256)) * 100)
    (root / "notes.txt").write_text("notes")
    return root


def back_up(repository: Repository, path: Path, *, day: int = 1) -> Snapshot:
    """Back up a folder as on a day of May 2026."""
    options = BackupOptions(time=datetime(2026, 5, day, 12, tzinfo=UTC), hostname="pc")
    summary = repository.backup([os.fsencode(path)], options=options)
    assert summary.complete
    repository.forget_index()
    return summary.snapshot


def below(target: Path, path: Path) -> Path:
    """Return where a restored path is: snapshots hold absolute paths."""
    return target / path.relative_to("/")


class Workshop:
    """Makes snapshots by hand, to hold what no honest back-up would."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._blobs: dict[tuple[BlobId, bool], bytes] = {}

    def add(self, plain: bytes, *, is_tree: bool = False) -> BlobId:
        blob_id = BlobId(hashlib.sha256(plain).digest())
        self._blobs[blob_id, is_tree] = plain
        return blob_id

    def add_tree(self, nodes: Iterable[Node]) -> BlobId:
        return self.add(encode_tree(nodes), is_tree=True)

    def finish(self, root: BlobId) -> Snapshot:
        """Store all blobs and the snapshot of this tree."""
        sealer = self._repository.master.sealer()
        contents: list[PackContents] = []
        for kind in (False, True):
            builder = PackBuilder(sealer, target_bytes=1 << 20, is_tree=kind)
            for (blob_id, is_tree), plain in self._blobs.items():
                if is_tree is kind:
                    builder.add(blob_id, plain, 0)
            if len(builder):
                pack = builder.finish()
                self._repository.backend.save(FileKind.PACK, pack.id.hex(), pack.data)
                contents.append(PackContents(pack.id, pack.entries))
        self._repository.save_index(contents)
        self._repository.forget_index()
        return self._repository.save_snapshot(
            Snapshot(SnapshotId(""), datetime(2026, 5, 1, tzinfo=UTC), root, (b"/",), "pc", "test")
        )
