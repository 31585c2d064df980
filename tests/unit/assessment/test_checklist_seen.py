"""What stands beside a declaration on the yearly checklist: facts that Vangnet has, and what no machine can know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.assessment.checklist import evidence
from app.assessment.model import EvidenceLine, Seen
from app.i18n import set_language
from app.policy.access import Access
from app.policy.duty import Duty
from app.policy.machine import Machine, Person, RemotePlace, Target, TargetKind
from app.policy.model import ItemId, LocationKind, Policy, Role
from app.records.facts import (
    Anomaly,
    AnomalyVerdict,
    Attestation,
    ChecklistAnswer,
    Facts,
    Handover,
    Judgement,
    Proof,
    ProofKind,
    Ruling,
    RunId,
    Told,
    Verdict,
)
from app.wording.checklist import SEEN, evidence_text, seen_text
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
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
    sight,
)
from tests.unit.assessment.test_people_duties import duty

OURS = policy(data_set())
LONG_AGO = NOW - 500 * DAY


def line(
    item: str, known: Facts, of: Policy = OURS, on: Machine | None = None, access: Access | None = None
) -> EvidenceLine:
    where = on or machine(of=of)
    found = evidence(of, where, known, judge(known, of=of, on=where), NOW, access=access)
    return next(e for e in found if e.item.id == item)


def codes(found: EvidenceLine) -> dict[str, Verdict | None]:
    return {one.code: one.verdict for one in found.seen}


def serving(item: str, **changes: object) -> Duty:
    return replace(duty("looked-at"), items=(ItemId(item),), **changes)  # type: ignore[arg-type]


def said(item: str, days: int, *proofs: Proof) -> tuple[Attestation, ...]:
    return (Attestation("looked-at", "An", NOW - days * DAY, "", item, proofs),)


@pytest.mark.parametrize("code", SEEN)
def test_every_sight_has_a_text_in_both_languages(code: str) -> None:
    own = EvidenceLine(OURS.checklist[0], None, True, "declared", (), None, (Seen(code),))
    try:
        set_language("en")
        in_english = seen_text(own)
        set_language("nl")
        assert "" != in_english != seen_text(own)
    finally:
        set_language("en")


# C04


def test_what_was_passed_on_before_the_newest_approval_is_not_that_version() -> None:
    of = replace(OURS, duties=(serving("C04", every=None, after_approval=30 * DAY),))
    before = line("C04", facts(attestations=said("", 10), approvals=(approval(NOW - 5 * DAY),)), of)
    assert before.code == "declared-before-approval"
    assert "before the newest version was approved" in evidence_text(before)
    number = Proof(ProofKind.NUMBER, "people", "12")
    after = line("C04", facts(attestations=said("", 2, number), approvals=(approval(NOW - 5 * DAY),)), of)
    assert after.code == "declared"
    assert evidence_text(after).endswith("Number given: 12.")


def test_a_policy_changed_after_its_approval_is_not_what_was_passed_on() -> None:
    same = line("C04", facts(approvals=(approval(),)))
    assert (same.verdict, codes(same)) == (None, {"approved-version": None})
    changed = line("C04", facts(approvals=(approval(sha="b" * 64),)))
    assert (changed.verdict, codes(changed)) == (Verdict.NOT_OK, {"changed-since-approval": Verdict.NOT_OK})
    assert codes(line("C04", facts())) == {"nothing-approved": None}


# C18


def test_open_keys_are_wrong_whatever_was_declared() -> None:
    of = replace(OURS, duties=(serving("C18"),))
    known = facts(attestations=said("C18", 1))
    closed = line("C18", known, of, access=Access(("an", "bo"), ("an",), keys_closed=True, encrypted=True))
    assert closed.verdict is None
    assert "Accounts of people on this computer: an, bo." in seen_text(closed)
    assert "Members of a group of administrators: an." in seen_text(closed)
    wide_open = line("C18", known, of, access=Access(keys_closed=False, encrypted=False))
    assert (wide_open.verdict, wide_open.seen[0].code) == (Verdict.NOT_OK, "keys-open")


def test_what_nobody_looked_at_is_not_said() -> None:
    assert codes(line("C18", facts())) == {"access-elsewhere": None}
    assert codes(line("C18", facts(), access=Access())) == {"access-elsewhere": None}


# C29


def server(address: str = "sftp://kopie@backup.example.org/linde", *, offsite: bool = True) -> Target:
    reached = RemotePlace(address, user="kopie")
    return replace(place("verweg", offsite=offsite), kind=TargetKind.SFTP, on_network=reached)


def test_a_server_that_came_after_the_contracts_were_looked_at_is_named() -> None:
    of = replace(OURS, duties=(serving("C29"),))
    where = machine(place("nas"), server(), of=of)
    new = facts(run(NOW - 3 * DAY, target="verweg"), attestations=said("C29", 10))
    found = line("C29", new, of, where)
    assert (found.verdict, codes(found)["servers-since"]) == (Verdict.NOT_OK, Verdict.NOT_OK)
    assert "Copies go over the network to VERWEG (backup.example.org)." in seen_text(found)
    old = facts(run(NOW - 30 * DAY, target="verweg"), run(NOW - DAY, target="verweg"), attestations=said("C29", 10))
    assert "servers-since" not in codes(line("C29", old, of, where))
    in_the_house = machine(place("nas"), server(offsite=False), of=of)
    assert "servers-since" not in codes(line("C29", new, of, in_the_house))


def test_without_a_server_that_is_said_and_no_more() -> None:
    assert codes(line("C29", facts())) == {"no-servers": None}
    cloud = policy(replace(data_set(), location=LocationKind.CLOUD))
    assert "Kept in the cloud, as the policy says: Puntenboek." in seen_text(line("C29", facts(), cloud))


# C31


def test_who_has_no_number_cannot_have_been_called() -> None:
    found = line("C31", facts())
    assert (found.verdict, seen_text(found)) == (Verdict.NOT_OK, "Without a phone number or an address: An (tekst).")
    with_mail = replace(machine(), people=(Person(Role.DIRECTOR, "An", "an@linde.example"),))
    assert line("C31", facts(), on=with_mail).verdict is None
    staff = replace(OURS, roles=(replace(OURS.roles[0], role=Role.STAFF),))
    assert line("C31", facts(), staff).verdict is None


def test_messages_of_this_year_are_told_as_sent_not_as_read() -> None:
    told = (Told("case:x", "director", "An", "mail", NOW - DAY), Told("case:y", "director", "Bo", "mail", LONG_AGO))
    text = seen_text(line("C31", facts(told=told, unsent=2)))
    assert "went out to An; whether they were read it does not see." in text
    assert "Messages that could not be sent now: 2." in text


# C33


def alarm(ago: timedelta, closed: timedelta | None = None, verdict: AnomalyVerdict = AnomalyVerdict.OPEN) -> Anomaly:
    at = NOW - ago
    return Anomaly(RunId(1), "puntenboek", "nas", at, (), verdict, at + closed if closed is not None else None)


@pytest.mark.parametrize(
    ("anomaly", "verdict", "count"),
    [
        (alarm(2 * DAY), None, "0"),
        (alarm(4 * DAY), Verdict.NOT_OK, "0"),
        (alarm(40 * DAY, HOUR, AnomalyVerdict.OURS), None, "1"),
        (alarm(40 * DAY, 5 * DAY, AnomalyVerdict.OURS), None, "0"),
    ],
)
def test_an_alarm_without_an_answer_after_three_days_is_not_in_order(
    anomaly: Anomaly, verdict: Verdict | None, count: str
) -> None:
    found = line("C33", facts(anomalies=(anomaly,)))
    own = next(one for one in found.seen if one.code == "alarms-answered")
    assert (found.verdict, dict(own.data)["count"]) == (verdict, count)


def test_attacks_and_declared_incidents_are_put_beside_the_register() -> None:
    attack = alarm(40 * DAY, HOUR, AnomalyVerdict.ATTACK)
    incident = Attestation("event:major-incident", "Bo", NOW - 3 * DAY, "laptop gestolen")
    found = codes(line("C33", facts(anomalies=(attack,), attestations=(incident,))))
    assert found == {"alarms-answered": None, "attacks": None, "incidents": None}
    assert codes(line("C33", facts(anomalies=(alarm(500 * DAY),)))) == {"no-alarms": None}


# C34


def test_a_disk_that_was_not_here_for_a_year_is_missed() -> None:
    where = machine(place("nas"), disk("b"), disk("c"))
    away = (sight("b", connected=False, since=NOW - 20 * DAY), sight("c", connected=False, since=NOW - 400 * DAY))
    found = line("C34", facts(targets=away, set_up_at=LONG_AGO), on=where)
    assert (found.verdict, found.seen[0].code) == (Verdict.NOT_OK, "disks-seen")
    assert "that were here in the last year: 1 of 2. Not here: C." in seen_text(found)
    used = facts(run(NOW - 5 * DAY, target="c"), targets=away, set_up_at=LONG_AGO)
    assert line("C34", used, on=where).verdict is None


def test_a_disk_of_which_nobody_knows_where_it_is_is_named() -> None:
    lost = machine(place("nas"), replace(disk("b"), site=""))
    assert codes(line("C34", facts(), on=lost))["disks-nowhere"] is Verdict.NOT_OK
    handed = facts(handovers=(Handover("b", "Els", "kluis", NOW - DAY, "An"),))
    assert "disks-nowhere" not in codes(line("C34", handed, on=lost))
    assert "disks-nowhere" not in codes(line("C34", facts(), on=machine(place("nas"), disk("b"))))


# C37


def test_folders_in_which_nothing_changes_raise_the_question_where_the_work_is() -> None:
    still = [replace(run(NOW - days * DAY), files_new_or_changed=0) for days in range(1, 120, 5)]
    found = line("C37", facts(*still))
    assert (found.verdict, "quiet-folders" in codes(found)) == (None, True)
    assert "nothing has changed in: Puntenboek." in seen_text(found)
    worked = [*still, replace(run(NOW - 50 * DAY), files_new_or_changed=1)]
    assert codes(line("C37", facts(*worked))) == {"stray-files": None}
    young = [r for r in still if NOW - r.started < 60 * DAY]
    assert codes(line("C37", facts(*young))) == {"stray-files": None}


# C38


def test_actions_past_their_date_are_not_applied() -> None:
    def judged(due_in: int) -> Judgement:
        due = (NOW + due_in * DAY).date()
        return Judgement("case", NOW, Ruling.ACTION, "nieuwe NAS", "Bo", due, "An", NOW - 20 * DAY)

    late = line("C38", facts(judgements=(judged(-2),)))
    assert (late.verdict, seen_text(late)) == (
        Verdict.NOT_OK,
        "Agreed actions past their date: 1 of 1. Who would do them: Bo.",
    )
    assert codes(line("C38", facts(judgements=(judged(2),)))) == {"actions-none-late": None}
    done = replace(judged(-2), ruling=Ruling.ACCEPTED, action_due=None, at=NOW - DAY)
    assert codes(line("C38", facts(judgements=(judged(-2), done)))) == {"no-actions": None}


def test_an_action_of_an_earlier_checklist_counts_until_that_question_is_answered_anew() -> None:
    due = (NOW - 10 * DAY).date()
    wrong = ChecklistAnswer(2025, "C27", Verdict.NOT_OK, "", "Els", due, "An", NOW - 200 * DAY)
    assert line("C38", facts(answers=(wrong,))).verdict is Verdict.NOT_OK
    right = ChecklistAnswer(2026, "C27", Verdict.OK, "", "", None, "An", NOW - DAY)
    assert line("C38", facts(answers=(wrong, right))).verdict is None


def test_a_failed_restore_test_is_a_lesson_until_one_succeeds() -> None:
    failed = restore_test(NOW - 3 * DAY, identical=False)
    assert codes(line("C38", facts(restore_tests=(failed,))))["tests-not-repeated"] is Verdict.NOT_OK
    again = restore_test(NOW - 2 * DAY)
    assert "tests-not-repeated" not in codes(line("C38", facts(restore_tests=(again, failed))))
