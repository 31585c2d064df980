"""The restore tests: made by the machine, confirmed by a person who opens a file (REQUIREMENTS section 4, S0-2)."""

from __future__ import annotations

from datetime import timedelta

from app.assessment.local_time import later
from app.assessment.model import ConnectionState, Obligation, ObligationKind, Timing
from app.assessment.situation import Situation, grounds
from app.assessment.timing import machine_timing, people_timing, with_attempts
from app.policy.model import Basis, DataSet, Demand, Plan, Role
from app.records.facts import RestoreTest, RunKind

FIRST_TEST_OPENS = timedelta(days=7)
FIRST_TEST_DUE = timedelta(days=30)
"""A new installation proves within a month that it can give files back, whatever the interval is."""
AHEAD = timedelta(days=7)
"""So long before a test must have been made, the machine may make it."""
TO_CONFIRM = timedelta(days=14)


def restore_test_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return, for each data set, the next test and the confirmation that the last one still lacks."""
    found: list[Obligation] = []
    for data_set, plan in situation.covered:
        if not situation.machine.targets_of(data_set.id):
            continue
        found.append(_test(situation, data_set, plan))
        newest = next(iter(situation.history.tests(data_set.id)), None)
        if newest is not None and newest.identical:
            found.append(_confirmation(situation, data_set, newest))
    return tuple(found)


def _test(situation: Situation, data_set: DataSet, plan: Plan) -> Obligation:
    history = situation.history
    last = next((min(t.at, situation.now) for t in history.tests(data_set.id) if t.identical), None)
    if last is None:
        opens, due = history.set_up + FIRST_TEST_OPENS, history.set_up + FIRST_TEST_DUE
    else:
        due = max(later(last, plan.restore_test_every, situation.tz), history.set_up + FIRST_TEST_DUE)
        opens = max(last, due - AHEAD)
    attempts = history.of_set(RunKind.RESTORE_TEST, data_set.id)
    basis, why = grounds(plan.requirement(Demand.RESTORE_TEST), otherwise=("S0-2",))
    obligation = Obligation(
        id=f"restore-test:{data_set.id}",
        kind=ObligationKind.RESTORE_TEST,
        data_set=data_set.id,
        target=_best_place(situation, data_set),
        timing=machine_timing(situation.now, opens, due),
        opens=opens,
        due=due,
        last_met=last,
        who=None,
        basis=basis,
        why=why,
        data=(("data_set", data_set.name),),
    )
    return with_attempts(obligation, attempts, situation.now)


def _confirmation(situation: Situation, data_set: DataSet, test: RestoreTest) -> Obligation:
    at = min(test.at, situation.now)
    due = at + TO_CONFIRM
    confirmed = bool(test.confirmed_by)
    return Obligation(
        id=f"confirm-restore-test:{data_set.id}",
        kind=ObligationKind.CONFIRM_RESTORE_TEST,
        data_set=data_set.id,
        target=test.target,
        timing=Timing.MET if confirmed else people_timing(situation.now, at, due, urgent=TO_CONFIRM),
        opens=at,
        due=due,
        last_met=(test.confirmed_at or at) if confirmed else None,
        who=Role.IT_PROVIDER,
        basis=Basis.RECOMMENDED,
        why=("S0-2",),
        data=(("data_set", data_set.name), ("run", str(test.run)), ("files", str(test.files))),
    )


def _best_place(situation: Situation, data_set: DataSet) -> str:
    """Return the place whose copy is tested: one that is there now before one that is not, the newest copy first."""
    places = situation.machine.targets_of(data_set.id)
    away = (ConnectionState.DETACHED, ConnectionState.MISSING)

    def rank(index: int) -> tuple[bool, bool, float, int]:
        last = situation.history.last_copy(data_set.id, places[index].id)
        there = situation.connection(places[index]) not in away
        return there, last is not None, last.timestamp() if last else 0.0, -index

    return places[max(range(len(places)), key=rank)].id
