"""A policy or machine file with a mistake in it: the copies go on by the last one that was right, and IT is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.assessment.model import Finding, FindingCode, Obligation, ObligationKind, State
from app.assessment.situation import Situation
from app.assessment.timing import people_timing
from app.policy.model import Basis, Role

TO_MEND = timedelta(days=1)


def configuration_findings(situation: Situation) -> Iterator[Finding]:
    if situation.refused is not None:
        yield Finding(
            FindingCode.CONFIGURATION_REFUSED, State.ATTENTION, "", Basis.SOURCE, ("S1-4.2.2",), _data(situation)
        )


def configuration_tasks(situation: Situation) -> tuple[Obligation, ...]:
    """Ask the IT provider to mend the file, from the moment it was spoilt."""
    if situation.refused is None:
        return ()
    opens = min(situation.refused.since, situation.now)
    due = opens + TO_MEND
    return (
        Obligation(
            id="repair-configuration",
            kind=ObligationKind.REPAIR_CONFIGURATION,
            data_set=None,
            target=None,
            timing=people_timing(situation.now, opens, due, urgent=TO_MEND),
            opens=opens,
            due=due,
            last_met=None,
            who=Role.IT_PROVIDER,
            basis=Basis.SOURCE,
            why=("S1-4.2.2",),
            data=_data(situation),
        ),
    )


def _data(situation: Situation) -> tuple[tuple[str, str], ...]:
    refused = situation.refused
    if refused is None:
        return ()
    return ("file", refused.file), ("line", str(refused.line)), ("key", refused.key), ("reason", refused.reason)
