"""The checklist's evidence from what people declared, and how often they put things off (REQUIREMENTS section 5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.assessment.checklist_evidence import NOTHING_TO_DO, YEAR, Evidence, Inspection, counted, moment
from app.assessment.duties import REVIEW
from app.assessment.full import exempt
from app.assessment.people_duties import EXEMPT, concerns, declarations, exemption, parts_due
from app.assessment.school_year import school_year
from app.policy.duty import Duty
from app.policy.model import ItemId
from app.records.facts import ProofKind, Verdict

REVIEW_BLOCKS = 4
_ABOUT = {
    "C01": ("review-policy", "approve-policy"),
    "C12": ("start-full:",),
    "C15": ("plug-in-disk:", "swap-disk:", "take-off-site:"),
    "C17": ("key-test",),
    "C20": ("confirm-restore-test:",),
    "C32": ("judge",),
    "C39": ("review-policy",),
}
"""The obligations that an item rests on, besides the duties that name it; a colon ends the start of an id."""


def duty_evidence(inspection: Inspection, item: ItemId) -> Evidence | None:
    """Return what was declared for the duties that serve an item; None when no duty here does."""
    situation = inspection.situation
    duties = tuple(d for d in situation.policy.duties if item in d.items and concerns(situation, d))
    found = tuple(_of_duty(inspection, duty) for duty in duties)
    if not found:
        return None
    # Several duties for one item: the one that is worst says how it stands.
    return min(found, key=lambda e: (e.verdict is not Verdict.NOT_OK, e.code != "not-declared"))


def review_blocks(inspection: Inspection) -> Evidence:
    """The four blocks of the yearly review (S3-9.1): each was answered, within a year."""
    reviews = [a for a in inspection.situation.facts.attestations if a.subject == REVIEW and a.at <= inspection.now]
    newest = max(reviews, key=lambda a: a.at, default=None)
    if newest is None:
        return Evidence("not-declared")
    answered = sum(proof.kind is ProofKind.ANSWER for proof in newest.evidence)
    data = (("by", newest.by), ("at", moment(newest.at)), ("count", str(answered)), ("total", str(REVIEW_BLOCKS)))
    whole = answered >= REVIEW_BLOCKS and inspection.now - newest.at <= YEAR
    return Evidence("review-blocks", data, Verdict.OK if whole else Verdict.NOT_OK)


def exceptions(inspection: Inspection) -> Evidence:
    """Every exception that was made still holds: of data from the yearly full back-up, of duties, of accepted risks."""
    situation = inspection.situation
    held: dict[str, bool] = {}
    for data_set, _ in situation.plans:
        if not data_set.kept_in_archive:
            held[data_set.name] = exempt(data_set, situation.today)
    for duty in situation.policy.duties:
        if any(a.subject == EXEMPT + duty.id for a in situation.facts.attestations):
            # One that ended is no exception any more once the duty has been done again.
            ended = exemption(situation, duty) is None and any(
                d.due < inspection.now for d in parts_due(situation, duty)
            )
            held[duty.title.text(situation.policy.organisation.language)] = not ended
    if not held:
        return NOTHING_TO_DO
    return counted("exceptions-valid", sum(held.values()), len(held), tuple(n for n, good in held.items() if not good))


def with_postponements(inspection: Inspection, item: ItemId, found: Evidence) -> Evidence:
    """Add how often what an item rests on was put off this school year, and by how much of it the director agreed."""
    situation = inspection.situation
    year = school_year(situation.policy.organisation.school_year_starts, situation.now, situation.tz)
    about = (*_ABOUT.get(item, ()), *(f"duty:{d.id}" for d in situation.policy.duties if item in d.items))
    own = [
        p
        for p in situation.facts.postponements
        if year.holds(p.at) and any(_is_about(p.obligation, start) for start in about)
    ]
    return replace(found, data=(*found.data, ("postponed", str(len(own))))) if own else found


def _is_about(obligation: str, start: str) -> bool:
    return obligation.startswith(start) if start.endswith(":") else obligation == start


def _of_duty(inspection: Inspection, duty: Duty) -> Evidence:
    situation = inspection.situation
    exempt = exemption(situation, duty)
    if exempt is not None:
        data = (("by", exempt.by), ("at", moment(exempt.at)), ("reason", exempt.remark))
        return Evidence("exempt", data, Verdict.NOT_APPLICABLE)
    dues = parts_due(situation, duty)
    declared = [d for due in dues for d in declarations(situation, duty, due.part.id)[:1]]
    approved = _approved(inspection, duty)
    done = tuple(d for d in dues if d.last is not None and inspection.now <= d.due and d.last >= (approved or d.last))
    late = any(inspection.now > due.due for due in dues)
    verdict = Verdict.NOT_OK if late else None
    if not dues or not declared:
        return Evidence("not-declared", verdict=verdict)
    newest = max(declared, key=lambda a: a.at)
    if approved is not None and newest.at < approved:
        return Evidence("declared-before-approval", (("by", newest.by), ("at", moment(newest.at))), verdict)
    number = next((proof.value for proof in newest.evidence if proof.kind is ProofKind.NUMBER), "")
    photos = sum(proof.kind is ProofKind.PHOTO for a in declared for proof in a.evidence)
    data = (
        ("by", newest.by),
        ("at", moment(newest.at)),
        ("reference", newest.reference),
        *((("number", number),) if number else ()),
        *((("photos", str(photos)),) if photos else ()),
    )
    if len(dues) > 1:
        missing = ", ".join(due.part.name or "*" for due in dues if due not in done)
        counts = (("count", str(len(done))), ("total", str(len(dues))), ("missing", missing))
        return Evidence("parts-declared", (*data, *counts), verdict)
    return Evidence("declared" if done else "declared-too-long-ago", data, verdict)


def _approved(inspection: Inspection, duty: Duty) -> datetime | None:
    """Return the approval that a duty follows; None for one that comes back by itself."""
    if duty.after_approval is None:
        return None
    return max((a.at for a in inspection.situation.facts.approvals if a.at <= inspection.now), default=None)
