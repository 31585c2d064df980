"""The checklist's items about power and lines: C24 to C26, from tests, probes and the register of agreements."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.assessment.checklist_evidence import NOTHING_TO_DO, YEAR, Evidence, Inspection, judged, moment
from app.assessment.power_findings import devices, newest_test
from app.assessment.power_tasks import ups_tested
from app.policy.lines import LineRole
from app.policy.model import Demand
from app.records.facts import Verdict

OfPower = Callable[[Inspection], Evidence | None]
"""None where nothing is registered: then what somebody declared counts."""


def _ups(inspection: Inspection) -> Evidence:
    situation = inspection.situation
    wanted = [device for device in devices(situation) if device.wanted]
    if not wanted:
        return NOTHING_TO_DO
    lacking = [device for device in wanted if not device.covered]
    upses = situation.machine.upses
    if lacking or not upses:
        worst = max(lacking, key=lambda device: device.wanted - device.there)
        counts = (
            ("count", str(worst.there)),
            ("total", str(worst.wanted)),
            ("missing", _names(d.name for d in lacking)),
        )
        return Evidence("ups-missing", counts, Verdict.NOT_OK)
    every = situation.policy.power.self_test_every
    tested = [u for u in upses if (at := ups_tested(situation, u.id)) is not None and inspection.now - at <= every]
    runtimes = [t.runtime_s for u in tested if (t := newest_test(situation, u)) is not None and t.runtime_s is not None]
    data = (
        ("count", str(len(tested))),
        ("total", str(len(upses))),
        ("runtime_s", f"{min(runtimes):.0f}" if runtimes else ""),
        ("missing", _names(u.name for u in upses if u not in tested)),
    )
    return Evidence("ups-tested", data, judged(len(tested) == len(upses)))


def _alternative_line(inspection: Inspection) -> Evidence | None:
    situation = inspection.situation
    lines = situation.machine.alternative_lines
    if not lines:
        return None
    if not any(plan.alternative_line for _, plan in situation.plans):
        return NOTHING_TO_DO
    own = {str(line.id): line.name for line in lines}
    tests = [t for t in situation.facts.line_tests if t.line in own and t.at <= inspection.now]
    newest = max(tests, key=lambda t: t.at, default=None)
    if newest is None:
        return Evidence("line-never-tested", (("line", lines[0].name),), Verdict.NOT_OK)
    data = (("line", own[newest.line]), ("at", moment(newest.at)), ("by", newest.by))
    if not newest.passed:
        return Evidence("line-test-failed", data, Verdict.NOT_OK)
    return Evidence(f"line-{newest.how}", data, judged(inspection.now - newest.at <= YEAR))


def _sla(inspection: Inspection) -> Evidence | None:
    situation = inspection.situation
    lines = [line for line in situation.machine.lines if line.role is LineRole.MAIN]
    if not lines:
        return None
    if situation.requirement(Demand.ISP_SLA) is None:
        return NOTHING_TO_DO
    unknown = [line for line in lines if not line.sla.known]
    if unknown:
        return Evidence("sla-unknown", (("missing", _names(line.name for line in unknown)),), Verdict.NOT_OK)
    expired = [line for line in lines if line.sla.expires is not None and line.sla.expires < situation.today]
    if expired:
        return Evidence("sla-expired", (("missing", _names(line.name for line in expired)),), Verdict.NOT_OK)
    ends = [line.sla.expires for line in lines if line.sla.expires is not None]
    if not ends:
        return Evidence("sla-not-possible", (("reason", lines[0].sla.not_possible),), Verdict.OK)
    contact = next((line.sla.contact for line in lines if line.sla.contact), "")
    return Evidence("sla-valid", (("until", min(ends).isoformat()), ("contact", contact)), Verdict.OK)


def _names(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name)


POWER: dict[str, OfPower] = {"C24": _ups, "C25": _alternative_line, "C26": _sla}
