"""The integrity check of every place: are all copies on it still whole (REQUIREMENTS S1-3b, checklist C19)."""

from __future__ import annotations

from datetime import timedelta

from app.assessment.copies import target_data
from app.assessment.local_time import later
from app.assessment.model import Obligation, ObligationKind
from app.assessment.situation import Situation
from app.assessment.timing import machine_timing, with_attempts
from app.policy.machine import Target
from app.policy.model import Basis
from app.records.facts import Outcome, RunKind

EVERY = timedelta(days=91)
AHEAD = timedelta(days=7)


def check_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return the next check of each place; the first is owed a quarter after the set-up."""
    return tuple(_obligation(situation, target) for target in situation.machine.targets)


def _obligation(situation: Situation, target: Target) -> Obligation:
    checks = situation.history.checks(target.id)
    last = next((situation.history.moment(r) for r in checks if r.outcome is Outcome.GOOD), None)
    due = later(max(last or situation.history.set_up, situation.history.set_up), EVERY, situation.tz)
    attempts = tuple(r for r in situation.history.runs if r.kind is RunKind.CHECK and r.target == target.id)
    obligation = Obligation(
        id=f"check:{target.id}",
        kind=ObligationKind.CHECK,
        data_set=None,
        target=target.id,
        timing=machine_timing(situation.now, due - AHEAD, due),
        opens=due - AHEAD,
        due=due,
        last_met=last,
        who=None,
        basis=Basis.RECOMMENDED,
        why=("S1-3b",),
        data=target_data(target),
    )
    return with_attempts(obligation, attempts)
