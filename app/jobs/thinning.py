"""Thins the many small copies of continuous copying: all of the last hour, fewer of longer ago.

What was deleted or spoiled can be turned back to within minutes for a day, within the hour for a week; the daily
copies reach further back. Under a hold nothing is thinned.

What is old is told by the clock alone, and a clock that is set a month ahead would leave the newest copy only. After a
leap nothing is thinned until the clock has gone on steadily: copies that stay for a day too long do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

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

_GAP = timedelta(days=3)
"""Longer without any copy than from a Friday to a Monday."""
_PROVEN = timedelta(days=1)
"""After a gap the clock is believed once copies go back so far again."""

_LEAP_S = 3600.0
"""So much more or less on the clock than has passed is a leap: it was set, or the computer slept."""
_STEADY_S = 4 * 3600.0
"""So long after a leap the clock is believed again: a wrong one has mostly been set right by then."""


class Steadiness:
    """Watches the time of day against the passing of time, within one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now, self._passed_s = clock.now(), clock.monotonic()
        self._leapt_s: float | None = None

    def look(self) -> None:
        """Compare both once more: the more often, the better a leap is told from slow drifting."""
        now, passed_s = self._clock.now(), self._clock.monotonic()
        if abs((now - self._now).total_seconds() - (passed_s - self._passed_s)) > _LEAP_S:
            self._leapt_s = passed_s
        self._now, self._passed_s = now, passed_s

    @property
    def steady(self) -> bool:
        """Whether the clock has not leapt for hours, as far as was looked."""
        return self._leapt_s is None or self._clock.monotonic() - self._leapt_s >= _STEADY_S


def may_have_leapt(snapshots: Sequence[Snapshot], now: datetime) -> bool:
    """Tell from the copies' own times whether the clock may be days ahead: a long gap, and little after it yet."""
    moments = [*sorted(snapshot.time for snapshot in snapshots if snapshot.time <= now), now]
    return any(later - earlier > _GAP and now - later < _PROVEN for earlier, later in pairwise(moments))


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


def thin(repository: Repository, data_set: str, now: datetime, clock: Clock) -> int:
    """Forget the continuous copies of a set that need not be kept; returns how many. Raises what `forget` does.

    None while the clock may have leapt. `now` is a moment that was looked at: the clock may leap before this is done.
    """
    wanted = {set_tag(data_set), CONTINUOUS_TAG}
    copies = [snapshot for snapshot in repository.snapshots() if wanted <= set(snapshot.tags)]
    gone = () if may_have_leapt(copies, now) else superfluous(copies, now)
    if gone:
        forget(repository, gone, clock=clock)
    return len(gone)
