"""What people do about power and lines: a line to be repaired, a battery to be replaced (REQUIREMENTS S2-1e, S2-2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.assessment.local_time import later
from app.assessment.model import Obligation, ObligationKind
from app.assessment.situation import Situation
from app.assessment.timing import people_timing
from app.policy.machine import Ups
from app.policy.model import Basis, Role
from app.records.facts import LineTestHow, Outage, OutageKind, TestResult

TO_REPAIR = timedelta(days=7)
"""S2-1e: the first system is repaired soon after the take-over."""
TO_REPLACE = timedelta(days=30)


def power_tasks(situation: Situation) -> tuple[Obligation, ...]:
    return (*_repairs(situation), *_batteries(situation))


def _repairs(situation: Situation) -> Iterator[Obligation]:
    """One for each line that is down, or that the computer does not use any more; closed by its coming back."""
    for line in situation.machine.lines:
        own = [o for o in situation.facts.outages if o.kind is OutageKind.LINE and o.subject == line.id]
        open_one = next((o for o in own if o.ended is None and o.began <= situation.now), None)
        if open_one is not None:
            data = (("line", line.name), ("provider", line.provider), ("contact", line.sla.contact),
                    ("cause", open_one.cause))  # fmt: skip
            yield _task(
                situation, f"repair-line:{line.id}", ObligationKind.REPAIR_LINE, ("S2-1e", "S2-3a"),
                (open_one.began, later(open_one.began, TO_REPAIR, situation.tz)), _last_repair(own), data,
            )  # fmt: skip


def _last_repair(outages: list[Outage]) -> datetime | None:
    return max((o.ended for o in outages if o.ended is not None), default=None)


def _batteries(situation: Situation) -> Iterator[Obligation]:
    for ups in situation.machine.upses:
        since = _wants_battery_since(situation, ups)
        if since is not None:
            yield _task(
                situation, f"replace-battery:{ups.id}", ObligationKind.REPLACE_BATTERY, ("S2-2",),
                (since, later(since, TO_REPLACE, situation.tz)), None, (("ups", ups.name),),
            )  # fmt: skip


def _wants_battery_since(situation: Situation, ups: Ups) -> datetime | None:
    """Return since when a battery must be replaced: the UPS says so, or its test failed."""
    sight = next((s for s in situation.facts.upses if s.ups == ups.id), None)
    tests = [t for t in situation.facts.ups_tests if t.ups == ups.id and t.at <= situation.now]
    failed = max(tests, key=lambda t: t.at, default=None)
    if failed is not None and failed.result is TestResult.FAILED:
        return failed.at
    if sight is None or not sight.reachable or "RB" not in sight.flags:
        return None
    said = [a.at for a in situation.facts.attestations if a.subject == f"replace-battery:{ups.id}"]
    return max(said, default=sight.at) if said else sight.at


def _task(
    situation: Situation,
    name: str,
    kind: ObligationKind,
    why: tuple[str, ...],
    between: tuple[datetime, datetime],
    last_met: datetime | None,
    data: tuple[tuple[str, str], ...],
) -> Obligation:
    opens, due = between
    return Obligation(
        id=name,
        kind=kind,
        data_set=None,
        target=None,
        timing=people_timing(situation.now, opens, due, urgent=due - opens),
        opens=opens,
        due=due,
        last_met=last_met,
        who=Role.IT_PROVIDER,
        basis=Basis.SOURCE,
        why=why,
        data=data,
    )


def ups_tested(situation: Situation, ups: str) -> datetime | None:
    """Return when a UPS last passed a test that showed that it lasts long enough."""
    minimum_s = situation.policy.power.minimum_runtime.total_seconds()
    passed = (
        t.at
        for t in situation.facts.ups_tests
        if t.ups == ups and t.result is TestResult.PASSED and (t.runtime_s is None or t.runtime_s >= minimum_s)
    )
    return max((at for at in passed if at <= situation.now), default=None)


def alternative_line_tested(situation: Situation, _part: str = "") -> datetime | None:
    """Return when work last went on over an alternative line in a test."""
    own = {line.id for line in situation.machine.alternative_lines}
    tests = (t for t in situation.facts.line_tests if t.line in own and t.passed and t.how is LineTestHow.FAILOVER)
    return max((t.at for t in tests if t.at <= situation.now), default=None)
