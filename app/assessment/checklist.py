"""The director's yearly checklist (REQUIREMENTS section 5): each item with the evidence that the records hold.

Nothing is green by intent: where Vangnet does not gather an item's evidence yet, the line says so (`known` False).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app.assessment.checklist_copies import COPIES, clearing_overdue
from app.assessment.checklist_evidence import NOT_GATHERED, Evidence, Inspect, Inspection, OfFacts
from app.assessment.checklist_papers import DECLARED, PAPERS
from app.assessment.checklist_people import duty_evidence, exceptions, review_blocks, with_postponements
from app.assessment.checklist_power import POWER
from app.assessment.checklist_seen import seen
from app.assessment.model import Assessment, EvidenceLine
from app.assessment.school_year import school_year
from app.assessment.situation import situation
from app.policy.access import Access
from app.policy.machine import Machine
from app.policy.model import ChecklistItem, Policy
from app.policy.versions import KeptVersion
from app.records.facts import ChecklistAnswer, Facts, Verdict

_INSPECTIONS: dict[str, Inspect] = {**PAPERS, **COPIES, "C39": review_blocks, "C40": exceptions}
_OF_FACTS: dict[str, OfFacts] = {**POWER, "C35": clearing_overdue}
"""What goes before everything else, where it finds something."""


def evidence(
    policy: Policy,
    machine: Machine,
    facts: Facts,
    assessment: Assessment,
    now: datetime,
    *,
    archive: tuple[KeptVersion, ...] = (),
    access: Access | None = None,
) -> tuple[EvidenceLine, ...]:
    """Return a line for every item of the policy's checklist, in its order; answers are those of this school year.

    `archive` is what is kept of the approved versions of the policy, `access` what this computer shows of its accounts.
    """
    tz = ZoneInfo(policy.organisation.timezone)
    inspection = Inspection(situation(policy, machine, facts, now, tz), assessment, archive, access)
    year = school_year(policy.organisation.school_year_starts, now, tz).year
    return tuple(_line(item, inspection, _answer(facts, item, year)) for item in policy.checklist)


def _line(item: ChecklistItem, inspection: Inspection, answer: ChecklistAnswer | None) -> EvidenceLine:
    found = with_postponements(inspection, item.id, _found(item, inspection))
    also = seen(inspection, item.id)
    # A declaration does not make good what the records show to be wrong.
    wrong = any(one.verdict is Verdict.NOT_OK for one in also)
    return EvidenceLine(
        item=item,
        verdict=Verdict.NOT_OK if wrong else found.verdict,
        known=found.known or bool(also),
        code="not-declared" if also and not found.known else found.code,
        data=found.data,
        answer=answer,
        seen=tuple(sorted(also, key=lambda one: one.verdict is not Verdict.NOT_OK)),
    )


def _found(item: ChecklistItem, inspection: Inspection) -> Evidence:
    """What the records show by themselves goes before what somebody declared."""
    of_facts = _OF_FACTS.get(item.id)
    if of_facts is not None and (found := of_facts(inspection)) is not None:
        return found
    inspect = _INSPECTIONS.get(item.id)
    if inspect is not None and item.id not in DECLARED:
        return inspect(inspection)
    by_duty = duty_evidence(inspection, item.id)
    if by_duty is not None:
        return by_duty
    return inspect(inspection) if inspect is not None else NOT_GATHERED


def _answer(facts: Facts, item: ChecklistItem, year: int) -> ChecklistAnswer | None:
    own = [a for a in facts.answers if a.item == item.id and a.school_year == year]
    return max(own, key=lambda a: a.at, default=None)
