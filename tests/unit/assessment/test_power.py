"""UPSes that stand before what must not fall over, lines that must be repaired, and risks that are accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.assessment.checklist import evidence
from app.assessment.model import Assessment, EvidenceLine, Finding, FindingCode, ObligationKind, State, Timing
from app.policy.lines import Line, LineId, LineRole, Sla
from app.policy.load import template_policy
from app.policy.machine import Machine, Ups, UpsId
from app.policy.model import Policy
from app.records.facts import (
    Facts,
    LineTest,
    LineTestHow,
    Outage,
    OutageCause,
    OutageId,
    OutageKind,
    RiskAcceptance,
    TestResult,
    UpsSight,
    UpsTest,
    UpsTestHow,
    Verdict,
)
from tests.unit.assessment.builders import DAY, HOUR, NOW, T0, T1, T2, data_set, facts, judge, machine, place, policy

PC_UPS = Ups(UpsId("a"), "UPS A", ups="a")
NAS_UPS = Ups(UpsId("b"), "UPS B", ups="b", protects=("nas",))
BOTH = replace(PC_UPS, protects=("pc", "nas"))
SECOND = Ups(UpsId("c"), "UPS C", ups="c", protects=("pc", "nas"))
GOOD = UpsSight("a", "UPS A", NOW, True, ("OL",), 100.0, 1800.0, 20.0)
MAIN = Line(LineId("fibre"), "Glasvezel", LineRole.MAIN, "eth0", sla=Sla(date(2027, 6, 30), "0800 12 345"))
SPARE = Line(LineId("4g"), "4G-router", LineRole.ALTERNATIVE, "eth1")


def with_rules(*data_sets: object) -> Policy:
    """The template's rules and checklist, for some data."""
    own = policy(*data_sets)  # type: ignore[arg-type]  # what `data_set` makes
    return replace(template_policy(), data_sets=own.data_sets)


def codes(assessment: Assessment) -> set[FindingCode]:
    return {f.code for f in assessment.findings} & {
        FindingCode.NO_UPS, FindingCode.NO_REDUNDANT_UPS, FindingCode.UPS_NOT_COVERING,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("classification", "upses", "expected"),
    [
        (T0, (), set()),
        (T1, (), {FindingCode.NO_UPS}),
        (T1, (PC_UPS,), {FindingCode.UPS_NOT_COVERING}),
        (T1, (NAS_UPS,), {FindingCode.NO_UPS}),
        (T1, (PC_UPS, NAS_UPS), set()),
        (T1, (BOTH,), set()),
        (T2, (BOTH,), {FindingCode.NO_REDUNDANT_UPS, FindingCode.UPS_NOT_COVERING}),
        (T2, (BOTH, replace(SECOND, ups="a")), {FindingCode.NO_REDUNDANT_UPS, FindingCode.UPS_NOT_COVERING}),
        (T2, (PC_UPS, SECOND), {FindingCode.UPS_NOT_COVERING}),
        (T2, (BOTH, SECOND), set()),
    ],
)
def test_this_computer_and_the_nas_each_stand_behind_as_many_upses_as_their_data_want(
    classification: object, upses: tuple[Ups, ...], expected: set[FindingCode]
) -> None:
    of = with_rules(data_set(classification=classification))  # type: ignore[arg-type]  # a Classification
    assert codes(judge(facts(), of=of, on=machine(place("nas"), of=of, upses=upses))) == expected


def test_disk_that_travels_and_place_elsewhere_need_no_ups_of_ours() -> None:
    of = with_rules(data_set(classification=T1))
    elsewhere = replace(place("nas"), offsite=True)
    assert codes(judge(facts(), of=of, on=machine(elsewhere, of=of, upses=(PC_UPS,)))) == set()


def test_finding_says_what_is_missing() -> None:
    of = with_rules(data_set(classification=T2))
    assessment = judge(facts(), of=of, on=machine(place("nas"), of=of, upses=(BOTH,)))
    (found,) = [f for f in assessment.findings if f.code is FindingCode.UPS_NOT_COVERING]
    assert dict(found.data) == {"place": place("nas").name, "wanted": "2", "there": "1"}
    assert (found.subject, found.state) == ("nas", State.ATTENTION)


def finding(assessment: Assessment, code: FindingCode) -> Finding | None:
    return next((f for f in assessment.findings if f.code is code), None)


ACCEPTED = RiskAcceptance("no-ups", "", "besteld, komt in januari", NOW + 40 * DAY, "An Claes", NOW - DAY)


def test_accepted_risk_stays_in_sight_without_a_light_until_its_day() -> None:
    of = with_rules(data_set(classification=T1))

    def no_ups(*acceptances: RiskAcceptance, later: timedelta = timedelta()) -> Finding:
        found = finding(judge(facts(risk_acceptances=acceptances), of=of, now=NOW + later), FindingCode.NO_UPS)
        assert found is not None
        return found

    assert no_ups().state is State.ATTENTION
    accepted = no_ups(ACCEPTED)
    assert accepted.state is State.OK
    assert dict(accepted.data)["accepted_by"] == "An Claes"
    assert no_ups(ACCEPTED, later=41 * DAY).state is State.ATTENTION
    assert no_ups(replace(ACCEPTED, subject="nas")).state is State.ATTENTION
    withdrawn = replace(ACCEPTED, until=NOW - HOUR, at=NOW - HOUR)
    assert no_ups(ACCEPTED, withdrawn).state is State.ATTENTION


@pytest.mark.parametrize(
    ("sight", "code"),
    [
        (replace(GOOD, runtime_s=200.0), FindingCode.UPS_TOO_SHORT),
        (replace(GOOD, battery_date="03/15/21"), FindingCode.UPS_BATTERY_OLD),
        (replace(GOOD, flags=("OL", "RB")), FindingCode.UPS_REPLACE_BATTERY),
    ],
)
def test_ups_that_would_not_last_is_named(sight: UpsSight, code: FindingCode) -> None:
    on = machine(upses=(BOTH,))
    assert finding(judge(facts(upses=(GOOD,)), on=on), code) is None
    assert finding(judge(facts(upses=(sight,)), on=on), code) is not None


def test_ups_that_charges_after_an_outage_is_not_blamed_for_its_runtime() -> None:
    charging = replace(GOOD, flags=("OL", "CHRG"), charge_percent=30.0, runtime_s=120.0)
    assert finding(judge(facts(upses=(charging,)), on=machine(upses=(BOTH,))), FindingCode.UPS_TOO_SHORT) is None


def a_test(ago: timedelta, runtime_s: float | None = 1500.0, result: TestResult = TestResult.PASSED) -> UpsTest:
    return UpsTest("a", NOW - ago, UpsTestHow.SELF_TEST, result, runtime_s, 90.0, "IT")


def tasks(assessment: Assessment, kind: ObligationKind) -> list[tuple[str, Timing]]:
    return [(o.id, o.timing) for o in assessment.obligations if o.kind is kind and o.timing is not Timing.MET]


def test_worn_battery_is_a_task_until_it_passes_a_test() -> None:
    on = machine(upses=(BOTH,))
    worn = replace(GOOD, flags=("OL", "RB"))
    kind = ObligationKind.REPLACE_BATTERY
    assert tasks(judge(facts(upses=(worn,)), on=on), kind) == [("replace-battery:a", Timing.DUE)]
    failed = a_test(DAY, result=TestResult.FAILED)
    assert tasks(judge(facts(upses=(GOOD,), ups_tests=(failed,)), on=on), kind) == [("replace-battery:a", Timing.DUE)]
    late = replace(failed, at=NOW - 31 * DAY)
    assert tasks(judge(facts(upses=(GOOD,), ups_tests=(late,)), on=on), kind) == [("replace-battery:a", Timing.OVERDUE)]
    assert tasks(judge(facts(upses=(GOOD,), ups_tests=(a_test(HOUR), failed)), on=on), kind) == []


def test_line_that_failed_is_a_task_that_closes_by_itself_when_it_is_back() -> None:
    on = replace(machine(), lines=(MAIN, SPARE))
    down = Outage(OutageId(4), OutageKind.LINE, "fibre", OutageCause.SWITCHED_OVER, NOW - 2 * DAY)
    kind = ObligationKind.REPAIR_LINE
    assert tasks(judge(facts(outages=(down,)), on=on), kind) == [("repair-line:fibre", Timing.DUE)]
    old = replace(down, began=NOW - 8 * DAY)
    assert tasks(judge(facts(outages=(old,)), on=on), kind) == [("repair-line:fibre", Timing.OVERDUE)]
    assert tasks(judge(facts(outages=(replace(old, ended=NOW - HOUR),)), on=on), kind) == []


def test_yearly_self_test_is_asked_for_each_ups_and_met_by_a_test_that_lasted_long_enough() -> None:
    of = with_rules(data_set(classification=T1))

    def asked(*tests: UpsTest) -> bool:
        known = facts(upses=(GOOD,), ups_tests=tests, set_up_at=NOW - 400 * DAY)
        assessment = judge(known, of=of, on=machine(place("nas"), of=of, upses=(BOTH,)))
        return any("ups-self-test" in o.id and o.timing is not Timing.MET for o in assessment.tasks)

    assert asked()
    assert not asked(a_test(DAY))
    assert asked(a_test(DAY, runtime_s=120.0))
    assert asked(a_test(DAY, result=TestResult.UNKNOWN))
    assert asked(a_test(366 * DAY))


def line(item: str, known: Facts, of: Policy, on: Machine) -> EvidenceLine:
    found = evidence(of, on, known, judge(known, of=of, on=on), NOW)
    return next(entry for entry in found if entry.item.id == item)


def test_checklist_wants_every_ups_tested() -> None:
    of = with_rules(data_set(classification=T1))
    on = machine(place("nas"), of=of, upses=(BOTH,))

    def c24(*tests: UpsTest, on: Machine = on) -> Verdict | None:
        return line("C24", facts(ups_tests=tests), of, on).verdict

    assert c24(a_test(DAY)) is Verdict.OK
    assert c24() is c24(a_test(DAY, 250.0)) is c24(a_test(400 * DAY)) is Verdict.NOT_OK
    assert c24(a_test(DAY), on=machine(place("nas"), of=of, upses=(PC_UPS,))) is Verdict.NOT_OK
    assert line("C24", facts(), with_rules(data_set(classification=T0)), on).verdict is Verdict.NOT_APPLICABLE


def test_checklist_wants_the_alternative_line_tested_and_the_agreement_valid() -> None:
    of = with_rules(data_set(classification=T2))

    def on(*lines: Line) -> Machine:
        return replace(machine(place("nas"), of=of), lines=lines)

    probe = LineTest("4g", NOW - DAY, LineTestHow.PROBE, True, 40.0, "vangnet")
    assert line("C25", facts(line_tests=(probe,)), of, on(MAIN, SPARE)).verdict is Verdict.OK
    assert line("C25", facts(), of, on(MAIN, SPARE)).code == "line-never-tested"
    failed = replace(probe, passed=False)
    assert line("C25", facts(line_tests=(failed,)), of, on(MAIN, SPARE)).verdict is Verdict.NOT_OK
    old = replace(probe, at=NOW - 400 * DAY)
    assert line("C25", facts(line_tests=(old,)), of, on(MAIN, SPARE)).verdict is Verdict.NOT_OK
    assert line("C26", facts(), of, on(MAIN)).verdict is Verdict.OK
    assert line("C26", facts(), of, on(replace(MAIN, sla=Sla(date(2020, 1, 1))))).code == "sla-expired"
    assert line("C26", facts(), of, on(replace(MAIN, sla=Sla()))).code == "sla-unknown"
    excused = replace(MAIN, sla=Sla(not_possible="thuisabonnement"))
    assert line("C26", facts(), of, on(excused)).verdict is Verdict.OK
    assert finding(judge(facts(), of=of, on=on(MAIN)), FindingCode.NO_ALTERNATIVE_LINE) is not None
    assert finding(judge(facts(), of=of, on=on(MAIN, SPARE)), FindingCode.NO_ALTERNATIVE_LINE) is None
