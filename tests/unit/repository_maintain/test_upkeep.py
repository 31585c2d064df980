"""Keys, locks, the format version; comparing and counting."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from app.clock import FixedClock, SystemClock, format_utc
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.diff import Change, diff
from app.repository.errors import KeyInUse, KeyNotFound, RepositoryLocked, WrongKey
from app.repository.locks import LockJson
from app.repository.model import Snapshot
from app.repository.repository import Repository
from app.repository.stats import StatsMode, stats
from app.repository.upkeep import add_key, change_password, migrate, remove_key, unlock
from app.secret import Secret
from tests.rig.repositories import PASSWORD, init_with_password
from tests.unit.repository_maintain.conftest import names

MakeHistory = Callable[[Repository, int], tuple[Snapshot, ...]]
OLD, NEW = Secret(PASSWORD), Secret("another one")


@pytest.fixture
def guarded() -> Repository:
    """Return a repository that one password opens."""
    return init_with_password(MemoryBackend())


def test_an_added_key_opens_too(guarded: Repository, clock: FixedClock) -> None:
    add_key(guarded, NEW, clock.now())
    assert Repository.open(guarded.backend, password=NEW).master == guarded.master
    assert Repository.open(guarded.backend, password=OLD).master == guarded.master


def test_a_changed_password_replaces_the_old_one(guarded: Repository, clock: FixedClock) -> None:
    added = change_password(guarded, OLD, NEW, clock.now())
    assert names(guarded.backend, FileKind.KEY) == {added.name}
    with pytest.raises(WrongKey):
        Repository.open(guarded.backend, password=OLD)


def test_a_password_that_opens_nothing_changes_nothing(guarded: Repository, clock: FixedClock) -> None:
    with pytest.raises(WrongKey):
        change_password(guarded, NEW, Secret("a third"), clock.now())
    assert len(names(guarded.backend, FileKind.KEY)) == 1


def test_the_key_in_use_and_the_last_key_are_not_removed(guarded: Repository, clock: FixedClock) -> None:
    [first] = names(guarded.backend, FileKind.KEY)
    with pytest.raises(KeyInUse):
        remove_key(guarded, first[:8], NEW)
    second = add_key(guarded, NEW, clock.now())
    with pytest.raises(KeyInUse):
        remove_key(guarded, first, OLD)
    assert remove_key(guarded, second.name[:8], OLD) == second.name
    assert names(guarded.backend, FileKind.KEY) == {first}


@pytest.mark.parametrize("wanted", ["", "zz"])
def test_no_key_is_removed_by_a_name_that_none_has(guarded: Repository, wanted: str) -> None:
    with pytest.raises(KeyNotFound):
        remove_key(guarded, wanted, OLD)


def save_lock(repository: Repository, *, age: timedelta, pid: int, host: str) -> None:
    at = SystemClock().now() - age
    repository.save_lock(msgspec.json.encode(LockJson(time=format_utc(at), exclusive=True, hostname=host, pid=pid)))


def test_only_locks_of_the_dead_are_removed(guarded: Repository) -> None:
    save_lock(guarded, age=timedelta(hours=1), pid=1, host="elsewhere")
    save_lock(guarded, age=timedelta(minutes=1), pid=1, host="elsewhere")
    done = unlock(guarded)
    assert (done.removed, done.left) == (1, 1)
    with pytest.raises(RepositoryLocked), guarded.lock():
        pass
    assert unlock(guarded, remove_all=True).removed == 1
    with guarded.lock(exclusive=True):
        pass


def test_a_lock_that_was_lost_for_a_while_stays_lost(guarded: Repository, clock: FixedClock) -> None:
    """A prune may have run in between, so that a fresh lock of ours does not make things right again."""
    with guarded.lock(clock=clock) as lock:
        unlock(guarded, remove_all=True)
        clock.move_to(clock.now() + timedelta(minutes=6))
        with pytest.raises(RepositoryLocked):
            lock.refresh()
        assert len(guarded.lock_names()) == 1
        with pytest.raises(RepositoryLocked):
            lock.ensure_held()


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_repository_of_version_1_becomes_one_of_version_2(tmp_path: Path, in_memory: bool) -> None:
    backend: Backend = MemoryBackend() if in_memory else LocalBackend(tmp_path / "repository")
    repository = Repository.init(backend)
    repository.rewrite_config(version=1)
    old = Repository.open(backend, master=repository.master)
    assert old.version == 1
    assert migrate(old)
    new = Repository.open(backend, master=repository.master)
    assert (new.version, new.id, new.polynomial) == (2, repository.id, repository.polynomial)
    assert not migrate(new)


def test_nothing_is_migrated_while_another_is_at_work(guarded: Repository) -> None:
    guarded.rewrite_config(version=1)
    with guarded.lock(), pytest.raises(RepositoryLocked):
        migrate(guarded)
    assert Repository.open(guarded.backend, master=guarded.master).version == 1


# --- comparing and counting ----------------------------------------------------------------------------------------


def test_changes_are_told_by_kind(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "office"
    (source / "same").mkdir(parents=True)
    (source / "same" / "kept.txt").write_text("kept")
    (source / "gone").mkdir()
    (source / "gone" / "away.txt").write_text("away")
    (source / "changed.txt").write_text("before")
    (source / "touched.txt").write_text("touched")
    (source / "turned").write_text("a file")
    os.symlink("here", source / "link")
    first = repository.backup([os.fsencode(source)]).snapshot
    (source / "gone" / "away.txt").unlink()
    (source / "gone").rmdir()
    (source / "changed.txt").write_text("after, longer")
    os.utime(source / "touched.txt", ns=(1, 1))
    (source / "turned").unlink()
    (source / "turned").mkdir()
    (source / "turned" / "new.txt").write_text("new")
    (source / "link").unlink()
    os.symlink("there", source / "link")
    second = repository.backup([os.fsencode(source)]).snapshot

    def told(*, metadata: bool) -> dict[str, Change]:
        report = diff(repository, first, second, metadata=metadata)
        prefix = f"{source}/"
        return {os.fsdecode(entry.path).removeprefix(prefix): entry.change for entry in report.entries}

    expected = {
        "gone": Change.REMOVED,
        "gone/away.txt": Change.REMOVED,
        "changed.txt": Change.MODIFIED,
        "turned": Change.TYPE,
        "turned/new.txt": Change.ADDED,
        "link": Change.MODIFIED,
    }
    assert told(metadata=False) == expected
    assert told(metadata=True)["touched.txt"] is Change.METADATA
    report = diff(repository, first, second)
    assert (report.bytes_added, report.bytes_removed) == (13 + 3 + 0, 6 + 4 + 6)
    assert report.stored_bytes_added > 0


def test_a_snapshot_does_not_differ_from_itself(repository: Repository, make_history: MakeHistory) -> None:
    [snapshot] = make_history(repository, 1)
    report = diff(repository, snapshot, snapshot, metadata=True)
    assert (report.entries, report.stored_bytes_added, report.stored_bytes_removed) == ((), 0, 0)


def test_snapshots_are_counted_in_three_ways(repository: Repository, make_history: MakeHistory) -> None:
    made = make_history(repository, 2)
    restored = stats(repository, made, StatsMode.RESTORE_SIZE)
    assert restored.bytes == 2 * 60 * 17_000
    distinct = stats(repository, made, StatsMode.FILES_BY_CONTENTS)
    assert (distinct.files, distinct.bytes) == (75, 75 * 17_000)
    raw = stats(repository, made, StatsMode.RAW_DATA)
    assert raw.blobs == len(repository.index)
    assert raw.bytes == sum(place.length for _, place in repository.index.blobs())
