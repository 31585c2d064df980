"""The facts as evidence: what counts, what does not, and what lies in the future and is therefore not believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.policy.machine import TargetId
from app.policy.model import DataSetId
from app.records.facts import Facts, Outcome, RestoreTest, Run, RunKind, TargetSight

NEAR_FUTURE = timedelta(minutes=5)
"""A clock that is corrected by the network may step back this much without anyone having set it back."""

_COPY_KINDS = frozenset({RunKind.BACKUP, RunKind.FULL})


@dataclass(frozen=True, slots=True)
class History:
    """What has been, up to now: newest first everywhere. Facts from the future are left out, and said to be there.

    A copy is as old as the moment its run *started*: that is how old the files in it may be.
    """

    now: datetime
    runs: tuple[Run, ...]
    restore_tests: tuple[RestoreTest, ...]
    from_the_future: bool
    facts: Facts
    sights: Mapping[str, TargetSight]
    _good_copies: Mapping[tuple[str, str], tuple[datetime, ...]]
    """By (data set, target); a full back-up of a whole target stands under the data set ""."""

    def copies(self, data_set: DataSetId, target: TargetId) -> tuple[datetime, ...]:
        """Return when the good copies of a data set on a target were made."""
        own = self._good_copies.get((data_set, target), ())
        whole = self._good_copies.get(("", target), ())
        return tuple(sorted(own + whole, reverse=True)) if whole else own

    def last_copy(self, data_set: DataSetId, target: TargetId) -> datetime | None:
        return max(self.copies(data_set, target)[:1], default=None)

    def copy_runs(self, data_set: DataSetId, target: TargetId) -> tuple[Run, ...]:
        """Return the runs, however they ended, that were to copy a data set to a target."""
        return tuple(r for r in self.runs if r.target == target and copies_data_set(r, data_set))

    def full_copies(self, data_set: DataSetId) -> tuple[datetime, ...]:
        """Return when good full back-ups of a data set were made, on any target."""
        return tuple(
            self.moment(r)
            for r in self.runs
            if r.kind is RunKind.FULL and r.outcome is Outcome.GOOD and copies_data_set(r, data_set)
        )

    def checks(self, target: TargetId) -> tuple[Run, ...]:
        """Return the finished checks of a target."""
        return tuple(
            r for r in self.runs if r.kind is RunKind.CHECK and r.target == target and r.outcome is not Outcome.RUNNING
        )

    def tests(self, data_set: DataSetId) -> tuple[RestoreTest, ...]:
        return tuple(t for t in self.restore_tests if t.data_set == data_set)

    def moment(self, run: Run) -> datetime:
        """Return since when a run's evidence counts."""
        return min(run.started, self.now)

    @property
    def set_up(self) -> datetime:
        """Since when things are owed; now, as long as the set-up is not finished."""
        return min(self.facts.set_up_at or self.now, self.now)


def copies_data_set(run: Run, data_set: DataSetId) -> bool:
    """Tell whether a run is to copy a data set, by itself or with the whole target."""
    return run.kind in _COPY_KINDS and (run.data_set == data_set or (run.kind is RunKind.FULL and not run.data_set))


def history(facts: Facts, now: datetime) -> History:
    """Sort the facts and put aside those from the future."""
    horizon = now + NEAR_FUTURE
    runs = tuple(sorted((r for r in facts.runs if r.started <= horizon), key=lambda r: (r.started, r.id), reverse=True))
    tests = tuple(sorted((t for t in facts.restore_tests if t.at <= horizon), key=lambda t: t.at, reverse=True))
    good: dict[tuple[str, str], list[datetime]] = {}
    for run in runs:
        if run.kind in _COPY_KINDS and run.outcome is Outcome.GOOD:
            good.setdefault((run.data_set, run.target), []).append(min(run.started, now))
    return History(
        now=now,
        runs=runs,
        restore_tests=tests,
        from_the_future=_has_future(facts, horizon),
        facts=facts,
        sights={sight.target: sight for sight in facts.targets},
        _good_copies={key: tuple(moments) for key, moments in good.items()},
    )


def _has_future(facts: Facts, horizon: datetime) -> bool:
    moments = [run.started for run in facts.runs]
    moments += [test.at for test in facts.restore_tests]
    moments += [approval.at for approval in facts.approvals]
    moments += [test.at for test in facts.key_tests]
    moments += [sight.since for sight in facts.targets]
    if facts.set_up_at is not None:
        moments.append(facts.set_up_at)
    return any(moment > horizon for moment in moments)
