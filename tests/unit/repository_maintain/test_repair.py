"""Repairing: all that can still be read is kept, and what is lost is named."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.faulty import Fault, FaultyBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.errors import BackendFull, BackendUnavailable, RepositoryDamaged, RepositoryError
from app.repository.index import PackedBlob
from app.repository.model import BackupOptions, BlobId, PackId, Snapshot
from app.repository.repair import repair_index, repair_packs
from app.repository.repair_snapshots import REPAIRED_TAG, repair_snapshots
from app.repository.repository import Repository
from app.repository.upkeep import unlock
from tests.unit.repository_maintain.conftest import assert_whole, clone, contents, names

MakeHistory = Callable[[Repository, int], tuple[Snapshot, ...]]


@pytest.fixture
def healthy(repository: Repository, make_history: MakeHistory) -> Repository:
    """Return a repository in memory with two snapshots."""
    make_history(repository, 2)
    return Repository.open(clone(repository.backend), master=repository.master)


def place_of(repository: Repository, path: bytes) -> tuple[BlobId, PackedBlob]:
    """Return the first blob of a file in the newest snapshot, and where it is."""
    [blob_id, *_] = next(
        entry.node.content for entry in repository.walk(repository.snapshots()[-1]) if entry.path.endswith(path)
    )
    place = repository.index.lookup(blob_id)
    assert place is not None
    return blob_id, place


def flip(repository: Repository, pack: PackId, at: int) -> None:
    """Change one byte of a pack; a negative place counts from its end."""
    name = pack.hex()
    data = bytearray(repository.backend.load(FileKind.PACK, name, limit=1 << 30))
    data[at] ^= 1
    repository.backend.remove(FileKind.PACK, name)
    repository.backend.save(FileKind.PACK, name, data)


# --- the index -----------------------------------------------------------------------------------------------------


def test_a_lost_index_comes_back_from_the_packs(healthy: Repository) -> None:
    before = sorted(healthy.index.blobs())
    for name in names(healthy.backend, FileKind.INDEX):
        healthy.backend.remove(FileKind.INDEX, name)
    report = repair_index(healthy)
    assert sorted(healthy.index.blobs()) == before
    assert (report.blobs, report.problems) == (len(before), ())
    assert_whole(healthy, snapshots=2)


def test_a_damaged_index_file_is_replaced(healthy: Repository) -> None:
    name = min(names(healthy.backend, FileKind.INDEX))
    healthy.backend.remove(FileKind.INDEX, name)
    healthy.backend.save(FileKind.INDEX, name, b"not an index any more, by far not")
    healthy.forget_index()
    with pytest.raises(RepositoryDamaged):
        len(healthy.index)
    repair_index(healthy)
    assert_whole(healthy, snapshots=2)


def test_a_pack_with_a_damaged_list_stays_named_as_the_old_index_named_it(healthy: Repository) -> None:
    _, place = place_of(healthy, b"/7.bin")
    before = sorted(healthy.index.blobs())
    flip(healthy, place.pack, -10)
    assert repair_index(healthy).problems == ()
    assert sorted(healthy.index.blobs()) == before


def test_a_pack_that_nothing_lists_is_a_problem_and_stays(healthy: Repository) -> None:
    _, place = place_of(healthy, b"/7.bin")
    flip(healthy, place.pack, -10)
    for name in names(healthy.backend, FileKind.INDEX):
        healthy.backend.remove(FileKind.INDEX, name)
    [problem] = repair_index(healthy).problems
    assert (problem.file, problem.reason) == (f"data/{place.pack.hex()}", "pack-header")
    assert place.pack.hex() in names(healthy.backend, FileKind.PACK)


def test_on_a_full_disk_the_old_index_stays(healthy: Repository) -> None:
    before = names(healthy.backend, FileKind.INDEX)
    writes = frozenset({FileKind.INDEX})
    backend = FaultyBackend(
        healthy.backend, Fault(1, lambda: BackendFull(reason="ENOSPC"), frozenset({"save"}), writes)
    )
    with pytest.raises(BackendFull):
        repair_index(Repository.open(backend, master=healthy.master))
    assert names(healthy.backend, FileKind.INDEX) == before


# --- packs ---------------------------------------------------------------------------------------------------------


def test_whole_blobs_of_a_damaged_pack_are_saved(healthy: Repository) -> None:
    lost, place = place_of(healthy, b"/7.bin")
    there = [blob_id for blob_id, other in healthy.index.blobs() if other.pack == place.pack]
    flip(healthy, place.pack, place.offset + 30)
    report = repair_packs(healthy, [place.pack])
    assert report.blobs_lost == (lost,)
    assert (report.packs_removed, report.blobs_saved) == (1, len(there) - 1)
    assert place.pack.hex() not in names(healthy.backend, FileKind.PACK)
    for blob_id in there:
        assert ((blob_id, False) in healthy.index) is (blob_id != lost)


def test_the_next_backup_stores_what_was_lost(
    repository: Repository, make_history: MakeHistory, source: Path, tmp_path: Path
) -> None:
    made = make_history(repository, 1)
    backend = clone(repository.backend)
    repository = Repository.open(backend, master=repository.master)
    wanted = contents(repository, made[0])
    path = next(path for path in wanted if Path(os.fsdecode(path)).read_bytes() == wanted[path])
    [blob_id] = next(entry.node.content for entry in repository.walk(made[0]) if entry.path == path)
    place = repository.index.lookup(blob_id)
    assert place is not None
    flip(repository, place.pack, place.offset + 30)
    repair_packs(repository, [place.pack])
    repository.backup([os.fsencode(source)], options=BackupOptions(force=True))
    assert contents(repository, made[0]) == wanted


def test_a_pack_that_is_gone_is_struck_off_the_index(healthy: Repository) -> None:
    lost, place = place_of(healthy, b"/7.bin")
    healthy.backend.remove(FileKind.PACK, place.pack.hex())
    report = repair_packs(healthy, [place.pack])
    assert lost in report.blobs_lost
    assert place.pack not in healthy.index.packs


def test_a_pack_that_nobody_knows_is_left_alone(healthy: Repository) -> None:
    stranger = PackId(bytes(32))
    healthy.backend.save(FileKind.PACK, stranger.hex(), b"something else that lies here for some reason")
    [problem] = repair_packs(healthy, [stranger]).problems
    assert problem.reason == "pack-header"
    assert stranger.hex() in names(healthy.backend, FileKind.PACK)


# --- snapshots -----------------------------------------------------------------------------------------------------


def lose(repository: Repository, path: bytes) -> BlobId:
    """Lose the content of one file of the newest snapshot, as `repair_packs` leaves it."""
    blob_id, place = place_of(repository, path)
    flip(repository, place.pack, place.offset + 30)
    repair_packs(repository, [place.pack])
    return blob_id


def test_a_damaged_snapshot_is_listed_again_without_what_is_lost(healthy: Repository) -> None:
    newest = healthy.snapshots()[-1]
    before = contents(healthy, newest)
    lost = next(path for path in before if path.endswith(b"/7.bin"))
    lose(healthy, b"/7.bin")
    report = repair_snapshots(healthy, [newest], forget=True)
    [repaired] = report.repaired
    assert [(problem.path, problem.reason) for problem in report.problems] == [(lost, "parts-missing")]
    after = healthy.snapshot(repaired.repaired)
    assert contents(healthy, after) == {path: data for path, data in before.items() if path != lost}
    assert (after.time, after.hostname, after.paths, after.original) == (
        newest.time,
        newest.hostname,
        newest.paths,
        newest.id,
    )
    assert REPAIRED_TAG in after.tags
    assert not healthy.has_snapshot(newest.id)


def test_originals_stay_unless_asked(healthy: Repository) -> None:
    newest = healthy.snapshots()[-1]
    lose(healthy, b"/7.bin")
    repair_snapshots(healthy)
    assert healthy.has_snapshot(newest.id)


def test_whole_snapshots_are_not_touched(healthy: Repository) -> None:
    backend = FaultyBackend(healthy.backend)
    report = repair_snapshots(Repository.open(backend, master=healthy.master))
    assert (report.repaired, report.lost, report.problems) == ((), (), ())
    assert backend.count("save") == backend.count("save", FileKind.LOCK)


def test_a_dry_run_names_what_is_lost_and_changes_nothing(healthy: Repository) -> None:
    lose(healthy, b"/7.bin")
    files = {kind: names(healthy.backend, kind) for kind in FileKind}
    report = repair_snapshots(healthy, dry_run=True)
    assert report.problems
    assert {kind: names(healthy.backend, kind) for kind in FileKind} == files


def test_an_unreadable_folder_becomes_an_empty_one(healthy: Repository) -> None:
    newest = healthy.snapshots()[-1]
    before = contents(healthy, newest)
    folder = next(entry for entry in healthy.walk(newest) if entry.path.endswith(b"/folder 3"))
    assert folder.node.subtree is not None
    place = healthy.index.lookup(folder.node.subtree, is_tree=True)
    assert place is not None
    flip(healthy, place.pack, place.offset + 30)
    repair_packs(healthy, [place.pack])
    report = repair_snapshots(healthy, forget=True)
    assert report.problems[0].reason == "folder-unreadable"
    after = contents(healthy, healthy.snapshots()[-1])
    assert after == {path: data for path, data in before.items() if not path.startswith(folder.path + b"/")}
    assert any(entry.path == folder.path for entry in healthy.walk(healthy.snapshots()[-1]))
    assert_whole(healthy, snapshots=2)


def test_what_is_left_of_a_large_file_is_kept_under_another_name(tmp_path: Path, repository: Repository) -> None:
    large = tmp_path / "large"
    large.mkdir()
    (large / "film.mp4").write_bytes(os.urandom(9_000_000))
    snapshot = repository.backup([os.fsencode(large)]).snapshot
    repository = Repository.open(clone(repository.backend), master=repository.master)
    [entry] = [entry for entry in repository.walk(snapshot) if entry.path.endswith(b"film.mp4")]
    kept = b"".join(repository.load_blob(blob_id) for blob_id in entry.node.content[1:])
    lose(repository, b"/film.mp4")
    [repaired] = repair_snapshots(repository).repaired
    [(path, data)] = contents(repository, repository.snapshot(repaired.repaired)).items()
    assert path == entry.path + b".damaged"
    assert data == kept
    [left] = [each for each in repository.walk(repository.snapshot(repaired.repaired)) if each.path == path]
    assert left.node.size == len(kept)


def test_a_snapshot_without_its_top_folder_is_named_and_stays(healthy: Repository) -> None:
    newest = healthy.snapshots()[-1]
    place = healthy.index.lookup(newest.tree, is_tree=True)
    assert place is not None
    flip(healthy, place.pack, place.offset + 30)
    report = repair_snapshots(healthy, [newest], forget=True)
    assert report.lost == (newest.id,)
    assert healthy.has_snapshot(newest.id)


@pytest.mark.slow
def test_repairs_cut_at_every_write_lose_nothing_that_was_readable(healthy: Repository) -> None:
    newest = healthy.snapshots()[-1]
    before = contents(healthy, newest)
    _, place = place_of(healthy, b"/7.bin")
    flip(healthy, place.pack, place.offset + 30)
    at = 0
    while True:
        at += 1
        inner: MemoryBackend = clone(healthy.backend)
        backend = FaultyBackend(inner, fault := Fault(at, lambda: BackendUnavailable(reason="ENODEV")))
        damaged = Repository.open(backend, master=healthy.master)
        with contextlib.suppress(RepositoryError):
            repair_index(damaged)
            repair_packs(damaged, [place.pack])
            repair_snapshots(damaged, forget=True)
        repository = Repository.open(inner, master=healthy.master)
        unlock(repository, remove_all=True)
        repair_index(repository)
        if place.pack.hex() in names(inner, FileKind.PACK):
            repair_packs(repository, [place.pack])
        repair_snapshots(repository, forget=True)
        after = contents(repository, repository.snapshots()[-1])
        assert after == {path: data for path, data in before.items() if not path.endswith(b"/7.bin")}
        assert_whole(repository, snapshots=2)
        if fault.seen < at:
            break
    assert at > 10
