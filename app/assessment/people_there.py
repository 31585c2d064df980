"""When people can do something: days on which nobody is there move what is asked of them, never what the machine does.

What falls due in a holiday is asked for before it, and is late only once somebody could have done it after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from app.assessment.local_time import local_moment
from app.assessment.model import Obligation, Timing
from app.assessment.situation import Situation
from app.policy.calendar import Calendar

DAY_BEGINS = 8
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """Days around a due date on which nobody is there.

    `ask` is the morning of the day on which people are asked before they leave (a day more before a holiday than before
    a weekend), `leave` the end of their last day, `back` the morning of their first day, `settled` its end.
    """

    ask: datetime
    leave: datetime
    back: datetime
    settled: datetime


def absence(calendar: Calendar, due: datetime, tz: tzinfo) -> Absence | None:
    """Return the absence that a due date falls in, None when people are there on its day.

    What is due at midnight is due on the day that ends there.
    """
    closure = calendar.closure((due - _INSTANT).astimezone(tz).date())
    if closure is None:
        return None
    last = calendar.last_open_before(closure.first)
    first = calendar.next_open(closure.last)
    ask = calendar.last_open_before(last) if closure.is_long else last
    return Absence(
        ask=_morning(ask, tz),
        leave=_midnight(last + timedelta(days=1), tz),
        back=_morning(first, tz),
        settled=_midnight(first + timedelta(days=1), tz),
    )


def people_back(calendar: Calendar, now: datetime, tz: tzinfo) -> datetime | None:
    """Return when people are back, None when today is a day on which they are there."""
    today = now.astimezone(tz).date()
    return None if calendar.is_open(today) else _morning(calendar.next_open(today), tz)


def in_peoples_time(situation: Situation, obligation: Obligation) -> Obligation:
    """Move a person's obligation that falls due while nobody is there: pressed for before, late only after."""
    if obligation.who is None or obligation.timing is Timing.MET:
        return obligation
    away = absence(situation.policy.calendar, obligation.due, situation.tz)
    if away is None:
        return obligation
    now = situation.now
    if now < away.leave:
        pressed = Timing.DUE if now >= away.ask else obligation.timing
        return replace(obligation, due=away.leave, timing=pressed)
    excused = obligation.timing is Timing.OVERDUE and now <= away.settled
    return replace(obligation, due=away.settled, timing=Timing.DUE if excused else obligation.timing)


def _midnight(day: date, tz: tzinfo) -> datetime:
    return local_moment(day, 0, 0, tz)


def _morning(day: date, tz: tzinfo) -> datetime:
    return local_moment(day, DAY_BEGINS, 0, tz)
