"""Days on which nobody is there: people are asked before them, and are late only after them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.assessment.model import Assessment, Obligation, State, Timing
from app.policy.calendar import Region
from app.policy.calendar_file import calendar_of
from app.policy.machine import Machine
from app.policy.model import Policy
from app.records.facts import KeyTest, RunKind
from tests.unit.assessment.builders import (
    DAY,
    at,
    disk,
    facts,
    judge,
    machine,
    obligation,
    place,
    quiet_policy,
    run,
    tended,
)

SCHOOL = replace(quiet_policy(), calendar=calendar_of(Region.BE_NL))
PLACES = machine(place("nas"), disk("b"), of=SCHOOL)
LAST_DAYS = ("2026-12-17", "2026-12-18")
"""Thursday and Friday before the Christmas holiday, which ends on Sunday January 3."""


def look(now: str, disk_copy: str, *, of: Policy = SCHOOL, on: Machine = PLACES) -> Assessment:
    nas = run(f"{now[:10]} 00:05")
    copies = (nas, run(disk_copy, target="b"))
    checks = tuple(run(f"{now[:10]} 00:06", kind=RunKind.CHECK, data_set="", target=t) for t in ("nas", "b"))
    return judge(tended(*copies, *checks), now=now, of=of, on=on)


def asked(now: str, disk_copy: str) -> Obligation:
    return obligation(look(now, disk_copy), "plug-in-disk:b")


def test_a_disk_is_asked_for_before_the_holiday_in_which_its_copies_would_grow_too_old() -> None:
    made = "2026-12-14 10:00"  # a Monday: a week later is in the holiday
    assert asked("2026-12-16 09:00", made).timing is not Timing.DUE
    assert [asked(f"{day} 09:00", made).timing for day in LAST_DAYS] == [Timing.DUE, Timing.DUE]


def test_once_it_has_its_copies_nobody_is_asked_again_until_they_are_back() -> None:
    made = "2026-12-17 10:00"
    assert asked("2026-12-18 09:00", made).timing is Timing.MET
    during = asked("2026-12-29 09:00", made)
    assert during.timing is Timing.MET
    back = asked("2027-01-04 09:00", made)
    assert back.timing is Timing.DUE
    assert asked("2027-01-05 06:00", made).timing is Timing.OVERDUE


def test_nothing_is_late_while_nobody_is_there() -> None:
    made = "2026-12-14 10:00"
    during = look("2026-12-30 12:00", made)
    assert [o.id for o in during.tasks if o.timing is Timing.OVERDUE] == []
    assert obligation(during, "backup:puntenboek:b").timing is Timing.DUE
    assert during.people_back == at("2027-01-04 08:00")
    assert look("2026-12-17 12:00", made).people_back is None


def test_a_weekend_is_asked_for_on_friday() -> None:
    made = "2026-11-21 10:00"  # on a Saturday somebody was there
    assert asked("2026-11-26 12:00", made).timing is not Timing.DUE
    assert asked("2026-11-27 12:00", made).timing is Timing.DUE


def test_a_task_that_falls_due_in_the_holiday_is_pressed_for_before_and_late_after() -> None:
    tested = at("2026-01-02 12:00") - DAY / 2  # a year later is in the holiday

    def key_test(now: str) -> Obligation:
        known = replace(
            tended(run(f"{now[:10]} 00:05"), since=at("2025-12-01 12:00")), key_tests=(KeyTest("nas", tested, "An"),)
        )
        return obligation(judge(known, now=now, of=SCHOOL, on=PLACES), "key-test")

    assert key_test("2026-12-16 12:00").timing is Timing.UPCOMING
    pressed = key_test("2026-12-17 12:00")
    assert (pressed.timing, pressed.due) == (Timing.DUE, at("2026-12-19 00:00"))
    assert key_test("2027-01-03 12:00").timing is Timing.DUE
    assert key_test("2027-01-04 12:00").timing is Timing.DUE
    assert key_test("2027-01-05 12:00").timing is Timing.OVERDUE


def test_a_computer_that_was_off_over_the_weekend_has_the_morning_to_catch_up() -> None:
    friday = run("2026-11-27 18:05")

    def timing(now: str) -> tuple[Timing, State]:
        judged = judge(facts(friday), now=now, of=SCHOOL, on=PLACES)
        return obligation(judged, "backup:puntenboek:nas").timing, judged.data_sets[0].state

    assert timing("2026-11-30 08:01") == (Timing.DUE, State.ATTENTION), "the machine makes it at once"
    assert timing("2026-11-30 12:01") == (Timing.OVERDUE, State.ATTENTION)
    without = replace(SCHOOL, calendar=calendar_of(Region.NONE))
    judged = judge(facts(friday), now="2026-11-30 08:01", of=without, on=PLACES)
    assert obligation(judged, "backup:puntenboek:nas").timing is Timing.OVERDUE


def test_time_alone_heals_nothing_over_a_holiday() -> None:
    moments = [at("2026-12-10 00:00") + n * DAY / 4 for n in range(140)]

    def late(now: datetime) -> set[str]:
        known = tended(run("2026-12-09 18:00"), run("2026-12-09 18:00", target="b"))
        judged = judge(known, now=now, of=SCHOOL, on=PLACES)
        return {o.id for o in judged.obligations if o.timing is Timing.OVERDUE}

    seen: set[str] = set()
    for moment in moments:
        now_late = late(moment)
        assert seen <= now_late
        seen = now_late
    assert {"backup:puntenboek:nas", "backup:puntenboek:b", "plug-in-disk:b"} <= seen
