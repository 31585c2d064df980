"""Copying between repositories: everything arrives, once, and nothing is opened that need not be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.faulty import Fault, FaultyBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.copier import copy
from app.repository.crypto import MasterKey
from app.repository.errors import BackendUnavailable, RepositoryDamaged, RepositoryError
from app.repository.model import BlobId, Snapshot
from app.repository.relisting import load_document
from app.repository.repository import Repository
from app.repository.upkeep import unlock
from tests.unit.repository_maintain.conftest import assert_whole, clone, contents, names

MakeHistory = Callable[[Repository, int], tuple[Snapshot, ...]]


@pytest.fixture(params=["same key", "another key"])
def destination(request: pytest.FixtureRequest, repository: Repository) -> Repository:
    master = repository.master if request.param == "same key" else MasterKey.generate()
    return Repository.init(MemoryBackend(), master)


def test_copies_hold_the_same_and_keep_time_host_paths_and_tags(
    repository: Repository, destination: Repository, make_history: MakeHistory
) -> None:
    made = make_history(repository, 3)
    report = copy(repository, destination)
    assert [copied.source for copied in report.copied] == [snapshot.id for snapshot in made]
    for copied in report.copied:
        original, there = repository.snapshot(copied.source), destination.snapshot(copied.copy)
        assert (there.time, there.hostname, there.paths, there.tags, there.tree, there.original) == (
            original.time,
            original.hostname,
            original.paths,
            original.tags,
            original.tree,
            original.id,
        )
        assert contents(destination, there) == contents(repository, original)
    assert_whole(destination, snapshots=3)


def test_what_is_there_is_left_out(repository: Repository, destination: Repository, make_history: MakeHistory) -> None:
    make_history(repository, 2)
    copy(repository, destination)
    packs = names(destination.backend, FileKind.PACK)
    report = copy(repository, destination)
    assert (report.copied, len(report.skipped), report.bytes_added) == ((), 2, 0)
    assert names(destination.backend, FileKind.PACK) == packs


def test_only_new_blobs_are_copied_the_next_day(
    repository: Repository, destination: Repository, make_history: MakeHistory
) -> None:
    first, second = make_history(repository, 2)
    copy(repository, destination, [first])
    report = copy(repository, destination, [first, second])
    assert (len(report.copied), len(report.skipped)) == (1, 1)
    assert report.blobs_copied == len(repository.index) - len(_blobs_below(repository, first))
    assert_whole(destination, snapshots=2)


def _blobs_below(repository: Repository, snapshot: Snapshot) -> set[tuple[BlobId, bool]]:
    found = {(snapshot.tree, True)}
    for entry in repository.walk(snapshot):
        found |= {(blob_id, False) for blob_id in entry.node.content}
        if entry.node.subtree:
            found.add((entry.node.subtree, True))
    return found


def test_a_copy_of_a_copy_is_known_as_the_same(repository: Repository, make_history: MakeHistory) -> None:
    make_history(repository, 1)
    second = Repository.init(MemoryBackend(), repository.master)
    third = Repository.init(MemoryBackend(), repository.master)
    copy(repository, second)
    copy(second, third)
    assert copy(repository, third).copied == ()
    assert copy(third, repository).copied == ()


def test_with_the_same_key_blobs_move_as_they_are_sealed(repository: Repository, make_history: MakeHistory) -> None:
    make_history(repository, 1)
    there = Repository.init(MemoryBackend(), repository.master)
    copy(repository, there)
    for blob_id, place in repository.index.blobs():
        moved = there.index.lookup(blob_id, place.is_tree)
        assert moved is not None
        assert there.backend.load_range(FileKind.PACK, moved.pack.hex(), moved.offset, moved.length) == (
            repository.backend.load_range(FileKind.PACK, place.pack.hex(), place.offset, place.length)
        )


def test_fields_that_we_do_not_know_arrive(repository: Repository, make_history: MakeHistory) -> None:
    [snapshot] = make_history(repository, 1)
    plain = repository.load_unpacked(FileKind.SNAPSHOT, snapshot.id, limit=1 << 20)
    repository.backend.remove(FileKind.SNAPSHOT, snapshot.id)
    repository.save_unpacked(FileKind.SNAPSHOT, plain[:-1] + b',"summary":{"files_new":1.50}}')
    there = Repository.init(MemoryBackend(), repository.master)
    [copied] = copy(repository, there).copied
    assert bytes(load_document(there, copied.copy)["summary"]) == b'{"files_new":1.50}'


def test_a_damaged_blob_is_never_copied_as_sound(repository: Repository, make_history: MakeHistory) -> None:
    make_history(repository, 1)
    backend = clone(repository.backend)
    name = min(names(backend, FileKind.PACK))
    pack = bytearray(backend.load(FileKind.PACK, name, limit=1 << 30))
    pack[20] ^= 1
    backend.remove(FileKind.PACK, name)
    backend.save(FileKind.PACK, name, pack)
    there = Repository.init(MemoryBackend(), repository.master)
    with pytest.raises(RepositoryDamaged):
        copy(Repository.open(backend, master=repository.master), there)
    assert there.snapshots() == ()


@pytest.mark.slow
def test_cut_at_every_write_it_stays_sound_and_the_next_copy_carries_on(
    repository: Repository, make_history: MakeHistory
) -> None:
    make_history(repository, 2)
    at = 0
    while True:
        at += 1
        inner = MemoryBackend()
        Repository.init(inner, repository.master)
        backend = FaultyBackend(inner, fault := Fault(at, lambda: BackendUnavailable(reason="ENODEV")))
        with contextlib.suppress(RepositoryError):
            copy(repository, Repository.open(backend, master=repository.master))
        destination = Repository.open(inner, master=repository.master)
        unlock(destination, remove_all=True)
        assert_whole(destination, snapshots=len(destination.snapshots()))
        copy(repository, destination)
        assert_whole(destination, snapshots=2)
        if fault.seen < at:
            break
    assert at > 20
