"""The checklist's items about copies, places, tests and power."""

from __future__ import annotations

import math
from datetime import timedelta
from functools import partial

from app.assessment.checklist_evidence import (
    NOTHING_TO_DO,
    YEAR,
    Evidence,
    Inspect,
    Inspection,
    counted,
    judged,
    moment,
)
from app.assessment.continuous import continuous_targets
from app.assessment.full import exempt
from app.assessment.judgements import actions_late, cases
from app.assessment.model import ConnectionState, FindingCode, ObligationKind, Timing
from app.assessment.pace_kept import DAILY, pace_kept
from app.assessment.restore_tests import FIRST_TEST_DUE
from app.assessment.school_year import school_year
from app.assessment.situation import has_folders
from app.policy.model import Confidentiality, DataSet, Plan, Tier
from app.records.facts import Verdict

DETACHED_COPY_MAX_AGE = timedelta(days=31)
ON_TIME_SHARE = 0.98
GAP = timedelta(hours=72)


def _coverage(inspection: Inspection) -> Evidence:
    machine = inspection.situation.machine
    data_sets = inspection.situation.policy.data_sets
    if not data_sets:
        return Evidence("no-data-sets", verdict=Verdict.NOT_OK)
    lacking = tuple(s.name for s in data_sets if not has_folders(machine, s) or not machine.targets_of(s.id))
    return counted("covered", len(data_sets) - len(lacking), len(data_sets), lacking)


def _on_time(inspection: Inspection, *, daily: bool) -> Evidence:
    """How often copies were on time this school year, and the longest that a data set was without a new one."""
    paced = [(s, p) for s, p in inspection.situation.plans if (p.max_age <= DAILY) is daily]
    if not paced:
        return NOTHING_TO_DO
    kept = [pace_kept(inspection.situation, s, p) for s, p in paced]
    on_time, due = sum(k.on_time for k in kept), sum(k.due for k in kept)
    gap = max(k.longest_gap for k in kept)
    bad = tuple(k.data_set.name for k in kept if k.on_time < ON_TIME_SHARE * k.due or (daily and k.longest_gap > GAP))
    data = (
        ("count", str(on_time)),
        ("total", str(due)),
        ("gap_s", f"{gap.total_seconds():.0f}"),
        ("missing", ", ".join(bad)),
    )
    if bad or (due and on_time < ON_TIME_SHARE * due):
        return Evidence("copies-on-time", data, Verdict.NOT_OK)
    return Evidence("copies-on-time", data, Verdict.OK) if due else Evidence("copies-begun")


_IN_TIME = 0.99
"""C10: at most a quarter of an hour behind, for 99 % of the time."""
_WATCHED_S = 24 * 3600.0
"""Of less than a day of watching there is nothing to say yet."""


def _continuous(inspection: Inspection) -> Evidence:
    concerned = tuple(s.name for s, p in inspection.situation.plans if p.continuous)
    if not concerned:
        return NOTHING_TO_DO
    machine = inspection.situation.machine
    without = tuple(
        s.name for s, p in inspection.situation.plans if p.continuous and not continuous_targets(machine, s.id)
    )
    if without:
        return Evidence("no-continuous", (("missing", ", ".join(without)),), Verdict.NOT_OK)
    starts = inspection.situation.policy.organisation.school_year_starts
    year = school_year(starts, inspection.now, inspection.situation.tz)
    periods = [
        p for p in inspection.situation.facts.sync_periods if year.starts <= p.begun and p.ended <= inspection.now
    ]
    watched_s = sum((p.ended - p.begun).total_seconds() for p in periods)
    if watched_s < _WATCHED_S:
        return Evidence("continuous-begun", known=False)
    share = 1 - sum(p.late_s for p in periods) / watched_s
    percent = f"{math.floor(1000 * share) / 10:g}"  # never rounded up to what was not reached
    return Evidence("continuous-in-time", (("percent", percent),), judged(share >= _IN_TIME))


def _other_site(inspection: Inspection) -> Evidence:
    elsewhere = tuple(t.site or t.name for t in inspection.situation.machine.targets if t.offsite)
    if not elsewhere:
        return Evidence("no-other-site", verdict=Verdict.NOT_OK)
    # Whether it is far enough (fire, flood), only a person can say.
    return Evidence("other-sites", (("sites", ", ".join(elsewhere)),))


def _fulls(inspection: Inspection) -> Evidence:
    owed = inspection.obligations(ObligationKind.YEARLY_FULL)
    if not owed:
        return NOTHING_TO_DO
    situation = inspection.situation
    year = school_year(situation.policy.organisation.school_year_starts, situation.now, situation.tz)
    done = {
        o.data_set
        for o in owed
        if o.data_set is not None and any(year.holds(at) for at in situation.history.full_copies(o.data_set))
    }
    waiting = tuple(o for o in owed if o.data_set not in done)
    found = counted("fulls-this-year", len(done), len(owed), tuple(dict(o.data)["data_set"] for o in waiting))
    # Before its window opens, a full back-up that has not been made is not wrong: the year has still to say.
    early = bool(waiting) and all(o.timing is Timing.MET for o in waiting)
    return Evidence(found.code, (*found.data, ("school_year", year.label)), None if early else found.verdict)


def _exemptions(inspection: Inspection) -> Evidence:
    claimed = [s for s in inspection.situation.policy.data_sets if not s.kept_in_archive]
    if not claimed:
        return NOTHING_TO_DO
    grounded = [s for s in claimed if exempt(s, inspection.situation.today)]
    return counted(
        "exemptions-grounded", len(grounded), len(claimed), tuple(s.name for s in claimed if s not in grounded)
    )


def _score(inspection: Inspection) -> Evidence:
    scores = dict(inspection.assessment.scores)
    concerned = [s for s, p in inspection.situation.plans if p.tier > Tier.T0]
    if not concerned:
        return NOTHING_TO_DO
    met = [s for s in concerned if s.id in scores and scores[s.id].met]
    return counted("score-met", len(met), len(concerned), tuple(s.name for s in concerned if s not in met))


def _detached(inspection: Inspection) -> Evidence:
    away = [
        t for t in inspection.assessment.targets if t.connection is ConnectionState.DETACHED and t.last_good is not None
    ]
    newest = max((t for t in away), key=lambda t: t.last_good or inspection.now, default=None)
    if newest is None or newest.last_good is None:
        return Evidence("no-detached-copy", verdict=Verdict.NOT_OK)
    data = (("target", newest.name), ("at", moment(newest.last_good)))
    return Evidence("detached-copy", data, judged(inspection.now - newest.last_good <= DETACHED_COPY_MAX_AGE))


def _encrypted(inspection: Inspection) -> Evidence:
    """Every copy that Vangnet makes is encrypted by its format; what is judged is that there is one."""
    secret = (Confidentiality.CONFIDENTIAL, Confidentiality.SECRET)
    concerned = [s for s in inspection.situation.policy.data_sets if s.classification.confidentiality in secret]
    if not concerned:
        return NOTHING_TO_DO
    copied = {h.data_set for h in inspection.assessment.data_sets if h.last_good is not None}
    lacking = tuple(s.name for s in concerned if s.id not in copied)
    return counted("encrypted-copies", len(concerned) - len(lacking), len(concerned), lacking)


def _checks(inspection: Inspection) -> Evidence:
    failed = [f for f in inspection.assessment.findings if f.code is FindingCode.CHECK_FAILED]
    checks = inspection.obligations(ObligationKind.CHECK)
    done = [o for o in checks if o.last_met is not None]
    late = any(o.timing is Timing.OVERDUE for o in checks)
    data = (("count", str(len(done))), ("total", str(len(checks))), ("errors", str(len(failed))))
    if failed or late:
        return Evidence("checks", data, Verdict.NOT_OK)
    return Evidence("checks", data, Verdict.OK if checks and len(done) == len(checks) else None)


def clearing_overdue(inspection: Inspection) -> Evidence | None:
    """C35: old versions that the policy wants gone stand there still; None while nothing is late."""
    late = [o for o in inspection.obligations(ObligationKind.PRUNE) if o.timing is Timing.OVERDUE]
    if not late:
        return None
    names = ", ".join(dict(o.data).get("target", o.target or "") for o in late)
    return Evidence("clearing-overdue", (("targets", names),), Verdict.NOT_OK)


def _restore_tests(inspection: Inspection) -> Evidence:
    history = inspection.situation.history
    concerned = [(s, p) for s, p in inspection.situation.plans]
    if not concerned:
        return Evidence("no-data-sets", verdict=Verdict.NOT_OK)

    def passed(data_set: DataSet, plan: Plan) -> bool:
        allowed = max(plan.restore_test_every, FIRST_TEST_DUE)
        tests = history.tests(data_set.id)
        return bool(tests) and tests[0].identical and any(t.passed and inspection.now - t.at <= allowed for t in tests)

    missing = tuple(s.name for s, p in concerned if not passed(s, p))
    return counted("restore-tests-passed", len(concerned) - len(missing), len(concerned), missing)


def _failures(inspection: Inspection) -> Evidence:
    """Every failure was told to IT and director at once (S1-4.2.3) and judged by the director (S1-4.1.3)."""
    facts = inspection.situation.facts
    found = [case for case in cases(facts, inspection.now) if inspection.now - case.last <= YEAR]
    waiting = [case for case in found if case.open]
    judged_ones = [j for j in facts.judgements if inspection.now - j.at <= YEAR]
    told = [t for t in facts.told if inspection.now - t.at <= YEAR and t.key.startswith("case:")]
    late = actions_late(facts.judgements, inspection.now)
    data = (
        ("count", str(len(judged_ones))), ("waiting", str(len(waiting))), ("told", str(len(told))),
        ("late", str(len(late))),
    )  # fmt: skip
    if waiting:
        return Evidence("failures-waiting", data, Verdict.NOT_OK)
    if late:
        return Evidence("failures-actions-late", data, Verdict.NOT_OK)
    if not facts.runs:
        return Evidence("failures-none", data)
    return Evidence("failures-judged" if judged_ones else "failures-none", data, Verdict.OK)


COPIES: dict[str, Inspect] = {
    "C07": _coverage,
    "C08": partial(_on_time, daily=True),
    "C09": partial(_on_time, daily=False),
    "C10": _continuous,
    "C11": _other_site,
    "C12": _fulls,
    "C13": _exemptions,
    "C14": _score,
    "C15": _detached,
    "C16": _encrypted,
    "C19": _checks,
    "C20": _restore_tests,
    "C32": _failures,
}
"""By item."""
