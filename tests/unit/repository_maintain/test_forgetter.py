"""Forgetting snapshots: what goes, and what never does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.clock import FixedClock
from app.repository.backend.base import FileKind
from app.repository.backend.faulty import Fault, FaultyBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.errors import BackendFull, BackendUnavailable, RepositoryLocked, SnapshotNotFound
from app.repository.forgetter import HOLD_REASON, forget
from app.repository.model import Snapshot, SnapshotId
from app.repository.repository import Repository
from app.repository.retention import NEWEST_REASON, KeepPolicy
from app.repository.upkeep import unlock

MakeHistory = Callable[[Repository, int], tuple[Snapshot, ...]]


def ids(repository: Repository) -> list[SnapshotId]:
    return [snapshot.id for snapshot in repository.snapshots()]


def test_a_policy_forgets_what_it_does_not_keep(
    repository: Repository, make_history: MakeHistory, clock: FixedClock
) -> None:
    made = make_history(repository, 5)
    report = forget(repository, KeepPolicy(last=2), clock=clock)
    assert [snapshot.id for snapshot in report.removed] == [snapshot.id for snapshot in reversed(made[:3])]
    assert ids(repository) == [snapshot.id for snapshot in made[3:]]


def test_a_dry_run_changes_nothing(repository: Repository, make_history: MakeHistory, clock: FixedClock) -> None:
    made = make_history(repository, 3)
    report = forget(repository, KeepPolicy(last=1), dry_run=True, clock=clock)
    assert len(report.removed) == 2
    assert ids(repository) == [snapshot.id for snapshot in made]


def test_the_newest_of_a_group_stays_even_when_asked_for(
    repository: Repository, make_history: MakeHistory, clock: FixedClock
) -> None:
    made = make_history(repository, 3)
    report = forget(repository, [snapshot.id for snapshot in made], clock=clock)
    assert ids(repository) == [made[-1].id]
    [refused] = report.refused
    assert (refused.snapshot.id, refused.reasons) == (made[-1].id, (NEWEST_REASON,))


def test_a_snapshot_under_hold_stays(repository: Repository, make_history: MakeHistory, clock: FixedClock) -> None:
    made = make_history(repository, 4)
    report = forget(repository, KeepPolicy(last=1), hold={made[1].id}, clock=clock)
    assert ids(repository) == [made[1].id, made[3].id]
    assert [decision.reasons for decision in report.kept] == [("last snapshot",), (HOLD_REASON,)]


def test_an_id_that_is_not_there_forgets_nothing(
    repository: Repository, make_history: MakeHistory, clock: FixedClock
) -> None:
    made = make_history(repository, 2)
    with pytest.raises(SnapshotNotFound):
        forget(repository, [made[0].id, SnapshotId("ab" * 32)], clock=clock)
    assert len(ids(repository)) == 2


def test_nothing_is_forgotten_while_a_backup_is_under_way(
    repository: Repository, make_history: MakeHistory, clock: FixedClock
) -> None:
    make_history(repository, 2)
    with repository.lock(), pytest.raises(RepositoryLocked):
        forget(repository, KeepPolicy(last=1))
    assert len(ids(repository)) == 2


def test_a_disk_pulled_out_half_way_leaves_the_newer_snapshots(
    repository: Repository, make_history: MakeHistory, clock: FixedClock
) -> None:
    backend = FaultyBackend(MemoryBackend())
    repository = Repository.init(backend)
    made = make_history(repository, 5)
    backend.order(
        Fault(3, lambda: BackendUnavailable(reason="ENODEV"), frozenset({"remove"}), frozenset({FileKind.SNAPSHOT}))
    )
    with pytest.raises(BackendUnavailable):
        forget(repository, KeepPolicy(last=1), clock=clock)
    backend.heal()
    unlock(repository, remove_all=True)
    assert ids(repository) == [snapshot.id for snapshot in made[2:]]


def test_on_a_disk_too_full_for_a_lock_snapshots_can_be_forgotten(
    repository: Repository, make_history: MakeHistory, clock: FixedClock
) -> None:
    made = make_history(repository, 3)
    backend = FaultyBackend(repository.backend, Fault(1, lambda: BackendFull(reason="ENOSPC"), frozenset({"save"})))
    full = Repository.open(backend, master=repository.master)
    with repository.lock(), pytest.raises(RepositoryLocked):
        forget(full, KeepPolicy(last=1))
    forget(full, KeepPolicy(last=1), clock=clock)
    assert ids(repository) == [made[-1].id]
