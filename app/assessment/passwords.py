"""A place on a network that does not let us in any more: its password was changed, or is not on this computer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.assessment.model import ConnectionState, Obligation, ObligationKind
from app.assessment.situation import Situation, grounds
from app.assessment.timing import people_timing
from app.policy.model import Demand, Role

TO_ENTER = timedelta(days=1)
"""No copy goes there meanwhile."""
_WANTS_PASSWORD = ("login", "no-secret")


def password_tasks(situation: Situation) -> tuple[Obligation, ...]:
    """Ask the IT provider for the password of each such place; closed by the place letting us in."""
    return tuple(_tasks(situation))


def _tasks(situation: Situation) -> Iterator[Obligation]:
    basis, why = grounds(situation.requirement(Demand.OTHER_MEDIUM_AND_SITE), otherwise=("S2-1f",))
    for target in situation.machine.targets:
        sight = situation.history.sights.get(target.id)
        if sight is None or sight.reason not in _WANTS_PASSWORD or not target.remote:
            continue
        if situation.connection(target) is not ConnectionState.MISSING:
            continue
        opens = min(sight.since, situation.now)
        due = opens + TO_ENTER
        yield Obligation(
            id=f"enter-password:{target.id}",
            kind=ObligationKind.ENTER_PASSWORD,
            data_set=None,
            target=target.id,
            timing=people_timing(situation.now, opens, due, urgent=TO_ENTER),
            opens=opens,
            due=due,
            last_met=None,
            who=Role.IT_PROVIDER,
            basis=basis,
            why=why,
            data=(("target", target.name), ("where", target.where), ("reason", sight.reason)),
        )
