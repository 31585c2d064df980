"""What is remembered of a place is forgotten a while after the place was taken away, nothing else."""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.paths import Home
from app.policy.machine import RemotePlace, Target, TargetId, TargetKind
from app.repository import index_cache
from app.repository.backend.base import FileKind
from app.repository.backend.cached import CachedBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.damage_note import note_path
from app.repository.kept_names import key_of, keys_in, keys_of
from app.repository.mirror import backup_to_all
from app.repository.repository import Repository
from app.targets import remembered
from app.targets.place import open_target
from app.targets.remembered import UNUSED, forget_places_taken_away, remembered_folder
from tests.e2e.installation import TestHome, make_installation

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


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


def back_up(school: TestHome, repositories: list[Repository]) -> None:
    cache = school.home.engine_cache
    backup_to_all(repositories, [os.fsencode(school.source("marks"))], state_dir=cache)
    for repository in repositories:  # as of one that is large enough for it
        index_cache.save(index_cache.path_of(cache, repository.id), repository.index_names(), repository.index)


def kept_files(school: TestHome) -> set[str]:
    return {path.name for path in school.home.engine_cache.iterdir() if path.is_file()}


def test_what_the_engine_keeps_of_a_place_goes_with_it_and_that_of_an_absent_one_stays(school: TestHome) -> None:
    nas, annex = targets = school.installation().machine.targets
    repositories = [open_target(school.home, target) for target in targets]
    back_up(school, repositories[:1])
    of_nas = kept_files(school)
    back_up(school, repositories[1:])
    of_annex = kept_files(school) - of_nas
    back_up(school, repositories)
    of_both = kept_files(school) - of_nas - of_annex
    assert {name.rpartition(".")[2] for name in of_nas} == {"index", "state"}
    assert len(of_both) == 1
    (school.home.engine_cache / "notes.txt").write_text("somebody's own")
    (school.home.engine_cache / f"{'0' * 32}.state").symlink_to(school.source("marks") / "marks 1.txt")

    today = SystemClock().now()
    years_later = today + timedelta(days=1000)
    shutil.rmtree(school.place("annex"))
    assert forget_places_taken_away(school.home, (nas, annex), years_later) == 0, "a place that is away is a place"
    assert forget_places_taken_away(school.home, (nas,), today + UNUSED / 2) == 0, "it may have been a mistake"
    assert forget_places_taken_away(school.home, (nas,), years_later) == len(of_annex | of_both)
    assert kept_files(school) == of_nas | {"notes.txt", f"{'0' * 32}.state"}


def test_what_is_kept_of_a_repository_that_somebody_still_writes_to_by_hand_stays_whole(school: TestHome) -> None:
    back_up(school, [open_target(school.home, school.installation().machine.targets[0])])
    kept = [school.home.engine_cache / name for name in kept_files(school)]
    (index,) = (path for path in kept if path.suffix == ".index")  # not written anew as long as it counts
    long_ago = (NOW - 10 * UNUSED).timestamp()
    for path in kept:
        os.utime(path, (NOW.timestamp(),) * 2)
    os.utime(index, (long_ago, long_ago))
    assert forget_places_taken_away(school.home, (), NOW) == 0
    for path in kept:
        os.utime(path, (long_ago, long_ago))
    assert forget_places_taken_away(school.home, (), NOW) == len(kept)


def test_the_names_of_what_is_kept_tell_whose_it_is_and_fit_on_a_disk() -> None:
    assert keys_in(f"{keys_of([KEPT, GONE])}-{'0' * 32}.state") == (key_of(KEPT), key_of(GONE))
    assert keys_in(index_cache.path_of("x", KEPT).name) == (key_of(KEPT),)
    assert keys_in(f"{keys_of([GONE])}-{'0' * 32}.4194304.tmp") == (key_of(GONE),)
    assert keys_in(note_path("x", KEPT).name) == (), "a note of damage costs no room, and may be wanted"
    for count in (1, 2, 10, 11, 200):
        name = f"{keys_of([str(n) for n in range(count)])}-{'0' * 32}.unfinished"
        assert len(name) < 250
        assert keys_in(name)
