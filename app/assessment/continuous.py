"""How far the continuous copies lag behind: the achieved recovery point, against what the policy allows (S2-4b)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.assessment.model import Finding, FindingCode, State, SyncHealth
from app.assessment.situation import Situation, grounds
from app.policy.machine import Machine, Target
from app.policy.model import DataSet, DataSetId, Demand, Plan
from app.records.facts import SyncState

LAG_ALLOWED = timedelta(minutes=15)
"""Where the policy does not say how far a copy may lag behind (C10)."""
_STILL = timedelta(minutes=10)
"""A session that has written no number for so long is not there any more."""


def continuous_targets(machine: Machine, data_set: DataSetId) -> tuple[Target, ...]:
    """Return the places where a set can be copied continuously: elsewhere, and always there."""
    return tuple(t for t in machine.targets_of(data_set) if t.offsite and not t.removable)


def lag_allowed(plan: Plan) -> timedelta:
    """Return how far the policy lets a continuous copy lag behind."""
    requirement = plan.requirement(Demand.CONTINUOUS_OFFSITE)
    return (requirement.every if requirement else None) or LAG_ALLOWED


def sync_healths(situation: Situation) -> tuple[SyncHealth, ...]:
    """Return where each continuous copy stands, in the policy's order."""
    states = {(s.data_set, s.target): s for s in situation.facts.syncs}
    return tuple(
        _health(situation, data_set, plan, target, states.get((data_set.id, target.id)))
        for data_set, plan in situation.covered
        if plan.continuous
        for target in continuous_targets(situation.machine, data_set.id)
    )


def _health(situation: Situation, data_set: DataSet, plan: Plan, target: Target, state: SyncState | None) -> SyncHealth:
    allowed = lag_allowed(plan)
    now = situation.now
    if state is None:
        age = now - situation.history.set_up
        light = State.OK if age <= allowed else State.ATTENTION
        return SyncHealth(data_set.id, target.id, light, None, allowed, live=False, link_up=True)
    live = timedelta(0) <= now - state.at <= _STILL
    waiting = state.waiting_since if state.waiting_since is not None or live else state.at
    lag = max(timedelta(0), now - waiting) if waiting is not None else timedelta(0)
    light = State.OK if lag <= allowed else State.ATTENTION if lag <= 4 * allowed else State.ERROR
    return SyncHealth(
        data_set.id, target.id, light, lag, allowed, live=live, link_up=state.link_up, copies=state.copies
    )


def continuous_findings(situation: Situation) -> Iterator[Finding]:
    """Yield what lags too far behind."""
    places = {str(target.id): target for target in situation.machine.targets}
    names = {data_set.id: data_set.name for data_set, _ in situation.plans}
    basis, why = grounds(situation.requirement(Demand.CONTINUOUS_OFFSITE), otherwise=("S2-4b",))
    for health in sync_healths(situation):
        if health.state is State.OK:
            continue
        target = places[health.target]
        yield Finding(
            FindingCode.SYNC_BEHIND if health.link_up else FindingCode.SYNC_LINK_DOWN,
            health.state,
            health.data_set,
            basis,
            why,
            (
                ("data_set", names[health.data_set]),
                ("target", target.name),
                ("lag_s", "" if health.lag is None else str(int(health.lag.total_seconds()))),
            ),
        )
