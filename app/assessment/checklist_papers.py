"""The checklist's items about the policy, the people and what only they can declare."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from app.assessment.checklist_evidence import (
    NOTHING_TO_DO,
    YEAR,
    Evidence,
    Inspect,
    Inspection,
    counted,
    declared,
    judged,
    moment,
)
from app.assessment.duties import approval_of
from app.assessment.model import ObligationKind, Timing
from app.policy.model import Demand
from app.records.facts import RunKind, Verdict


def _policy_approved(inspection: Inspection) -> Evidence:
    approval = approval_of(inspection.situation)
    if approval is None:
        return Evidence("policy-not-approved", verdict=Verdict.NOT_OK)
    data = (("version", approval.version), ("by", approval.by), ("at", moment(approval.at)))
    if any(o.timing is Timing.OVERDUE for o in inspection.obligations(ObligationKind.REVIEW_POLICY)):
        return Evidence("policy-review-overdue", data, Verdict.NOT_OK)
    return Evidence("policy-approved", data, Verdict.OK)


def _revisions(inspection: Inspection) -> Evidence:
    rows = inspection.situation.policy.revisions
    if not rows:
        return Evidence("revisions-none", verdict=Verdict.NOT_OK)
    whole = [r for r in rows if r.version and r.change and r.approved_by]
    return counted("revisions-complete", len(whole), len(rows), tuple(r.version for r in rows if r not in whole))


def _old_versions(inspection: Inspection) -> Evidence:
    """C03: every version that was replaced is kept, whole, where nobody else can read it."""
    approvals = [a for a in inspection.situation.facts.approvals if a.at <= inspection.now]
    newest = max(approvals, key=lambda a: a.at, default=None)
    numbers = {a.policy_sha256: a.version for a in approvals}
    replaced = {v.sha256 for v in inspection.archive if v.superseded} | set(numbers)
    replaced -= {newest.policy_sha256} if newest else set()
    if not replaced:
        return Evidence("no-old-versions", verdict=Verdict.NOT_APPLICABLE)
    kept = {v.sha256 for v in inspection.archive}
    open_or_changed = {v.sha256 for v in inspection.archive if not (v.intact and v.restricted)}
    wrong = replaced & open_or_changed | replaced - kept
    names = sorted(numbers.get(sha256) or sha256[:8] for sha256 in wrong)
    return counted("old-versions-restricted", len(replaced) - len(wrong), len(replaced), tuple(names))


def _roles(inspection: Inspection) -> Evidence:
    language = inspection.situation.policy.organisation.language
    roles = inspection.situation.policy.roles
    filled = [r for r in roles if r.person and r.deputy]
    return counted(
        "roles-filled", len(filled), len(roles), tuple(r.label.text(language) for r in roles if r not in filled)
    )


def _classified(inspection: Inspection) -> Evidence:
    today = inspection.now.astimezone(inspection.situation.tz).date()
    data_sets = inspection.situation.policy.data_sets
    if not data_sets:
        return Evidence("no-data-sets", verdict=Verdict.NOT_OK)
    looked_at = {
        a.subject.partition(":")[2]
        for a in inspection.situation.facts.attestations
        if a.subject.startswith("reclassify:") and timedelta(0) <= inspection.now - a.at <= YEAR
    }
    young = [
        s for s in data_sets if s.id in looked_at or (s.classified_on is not None and today - s.classified_on <= YEAR)
    ]
    return counted("classified", len(young), len(data_sets), tuple(s.name for s in data_sets if s not in young))


def _rto(inspection: Inspection) -> Evidence:
    tests = inspection.situation.history.restore_tests
    if not tests:
        return Evidence("no-tests-yet", verdict=Verdict.NOT_OK)
    met = [t for t in tests if t.rto_met]
    data = (("count", str(len(met))), ("total", str(len(tests))))
    # Whether the times are still the right ones, only a person can say.
    return Evidence("recovery-times", data, None if len(met) == len(tests) else Verdict.NOT_OK)


def _restores(inspection: Inspection) -> Evidence:
    restores = [r for r in inspection.situation.history.runs if r.kind is RunKind.RESTORE]
    rows = inspection.situation.facts.journal_rows
    return Evidence("restores-journalled", (("count", str(len(restores))), ("rows", str(rows))))


def _alternative_line(inspection: Inspection) -> Evidence:
    if not any(plan.alternative_line for _, plan in inspection.situation.plans):
        return NOTHING_TO_DO
    return declared(inspection, Demand.ALTERNATIVE_LINE.value)


def _isp_sla(inspection: Inspection) -> Evidence:
    if inspection.situation.requirement(Demand.ISP_SLA) is None:
        return NOTHING_TO_DO
    return declared(inspection, Demand.ISP_SLA.value)


def _fire(inspection: Inspection, demand: Demand) -> Evidence:
    if not any(plan.fire_protection for _, plan in inspection.situation.plans):
        return NOTHING_TO_DO
    return declared(inspection, demand.value)


def _key_test(inspection: Inspection) -> Evidence:
    tests = [t for t in inspection.situation.facts.key_tests if t.at <= inspection.now]
    newest = max(tests, key=lambda t: t.at, default=None)
    if newest is None:
        return Evidence("key-never-tested", verdict=Verdict.NOT_OK)
    data = (("by", newest.by), ("at", moment(newest.at)))
    return Evidence("key-tested", data, judged(inspection.now - newest.at <= YEAR))


PAPERS: dict[str, Inspect] = {
    "C01": _policy_approved,
    "C02": _revisions,
    "C03": _old_versions,
    "C05": _roles,
    "C06": _classified,
    "C17": _key_test,
    "C21": partial(declared, subject=Demand.FULL_DRILL.value),
    "C22": _rto,
    "C23": _restores,
    "C25": _alternative_line,
    "C26": _isp_sla,
    "C27": partial(_fire, demand=Demand.FIRE_PROTECTION),
    "C28": partial(_fire, demand=Demand.SAFETY_PLAN),
    "C29": partial(declared, subject=Demand.PROCESSOR_CLAUSES.value),
}
"""By item."""

DECLARED = frozenset({"C21", "C25", "C26", "C27", "C28", "C29"})
"""Those that rest on a declaration only: a duty that serves one of them tells more."""
