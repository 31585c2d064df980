"""The copies: due and overdue by the age of the last good one, on every place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.assessment.model import FindingCode, State, Timing
from app.records.facts import Outcome, Run, RunKind
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    SET_UP,
    T0,
    T1,
    TZ,
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
    quiet_policy,
    run,
    sight,
    tended,
)


@pytest.mark.parametrize(
    ("last", "now", "timing"),
    [
        ("2026-11-22 18:04", "2026-11-23 17:59", Timing.MET),
        ("2026-11-22 18:04", "2026-11-23 18:00", Timing.DUE),
        ("2026-11-22 18:04", "2026-11-23 22:04", Timing.DUE),
        ("2026-11-22 18:04", "2026-11-23 22:05", Timing.OVERDUE),
        ("2026-11-22 08:05", "2026-11-22 17:59", Timing.MET),  # caught up in the morning
        ("2026-11-22 08:05", "2026-11-22 18:00", Timing.DUE),
        ("2026-11-22 18:00", "2026-11-23 17:59", Timing.MET),  # exactly on time
        ("2026-11-22 18:00", "2026-11-23 18:00", Timing.DUE),
        ("2026-11-20 18:00", "2026-11-23 08:00", Timing.OVERDUE),  # a weekend off
    ],
)
def test_daily_copy_is_due_at_the_backup_time_and_overdue_by_age(last: str, now: str, timing: Timing) -> None:
    assert obligation(judge(facts(run(last)), now=now), "backup:puntenboek:nas").timing is timing


@pytest.mark.parametrize(
    ("now", "timing", "state"),
    [
        ("2026-11-20 17:59", Timing.MET, State.OK),
        ("2026-11-20 18:00", Timing.DUE, State.OK),
        ("2026-11-22 13:00", Timing.DUE, State.OK),
        ("2026-11-23 17:02", Timing.OVERDUE, State.ATTENTION),
        ("2026-12-06 17:02", Timing.OVERDUE, State.ERROR),
    ],
)
def test_weekly_copy_is_made_before_the_week_is_over(now: str, timing: Timing, state: State) -> None:
    organisation = policy(data_set(classification=T0))
    assessment = judge(facts(run("2026-11-14 10:00")), now=now, of=organisation)
    assert obligation(assessment, "backup:puntenboek:nas").timing is timing
    assert assessment.data_sets[0].state is state


def test_weekly_copy_is_two_days_late_from_the_day_it_was_due() -> None:
    organisation = policy(data_set(classification=T0))
    assert judge(facts(run("2026-11-14 10:00")), of=organisation).data_sets[0].due == at("2026-11-21 10:00")


@pytest.mark.parametrize(
    ("age", "state"),
    [(27, State.OK), (28, State.OK), (29, State.ATTENTION), (72, State.ATTENTION), (73, State.ERROR)],
)
def test_data_set_turns_with_the_age_of_its_newest_copy(age: int, state: State) -> None:
    assert judge(facts(run(NOW - age * HOUR))).data_sets[0].state is state


@pytest.mark.parametrize(
    "outcome", [Outcome.INCOMPLETE, Outcome.FAILED, Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.RUNNING]
)
def test_run_that_did_not_end_well_is_no_copy(outcome: Outcome) -> None:
    assessment = judge(facts(run(NOW - HOUR, outcome)))
    assert assessment.data_sets[0].last_good is None
    assert assessment.data_sets[0].state is State.ERROR
    assert obligation(assessment, "backup:puntenboek:nas").last_met is None


def test_full_backup_counts_as_a_copy_also_of_a_whole_target() -> None:
    own = judge(facts(run(NOW - HOUR, kind=RunKind.FULL)))
    whole = judge(facts(run(NOW - HOUR, kind=RunKind.FULL, data_set="")))
    assert own.data_sets[0].state is whole.data_sets[0].state is State.OK


def test_copy_of_another_data_set_or_place_meets_nothing() -> None:
    organisation = policy(data_set(), data_set("diplomas"))
    where = machine(place("nas"), place("elders"), of=organisation)
    assessment = judge(facts(run(NOW - HOUR)), of=organisation, on=where)
    assert [o.id for o in assessment.obligations if o.timing is Timing.MET and o.id.startswith("backup")] == [
        "backup:puntenboek:nas"
    ]


def test_never_backed_up_counts_from_the_set_up() -> None:
    fresh = judge(facts(set_up_at=NOW - HOUR))
    late = judge(facts(set_up_at=NOW - 29 * HOUR))
    assert obligation(fresh, "backup:puntenboek:nas").timing is Timing.DUE
    assert obligation(late, "backup:puntenboek:nas").timing is Timing.OVERDUE
    assert (fresh.data_sets[0].state, late.data_sets[0].state) == (State.ATTENTION, State.ERROR)
    assert found(fresh, FindingCode.NEVER_BACKED_UP) is not None


def test_place_that_is_always_there_must_keep_up() -> None:
    organisation = quiet_policy()
    where = machine(place("nas"), place("elders", offsite=True), of=organisation)
    assessment = judge(tended(run(NOW - HOUR), run(NOW - 3 * DAY, target="elders")), of=organisation, on=where)
    assert assessment.data_sets[0].state is State.ATTENTION
    assert assessment.data_sets[0].good_targets == ("nas",)
    assert {t.target: t.state for t in assessment.targets} == {"nas": State.OK, "elders": State.ATTENTION}


def test_disk_may_lag_a_week_behind_a_place_that_is_always_there() -> None:
    organisation = quiet_policy()
    where = machine(place("nas"), disk("b"), of=organisation)
    assessment = judge(tended(run(NOW - HOUR), run(NOW - 5 * DAY, target="b")), of=organisation, on=where)
    assert assessment.state is State.OK
    assert set(assessment.data_sets[0].good_targets) == {"nas", "b"}
    assert assessment.tasks == ()


def test_disk_that_lags_more_is_asked_for_while_the_data_stay_safe() -> None:
    organisation = quiet_policy()
    where = machine(place("nas"), disk("b"), of=organisation)
    assessment = judge(tended(run(NOW - HOUR), run(NOW - 9 * DAY, target="b")), of=organisation, on=where)
    assert assessment.data_sets[0].state is State.OK
    assert assessment.state is State.ATTENTION
    (task,) = assessment.tasks
    assert (task.id, task.timing) == ("plug-in-disk:b", Timing.OVERDUE)
    assert dict(task.data)["colour"] == "groen"
    assert NOW - task.due == 2 * DAY


def test_disk_that_is_plugged_in_is_not_asked_for_and_gets_its_daily_copy() -> None:
    where = machine(place("nas"), disk("b"))
    known = tended(run(NOW - HOUR), run(NOW - 2 * DAY, target="b"), targets=(sight("b", connected=True),))
    assessment = judge(known, on=where)
    assert obligation(assessment, "plug-in-disk:b").timing is Timing.MET
    assert obligation(assessment, "backup:puntenboek:b").timing is Timing.DUE


def test_only_disks_the_newest_one_carries_the_daily_demand() -> None:
    where = machine(disk("a"), disk("b"))
    assessment = judge(tended(run(NOW - 30 * HOUR, target="a"), run(NOW - 3 * DAY, target="b")), on=where)
    assert assessment.data_sets[0].state is State.ATTENTION
    assert obligation(assessment, "plug-in-disk:a").timing is Timing.OVERDUE
    assert obligation(assessment, "plug-in-disk:b").timing is Timing.MET


def test_disk_just_carried_away_is_not_asked_back_at_once() -> None:
    where = machine(disk("a"))
    assert obligation(judge(tended(run(NOW - HOUR, target="a")), on=where), "plug-in-disk:a").timing is Timing.MET
    assert obligation(judge(tended(run(NOW - 13 * HOUR, target="a")), on=where), "plug-in-disk:a").timing is (
        Timing.UPCOMING
    )


def test_clock_set_back_meets_nothing_and_is_reported() -> None:
    past = run(NOW - 2 * DAY)
    future = run(NOW + 30 * DAY)
    assessment = judge(facts(future, past))
    assert assessment.data_sets[0].last_good == NOW - 2 * DAY
    assert obligation(assessment, "backup:puntenboek:nas").timing is Timing.OVERDUE
    assert found(assessment, FindingCode.CLOCK_WENT_BACK) is not None
    assert found(judge(facts(run(NOW))), FindingCode.CLOCK_WENT_BACK) is None


def test_clock_that_was_put_right_again_spoils_nothing() -> None:
    future = run(NOW + 9 * 365 * DAY)
    failed = run(NOW - HOUR, Outcome.FAILED)
    never_ended = replace(failed, finished=NOW + 9 * 365 * DAY)
    good = run(NOW)
    assert found(judge(facts(future, good)), FindingCode.CLOCK_WENT_BACK) is None
    waiting = obligation(judge(facts(future, never_ended)), "backup:puntenboek:nas")
    assert waiting.not_before is not None
    assert waiting.not_before < NOW + HOUR


def test_set_up_by_a_wrong_clock_counts_from_the_first_run() -> None:
    known = facts(run(NOW - 5 * DAY), set_up_at=NOW + 9 * 365 * DAY)
    owed = obligation(judge(known), "backup:puntenboek:nas")
    assert owed.timing is Timing.OVERDUE


def test_small_correction_of_the_clock_is_no_matter() -> None:
    assessment = judge(facts(run(NOW + timedelta(minutes=1))))
    assert found(assessment, FindingCode.CLOCK_WENT_BACK) is None
    assert assessment.data_sets[0].last_good == NOW


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"])
@pytest.mark.parametrize("clock", ["02:30", "18:00"])
def test_copy_stays_at_its_hour_when_summer_time_changes(day: str, clock: str) -> None:
    hour, minute = (int(part) for part in clock.split(":"))
    set_up = at("2026-03-01 12:00")
    where = machine(at_time=(hour, minute))
    made = at(f"{day} {clock}")
    due = obligation(judge(facts(run(made), set_up_at=set_up), now=made, on=where), "backup:puntenboek:nas").opens
    local = due.astimezone(TZ)
    expected = "03:30" if (day, clock) == ("2026-03-28", "02:30") else clock
    assert f"{local:%H:%M}" == expected
    assert (local.date() - made.astimezone(TZ).date()).days == 1


def test_failed_attempts_are_not_repeated_at_once() -> None:
    first = run(NOW - timedelta(minutes=5), Outcome.FAILED)
    waiting = obligation(judge(facts(first)), "backup:puntenboek:nas")
    assert waiting.timing is Timing.OVERDUE
    assert waiting.not_before == first.started + timedelta(minutes=17)
    again = run(NOW - timedelta(minutes=1), Outcome.FAILED)
    third = obligation(judge(facts(first, again)), "backup:puntenboek:nas")
    assert third.not_before == again.started + timedelta(minutes=62)


def test_a_copy_caught_up_just_before_its_hour_is_not_made_again_at_it_and_an_earlier_one_is() -> None:
    def opens(made: str) -> datetime:
        return obligation(judge(facts(run(made)), now=made), "backup:puntenboek:nas").opens

    assert opens("2026-11-23 17:40") == at("2026-11-24 17:40")
    assert opens("2026-11-23 08:10") == at("2026-11-23 18:00"), "back to the hour that was chosen"


def test_failures_before_a_good_copy_are_forgotten() -> None:
    known = facts(run(NOW - 3 * HOUR, Outcome.FAILED), run(NOW - HOUR))
    assert obligation(judge(known), "backup:puntenboek:nas").not_before is None


def test_year_of_daily_copies_stays_green() -> None:
    organisation = quiet_policy(data_set(classification=T1))
    since = at("2026-01-02 12:00")
    runs: list[Run] = []
    day = since
    while day < at("2027-01-02 12:00"):
        runs.append(run(at(f"{day.astimezone(TZ).date()} 18:0{len(runs) % 5}")))
        day += DAY
    for index in range(1, len(runs)):
        moment = runs[index].started - timedelta(minutes=1)
        known = tended(*runs[max(0, index - 3) : index], since=since)
        assert judge(known, now=moment, of=organisation).data_sets[0].state is State.OK, moment


def test_set_up_that_is_not_finished_owes_nothing_yet() -> None:
    assessment = judge(facts(set_up_at=None), now=SET_UP + 400 * DAY)
    assert all(o.timing is not Timing.OVERDUE for o in assessment.obligations if o.id.startswith("backup"))
