"""How much room copies will want: what there is now, and what a year adds, from the runs that have been."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.policy.model import DataSetId
from app.records.facts import Outcome, Run, RunKind

YEAR = timedelta(days=365)
_OBSERVED_ENOUGH = timedelta(days=14)
GROWTH_UNKNOWN = 0.3
"""The share of its size by which a data set is taken to grow in a year, until two weeks of runs say better."""
_COUNTS = (Outcome.GOOD, Outcome.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class SpaceNeed:
    """Bytes: `first` for one copy of everything, `year` with what a year of versions adds. Both are on the safe side:
    what compression saves is not counted."""

    first: int
    year: int


def space_need(runs: tuple[Run, ...], data_sets: Collection[DataSetId], now: datetime) -> SpaceNeed:
    """Estimate what these data sets want on a new place; a set that was never copied counts for nothing."""
    first = 0
    added = 0.0
    for data_set in data_sets:
        copies = [r for r in runs if r.data_set == data_set and r.kind is RunKind.BACKUP and r.outcome in _COUNTS]
        if not copies:
            continue
        size = max(copies, key=lambda r: r.started).bytes_total
        first += size
        added += max(_yearly(copies, target, size, now) for target in {r.target for r in copies})
    return SpaceNeed(first, first + round(added))


def _yearly(copies: list[Run], target: str, size: int, now: datetime) -> float:
    there = sorted((r for r in copies if r.target == target and now - r.started <= YEAR), key=lambda r: r.started)
    if not there or now - there[0].started < _OBSERVED_ENOUGH:
        return size * GROWTH_UNKNOWN
    # The first run of the window may be the one that stored everything: it is no growth.
    return sum(r.bytes_added for r in there[1:]) * (YEAR / (now - there[0].started))
