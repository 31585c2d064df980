"""What is remembered of a place on a network is forgotten a while after the place was taken away, nothing else."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.paths import Home
from app.policy.machine import RemotePlace, Target, TargetId, TargetKind
from app.repository.backend.base import FileKind
from app.repository.backend.cached import CachedBackend
from app.repository.backend.memory import MemoryBackend
from app.targets import remembered
from app.targets.remembered import forget_places_taken_away, remembered_folder

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEPT, GONE = "a" * 64, "b" * 64


def target(repository_id: str) -> Target:
    place = RemotePlace("sftp://nas/vangnet")
    return Target(TargetId("nas"), "NAS", TargetKind.SFTP, Path(place.address), repository_id, "m", on_network=place)


def remember(home: Home, repository_id: str, *, files: int = 3, age: timedelta = timedelta(days=2)) -> Path:
    folder = remembered_folder(home, repository_id)
    place = MemoryBackend()
    place.create()
    backend = CachedBackend(place, folder)
    for number in range(files):
        data = b"sealed %d" % number
        backend.save(FileKind.INDEX, hashlib.sha256(data).hexdigest(), data)
    backend.save(FileKind.SNAPSHOT, hashlib.sha256(b"snapshot").hexdigest(), b"snapshot")
    used = (NOW - age).timestamp()
    for part in (folder, *folder.iterdir()):
        os.utime(part, (used, used))
    return folder


def test_a_place_that_was_taken_away_is_forgotten_and_the_others_stay(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    kept, gone = remember(home, KEPT), remember(home, GONE)
    before = sorted(kept.rglob("*"))
    assert forget_places_taken_away(home, (target(KEPT),), NOW) == 4
    assert not gone.exists()
    assert sorted(kept.rglob("*")) == before
    assert forget_places_taken_away(home, (target(KEPT),), NOW) == 0


def test_a_place_that_was_used_today_is_remembered_a_while(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    gone = remember(home, GONE, age=timedelta(hours=3))
    assert forget_places_taken_away(home, (), NOW) == 0
    assert gone.exists()


def test_a_great_many_files_go_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_FILES_AT_ONCE", 5)
    home = Home.in_folder(tmp_path)
    gone = remember(home, GONE, files=8)
    removed = [forget_places_taken_away(home, (), NOW) for _ in range(3)]
    assert removed == [5, 4, 0]
    assert not gone.exists()
    assert list(remembered_folder(home, "").iterdir()) == []


def test_links_and_what_somebody_else_put_there_are_left_alone(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path / "home")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis").write_text("years of work")
    gone = remember(home, GONE)
    remembered_folder(home, "c" * 64).symlink_to(precious)
    (gone / "linked").symlink_to(precious)
    (remembered_folder(home, "") / "notes").mkdir()
    os.utime(gone, (0, 0))
    forget_places_taken_away(home, (), NOW)
    assert (precious / "thesis").read_text() == "years of work"
    assert remembered_folder(home, "c" * 64).is_symlink()
    assert (remembered_folder(home, "") / "notes").is_dir()


def test_a_home_that_remembers_nothing_is_fine(tmp_path: Path) -> None:
    assert forget_places_taken_away(Home.in_folder(tmp_path), (), NOW) == 0
