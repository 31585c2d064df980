"""The facts as evidence: what counts, what does not, and what lies in the future and is therefore not believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.assessment.timing import NEAR_FUTURE
from app.policy.machine import TargetId
from app.policy.model import DataSetId
from app.records.facts import Facts, Outcome, RestoreTest, Run, RunKind, TargetSight

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
    _by_place: Mapping[tuple[RunKind, str, str], tuple[Run, ...]]
    """By kind, data set and target."""
    _by_set: Mapping[tuple[RunKind, str], tuple[Run, ...]]
    _by_target: Mapping[tuple[RunKind, str], tuple[Run, ...]]

    def copies(self, data_set: DataSetId, target: TargetId) -> tuple[datetime, ...]:
        """Return when the good copies of a data set on a target were made."""
        own = self._good_copies.get((data_set, target), ())
        whole = self._good_copies.get(("", target), ())
        return tuple(sorted(own + whole, reverse=True)) if whole else own

    def last_copy(self, data_set: DataSetId, target: TargetId) -> datetime | None:
        return max(self.copies(data_set, target)[:1], default=None)

    def copy_runs(self, data_set: DataSetId, target: TargetId) -> tuple[Run, ...]:
        """Return the runs, however they ended, that were to copy a data set to a target."""
        return _newest_first(
            self.at(RunKind.BACKUP, data_set, target),
            self.at(RunKind.FULL, data_set, target),
            self.at(RunKind.FULL, "", target),
        )

    def set_runs(self, data_set: DataSetId) -> tuple[Run, ...]:
        """Return the runs, however they ended, that were to copy a data set anywhere."""
        kinds = (self.of_set(RunKind.BACKUP, data_set), self.of_set(RunKind.FULL, data_set))
        return _newest_first(*kinds, self.of_set(RunKind.FULL, ""))

    def full_copies(self, data_set: DataSetId) -> tuple[datetime, ...]:
        """Return when good full back-ups of a data set were made, on any target."""
        runs = _newest_first(self.of_set(RunKind.FULL, data_set), self.of_set(RunKind.FULL, ""))
        return tuple(self.moment(r) for r in runs if r.outcome is Outcome.GOOD)

    def checks(self, target: TargetId) -> tuple[Run, ...]:
        """Return the finished checks of a target."""
        return tuple(r for r in self.at(RunKind.CHECK, "", target) if r.outcome is not Outcome.RUNNING)

    def at(self, kind: RunKind, data_set: str, target: str) -> tuple[Run, ...]:
        """Return the runs of a kind for a data set (empty: a whole target) on a target, however they ended."""
        return self._by_place.get((kind, data_set, target), ())

    def on_target(self, target: str, kinds: tuple[RunKind, ...]) -> tuple[Run, ...]:
        """Return the runs of these kinds on a target, whatever they were about and however they ended."""
        return _newest_first(*(self._by_target.get((kind, target), ()) for kind in kinds))

    def of_set(self, kind: RunKind, data_set: str) -> tuple[Run, ...]:
        """Return the runs of a kind for a data set on any target, however they ended."""
        return self._by_set.get((kind, data_set), ())

    def tests(self, data_set: DataSetId) -> tuple[RestoreTest, ...]:
        return tuple(t for t in self.restore_tests if t.data_set == data_set)

    def moment(self, run: Run) -> datetime:
        """Return since when a run's evidence counts."""
        return min(run.started, self.now)

    @property
    def set_up(self) -> datetime:
        """Since when things are owed; now, as long as the set-up is not finished.

        A set-up that lies in the future was done by a wrong clock: then the first run since then counts.
        """
        set_up = self.facts.set_up_at
        if set_up is not None and set_up > self.now and self.runs:
            return min(self.runs[-1].started, self.now)
        return min(set_up or self.now, self.now)


def history(facts: Facts, now: datetime) -> History:
    """Sort the facts and put aside those from the future."""
    horizon = now + NEAR_FUTURE
    runs = tuple(sorted((r for r in facts.runs if r.started <= horizon), key=lambda r: (r.started, r.id), reverse=True))
    tests = tuple(sorted((t for t in facts.restore_tests if t.at <= horizon), key=lambda t: t.at, reverse=True))
    good: dict[tuple[str, str], list[datetime]] = {}
    by_place: dict[tuple[RunKind, str, str], list[Run]] = {}
    by_set: dict[tuple[RunKind, str], list[Run]] = {}
    by_target: dict[tuple[RunKind, str], list[Run]] = {}
    for run in runs:
        by_place.setdefault((run.kind, run.data_set, run.target), []).append(run)
        by_set.setdefault((run.kind, run.data_set), []).append(run)
        by_target.setdefault((run.kind, run.target), []).append(run)
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
        _by_place={key: tuple(found) for key, found in by_place.items()},
        _by_set={key: tuple(found) for key, found in by_set.items()},
        _by_target={key: tuple(found) for key, found in by_target.items()},
    )


def _newest_first(*groups: tuple[Run, ...]) -> tuple[Run, ...]:
    filled = [group for group in groups if group]
    if len(filled) < 2:
        return filled[0] if filled else ()
    return tuple(sorted((run for group in filled for run in group), key=lambda r: (r.started, r.id), reverse=True))


def _has_future(facts: Facts, horizon: datetime) -> bool:
    """Tell whether facts lie in the future, and nothing says yet that the clock has been put right since.

    A run that was recorded after them, at a sensible time, does: what the wrong clock wrote is not believed, and that
    is all there is to it.
    """
    newest = max(facts.runs, key=lambda r: r.id, default=None)
    if newest is not None and newest.started <= horizon and any(r.started > horizon for r in facts.runs):
        return False
    moments = [run.started for run in facts.runs]
    moments += [test.at for test in facts.restore_tests]
    moments += [approval.at for approval in facts.approvals]
    moments += [test.at for test in facts.key_tests]
    moments += [sight.since for sight in facts.targets]
    if facts.set_up_at is not None:
        moments.append(facts.set_up_at)
    return any(moment > horizon for moment in moments)
