"""What a place on a network has sent before is not asked for again, and is never believed over its own hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.cached import CachedBackend
from app.repository.backend.faulty import FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.errors import BackendError, RepositoryDamaged

SENT = b"sealed " * 100
NAME = hashlib.sha256(SENT).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> FaultyBackend:
    backend = FaultyBackend(LocalBackend(tmp_path / "place"))
    backend.create()
    backend.save(FileKind.INDEX, NAME, SENT)
    return backend


def asked(place: FaultyBackend) -> int:
    return sum(1 for operation, *_ in place.calls if operation == "load")


def load(backend: CachedBackend) -> bytes:
    return backend.load(FileKind.INDEX, NAME, limit=10_000)


def test_an_index_file_is_asked_for_once(place: FaultyBackend, tmp_path: Path) -> None:
    assert load(CachedBackend(place, tmp_path / "kept")) == SENT
    assert load(CachedBackend(place, tmp_path / "kept")) == SENT
    assert asked(place) == 1
    place.unplugged = True
    assert load(CachedBackend(place, tmp_path / "kept")) == SENT


def test_what_we_wrote_ourselves_is_kept_too(place: FaultyBackend, tmp_path: Path) -> None:
    cached = CachedBackend(place, tmp_path / "kept")
    name = hashlib.sha256(b"new").hexdigest()
    cached.save(FileKind.SNAPSHOT, name, b"new")
    assert cached.load(FileKind.SNAPSHOT, name, limit=10) == b"new"
    assert asked(place) == 0


def test_what_was_spoiled_here_is_asked_for_again(place: FaultyBackend, tmp_path: Path) -> None:
    cached = CachedBackend(place, tmp_path / "kept")
    load(cached)
    (tmp_path / "kept" / "index" / NAME).write_bytes(SENT[:-1])
    assert load(cached) == SENT
    assert asked(place) == 2


def test_what_the_place_has_no_more_is_forgotten_here(place: FaultyBackend, tmp_path: Path) -> None:
    cached = CachedBackend(place, tmp_path / "kept")
    load(cached)
    place.remove(FileKind.INDEX, NAME)
    assert list(cached.list(FileKind.INDEX)) == []
    with pytest.raises(BackendError):
        load(cached)


def test_a_draft_that_a_killed_process_left_is_cleared_away(place: FaultyBackend, tmp_path: Path) -> None:
    cached = CachedBackend(place, tmp_path / "kept")
    load(cached)
    draft = tmp_path / "kept" / "index" / ".tmp_x1"
    draft.write_bytes(SENT[:9])
    assert [info.name for info in cached.list(FileKind.INDEX)] == [NAME]
    assert not draft.exists()


def test_what_is_private_there_is_private_here(place: FaultyBackend, tmp_path: Path) -> None:
    load(CachedBackend(place, tmp_path / "kept"))
    kept = tmp_path / "kept" / "index" / NAME
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["../../secrets/key", "a/b", ".", ""])
def test_no_name_leads_out_of_its_folder(place: FaultyBackend, tmp_path: Path, name: str) -> None:
    with pytest.raises(RepositoryDamaged):
        CachedBackend(place, tmp_path / "kept").load(FileKind.INDEX, name, limit=100)


def test_packs_are_not_kept(place: FaultyBackend, tmp_path: Path) -> None:
    cached = CachedBackend(place, tmp_path / "kept")
    cached.save(FileKind.PACK, NAME, SENT)
    assert cached.load_range(FileKind.PACK, NAME, 0, 6) == SENT[:6]
    assert not (tmp_path / "kept" / "data").exists()
