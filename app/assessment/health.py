"""Data sets and places at a glance: one light each, from evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from app.assessment.copies import CopyAge, age_state
from app.assessment.full import kept_fulls
from app.assessment.local_time import later
from app.assessment.model import ConnectionState, DataSetHealth, Finding, Obligation, State, TargetHealth
from app.assessment.phases import phases_of
from app.assessment.situation import Situation
from app.policy.machine import Target
from app.policy.model import DataSet, Demand, Plan
from app.records.facts import Run


def worst(states: Iterable[State]) -> State:
    return max(states, default=State.OK)


def data_set_healths(
    situation: Situation, ages: tuple[CopyAge, ...], findings: tuple[Finding, ...]
) -> tuple[DataSetHealth, ...]:
    """Judge every data set of the policy, in its order."""
    return tuple(_data_set(situation, s, p, ages, findings) for s, p in situation.plans)


def _data_set(
    situation: Situation, data_set: DataSet, plan: Plan, ages: tuple[CopyAge, ...], findings: tuple[Finding, ...]
) -> DataSetHealth:
    """The newest copy must meet the demand wherever it is, and every place that is always there must keep up.

    A disk that travels may lag: it is asked for, but the data set is safe without it.
    """
    own = tuple(age for age in ages if age.data_set.id == data_set.id)
    newest = newest_copy(situation, data_set)
    since = newest or situation.history.set_up
    lights = [age_state(situation, newest, plan.max_age)]
    lights += [State.ATTENTION for age in own if not age.target.removable and age.late(situation.now)]
    lights += [f.state for f in findings if f.subject == data_set.id]
    if _lags_behind(situation, plan, newest):
        lights.append(State.ATTENTION)
    return DataSetHealth(
        data_set=data_set.id,
        name=data_set.name,
        tier=plan.tier,
        state=worst(lights),
        last_good=newest,
        last_run=last_run(situation, data_set),
        due=later(since, plan.max_age, situation.tz),
        good_targets=tuple(age.target.id for age in own if age.fresh(situation.now)),
    )


def _lags_behind(situation: Situation, plan: Plan, newest: datetime | None) -> bool:
    """Tell whether a set that must be copied at once is not: a copy of hours ago is good, but not what was asked."""
    wanted = plan.requirement(Demand.CONTINUOUS_OFFSITE)
    if wanted is None or wanted.every is None:
        return False
    return newest is None or situation.now - newest > wanted.every


def newest_copy(situation: Situation, data_set: DataSet) -> datetime | None:
    """Return when the newest good copy of a data set was made, on any place there is."""
    moments = (situation.history.last_copy(data_set.id, t.id) for t in situation.machine.targets)
    return max((m for m in moments if m is not None), default=None)


def last_run(situation: Situation, data_set: DataSet) -> Run | None:
    """Return the newest run that was to copy a data set, however it ended."""
    return next(iter(situation.history.set_runs(data_set.id)), None)


def target_healths(
    situation: Situation,
    ages: tuple[CopyAge, ...],
    findings: tuple[Finding, ...],
    obligations: tuple[Obligation, ...] = (),
) -> tuple[TargetHealth, ...]:
    """Judge every place, in the machine file's order."""
    return tuple(
        replace(
            _target(situation, target, ages, findings),
            phases=phases_of(situation, target, obligations),
            fulls=kept_fulls(situation, target),
        )
        for target in situation.machine.targets
    )


def _target(
    situation: Situation, target: Target, ages: tuple[CopyAge, ...], findings: tuple[Finding, ...]
) -> TargetHealth:
    own = tuple(age for age in ages if age.target.id == target.id)
    connection = situation.connection(target)
    sight = situation.history.sights.get(target.id)
    lights = [State.ATTENTION] if connection is ConnectionState.MISSING else []
    lights += [State.ATTENTION for age in own if age.last_good is None or age.late(situation.now)]
    lights += [f.state for f in findings if f.subject == target.id or ("target_id", target.id) in f.data]
    copies = (situation.history.last_copy(s.id, target.id) for s, _ in situation.plans)
    return TargetHealth(
        target=target.id,
        name=target.name,
        state=worst(lights),
        connection=connection,
        since=sight.since if sight else None,
        last_good=max((m for m in copies if m is not None), default=None),
        free_bytes=sight.free_bytes if sight else None,
        reason=sight.reason if sight and connection is ConnectionState.MISSING else "",
    )
