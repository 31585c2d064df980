"""Who is told what, and when: a pure function, asked at many moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from app.assessment.model import Assessment
from app.notices.deciding import Setting, notices_due, unreachable
from app.notices.model import DESKTOP, EMAIL, Notice, Topic, Urgency
from app.policy.calendar import Calendar, Region
from app.policy.machine import Person
from app.policy.model import Role
from app.records.facts import Anomaly, Facts, Judgement, Missed, NoticeState, Outcome, Ruling, RunId, SentNotice
from tests.unit.assessment import builders as build

DAY, HOUR = build.DAY, build.HOUR
MONDAY = build.at("2026-11-23 10:00")
NIGHT = build.at("2026-11-24 03:00")
DIRECTOR = Person(Role.DIRECTOR, "An", "an@x.be")
IT = Person(Role.IT_PROVIDER, "Bo", "bo@x.be", ("signal-bo",))
BOARD = Person(Role.GOVERNING_BODY, "vzw", "vzw@x.be")
EVERYBODY = (DIRECTOR, IT, BOARD)
_numbers = count(1)


class School:
    """What was said is remembered, as the records do it; sent at once."""

    def __init__(self, facts: Facts, *people: Person, desktop: bool = False, calendar: Calendar | None = None) -> None:
        self.facts = facts
        self.people = people or EVERYBODY
        self.desktop = desktop
        self.calendar = calendar or Calendar()
        self.said: list[SentNotice] = []

    def at(self, now: datetime) -> tuple[Notice, ...]:
        """Return what is said at a moment, and remember it."""
        assessment: Assessment = build.judge(self.facts, now=now, of=build.quiet_policy())
        setting = Setting(assessment, self.facts, self.people, self.calendar, self.desktop, now, build.TZ)
        due = notices_due(setting, self.said)
        self.said += [
            SentNotice(
                next(_numbers), n.key, n.to.role.value, n.to.name, n.channel, n.urgency.value, "", now, NoticeState.SENT
            )
            for n in due
        ]
        return due


def told(notices: tuple[Notice, ...], topic: Topic) -> set[tuple[str, str]]:
    return {(notice.to.name, notice.channel) for notice in notices if notice.topic is topic}


def failed_at(moment: datetime, *, set_up: datetime | None = None) -> Facts:
    run = build.run(moment, Outcome.FAILED, error="backend-full")
    return build.tended(run, since=set_up or moment - 2 * HOUR)


def test_when_all_is_well_nobody_hears_anything_but_on_monday() -> None:
    tuesday = build.at("2026-11-24 18:00")
    facts = build.tended(*(build.run(tuesday - n * DAY) for n in range(12)), since=tuesday - 13 * DAY)
    school = School(facts, desktop=True)
    school.at(build.at("2026-11-24 18:30"))  # the overview of this week
    assert not school.at(build.at("2026-11-24 19:00"))
    # The next Monday brings the overview, once; and to those who look after things only.
    monday = build.at("2026-11-30 08:05")
    school.facts = build.tended(*(build.run(monday - HOUR - n * DAY) for n in range(12)), since=tuesday - 13 * DAY)
    assert told(school.at(monday), Topic.DIGEST) == {("An", EMAIL), ("Bo", EMAIL), ("Bo", "service:signal-bo")}
    assert not told(school.at(monday + 4 * HOUR), Topic.DIGEST)


def test_a_computer_that_was_off_on_monday_sends_the_overview_when_it_is_back() -> None:
    back = build.at("2026-12-02 09:00")
    school = School(build.tended(build.run(back - HOUR), since=back - 30 * DAY))
    assert told(school.at(back), Topic.DIGEST)
    assert not told(School(build.tended(since=back - HOUR)).at(back), Topic.DIGEST), "the first week has nothing yet"


def test_a_failure_goes_to_it_and_director_at_once_also_at_night() -> None:
    school = School(failed_at(NIGHT))
    assert told(school.at(NIGHT + timedelta(minutes=3)), Topic.FAILURE) == {
        ("An", EMAIL), ("Bo", EMAIL), ("Bo", "service:signal-bo"),
    }  # fmt: skip


def test_the_same_failure_is_said_once_however_often_it_happens() -> None:
    facts = failed_at(NIGHT)
    school = School(facts)
    school.at(NIGHT + HOUR)
    again = build.run(NIGHT + 2 * HOUR, Outcome.FAILED, error="backend-full")
    school.facts = replace(facts, runs=(again, *facts.runs))
    assert not told(school.at(NIGHT + 3 * HOUR), Topic.FAILURE)


def test_a_run_that_could_not_be_started_is_a_failure_too() -> None:
    run = build.run(NIGHT, Outcome.FAILED, error="worker-not-started")
    assert told(School(build.tended(run, since=NIGHT - HOUR)).at(NIGHT + HOUR), Topic.FAILURE)


def test_after_a_day_without_a_verdict_the_governing_body_hears_of_it_once() -> None:
    school = School(failed_at(MONDAY))
    assert not told(school.at(MONDAY + 23 * HOUR), Topic.NO_VERDICT)
    assert told(school.at(MONDAY + 25 * HOUR), Topic.NO_VERDICT) == {("vzw", EMAIL), ("An", EMAIL)}
    assert not told(school.at(MONDAY + 50 * HOUR), Topic.NO_VERDICT)


def test_a_verdict_in_time_keeps_it_between_the_two() -> None:
    facts = failed_at(MONDAY)
    school = School(facts)
    (notice, *_rest) = [n for n in school.at(MONDAY + HOUR) if n.topic is Topic.FAILURE]
    case = notice.cases[0]
    verdict = Judgement(case.id, case.last, Ruling.ACCEPTED, "gezien", "", None, "An", MONDAY + 2 * HOUR)
    school.facts = replace(facts, judgements=(verdict,))
    assert not told(school.at(MONDAY + 25 * HOUR), Topic.NO_VERDICT)


def test_what_is_late_waits_for_the_day() -> None:
    missed = Missed("backup:puntenboek:nas", "backup", "puntenboek", "nas", NIGHT - HOUR, NIGHT)
    school = School(build.tended(since=NIGHT - HOUR, misses=(missed,)))
    assert not told(school.at(NIGHT + HOUR), Topic.FAILURE)
    assert told(school.at(NIGHT + 6 * HOUR), Topic.FAILURE)


def test_an_alarm_calls_everybody_at_any_hour_and_each_day_again() -> None:
    alarm = Anomaly(RunId(3), "puntenboek", "nas", NIGHT, (("encrypted", "900"),))
    school = School(build.tended(since=NIGHT - HOUR, anomalies=(alarm,)), desktop=True)
    first = school.at(NIGHT + timedelta(minutes=1))
    assert told(first, Topic.ALARM) == {("", DESKTOP), ("An", EMAIL), ("Bo", EMAIL), ("Bo", "service:signal-bo")}
    assert all(n.urgency is Urgency.CRITICAL for n in first if n.topic is Topic.ALARM)
    assert not told(school.at(NIGHT + 5 * HOUR), Topic.ALARM)
    assert ("vzw", EMAIL) in told(school.at(NIGHT + 25 * HOUR), Topic.ALARM)
    assert not told(school.at(NIGHT + 26 * HOUR), Topic.ALARM)


def test_people_are_asked_while_they_are_there_by_mail_once_and_on_the_screen_each_day() -> None:
    facts = build.facts(build.run(MONDAY - HOUR), set_up_at=MONDAY - 20 * DAY)
    weekdays = Calendar(region=Region.BE, weekend=(5, 6))
    school = School(facts, desktop=True, calendar=weekdays)
    saturday, monday = build.at("2026-11-21 10:00"), build.at("2026-11-23 10:00")
    assert not told(school.at(saturday), Topic.TASK)
    assert not told(school.at(build.at("2026-11-23 06:00")), Topic.TASK)
    assert ("", DESKTOP) in told(school.at(monday), Topic.TASK)
    assert not told(school.at(monday + 2 * HOUR), Topic.TASK)
    assert told(school.at(monday + DAY), Topic.TASK) == {("", DESKTOP)}


def test_a_failure_reaches_somebody_whoever_is_missing() -> None:
    assert told(School(failed_at(MONDAY), DIRECTOR).at(MONDAY + HOUR), Topic.FAILURE) == {("An", EMAIL)}
    alone = School(failed_at(MONDAY), IT)
    assert {name for name, _ in told(alone.at(MONDAY + 30 * HOUR), Topic.NO_VERDICT)} == {"Bo"}
    assert unreachable((DIRECTOR,)) == (Role.IT_PROVIDER, Role.GOVERNING_BODY)


def test_nothing_is_said_twice_on_a_day_in_a_month_of_trouble() -> None:
    """Every night fails, nobody judges, a disk is asked for: count what each person hears."""
    begun = build.at("2026-11-02 12:00")
    school = School(build.tended(since=begun), desktop=True)
    heard: dict[tuple[str, str, str, str], int] = {}
    for hour in range(30 * 24):
        now = begun + hour * HOUR
        if hour % 24 == 6:
            run = build.run(now, Outcome.FAILED, error="target-not-there")
            school.facts = replace(school.facts, runs=(run, *school.facts.runs))
        for notice in school.at(now):
            day = now.astimezone(build.TZ).date().isoformat()
            for key in notice.keys:
                subject = (day, notice.to.name, notice.channel, key.rsplit(":", 1)[0])
                heard[subject] = heard.get(subject, 0) + 1
    assert heard
    assert max(heard.values()) == 1
    mails = [1 for (_day, name, channel, _key) in heard if (name, channel) == ("An", EMAIL)]
    assert len(mails) < 25, "a month of trouble is no reason to fill somebody's mailbox"
