"""What is owed once a year, or by people: full back-ups, restore tests, checks, keys, approval, review, checklist."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.assessment.model import Assessment, FindingCode, Obligation, ObligationKind, State, Timing
from app.assessment.school_year import school_year
from app.policy.machine import Purpose
from app.policy.model import Role
from app.records.facts import (
    Attestation,
    ChecklistSignature,
    Facts,
    KeyTest,
    Outcome,
    Postponement,
    Run,
    RunKind,
)
from tests.unit.assessment.builders import (
    DAY,
    NOW,
    SET_UP,
    TZ,
    approval,
    at,
    data_set,
    disk,
    facts,
    found,
    judge,
    machine,
    obligation,
    place,
    policy,
    restore_test,
    run,
    sight,
    tended,
)


@pytest.mark.parametrize(
    ("now", "year"),
    [
        ("2026-08-31 23:59", 2025),
        ("2026-09-01 00:00", 2026),
        ("2027-01-01 00:00", 2026),
        ("2027-08-31 23:59", 2026),
    ],
)
def test_school_year_turns_at_local_midnight(now: str, year: int) -> None:
    assert school_year((9, 1), at(now), TZ).year == year


def test_school_year_in_the_netherlands_starts_in_august() -> None:
    dutch = school_year((8, 1), at("2026-08-01 00:00"), TZ)
    assert (dutch.year, dutch.label) == (2026, "2026–2027")
    assert dutch.window_opens == at("2027-04-01 00:00")


def full(now: str, *runs: datetime | str, set_up: str = "2025-10-01 12:00") -> Timing:
    known = facts(*(run(r, kind=RunKind.FULL) for r in runs), set_up_at=at(set_up))
    return obligation(judge(known, now=now), "yearly-full:puntenboek").timing


@pytest.mark.parametrize(
    ("now", "runs", "timing"),
    [
        ("2026-04-30 12:00", (), Timing.MET),
        ("2026-05-02 12:00", (), Timing.UPCOMING),
        ("2026-06-20 12:00", (), Timing.DUE),  # the last days: the machine starts what people left
        ("2026-07-02 12:00", (), Timing.OVERDUE),
        ("2026-09-02 12:00", (), Timing.OVERDUE),  # a new school year wipes no slate clean
        ("2027-01-02 12:00", (), Timing.OVERDUE),
        ("2026-07-02 12:00", ("2026-06-20 18:00",), Timing.MET),
        ("2026-09-02 12:00", ("2026-06-20 18:00",), Timing.MET),
        ("2027-05-02 12:00", ("2026-06-20 18:00",), Timing.UPCOMING),
        ("2027-07-02 12:00", ("2026-06-20 18:00",), Timing.OVERDUE),
        ("2026-09-02 12:00", ("2026-09-01 18:00",), Timing.MET),
        ("2026-07-02 12:00", ("2025-11-01 18:00",), Timing.MET),  # early in the year is fine
    ],
)
def test_full_backup_is_owed_once_every_school_year(now: str, runs: tuple[str, ...], timing: Timing) -> None:
    assert full(now, *runs) is timing


def test_set_up_late_in_the_school_year_gets_time_for_its_full_backup() -> None:
    assert full("2026-06-12 12:00", set_up="2026-06-10 12:00") is Timing.MET
    assert full("2026-07-02 12:00", set_up="2026-06-10 12:00") is Timing.UPCOMING
    assert full("2026-08-20 12:00", set_up="2026-06-10 12:00") is Timing.OVERDUE
    assert full("2026-09-20 12:00", set_up="2026-08-10 12:00") is Timing.MET


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INCOMPLETE, Outcome.INTERRUPTED])
def test_full_backup_that_did_not_end_well_does_not_count(outcome: Outcome) -> None:
    known = facts(run("2026-06-01 18:00", outcome, kind=RunKind.FULL), set_up_at=at("2025-10-01 12:00"))
    owed = obligation(judge(known, now="2026-06-20 12:00"), "yearly-full:puntenboek")
    assert owed.timing is Timing.DUE
    assert owed.last_met is None


def test_full_backup_goes_to_the_place_kept_for_it() -> None:
    where = machine(place("nas"), disk("b"), disk("kluis", purpose=Purpose.FULL))
    assert obligation(judge(facts(), on=where), "yearly-full:puntenboek").target == "kluis"
    assert obligation(judge(facts(), on=machine(place("nas"), disk("b"))), "yearly-full:puntenboek").target == "b"
    assert obligation(judge(facts()), "yearly-full:puntenboek").target == "nas"


def test_a_person_is_asked_once_for_all_full_backups_of_a_place() -> None:
    both = policy(data_set(), data_set("foto-s"))
    where = machine(place("nas"), of=both)

    def asked(now: str, *done: Run) -> Obligation:
        known = tended(*done, since=at("2025-10-01 12:00"))
        return obligation(judge(known, now=now, of=both, on=where), "start-full:nas")

    assert asked("2026-04-30 12:00").timing is Timing.MET
    assert asked("2026-05-02 12:00").timing is Timing.UPCOMING
    assert asked("2026-06-10 12:00").timing is Timing.DUE
    assert asked("2026-07-02 12:00").timing is Timing.OVERDUE
    assert asked("2026-06-10 12:00").who is Role.IT_PROVIDER
    half = run("2026-06-02 18:00", kind=RunKind.FULL)
    assert dict(asked("2026-06-10 12:00", half).data)["data_sets"] == "1"
    rest = run("2026-06-02 19:00", kind=RunKind.FULL, data_set="foto-s")
    assert asked("2026-06-10 12:00", half, rest).timing is Timing.MET


def test_disk_for_the_full_backup_is_asked_for_in_its_window_only() -> None:
    where = machine(place("nas"), disk("kluis", purpose=Purpose.FULL))

    def timing(now: str) -> Timing:
        known = tended(run(at(now) - DAY / 2), since=at("2025-10-01 12:00"))
        return obligation(judge(known, now=now, on=where), "plug-in-disk:kluis").timing

    assert timing("2026-03-01 12:00") is Timing.MET
    assert timing("2026-06-10 12:00") is Timing.UPCOMING
    assert timing("2026-06-29 12:00") is Timing.DUE
    assert timing("2026-07-01 12:00") is Timing.OVERDUE


def test_exempt_data_set_owes_no_full_backup_only_with_grounds() -> None:
    claimed = policy(data_set(kept=False, exemption=("oud", "An")))
    assert not [o for o in judge(facts(), of=claimed).obligations if o.kind is ObligationKind.YEARLY_FULL]


def of_kind(assessment: Assessment, kind: ObligationKind) -> Timing | None:
    return next((o.timing for o in assessment.obligations if o.kind is kind), None)


def test_first_restore_test_is_owed_within_a_month() -> None:
    def timing(days: float) -> Timing | None:
        return of_kind(judge(facts(run(SET_UP)), now=SET_UP + days * DAY), ObligationKind.RESTORE_TEST)

    assert [timing(d) for d in (1, 8, 31)] == [Timing.MET, Timing.DUE, Timing.OVERDUE]


def test_restore_test_follows_the_plan_of_the_tier() -> None:
    def timing(days: float) -> Timing | None:
        known = tended(restore_tests=(restore_test(SET_UP),))
        return of_kind(judge(known, now=SET_UP + days * DAY), ObligationKind.RESTORE_TEST)

    assert [timing(d) for d in (83, 85, 92)] == [Timing.MET, Timing.DUE, Timing.OVERDUE]


def test_identical_test_waits_for_a_person_to_open_a_file() -> None:
    unconfirmed = tended(restore_tests=(restore_test(NOW - DAY, by=""),))
    assessment = judge(unconfirmed)
    task = obligation(assessment, "confirm-restore-test:puntenboek")
    assert (task.timing, task.who) == (Timing.DUE, Role.IT_PROVIDER)
    assert dict(task.data)["run"] == str(unconfirmed.restore_tests[0].run)
    late = judge(unconfirmed, now=NOW + 14 * DAY)
    assert obligation(late, "confirm-restore-test:puntenboek").timing is Timing.OVERDUE
    assert of_kind(judge(tended()), ObligationKind.CONFIRM_RESTORE_TEST) is Timing.MET


def test_test_that_was_not_identical_is_an_error_until_a_better_one() -> None:
    bad, good = restore_test(NOW - 2 * DAY, identical=False, by=""), restore_test(NOW - DAY)
    failed = judge(tended(restore_tests=(bad,)))
    assert found(failed, FindingCode.RESTORE_TEST_FAILED) is not None
    assert failed.state is State.ERROR
    assert of_kind(failed, ObligationKind.CONFIRM_RESTORE_TEST) is None
    assert found(judge(tended(restore_tests=(good, bad))), FindingCode.RESTORE_TEST_FAILED) is None


def test_restore_test_takes_a_place_that_is_there() -> None:
    where = machine(disk("a"), disk("b"))
    known = facts(run(NOW - DAY, target="a"), run(NOW - 2 * DAY, target="b"), targets=(sight("b", connected=True),))
    assert obligation(judge(known, on=where), "restore-test:puntenboek").target == "b"


def test_damage_found_by_a_check_is_worse_than_a_check_that_could_not_look() -> None:
    def state(error: str) -> State | None:
        finding = found(
            judge(facts(run(NOW - DAY, Outcome.FAILED, kind=RunKind.CHECK, data_set="", error=error))),
            FindingCode.CHECK_FAILED,
        )
        return finding.state if finding else None

    assert state("repository-damaged") is State.ERROR
    assert state("check-failed") is State.ERROR
    assert state("target-not-there") is State.ATTENTION


def test_approval_belongs_to_exactly_this_file() -> None:
    other = judge(tended(approvals=(approval(sha="b" * 64),)))
    assert found(other, FindingCode.POLICY_NOT_APPROVED) is not None
    assert obligation(other, "approve-policy").timing is Timing.OVERDUE
    assert obligation(judge(tended()), "approve-policy").timing is Timing.MET
    assert found(judge(tended()), FindingCode.POLICY_NOT_APPROVED) is None


def test_new_installation_has_two_weeks_to_approve() -> None:
    assert obligation(judge(facts(), now=SET_UP + DAY), "approve-policy").timing is Timing.DUE
    assert obligation(judge(facts(), now=SET_UP + 15 * DAY), "approve-policy").timing is Timing.OVERDUE


def test_review_counts_twelve_months_from_the_last_approval_or_review() -> None:
    def timing(now: str, attestations: tuple[Attestation, ...] = ()) -> Timing:
        return obligation(judge(tended(attestations=attestations), now=now), "review-policy").timing

    assert timing("2027-08-01 12:00") is Timing.MET
    assert timing("2027-09-10 12:00") is Timing.UPCOMING
    assert timing("2027-10-10 12:00") is Timing.DUE
    assert timing("2027-11-02 12:00") is Timing.OVERDUE
    reviewed = Attestation("review-policy", "An", at("2027-10-15 12:00"), "")
    assert timing("2027-11-02 12:00", attestations=(reviewed,)) is Timing.MET


def test_recovery_key_is_tested_every_year() -> None:
    def timing(days: float, *tests: KeyTest) -> Timing:
        return obligation(judge(tended(key_tests=tests), now=SET_UP + days * DAY), "key-test").timing

    first = KeyTest("", SET_UP, "An")
    judged = [timing(days, first) for days in (300, 340, 355, 366)]
    assert judged == [Timing.MET, Timing.UPCOMING, Timing.DUE, Timing.OVERDUE]
    assert timing(366, first, KeyTest("nas", SET_UP + 350 * DAY, "An")) is Timing.MET


def test_a_sheet_that_nobody_has_read_back_is_asked_for_at_once() -> None:
    def timing(days: float) -> Timing:
        return obligation(judge(tended(key_tests=()), now=SET_UP + days * DAY), "key-test").timing

    assert [timing(days) for days in (0, 13, 15)] == [Timing.DUE, Timing.DUE, Timing.OVERDUE]


def signature(year: int, when: str) -> ChecklistSignature:
    return ChecklistSignature(year, "An", at(when), "{}", "", 1, "", "", "")


def test_checklist_is_owed_once_every_school_year_and_what_was_missed_stays() -> None:
    def timing(now: str, *signed: ChecklistSignature) -> Timing:
        return obligation(judge(facts(signatures=signed), now=now), "checklist").timing

    assert timing("2027-03-01 12:00") is Timing.MET
    assert timing("2027-05-02 12:00") is Timing.UPCOMING
    assert timing("2027-06-15 12:00") is Timing.DUE
    assert timing("2027-07-02 12:00") is Timing.OVERDUE
    assert timing("2027-09-02 12:00") is Timing.OVERDUE
    assert timing("2027-07-02 12:00", signature(2026, "2027-06-20 12:00")) is Timing.MET
    assert timing("2028-07-02 12:00", signature(2026, "2027-06-20 12:00")) is Timing.OVERDUE


def postponed(known: Facts, id_: str, until: datetime) -> Facts:
    return replace(known, postponements=(Postponement(id_, until, "ziek", "An", NOW - DAY),))


def test_people_may_put_their_duties_off_but_not_the_machines() -> None:
    known = facts(run(NOW - 3 * DAY))
    put_off = judge(postponed(known, "approve-policy", NOW + 3 * DAY))
    task = obligation(put_off, "approve-policy")
    assert (task.timing, task.due) == (Timing.UPCOMING, NOW + 3 * DAY)
    expired = judge(postponed(known, "approve-policy", NOW - timedelta(minutes=1)))
    assert obligation(expired, "approve-policy").timing is Timing.OVERDUE
    machines = judge(postponed(known, "backup:puntenboek:nas", NOW + 3 * DAY))
    assert obligation(machines, "backup:puntenboek:nas").timing is Timing.OVERDUE
