"""Thins the many small copies of continuous copying: all of the last hour, fewer of longer ago.

What was deleted or spoiled can be turned back to within minutes for a day, within the hour for a week; the daily
copies reach further back. Under a hold nothing is thinned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.clock import Clock
from app.jobs.copies import CONTINUOUS_TAG, set_tag
from app.repository.forgetter import forget
from app.repository.model import Snapshot, SnapshotId
from app.repository.repository import Repository

_STEPS = (
    (timedelta(hours=1), timedelta(0)),
    (timedelta(days=1), timedelta(minutes=10)),
    (timedelta(days=7), timedelta(hours=1)),
)
"""Up to this age, at most one copy is kept in each span of this length."""


def superfluous(snapshots: Sequence[Snapshot], now: datetime) -> tuple[SnapshotId, ...]:
    """Return the continuous copies that need not be kept; never the newest, nor one that lies in the future.

    Of each span the oldest stays: a span that is thinned again later keeps the same one.
    """
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.time)
    kept: set[tuple[timedelta, int]] = set()
    gone: list[SnapshotId] = []
    for snapshot in ordered[:-1]:
        step = next((step for age, step in _STEPS if now - snapshot.time <= age), None)
        if step == timedelta(0):
            continue
        if step is None:
            gone.append(snapshot.id)
            continue
        span = (step, int(snapshot.time.timestamp() // step.total_seconds()))
        if span in kept:
            gone.append(snapshot.id)
        kept.add(span)
    return tuple(gone)


def thin(repository: Repository, data_set: str, clock: Clock) -> int:
    """Forget the continuous copies of a set that need not be kept; returns how many. Raises what `forget` does."""
    wanted = {set_tag(data_set), CONTINUOUS_TAG}
    copies = [snapshot for snapshot in repository.snapshots() if wanted <= set(snapshot.tags)]
    gone = superfluous(copies, clock.now())
    if gone:
        forget(repository, gone, clock=clock)
    return len(gone)
