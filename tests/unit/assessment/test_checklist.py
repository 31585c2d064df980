"""The yearly checklist: evidence where there is some, and plain words where there is none yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.assessment.checklist import evidence
from app.assessment.model import EvidenceLine
from app.policy.machine import Machine
from app.policy.model import Policy
from app.policy.versions import KeptVersion
from app.records.facts import Approval, Attestation, ChecklistAnswer, Facts, KeyTest, RunKind, Verdict
from app.wording.checklist import TEXTS
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    T0,
    T2,
    approval,
    data_set,
    disk,
    facts,
    judge,
    machine,
    place,
    policy,
    restore_test,
    run,
    tended,
)

T1_ONLY = policy(data_set(classified_on=date(2026, 11, 1)))


def lines(
    known: Facts, of: Policy = T1_ONLY, on: Machine | None = None, archive: tuple[KeptVersion, ...] = ()
) -> dict[str, EvidenceLine]:
    where = on or machine(of=of)
    judged = judge(known, of=of, on=where)
    return {e.item.id: e for e in evidence(of, where, known, judged, NOW, archive=archive)}


def test_every_item_has_a_line_with_a_text() -> None:
    found = lines(facts())
    assert list(found) == [f"C{n:02}" for n in range(1, 41)]
    assert {line.code for line in found.values()} <= set(TEXTS)


def test_without_facts_nothing_is_green_but_what_the_policy_file_itself_shows() -> None:
    green = {item for item, line in lines(facts()).items() if line.verdict is Verdict.OK}
    # The roles are filled, the data classified and given a place: the files themselves are that evidence.
    assert green == {"C05", "C06", "C07"}


@pytest.mark.parametrize("item", ["C30", "C31", "C35", "C36"])
def test_what_is_not_gathered_says_so(item: str) -> None:
    reached = replace(T1_ONLY, roles=(replace(T1_ONLY.roles[0], phone="02 123 45 67"),))
    line = lines(tended(run(NOW - HOUR)), reached)[item]
    assert (line.known, line.verdict, line.code) == (False, None, "not-gathered")


@pytest.mark.parametrize("item", ["C04", "C18", "C29", "C33", "C34", "C37", "C38"])
def test_what_only_people_can_say_is_never_green_by_what_is_seen(item: str) -> None:
    line = lines(tended(run(NOW - HOUR)))[item]
    assert (line.known, line.verdict, line.code) == (True, None, "not-declared")
    assert line.seen


@pytest.mark.parametrize(
    ("item", "known", "verdict"),
    [
        ("C01", tended(), Verdict.OK),
        ("C01", tended(approvals=()), Verdict.NOT_OK),
        ("C01", tended(approvals=(approval(NOW - 400 * DAY),)), Verdict.NOT_OK),
        ("C08", facts(run(NOW - 40 * HOUR)), Verdict.NOT_OK),
        ("C08", facts(run(NOW - HOUR)), Verdict.NOT_OK),  # three weeks without a copy before
        ("C08", facts(run(NOW - HOUR), set_up_at=NOW - 2 * HOUR), None),  # the first day is not over
        ("C09", facts(), Verdict.NOT_APPLICABLE),
        ("C10", facts(), Verdict.NOT_APPLICABLE),
        ("C11", facts(), Verdict.NOT_OK),
        ("C12", facts(run(NOW - DAY, kind=RunKind.FULL)), Verdict.OK),
        ("C12", facts(), None),  # the year has still to say
        ("C13", facts(), Verdict.NOT_APPLICABLE),
        ("C14", facts(run(NOW - HOUR)), Verdict.NOT_OK),
        ("C15", facts(run(NOW - HOUR)), Verdict.NOT_OK),
        ("C16", facts(), Verdict.NOT_OK),
        ("C16", facts(run(NOW - HOUR)), Verdict.OK),
        ("C17", tended(), Verdict.OK),
        ("C17", tended(key_tests=()), Verdict.NOT_OK),
        ("C17", tended(key_tests=(KeyTest("nas", NOW - 400 * DAY, "An"),)), Verdict.NOT_OK),
        ("C19", facts(), None),
        ("C19", facts(run(NOW - DAY, kind=RunKind.CHECK, data_set="")), Verdict.OK),
        ("C20", tended(), Verdict.OK),
        ("C20", tended(restore_tests=(restore_test(NOW, by=""),)), Verdict.NOT_OK),
        ("C20", tended(restore_tests=(restore_test(NOW, identical=False), restore_test(NOW - DAY))), Verdict.NOT_OK),
        ("C22", tended(restore_tests=(restore_test(NOW, rto_met=False),)), Verdict.NOT_OK),
        ("C22", tended(), None),
        ("C24", facts(), Verdict.NOT_OK),
        ("C25", facts(), Verdict.NOT_APPLICABLE),
    ],
)
def test_evidence_decides(item: str, known: Facts, verdict: Verdict | None) -> None:
    assert lines(known)[item].verdict is verdict


def test_missing_ones_are_named() -> None:
    organisation = policy(data_set(), data_set("fotos", T0))
    line = lines(facts(run(NOW - HOUR)), organisation)["C20"]
    assert dict(line.data)["missing"] == "Puntenboek, Fotos"


def test_detached_copy_must_be_young() -> None:
    where = machine(place("nas"), disk("b"))
    assert lines(facts(run(NOW - 10 * DAY, target="b")), on=where)["C15"].verdict is Verdict.OK
    assert lines(facts(run(NOW - 40 * DAY, target="b")), on=where)["C15"].verdict is Verdict.NOT_OK


def test_unreasoned_exemption_is_not_ok() -> None:
    assert lines(facts(), policy(data_set(kept=False)))["C13"].verdict is Verdict.NOT_OK
    grounded = policy(data_set(kept=False, exemption=("oud", "An")))
    assert lines(facts(), grounded)["C13"].verdict is Verdict.OK
    assert lines(facts(), grounded)["C12"].verdict is Verdict.NOT_APPLICABLE


def test_declaration_is_shown_and_left_to_the_director() -> None:
    fire = Attestation("fire-protection", "An", NOW - DAY, "gekeurd", "attest 12")
    line = lines(facts(attestations=(fire,)))["C27"]
    assert (line.code, line.verdict) == ("declared", None)
    assert dict(line.data)["reference"] == "attest 12"
    old = replace(fire, at=NOW - 400 * DAY)
    assert lines(facts(attestations=(old,)))["C27"].code == "declared-too-long-ago"
    assert lines(facts())["C27"].code == "not-declared"


def test_continuous_demand_is_not_ok_without_a_place_for_it() -> None:
    assert lines(facts(run(NOW - HOUR)), policy(data_set(classification=T2)))["C10"].verdict is Verdict.NOT_OK


def test_answer_of_this_school_year_is_shown() -> None:
    def answer(year: int, remark: str) -> ChecklistAnswer:
        return ChecklistAnswer(year, "C27", Verdict.OK, remark, "", None, "An", NOW - DAY)

    found = lines(facts(answers=(answer(2025, "vorig jaar"), answer(2026, "nu"))))["C27"].answer
    assert found is not None
    assert found.remark == "nu"
    assert lines(facts(answers=(answer(2025, "vorig jaar"),)))["C27"].answer is None


def approved(version: str, days: int) -> Approval:
    return Approval(version * 2, version, "An Claes", "director", NOW - days * DAY)


OLDER, OLD, CURRENT = approved("1.0", 700), approved("1.1", 400), approved("2.0", 20)
KEPT = (
    KeptVersion("2.02.0", superseded=False, intact=True, restricted=True),
    KeptVersion("1.11.1", superseded=True, intact=True, restricted=True),
    KeptVersion("1.01.0", superseded=True, intact=True, restricted=True),
)
AGAIN = replace(KEPT[0], superseded=True)


@pytest.mark.parametrize(
    ("approvals", "archive", "verdict", "missing"),
    [
        ((), (), Verdict.NOT_APPLICABLE, None),
        ((CURRENT,), KEPT[:1], Verdict.NOT_APPLICABLE, None),
        ((CURRENT, OLD, OLDER), KEPT, Verdict.OK, ""),
        ((CURRENT, OLD, OLDER), KEPT[:2], Verdict.NOT_OK, "1.0"),
        ((CURRENT, OLD, OLDER), (*KEPT[:2], replace(KEPT[2], restricted=False)), Verdict.NOT_OK, "1.0"),
        ((CURRENT, OLD, OLDER), (KEPT[0], replace(KEPT[1], intact=False), KEPT[2]), Verdict.NOT_OK, "1.1"),
        ((CURRENT,), (KEPT[0], replace(KEPT[1], restricted=False)), Verdict.NOT_OK, "1.11.1"),
        ((CURRENT, replace(CURRENT, at=NOW - 30 * DAY)), (KEPT[0], AGAIN), Verdict.NOT_APPLICABLE, None),
    ],
)  # fmt: skip
def test_replaced_versions_of_the_policy_are_kept_whole_and_closed(
    approvals: tuple[Approval, ...], archive: tuple[KeptVersion, ...], verdict: Verdict, missing: str | None
) -> None:
    line = lines(tended(run(NOW - HOUR), approvals=approvals), archive=archive)["C03"]
    assert (line.known, line.verdict, dict(line.data).get("missing")) == (True, verdict, missing)


def test_versions_that_should_have_been_cleared_are_seen_before_what_anybody_declares() -> None:
    copies = tuple(run(NOW - (30 + days) * DAY) for days in range(9))
    late = lines(tended(*copies))["C35"]
    assert (late.code, late.verdict, dict(late.data)["targets"]) == ("clearing-overdue", Verdict.NOT_OK, "NAS")
    cleared = run(NOW - 29 * DAY, data_set="", kind=RunKind.PRUNE)
    assert lines(tended(cleared, *copies))["C35"].code != "clearing-overdue"
