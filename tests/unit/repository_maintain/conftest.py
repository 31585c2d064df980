"""Repositories with a history to thin out, copy and repair."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository import repacking, storing
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.model import BackupOptions, Snapshot
from app.repository.repository import Repository

FIRST = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
LATER = FIRST + timedelta(days=60)
SMALL_PACK_BYTES = 64 << 10


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have many packs from little data."""
    monkeypatch.setattr(storing, "PACK_BYTES", SMALL_PACK_BYTES)
    monkeypatch.setattr(repacking, "PACK_BYTES", SMALL_PACK_BYTES)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(LATER)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_source(tmp_path / "source")


def make_source(source: Path) -> Path:
    """Make a folder of 60 files that do not compress, 1 MB together."""
    noise = random.Random(3)
    for number in range(60):
        folder = source / f"folder {number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(noise.randbytes(17_000))
    return source


@pytest.fixture
def make_history(source: Path) -> Callable[[Repository, int], tuple[Snapshot, ...]]:
    return partial(history_of, source)


def history_of(source: Path, repository: Repository, days: int) -> tuple[Snapshot, ...]:
    """Back the source up day after day, some files changing in between."""
    noise = random.Random(days)
    made = []
    for day in range(days):
        options = BackupOptions(time=FIRST + timedelta(days=day), hostname="pc")
        made.append(repository.backup([os.fsencode(source)], options=options).snapshot)
        for number in noise.sample(range(60), 15):
            (source / f"folder {number % 6}" / f"{number}.bin").write_bytes(noise.randbytes(17_000))
    return tuple(made)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository in a folder, opened by its master key alone."""
    return Repository.init(LocalBackend(tmp_path / "repository"))


def contents(repository: Repository, snapshot: Snapshot) -> dict[bytes, bytes]:
    """Return every file of a snapshot, whole."""
    return {
        entry.path: b"".join(repository.load_blob(blob_id) for blob_id in entry.node.content)
        for entry in repository.walk(snapshot)
        if entry.node.type == "file"
    }


def assert_whole(repository: Repository, *, snapshots: int) -> None:
    """Fail unless every byte of the repository is sound."""
    repository.forget_index()
    report = repository.check(read_data=True)
    assert report.problems == ()
    assert report.snapshots == snapshots


def clone(backend: Backend) -> MemoryBackend:
    """Copy a repository, file by file, into memory."""
    copy = MemoryBackend()
    copy.create()
    for kind in FileKind:
        for info in backend.list(kind):
            copy.save(kind, info.name, backend.load(kind, info.name, limit=1 << 30))
    return copy


def names(backend: Backend, kind: FileKind) -> set[str]:
    return {info.name for info in backend.list(kind)}
