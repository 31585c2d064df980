"""Pruning: what nothing needs goes, what anything needs never does, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.backend.faulty import Fault, FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendUnavailable,
    Cancelled,
    RepositoryDamaged,
    RepositoryError,
    RepositoryLocked,
)
from app.repository.forgetter import forget
from app.repository.index_json import PackContents
from app.repository.model import BlobId, Cancel, Snapshot
from app.repository.prune_plan import MaxUnused
from app.repository.pruner import prune
from app.repository.repacking import PackWriter
from app.repository.repository import Repository
from app.repository.retention import KeepPolicy
from app.repository.upkeep import unlock
from tests.unit.repository_maintain.conftest import (
    LATER,
    SMALL_PACK_BYTES,
    assert_whole,
    clone,
    contents,
    history_of,
    make_source,
    names,
)

MakeHistory = Callable[[Repository, int], tuple[Snapshot, ...]]
NOTHING_UNNEEDED = MaxUnused(bytes=0)


@pytest.fixture(scope="module")
def thinned_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MasterKey]:
    """Make a repository of which four of six snapshots were forgotten; nobody may change it."""
    folder = tmp_path_factory.mktemp("thinned")
    repository = Repository.init(LocalBackend(folder / "repository"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.repository.storing.PACK_BYTES", SMALL_PACK_BYTES)
        history_of(make_source(folder / "source"), repository, 6)
    forget(repository, KeepPolicy(last=2), clock=FixedClock(LATER))
    return folder / "repository", repository.master


@pytest.fixture
def thinned(thinned_once: tuple[Path, MasterKey], tmp_path: Path) -> Repository:
    """Return a repository of one's own of which four of six snapshots were forgotten."""
    made, master = thinned_once
    shutil.copytree(made, tmp_path / "repository")
    return Repository.open(LocalBackend(tmp_path / "repository"), master=master)


def needed_blobs(repository: Repository) -> set[tuple[BlobId, bool]]:
    """Return what the snapshots need, found by walking every tree."""
    needed: set[tuple[BlobId, bool]] = set()
    pending = [snapshot.tree for snapshot in repository.snapshots()]
    while pending:
        tree = pending.pop()
        if (tree, True) in needed:
            continue
        needed.add((tree, True))
        for node in repository.load_tree(tree):
            needed.update((blob_id, False) for blob_id in node.content)
            if node.subtree:
                pending.append(node.subtree)
    return needed


def stored_blobs(repository: Repository) -> list[tuple[BlobId, bool]]:
    repository.forget_index()
    return [(blob_id, place.is_tree) for blob_id, place in repository.index.blobs()]


def stored_bytes(backend: Backend) -> int:
    return sum(info.size for info in backend.list(FileKind.PACK))


def test_only_what_snapshots_need_is_left(thinned: Repository) -> None:
    before = {snapshot.id: contents(thinned, snapshot) for snapshot in thinned.snapshots()}
    bytes_before = stored_bytes(thinned.backend)
    report = prune(thinned, max_unused=NOTHING_UNNEEDED)
    assert sorted(stored_blobs(thinned)) == sorted(needed_blobs(thinned))
    assert_whole(thinned, snapshots=2)
    assert {snapshot.id: contents(thinned, snapshot) for snapshot in thinned.snapshots()} == before
    assert report.bytes_freed == bytes_before - stored_bytes(thinned.backend) > 0
    assert report.bytes_unneeded_left == 0


def test_data_and_trees_stay_in_packs_of_their_own(thinned: Repository) -> None:
    prune(thinned, max_unused=NOTHING_UNNEEDED)
    thinned.forget_index()
    for entries in thinned.index.by_pack().values():
        assert len({entry.is_tree for entry in entries}) == 1


def test_a_second_prune_writes_and_removes_nothing(thinned: Repository) -> None:
    prune(thinned, max_unused=NOTHING_UNNEEDED)
    backend = FaultyBackend(thinned.backend)
    report = prune(Repository.open(backend, master=thinned.master))
    assert (report.packs_removed, report.packs_repacked, report.bytes_freed) == (0, 0, 0)
    changed = [call for call in backend.calls if call[0] in ("save", "remove") and call[1] is not FileKind.LOCK]
    assert changed == []


def test_a_dry_run_foretells_and_changes_nothing(thinned: Repository) -> None:
    files = {kind: names(thinned.backend, kind) for kind in FileKind}
    foretold = prune(thinned, dry_run=True)
    assert {kind: names(thinned.backend, kind) for kind in FileKind} == files
    done = prune(thinned)
    assert (foretold.packs_removed, foretold.packs_repacked, foretold.bytes_unneeded_left) == (
        done.packs_removed,
        done.packs_repacked,
        done.bytes_unneeded_left,
    )


def test_waste_up_to_the_limit_stays(thinned: Repository) -> None:
    report = prune(thinned, max_unused=MaxUnused(share=0.3))
    needed = sum(place.length for _, place in thinned.index.blobs()) - report.bytes_unneeded_left
    assert 0 < report.bytes_unneeded_left <= needed * 0.3 / 0.7
    unlimited = prune(thinned, max_unused=MaxUnused(share=None))
    assert unlimited.packs_repacked == 0


def test_no_more_than_asked_for_is_packed_anew(thinned: Repository) -> None:
    report = prune(thinned, max_unused=NOTHING_UNNEEDED, max_repack_bytes=200_000)
    assert 0 < report.bytes_repacked <= 200_000
    assert_whole(thinned, snapshots=2)
    assert prune(thinned, max_unused=NOTHING_UNNEEDED, max_repack_bytes=0).packs_repacked == 0


def test_what_an_interrupted_run_left_goes(thinned: Repository) -> None:
    store_unnamed_pack(thinned)
    assert prune(thinned).packs_unindexed == 1
    assert_whole(thinned, snapshots=2)


def test_a_blob_stored_twice_is_kept_once(repository: Repository, make_history: MakeHistory) -> None:
    make_history(repository, 1)
    _store_again(repository, damaged=False)
    prune(repository, max_unused=NOTHING_UNNEEDED)
    assert len(stored_blobs(repository)) == len(set(stored_blobs(repository)))
    assert_whole(repository, snapshots=1)


def test_a_damaged_double_never_wins(repository: Repository, make_history: MakeHistory) -> None:
    [snapshot] = make_history(repository, 1)
    before = contents(repository, snapshot)
    _store_again(repository, damaged=True)
    prune(repository, max_unused=NOTHING_UNNEEDED)
    assert contents(repository, snapshot) == before
    assert_whole(repository, snapshots=1)


def _store_again(repository: Repository, *, damaged: bool) -> None:
    """Store every data blob a second time, in other packs; damaged ones are sealed soundly but hold other bytes."""
    stored: list[PackContents] = []
    writer = PackWriter(repository, lambda contents, _size: stored.append(contents))
    for blob_id, place in repository.index.blobs():
        if not place.is_tree:
            plain = repository.load_blob(blob_id)
            writer.add_plain(blob_id, False, bytes(len(plain)) if damaged else plain)
    writer.flush()
    repository.save_index(stored)
    repository.forget_index()


def test_small_index_files_become_one(thinned: Repository) -> None:
    assert len(names(thinned.backend, FileKind.INDEX)) > 2
    prune(thinned)
    assert len(names(thinned.backend, FileKind.INDEX)) == 1


# --- refusing ------------------------------------------------------------------------------------------------------


def assert_refused(repository: Repository, reason: str) -> None:
    packs = names(repository.backend, FileKind.PACK)
    with pytest.raises(RepositoryDamaged) as refused:
        prune(repository, max_unused=NOTHING_UNNEEDED)
    assert refused.value.data["reason"] == reason
    assert names(repository.backend, FileKind.PACK) == packs
    assert names(repository.backend, FileKind.LOCK) == set()


def test_a_missing_index_file_removes_nothing(thinned: Repository) -> None:
    thinned.backend.remove(FileKind.INDEX, min(names(thinned.backend, FileKind.INDEX)))
    assert_refused(thinned, "blobs-not-listed")


def test_a_damaged_index_file_removes_nothing(thinned: Repository) -> None:
    backend = clone(thinned.backend)
    name = min(names(backend, FileKind.INDEX))
    data = bytearray(backend.load(FileKind.INDEX, name, limit=1 << 20))
    data[40] ^= 1
    backend.remove(FileKind.INDEX, name)
    backend.save(FileKind.INDEX, name, data)
    assert_refused(Repository.open(backend, master=thinned.master), "hash")


def test_a_missing_pack_removes_nothing(thinned: Repository) -> None:
    entry = next(entry for entry in thinned.walk(thinned.snapshots()[-1]) if entry.node.content)
    place = thinned.index.lookup(entry.node.content[0])
    assert place is not None
    thinned.backend.remove(FileKind.PACK, place.pack.hex())
    assert_refused(thinned, "pack-missing")


def test_an_unreadable_folder_removes_nothing(thinned: Repository) -> None:
    place = thinned.index.lookup(thinned.snapshots()[0].tree, is_tree=True)
    assert place is not None
    backend = clone(thinned.backend)
    pack = bytearray(backend.load(FileKind.PACK, place.pack.hex(), limit=1 << 30))
    pack[place.offset + 20] ^= 1
    backend.remove(FileKind.PACK, place.pack.hex())
    backend.save(FileKind.PACK, place.pack.hex(), pack)
    assert_refused(Repository.open(backend, master=thinned.master), "tree-damaged")


def test_no_snapshot_at_all_removes_nothing(thinned: Repository) -> None:
    for snapshot in thinned.snapshots():
        thinned.backend.remove(FileKind.SNAPSHOT, snapshot.id)
    assert_refused(thinned, "none-listed")


def test_an_unreadable_blob_keeps_its_pack(thinned: Repository) -> None:
    """What is left of a damaged pack is for a repair to save; a prune leaves it alone and says so."""
    backend = clone(thinned.backend)
    repository = Repository.open(backend, master=thinned.master)
    needed = needed_blobs(repository)
    damaged: set[str] = set()
    for blob_id, place in repository.index.blobs():
        if (blob_id, place.is_tree) in needed and not place.is_tree and place.pack.hex() not in damaged:
            damaged.add(place.pack.hex())
            pack = bytearray(backend.load(FileKind.PACK, place.pack.hex(), limit=1 << 30))
            pack[place.offset + 20] ^= 1
            backend.remove(FileKind.PACK, place.pack.hex())
            backend.save(FileKind.PACK, place.pack.hex(), pack)
    report = prune(repository, max_unused=NOTHING_UNNEEDED)
    assert damaged <= names(backend, FileKind.PACK)
    assert {problem.file for problem in report.problems} <= {f"data/{name}" for name in damaged}
    assert report.problems


def test_nothing_is_pruned_while_a_backup_is_under_way(thinned: Repository) -> None:
    with thinned.lock(), pytest.raises(RepositoryLocked):
        prune(thinned)


def test_a_prune_that_lost_its_lock_removes_nothing_more(thinned: Repository) -> None:
    """A computer that slept too long: others took its lock for stale, and may have stored data meanwhile."""
    backend = _LockTaker(clone(thinned.backend))
    with pytest.raises(RepositoryLocked):
        prune(Repository.open(backend, master=thinned.master))
    assert backend.count("remove", FileKind.PACK) == 0


class _LockTaker(FaultyBackend):
    """Removes all locks when the packs are listed."""

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        if kind is FileKind.PACK:
            for info in tuple(super().list(FileKind.LOCK)):
                self._inner.remove(FileKind.LOCK, info.name)
        return super().list(kind)


# --- interruptions -------------------------------------------------------------------------------------------------


def unplugged() -> BackendError:
    return BackendUnavailable(reason="ENODEV")


def full() -> BackendError:
    return BackendFull(reason="ENOSPC")


def assert_sound_and_next_prune_carries_on(backend: MemoryBackend, thinned: Repository) -> None:
    repository = Repository.open(backend, master=thinned.master)
    unlock(repository, remove_all=True)
    assert_whole(repository, snapshots=2)
    prune(repository, max_unused=NOTHING_UNNEEDED)
    assert sorted(stored_blobs(repository)) == sorted(needed_blobs(repository))
    assert_whole(repository, snapshots=2)


@pytest.mark.slow
@pytest.mark.parametrize("times", [0, 1], ids=["for good", "once"])
def test_cut_at_every_write_it_stays_sound_and_the_next_prune_carries_on(thinned: Repository, times: int) -> None:
    at = 0
    while True:
        at += 1
        inner = clone(thinned.backend)
        backend = FaultyBackend(inner, fault := Fault(at, unplugged, times=times))
        repository = Repository.open(backend, master=thinned.master)
        with contextlib.suppress(RepositoryError):
            prune(repository, max_unused=NOTHING_UNNEEDED)
        if fault.seen < at:
            break
        assert_sound_and_next_prune_carries_on(inner, thinned)
    assert at > 20


@pytest.mark.slow
def test_a_disk_that_fills_up_at_any_write_stays_sound(thinned: Repository) -> None:
    at = 0
    while True:
        at += 1
        inner = clone(thinned.backend)
        backend = FaultyBackend(inner, fault := Fault(at, full, frozenset({"save"}), times=0))
        repository = Repository.open(backend, master=thinned.master)
        try:
            prune(repository, max_unused=NOTHING_UNNEEDED)
        except BackendFull:
            assert at == 1  # not even the lock could be written
        if fault.seen < at:
            break
        assert_sound_and_next_prune_carries_on(inner, thinned)
    assert at > 5


def test_a_full_disk_gets_room_without_writing_a_pack(repository: Repository, make_history: MakeHistory) -> None:
    """Index files whose packs all go need no successor, so their packs go even when nothing can be written."""
    made = make_history(repository, 2)
    inner = clone(repository.backend)
    inner.remove(FileKind.SNAPSHOT, made[1].id)
    writes = frozenset({FileKind.PACK, FileKind.INDEX})
    backend = FaultyBackend(inner, Fault(1, full, frozenset({"save"}), writes))
    report = prune(Repository.open(backend, master=repository.master))
    assert report.bytes_freed > 0
    assert_whole(Repository.open(inner, master=repository.master), snapshots=1)


def store_unnamed_pack(repository: Repository) -> None:
    writer = PackWriter(repository, lambda _contents, _size: None)
    writer.add_plain(BlobId(bytes(32)), False, b"never named by any index")
    writer.flush()


def test_a_disk_too_full_for_a_lock_first_loses_what_no_index_names(thinned: Repository) -> None:
    store_unnamed_pack(thinned)
    backend = FaultyBackend(thinned.backend, Fault(1, full, frozenset({"save"}), frozenset({FileKind.LOCK}), times=1))
    report = prune(Repository.open(backend, master=thinned.master))
    assert backend.count("save", FileKind.LOCK) == 2
    assert report.packs_unindexed == 0
    assert_whole(thinned, snapshots=2)


def test_a_disk_too_full_for_a_lock_loses_nothing_while_another_is_at_work(thinned: Repository) -> None:
    store_unnamed_pack(thinned)
    packs = names(thinned.backend, FileKind.PACK)
    backend = FaultyBackend(thinned.backend, Fault(1, full, frozenset({"save"}), frozenset({FileKind.LOCK})))
    with thinned.lock(), pytest.raises(RepositoryLocked):
        prune(Repository.open(backend, master=thinned.master))
    assert names(thinned.backend, FileKind.PACK) == packs


def test_packing_anew_takes_no_more_room_than_there_is(thinned: Repository) -> None:
    backend = _SmallDisk(clone(thinned.backend), spare=400_000)
    repository = Repository.open(backend, master=thinned.master)
    report = prune(repository, max_unused=NOTHING_UNNEEDED)
    assert not report.stopped_for_space
    assert report.bytes_unneeded_left == 0
    assert_whole(repository, snapshots=2)


class _SmallDisk(FaultyBackend):
    """Has room for so many bytes beside what it holds."""

    def __init__(self, inner: MemoryBackend, *, spare: int) -> None:
        super().__init__(inner)
        self._capacity = self._used() + spare

    def _used(self) -> int:
        return sum(info.size for kind in FileKind for info in self._inner.list(kind))

    def free_bytes(self) -> int | None:
        return self._capacity - self._used()

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        if self._used() + len(data) > self._capacity:
            raise BackendFull(reason="ENOSPC")
        super().save(kind, name, data)


class CancelAt(Cancel):
    """Is set from the n-th time it is asked."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def is_set(self) -> bool:
        self.left -= 1
        return self.left <= 0


@pytest.mark.slow
def test_cancelled_at_any_moment_it_stays_sound(thinned: Repository) -> None:
    for at in range(1, 200, 7):
        inner = clone(thinned.backend)
        repository = Repository.open(inner, master=thinned.master)
        try:
            prune(repository, max_unused=NOTHING_UNNEEDED, cancel=CancelAt(at))
        except Cancelled:
            assert names(inner, FileKind.LOCK) == set()
        else:
            break
        assert_sound_and_next_prune_carries_on(inner, thinned)
    assert at > 30


def test_small_packs_are_joined_once_when_asked_for(
    repository: Repository, make_history: MakeHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_history(repository, 6)
    before = {snapshot.id: contents(repository, snapshot) for snapshot in made}
    packs_before = len(names(repository.backend, FileKind.PACK))
    for module in ("storing", "repacking"):
        monkeypatch.setattr(f"app.repository.{module}.PACK_BYTES", 8 << 20)
    assert prune(repository).packs_repacked == 0
    foretold = prune(repository, repack_small=True, dry_run=True)
    report = prune(repository, repack_small=True)
    assert report.packs_repacked == foretold.packs_repacked == packs_before
    assert len(names(repository.backend, FileKind.PACK)) == 2  # one of trees, one of data
    assert prune(repository, repack_small=True).packs_repacked == 0
    assert {snapshot.id: contents(repository, snapshot) for snapshot in repository.snapshots()} == before
    assert_whole(repository, snapshots=6)


def test_a_handle_that_was_open_before_a_prune_does_not_rely_on_what_that_removed(
    repository: Repository, tmp_path: Path
) -> None:
    """A session of continuous copying lasts for a day; a prune comes in between."""
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "gone.bin").write_bytes(os.urandom(50_000))
    (folder / "kept.bin").write_bytes(os.urandom(50_000))
    path = [os.fsencode(folder / "gone.bin")]
    repository.backup([os.fsencode(folder / "kept.bin")])
    first = repository.backup(path).snapshot
    assert len(repository.index) > 0, "the session knows the index now"
    other = Repository.open(repository.backend, master=repository.master)
    other.backend.remove(FileKind.SNAPSHOT, first.id)
    prune(other, max_unused=MaxUnused(bytes=0))
    again = repository.backup(path).snapshot
    assert Repository.open(repository.backend, master=repository.master).check(read_data=True).sound
    assert repository.restore(again, os.fsencode(tmp_path / "restored")).complete
