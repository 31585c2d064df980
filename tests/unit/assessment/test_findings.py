"""Findings, lights of places, the score: from facts and configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.assessment.model import ConnectionState, FindingCode, Score, State
from app.policy.machine import Machine, Ups, UpsId
from app.policy.model import Basis, DataSetKind
from app.records.facts import Attestation, DriveSight, Outcome, UpsSight
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    T0,
    T2,
    data_set,
    disk,
    facts,
    found,
    judge,
    machine,
    obligation,
    place,
    policy,
    quiet_policy,
    run,
    sight,
    tended,
)

GOOD = run(NOW - HOUR)


def test_every_code_can_be_found() -> None:
    """The tests here and beside this file raise each code; this one keeps the list honest."""
    raised = {
        FindingCode.POLICY_NOT_APPROVED, FindingCode.NEVER_BACKED_UP, FindingCode.ONE_COPY_ONLY,
        FindingCode.NO_OFFSITE, FindingCode.NO_OFFLINE, FindingCode.NO_UPS, FindingCode.NO_CONFIGURATION_SET,
        FindingCode.NO_CONTINUOUS, FindingCode.NO_ALTERNATIVE_LINE,
    }  # fmt: skip
    assessment = judge(facts(), of=policy(data_set(classification=T2)))
    assert {f.code for f in assessment.findings} == raised


def test_a_place_elsewhere_in_the_same_flood_or_fire_zone_is_warned_of() -> None:
    near, far = (replace(place(name, offsite=True), same_zone=zone) for name, zone in (("near", True), ("far", False)))
    finding = found(judge(facts(GOOD), on=machine(place(), near)), FindingCode.SAME_ZONE)
    assert finding is not None
    assert (finding.subject, finding.state) == ("near", State.ATTENTION)
    assert found(judge(facts(GOOD), on=machine(near, far)), FindingCode.SAME_ZONE) is None
    unknown = machine(place("elsewhere", offsite=True))
    assert found(judge(facts(GOOD), on=unknown), FindingCode.SAME_ZONE) is None


def test_data_set_without_folder_or_place_is_an_error() -> None:
    organisation = policy(data_set(), data_set("diplomas"))
    known = machine(of=organisation)
    no_folder = Machine("nl", known.data_sets[:1], known.targets)
    assessment = judge(facts(GOOD), of=organisation, on=no_folder)
    finding = found(assessment, FindingCode.NO_FOLDER)
    assert finding is not None
    assert (finding.subject, finding.state) == ("diplomas", State.ERROR)
    assert not [o for o in assessment.obligations if o.data_set == "diplomas"]
    no_place = judge(facts(GOOD), of=organisation, on=replace(known, targets=()))
    assert found(no_place, FindingCode.NO_TARGET) is not None
    assert no_place.state is State.ERROR


def test_advice_never_changes_the_light() -> None:
    assessment = judge(tended(GOOD), of=quiet_policy())
    advice = [f for f in assessment.findings if f.basis is Basis.RECOMMENDED]
    assert {f.code for f in advice} == {FindingCode.ONE_COPY_ONLY, FindingCode.NO_OFFSITE, FindingCode.NO_OFFLINE}
    assert assessment.state is State.OK


def test_demand_for_another_site_is_met_by_a_place_elsewhere() -> None:
    where = machine(place("nas"), place("elders", offsite=True))
    assert found(judge(facts(), on=where), FindingCode.NO_OFFSITE) is None
    here = found(judge(facts()), FindingCode.NO_OFFSITE)
    assert here is not None
    assert (here.state, here.why) == (State.ATTENTION, ("S2-1f",))


def test_continuous_demand_is_named_and_the_daily_copy_still_owed() -> None:
    assessment = judge(facts(run(NOW - 3 * DAY)), of=policy(data_set(classification=T2)))
    finding = found(assessment, FindingCode.NO_CONTINUOUS)
    assert finding is not None
    assert dict(finding.data)["data_sets"] == "Puntenboek"
    assert obligation(assessment, "backup:puntenboek:nas").overdue_since is not None


def test_declared_alternative_line_is_believed() -> None:
    declared = Attestation("alternative-line", "An", NOW - DAY, "4G-router")
    organisation = policy(data_set(classification=T2))
    assert found(judge(facts(), of=organisation), FindingCode.NO_ALTERNATIVE_LINE) is not None
    known = facts(attestations=(declared,))
    assert found(judge(known, of=organisation), FindingCode.NO_ALTERNATIVE_LINE) is None


UPS_A, UPS_B = Ups(UpsId("a"), "UPS A", ups="a"), Ups(UpsId("b"), "UPS B", ups="b")


def test_upses_are_counted_and_one_named_twice_is_one() -> None:
    organisation = policy(data_set(classification=T2))

    def codes(*upses: Ups) -> set[FindingCode]:
        assessment = judge(facts(), of=organisation, on=machine(of=organisation, upses=upses))
        return {f.code for f in assessment.findings} & {FindingCode.NO_UPS, FindingCode.NO_REDUNDANT_UPS}

    assert codes() == {FindingCode.NO_UPS}
    assert codes(UPS_A) == {FindingCode.NO_REDUNDANT_UPS}
    assert codes(UPS_A, replace(UPS_B, ups="a")) == {FindingCode.NO_REDUNDANT_UPS}
    assert codes(UPS_A, UPS_B) == set()
    assert found(judge(facts(), of=policy(data_set(classification=T0))), FindingCode.NO_UPS) is None


@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        (("OL",), set()),
        (("OB",), {FindingCode.UPS_ON_BATTERY}),
        (("OB", "LB"), {FindingCode.UPS_ON_BATTERY, FindingCode.UPS_LOW_BATTERY}),
        (("OL", "RB"), {FindingCode.UPS_REPLACE_BATTERY}),
        (None, {FindingCode.UPS_SILENT}),
    ],
)
def test_ups_says_how_it_is(flags: tuple[str, ...] | None, codes: set[FindingCode]) -> None:
    seen = UpsSight("a", "UPS A", NOW, flags is not None, flags or ())
    assessment = judge(facts(upses=(seen,)), on=machine(upses=(UPS_A,)))
    assert {f.code for f in assessment.findings if f.subject == "a"} == codes


def test_old_news_of_a_ups_is_no_news() -> None:
    seen = UpsSight("a", "UPS A", NOW - 2 * DAY, True, ("OL",))
    assert found(judge(facts(upses=(seen,)), on=machine(upses=(UPS_A,))), FindingCode.UPS_SILENT) is not None
    assert found(judge(facts(), on=machine(upses=(UPS_A,))), FindingCode.UPS_SILENT) is not None


def test_configuration_must_be_among_the_data() -> None:
    settings = policy(data_set(), data_set("instellingen", kind=DataSetKind.CONFIGURATION))
    assert found(judge(facts()), FindingCode.NO_CONFIGURATION_SET) is not None
    assert found(judge(facts(), of=settings), FindingCode.NO_CONFIGURATION_SET) is None


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.FAILED, FindingCode.LAST_RUN_FAILED), (Outcome.INCOMPLETE, FindingCode.LAST_RUN_INCOMPLETE)],
)
def test_last_run_that_went_wrong_is_said_until_it_goes_right(outcome: Outcome, code: FindingCode) -> None:
    wrong = run(NOW - 2 * HOUR, outcome, error="backend-full", problems=3)
    assessment = judge(facts(run(NOW - 5 * HOUR), wrong))
    finding = found(assessment, code)
    assert finding is not None
    assert dict(finding.data)["problems"] == "3"
    assert assessment.data_sets[0].state is assessment.targets[0].state is State.ATTENTION
    assert found(judge(facts(run(NOW - 5 * HOUR), wrong, GOOD)), code) is None


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.RUNNING])
def test_run_that_was_stopped_says_nothing_about_the_copies(outcome: Outcome) -> None:
    assert judge(tended(GOOD, run(NOW, outcome)), of=quiet_policy()).state is State.OK


def test_connection_of_places() -> None:
    where = machine(place("nas"), place("elders"), place("nieuw"), disk("a"), disk("b"), disk("c"))
    plugged = DriveSight("/dev/sdb1", "", "", "", "", "uuid-c", "ext4", 1, "")
    known = facts(
        targets=(sight("nas", connected=True), sight("elders", connected=False), sight("a", connected=False)),
        drives=(plugged,),
    )
    states = {t.target: t.connection for t in judge(known, on=where).targets}
    assert states == {
        "nas": ConnectionState.CONNECTED,
        "elders": ConnectionState.MISSING,
        "nieuw": ConnectionState.UNKNOWN,
        "a": ConnectionState.DETACHED,
        "b": ConnectionState.DETACHED,
        "c": ConnectionState.CONNECTED,
    }


def test_score_counts_only_copies_that_are_there() -> None:
    where = machine(place("nas"), disk("b"))
    both = judge(facts(GOOD, run(NOW - DAY, target="b")), on=where)
    assert both.scores[0][1] == Score(copies=3, media=3, offsite=1, offline=1, errors=0, sites=2)
    assert both.scores[0][1].met
    plugged_in = judge(facts(GOOD, run(NOW - DAY, target="b"), targets=(sight("b", connected=True),)), on=where)
    assert plugged_in.scores[0][1].offline == 0
    nothing = judge(facts(), on=where).scores[0][1]
    assert nothing == Score(copies=1, media=1, offsite=0, offline=0, errors=0)
    failed = judge(facts(GOOD, run(NOW, Outcome.FAILED)), on=where)
    assert failed.scores[0][1].errors == 1
