"""Forgetting snapshots: their data stays until the next prune.

The newest snapshot of a group is never forgotten, nor one under hold, whoever asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from app.clock import Clock, SystemClock
from app.repository.backend.base import FileKind
from app.repository.errors import BackendFull, FileMissing, SnapshotNotFound
from app.repository.locks import refuse_if_locked
from app.repository.model import Snapshot, SnapshotId
from app.repository.repository import Repository
from app.repository.retention import (
    HOST_AND_PATHS,
    NEWEST_REASON,
    Decision,
    GroupBy,
    KeepPolicy,
    decide,
    group_snapshots,
)

HOLD_REASON = "under hold"


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was decided, and, unless `dry_run`, done: group by group, newest first."""

    decisions: tuple[Decision, ...]
    dry_run: bool
    refused: tuple[Decision, ...] = ()
    """Those asked for by id that stay all the same, with the reason."""

    @property
    def kept(self) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.keep)

    @property
    def removed(self) -> tuple[Snapshot, ...]:
        return tuple(decision.snapshot for decision in self.decisions if not decision.keep)


def forget(
    repository: Repository,
    policy: KeepPolicy | Collection[SnapshotId],
    *,
    group_by: frozenset[GroupBy] = HOST_AND_PATHS,
    only: Callable[[Snapshot], bool] | None = None,
    dry_run: bool = False,
    hold: Collection[SnapshotId] = (),
    clock: Clock | None = None,
) -> ForgetReport:
    """Forget what a policy does not keep, or the snapshots with these ids; `only` leaves all others out of it.

    Raises RepositoryLocked, RepositoryDamaged when a snapshot cannot be read, SnapshotNotFound for an id.
    """
    clock = clock or SystemClock()
    with contextlib.ExitStack() as stack:
        lock = repository.lock(exclusive=not dry_run, clock=clock)
        try:
            stack.enter_context(lock)
        except BackendFull:
            # Forgetting takes no room and no data, and makes room for the lock of the prune that follows.
            refuse_if_locked(repository, clock.now())
        snapshots = repository.snapshots()
        if isinstance(policy, KeepPolicy):
            chosen = [snapshot for snapshot in snapshots if only is None or only(snapshot)]
            decisions = decide(chosen, policy, now=clock.now(), group_by=group_by)
        else:
            decisions = _decide_by_id(snapshots, frozenset(policy), group_by)
        decisions = tuple(_respect_hold(decision, hold) for decision in decisions)
        if not dry_run:
            lock.ensure_held()
            # The oldest first: a stop half-way leaves the newer ones.
            gone = [decision.snapshot for decision in decisions if not decision.keep]
            _remove(repository, sorted(gone, key=lambda snapshot: snapshot.time))
    asked: frozenset[SnapshotId] = frozenset() if isinstance(policy, KeepPolicy) else frozenset(policy)
    refused = tuple(decision for decision in decisions if decision.keep and decision.snapshot.id in asked)
    return ForgetReport(decisions, dry_run, refused)


def _decide_by_id(
    snapshots: Iterable[Snapshot], wanted: frozenset[SnapshotId], group_by: frozenset[GroupBy]
) -> tuple[Decision, ...]:
    groups = group_snapshots(snapshots, group_by)
    missing = wanted - {snapshot.id for group in groups for snapshot in group}
    if missing:
        raise SnapshotNotFound(wanted=min(missing))
    return tuple(
        Decision(snapshot, True, (NEWEST_REASON,))
        if snapshot is group[0]
        else Decision(snapshot, snapshot.id not in wanted)
        for group in groups
        for snapshot in group
    )


def _respect_hold(decision: Decision, hold: Collection[SnapshotId]) -> Decision:
    if decision.snapshot.id not in hold:
        return decision
    return replace(decision, keep=True, reasons=(*decision.reasons, HOLD_REASON))


def _remove(repository: Repository, snapshots: Iterable[Snapshot]) -> None:
    for snapshot in snapshots:
        with contextlib.suppress(FileMissing):
            repository.backend.remove(FileKind.SNAPSHOT, snapshot.id)
