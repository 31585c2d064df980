"""One reading, several repositories: each gets what it lacks, and one that fails does not spoil the others."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.repository import storing
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.faulty import Fault, FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.errors import BackendError, BackendFull, Cancelled, RepositoryLocked, SourceNotFound
from app.repository.keys import make_key_file
from app.repository.members import Members
from app.repository.mirror import MirrorResult, backup_to_all, can_mirror
from app.repository.model import BackupOptions, BackupSummary, Cancel
from app.repository.polynomial import random_polynomial
from app.repository.repository import Repository
from app.secret import Secret
from tests.fault.places import PASSWORD, Kept, contents, raw, write_noise
from tests.rig.restic import Restic

NAMES = ("nas", "annex", "disk")
FILE_BYTES = 200_000


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Kept, ...]:
    """Three repositories of one organisation, with small packs so that each run writes many."""
    monkeypatch.setattr(storing, "PACK_BYTES", 256 << 10)
    master, polynomial = MasterKey.generate(), random_polynomial()
    now = datetime(2026, 5, 4, tzinfo=UTC)
    made = []
    for name in NAMES:
        key = make_key_file(master, Secret(PASSWORD), hostname="h", username="u", now=now, n=1 << 10, p=1)
        Repository.init(LocalBackend(tmp_path / name), master, [key], polynomial=polynomial)
        made.append(Kept(tmp_path / name, master, Restic.at(tmp_path / name, PASSWORD, folder=tmp_path)))
    return tuple(made)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    write_noise(folder, [f"{n % 5}/{n}.bin" for n in range(20)], FILE_BYTES, random.Random(4))
    return folder


def back_up(
    places: tuple[Kept, ...], source: Path, *, options: BackupOptions | None = None
) -> tuple[MirrorResult, ...]:
    repositories = [place.open() for place in places]
    return backup_to_all(repositories, [raw(source)], options=options, state_dir=source.parent / "state")


def good(result: MirrorResult) -> BackupSummary:
    assert result.error is None
    assert result.summary is not None
    return result.summary


def packs(place: Kept) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (place.folder / "data").rglob("*") if path.is_file()}


def assert_holds(place: Kept, source: Path, summary: BackupSummary, to: Path) -> None:
    place.assert_sound()
    assert summary.snapshot.id in place.ids()
    assert contents(place.restored(summary.snapshot, to)) == contents(source)


def test_all_get_the_same_packs_and_snapshot_from_one_reading(
    places: tuple[Kept, ...], source: Path, tmp_path: Path
) -> None:
    results = back_up(places, source)
    assert packs(places[0]) == packs(places[1]) == packs(places[2])
    assert len({good(result).snapshot.id for result in results}) == 1
    assert {good(result).bytes_read for result in results} == {20 * FILE_BYTES}
    for place, result in zip(places, results, strict=True):
        assert good(result).bytes_added == sum(packs(place).values())
        assert_holds(place, source, good(result), tmp_path / f"restored-{place.folder.name}")


def test_what_did_not_change_is_not_read_again(places: tuple[Kept, ...], source: Path) -> None:
    back_up(places, source)
    (source / "new.txt").write_text("new")
    for result in back_up(places, source):
        assert good(result).bytes_read == 3
        assert good(result).files == 21


def test_a_disk_that_was_away_catches_up_and_the_others_do_not_grow(
    places: tuple[Kept, ...], source: Path, tmp_path: Path
) -> None:
    back_up(places, source)
    at_home = places[:2]
    write_noise(source, [f"later/{n}.bin" for n in range(8)], FILE_BYTES, random.Random(5))
    back_up(at_home, source)
    before = packs(places[0])
    write_noise(source, ["today.bin"], FILE_BYTES, random.Random(6))
    nas, annex, disk = (good(result) for result in back_up(places, source))
    grown = sum(packs(places[0]).values()) - sum(before.values())
    assert grown < 2 * FILE_BYTES, "only what is new today"
    assert nas.bytes_added == annex.bytes_added == grown
    assert disk.bytes_added > 9 * FILE_BYTES
    for place, summary in zip(places, (nas, annex, disk), strict=True):
        assert_holds(place, source, summary, tmp_path / f"restored-{place.folder.name}")


def test_a_place_that_breaks_half_way_is_left_behind_and_catches_up_next_time(
    places: tuple[Kept, ...], source: Path, tmp_path: Path
) -> None:
    earlier = good(back_up(places, source)[2])
    write_noise(source, [f"later/{n}.bin" for n in range(40)], FILE_BYTES, random.Random(7))
    disk = places[2].folder
    before = len(packs(places[2]))

    def pull_out() -> None:
        while len(packs(places[2])) <= before:
            time.sleep(0.001)
        (disk / "data").rename(disk / "gone")
        (disk / "data").touch()

    puller = threading.Thread(target=pull_out)
    puller.start()
    nas, annex, broken = back_up(places, source)
    puller.join()
    assert isinstance(broken.error, BackendError)
    assert broken.summary is None
    for place, result in zip(places, (nas, annex), strict=False):
        assert_holds(place, source, good(result), tmp_path / f"restored-{place.folder.name}")
    (disk / "data").unlink()
    (disk / "gone").rename(disk / "data")
    assert places[2].ids() == {earlier.snapshot.id}, "nothing is listed that is not whole"
    places[2].assert_sound()
    again = good(back_up(places, source)[2])
    assert_holds(places[2], source, again, tmp_path / "restored-again")


@pytest.mark.parametrize("kind", [FileKind.LOCK, FileKind.PACK, FileKind.INDEX, FileKind.SNAPSHOT])
def test_whatever_cannot_be_written_to_one_the_others_are_whole(
    places: tuple[Kept, ...], source: Path, tmp_path: Path, kind: FileKind
) -> None:
    fault = Fault(1, lambda: BackendFull(location="disk"), kinds=frozenset({kind}))
    faults = {places[1].folder: [fault]}
    repositories = [
        Repository.open(FaultyBackend(LocalBackend(place.folder), *faults.get(place.folder, [])), master=place.master)
        for place in places
    ]
    nas, full, disk = backup_to_all(repositories, [raw(source)])
    assert isinstance(full.error, BackendFull)
    assert places[1].ids() == set()
    places[1].assert_sound()
    assert_holds(places[0], source, good(nas), tmp_path / "restored-nas")
    assert_holds(places[2], source, good(disk), tmp_path / "restored-disk")


def test_one_that_is_being_pruned_is_left_out(places: tuple[Kept, ...], source: Path) -> None:
    with places[0].open().lock(exclusive=True):
        pruned, *others = back_up(places, source)
    assert isinstance(pruned.error, RepositoryLocked)
    assert all(good(result) for result in others)


def test_when_all_fail_each_says_why(places: tuple[Kept, ...], source: Path) -> None:
    for place in places:
        shutil.rmtree(place.folder / "locks")
        (place.folder / "locks").touch()
    assert all(isinstance(result.error, BackendError) for result in back_up(places, source))


def test_one_that_had_failed_before_a_cancel_says_why_and_the_others_say_cancelled(
    places: tuple[Kept, ...], source: Path
) -> None:
    stop = Cancel()

    def full() -> BackendFull:
        stop.set()  # somebody stops the run at the very moment when the disk is full
        return BackendFull(location="disk")

    faults = {places[1].folder: [Fault(1, full, kinds=frozenset({FileKind.PACK}))]}
    repositories = [
        Repository.open(FaultyBackend(LocalBackend(place.folder), *faults.get(place.folder, [])), master=place.master)
        for place in places
    ]
    results = backup_to_all(repositories, [raw(source)], cancel=stop)
    assert [type(result.error) for result in results] == [Cancelled, BackendFull, Cancelled]
    assert [result.summary for result in results] == [None] * 3


def test_when_nothing_had_failed_before_a_cancel_the_whole_run_is_cancelled(
    places: tuple[Kept, ...], source: Path
) -> None:
    stop = Cancel()
    stop.set()
    with pytest.raises(Cancelled):
        backup_to_all([place.open() for place in places], [raw(source)], cancel=stop)


class StoppedWhileWriting(LocalBackend):
    """A place for which somebody cancels as soon as it has got a pack."""

    def __init__(self, folder: Path, cancel: Cancel) -> None:
        super().__init__(folder)
        self._cancel = cancel

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        super().save(kind, name, data)
        if kind is FileKind.PACK:
            self._cancel.set()


def stopped_at(
    places: tuple[Kept, ...], numbers: set[int], *, in_this_thread: bool = False
) -> tuple[list[Repository], list[Cancel]]:
    """Open the places; what goes to these is cancelled, each by itself, once it has got a pack."""
    cancels = [Cancel() for _ in places]
    backends: list[Backend] = [
        StoppedWhileWriting(place.folder, cancel) if number in numbers else LocalBackend(place.folder)
        for number, (place, cancel) in enumerate(zip(places, cancels, strict=True))
    ]
    if in_this_thread:
        backends = [FaultyBackend(backend) for backend in backends]
    return [Repository.open(backend, master=places[0].master) for backend in backends], cancels


def test_the_copy_to_one_place_is_cancelled_and_the_others_are_whole(
    places: tuple[Kept, ...], source: Path, tmp_path: Path
) -> None:
    repositories, cancels = stopped_at(places, {1})
    told: list[tuple[int, int]] = []

    def left(number: int) -> None:
        told.append((number, len(list((places[number].folder / "locks").iterdir()))))

    nas, annex, disk = backup_to_all(repositories, [raw(source)], cancels=cancels, on_left=left)
    assert isinstance(annex.error, Cancelled)
    assert annex.summary is None
    assert told == [(1, 0)], "at once, and nothing keeps the place locked"
    assert places[1].ids() == set()
    places[1].assert_sound()
    assert_holds(places[0], source, good(nas), tmp_path / "restored-nas")
    assert_holds(places[2], source, good(disk), tmp_path / "restored-disk")
    assert_holds(places[1], source, good(back_up(places, source)[1]), tmp_path / "restored-annex")


def test_what_a_cancelled_place_has_got_is_not_stored_there_again(places: tuple[Kept, ...], source: Path) -> None:
    repositories, cancels = stopped_at(places, {1}, in_this_thread=True)
    nas, annex, _disk = backup_to_all(repositories, [raw(source)], cancels=cancels)
    assert isinstance(annex.error, Cancelled)
    had = sum(packs(places[1]).values())
    assert 0 < had < good(nas).bytes_added
    again = good(back_up(places, source)[1])
    assert again.bytes_added < sum(packs(places[0]).values()) - had // 2


def test_when_every_place_is_cancelled_one_by_one_the_run_is(places: tuple[Kept, ...], source: Path) -> None:
    repositories, cancels = stopped_at(places, {0, 1, 2})
    results: tuple[MirrorResult, ...] = ()
    with contextlib.suppress(Cancelled):  # all at once
        results = backup_to_all(repositories, [raw(source)], cancels=cancels)
    assert {type(result.error) for result in results} <= {Cancelled}  # or one after the other
    for place in places:
        assert place.ids() == set()
        assert list((place.folder / "locks").iterdir()) == []
        place.assert_sound()


def test_when_the_last_place_that_did_not_fail_is_cancelled_each_says_its_own(
    places: tuple[Kept, ...], source: Path
) -> None:
    fault = Fault(1, lambda: BackendFull(location="disk"), kinds=frozenset({FileKind.PACK}))
    full = Repository.open(FaultyBackend(LocalBackend(places[0].folder), fault), master=places[0].master)
    (_, *others), cancels = stopped_at(places, {1, 2}, in_this_thread=True)
    results = backup_to_all([full, *others], [raw(source)], cancels=cancels)
    assert [type(result.error) for result in results] == [BackendFull, Cancelled, Cancelled]


def test_what_is_wrong_with_the_source_is_wrong_for_all(places: tuple[Kept, ...], source: Path) -> None:
    shutil.rmtree(source)
    with pytest.raises(SourceNotFound):
        back_up(places, source)


def test_an_unchanged_source_is_skipped_only_where_everybody_has_it(places: tuple[Kept, ...], source: Path) -> None:
    back_up(places[:2], source)
    options = BackupOptions(skip_if_unchanged=True)
    back_up(places[:2], source, options=options)
    assert [len(place.ids()) for place in places] == [1, 1, 0]
    back_up(places, source, options=options)
    assert [len(place.ids()) for place in places] == [2, 2, 1]


def test_repositories_of_another_organisation_do_not_fit(places: tuple[Kept, ...], tmp_path: Path) -> None:
    stranger = Kept.make(tmp_path / "stranger")
    assert can_mirror([place.open() for place in places])
    assert not can_mirror([places[0].open(), stranger.open()])
    assert not can_mirror([places[0].open(), places[0].open()])


def test_the_same_places_in_another_order_read_nothing_again(places: tuple[Kept, ...], source: Path) -> None:
    back_up(places, source)
    states = sorted((source.parent / "state").glob("*.state"))
    for result in back_up(places[::-1], source):
        assert good(result).bytes_read == 0
    assert sorted((source.parent / "state").glob("*.state")) == states, "and remember it in the same file"


def test_what_a_check_found_damaged_in_one_place_is_stored_anew_there(
    places: tuple[Kept, ...], source: Path, tmp_path: Path
) -> None:
    back_up(places, source)
    annex = places[1].open()
    victim = next(place.pack for _, place in annex.index.blobs() if not place.is_tree).hex()
    (places[1].folder / "data" / victim[:2] / victim).unlink()
    assert not annex.check(state_dir=tmp_path / "state").sound
    nas, healed, disk = (good(result) for result in back_up(places, source))
    assert healed.bytes_added > 0
    assert nas.bytes_added == disk.bytes_added == 0
    assert places[1].open().restore(healed.snapshot, raw(tmp_path / "restored")).complete


def test_whoever_meets_a_failure_first_is_who_tells_it(places: tuple[Kept, ...]) -> None:
    members = Members([place.open() for place in places])
    members.fail(1, BackendFull(location=os.fsdecode(b"/mnt/caf\xe9"), file="x" * 5000))
    members.fail(1, RepositoryLocked(host="h"))
    assert members.live == 0b101
    assert isinstance(members.error(1), BackendFull)
    members.fail(2, BackendFull(location=os.fsdecode(b"/mnt/caf\xe9"), free_bytes=0))
    told = members.error(2)
    assert told is not None
    assert told.data == {"location": "/mnt/caf\\udce9", "free_bytes": 0}


def test_one_failure_that_many_processes_meet_at_once_is_told_whole(places: tuple[Kept, ...]) -> None:
    repositories = [place.open() for place in places]
    for _ in range(20):
        members = Members(repositories)
        workers = []
        for number in range(4):
            if (pid := os.fork()) == 0:
                members.fail(0, BackendFull(location="d" * (number * 300), operation="save"))
                os._exit(0)
            workers.append(pid)
        for pid in workers:
            os.waitpid(pid, 0)
        told = members.error(0)
        assert isinstance(told, BackendFull)
        assert set(str(told.data["location"])) <= {"d"}
