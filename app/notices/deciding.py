"""Who is to be told what now: a pure function of what is, what was said already, and the time.

Success is quiet. What went wrong goes to the IT provider and the director at once; without a verdict the governing body
hears of it after a day. What people are asked to do goes to whom it concerns, while they are there. A prompt grows with
its age, never with how often it was tried; nothing is said twice a day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from app.assessment.judgements import Case, CaseKind, open_anomalies, open_cases
from app.assessment.model import Assessment, Obligation, ObligationKind, Timing
from app.clock import format_utc
from app.notices.model import DESKTOP, EMAIL, HERE, SERVICE, Notice, Topic, Urgency
from app.policy.calendar import Calendar
from app.policy.machine import Person
from app.policy.model import Role
from app.records.facts import Anomaly, Facts, SentNotice

TO_ANSWER: Final = timedelta(hours=24)
DAY_BEGINS: Final = 8
DAY_ENDS: Final = 18
"""Local hours between which people are asked to do something."""
DIGEST_ON: Final = 0
"""Monday."""
_OWN_NOTICE: Final = frozenset({ObligationKind.ANSWER_ALARM, ObligationKind.JUDGE})


@dataclass(frozen=True, slots=True)
class Setting:
    """What it is decided on."""

    assessment: Assessment
    facts: Facts
    people: tuple[Person, ...]
    calendar: Calendar
    desktop: bool
    """There is a desktop on this computer that can show a notice."""
    now: datetime
    tz: tzinfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.tz).date()

    @property
    def by_day(self) -> bool:
        return DAY_BEGINS <= self.now.astimezone(self.tz).hour < DAY_ENDS

    def holders(self, *roles: Role) -> tuple[Person, ...]:
        """Return who has one of these roles and can be reached from here; whoever takes their place where nobody is."""
        found = [p for role in roles for p in (self._reachable(role) or self._instead_of(role))]
        return tuple(dict.fromkeys(found))

    def _reachable(self, role: Role) -> tuple[Person, ...]:
        return tuple(p for p in self.people if p.role is role and (p.email or p.services))

    def _instead_of(self, role: Role) -> tuple[Person, ...]:
        """A failure must reach somebody: the director for the governing body, and those two for each other."""
        match role:
            case Role.GOVERNING_BODY | Role.IT_PROVIDER:
                return self._reachable(Role.DIRECTOR) or self._reachable(Role.IT_PROVIDER)
            case Role.DIRECTOR:
                return self._reachable(Role.IT_PROVIDER)
            case _:
                return ()


Said = Callable[[str, Person, str], bool]


def notices_due(setting: Setting, said: Sequence[SentNotice]) -> tuple[Notice, ...]:
    """Return what is to be said now and was not said before, the most urgent first."""
    was_said = _memory(said)
    return tuple(
        notice
        for notices in (_alarms, _failures, _without_verdict, _tasks, _digest)
        for notice in notices(setting, was_said)
    )


def channels_of(person: Person) -> tuple[str, ...]:
    """Return the ways in which somebody is reached, beside this computer's desktop."""
    mail = (EMAIL,) if person.email else ()
    return (*mail, *(SERVICE + name for name in person.services))


def unreachable(people: Collection[Person]) -> tuple[Role, ...]:
    """Return the roles that must be told of failures and cannot be."""
    wanted = (Role.DIRECTOR, Role.IT_PROVIDER, Role.GOVERNING_BODY)
    return tuple(role for role in wanted if not any(p.role is role and channels_of(p) for p in people))


def _memory(said: Iterable[SentNotice]) -> Said:
    known = {(key, sent.role, sent.person, sent.channel) for sent in said for key in sent.key.split("\n")}

    def was_said(key: str, to: Person, channel: str) -> bool:
        return (key, to.role.value, to.name, channel) in known

    return was_said


def _ways(setting: Setting, people: Iterable[Person], *, here: bool) -> Iterator[tuple[Person, str]]:
    """Yield each person with each channel; with `here`, also this computer's desktop."""
    if here and setting.desktop:
        yield HERE, DESKTOP
    for person in people:
        for channel in channels_of(person):
            yield person, channel


# --- alarms ----------------------------------------------------------------------------------------------------


def _alarms(setting: Setting, was_said: Said) -> Iterator[Notice]:
    """Call the director and the IT provider at once, and again each day until somebody answers."""
    waiting = open_anomalies(setting.facts)
    if not waiting:
        return

    def days(anomaly: Anomaly) -> int:
        return max(0, (setting.now - anomaly.at) // TO_ANSWER)

    told: tuple[Role, ...] = (Role.DIRECTOR, Role.IT_PROVIDER)
    if any(days(anomaly) for anomaly in waiting):
        told = (*told, Role.GOVERNING_BODY)
    for person, channel in _ways(setting, setting.holders(*told), here=True):
        concerned = [a for a in waiting if person.role is not Role.GOVERNING_BODY or days(a)]
        keyed = {f"alarm:{a.run}:{days(a)}": a for a in concerned}
        fresh = {key: a for key, a in keyed.items() if not was_said(key, person, channel)}
        if fresh:
            yield Notice(tuple(fresh), Topic.ALARM, person, channel, Urgency.CRITICAL, anomalies=tuple(fresh.values()))


# --- what went wrong -------------------------------------------------------------------------------------------


def _failures(setting: Setting, was_said: Said) -> Iterator[Notice]:
    """Tell the IT provider and the director at once (S1-4.2.3); at night only what failed, not what is late."""
    waiting = [c for c in _waiting(setting) if c.kind is not CaseKind.MISSED or setting.by_day]
    keyed = {f"case:{case.id}:{format_utc(case.first)}": case for case in waiting}
    for person, channel in _ways(setting, setting.holders(Role.IT_PROVIDER, Role.DIRECTOR), here=True):
        fresh = {key: case for key, case in keyed.items() if not was_said(key, person, channel)}
        if fresh:
            yield Notice(tuple(fresh), Topic.FAILURE, person, channel, Urgency.NORMAL, cases=tuple(fresh.values()))


def _without_verdict(setting: Setting, was_said: Said) -> Iterator[Notice]:
    """After a day without a verdict, tell the governing body, and the director again."""
    late = [case for case in _waiting(setting) if setting.now >= case.escalates_at]
    if not setting.by_day:
        return
    keyed = {f"late:{case.id}:{format_utc(case.first)}": case for case in late}
    for person, channel in _ways(setting, setting.holders(Role.GOVERNING_BODY, Role.DIRECTOR), here=False):
        fresh = {key: case for key, case in keyed.items() if not was_said(key, person, channel)}
        if fresh:
            yield Notice(tuple(fresh), Topic.NO_VERDICT, person, channel, Urgency.NORMAL, cases=tuple(fresh.values()))


def _waiting(setting: Setting) -> list[Case]:
    """Return what waits for a verdict, the oldest first; alarms have notices of their own."""
    found = [case for case in open_cases(setting.facts, setting.now) if case.kind is not CaseKind.ALARM]
    return sorted(found, key=lambda case: case.first)


# --- what people are asked to do -------------------------------------------------------------------------------


def _tasks(setting: Setting, was_said: Said) -> Iterator[Notice]:
    """Ask whom it concerns: once by mail, each day on the desktop; only on days and hours that people are there."""
    if not setting.by_day or not setting.calendar.is_open(setting.today):
        return
    due = [
        task
        for task in setting.assessment.tasks
        if task.timing in (Timing.DUE, Timing.OVERDUE) and task.kind not in _OWN_NOTICE
    ]
    roles = dict.fromkeys(task.who for task in due if task.who is not None)
    people = [p for role in roles for p in setting.people if p.role is role]
    for person, channel in _ways(setting, people, here=True):
        here = channel == DESKTOP
        own = [task for task in due if here or task.who is person.role]
        keyed = {task: _task_keys(task, setting.today, once=not here) for task in own}
        fresh = {task: keys for task, keys in keyed.items() if not any(was_said(key, person, channel) for key in keys)}
        if fresh:
            said = tuple(key for keys in fresh.values() for key in keys)
            yield Notice(said, Topic.TASK, person, channel, Urgency.NORMAL, tasks=tuple(fresh))


def _task_keys(task: Obligation, day: date, *, once: bool) -> tuple[str, ...]:
    """Name what is said of a task: not twice a day though its day moves, and `once` not twice for the same day."""
    today = f"task:{task.id}:{day.isoformat()}"
    return (today, f"task:{task.id}:{format_utc(task.due)}") if once else (today,)


# --- once a week -----------------------------------------------------------------------------------------------


def _digest(setting: Setting, was_said: Said) -> Iterator[Notice]:
    """Tell once a week how things stand; where it stays away, the whole computer may be gone."""
    local = setting.now.astimezone(setting.tz)
    if (local.weekday(), local.hour) < (DIGEST_ON, DAY_BEGINS) or setting.facts.set_up_at is None:
        return
    year, week, _day = local.isocalendar()
    begun = setting.facts.set_up_at.astimezone(setting.tz).isocalendar()
    if (begun.year, begun.week) >= (year, week):
        return  # the first week has nothing to look back on
    key = f"digest:{year}-W{week:02}"
    for person, channel in _ways(setting, setting.holders(Role.DIRECTOR, Role.IT_PROVIDER), here=False):
        if not was_said(key, person, channel):
            yield Notice((key,), Topic.DIGEST, person, channel, Urgency.LOW)
