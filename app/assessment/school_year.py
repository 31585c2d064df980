"""The school year: the clock of the yearly full back-up and of the director's checklist (REQUIREMENTS S2-4d)."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from app.assessment.local_time import local_moment, months_later

SETTLING_IN = timedelta(days=60)
"""After the set-up, what is owed once a school year gets at least this long."""
FIRST_WEEKS = timedelta(days=14)
"""The machine leaves the yearly full back-up alone in the first weeks: the first copies come first."""


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """A school year [starts, ends) and the window for its closing work: months 9 and 10, before the holidays.

    With a start on September 1 the window is May and June: the copy then holds the whole year's work, and people and
    computers are still there.
    """

    year: int
    """The calendar year in which it starts."""
    starts: datetime
    ends: datetime
    window_opens: datetime
    window_closes: datetime

    def holds(self, at: datetime) -> bool:
        return self.starts <= at < self.ends

    @property
    def label(self) -> str:
        return f"{self.year}–{self.year + 1}"


@dataclass(frozen=True, slots=True)
class YearlyDuty:
    """When something owed once per school year may and must be done.

    `year` is the one it is about now; once that is `met`, `opens` and `due` are next year's.
    """

    year: SchoolYear
    opens: datetime
    due: datetime
    met: bool
    last_met: datetime | None


def school_year(starts: tuple[int, int], at: datetime, tz: tzinfo) -> SchoolYear:
    """Return the school year that `at` falls in; `starts` is (month, day)."""
    local = at.astimezone(tz).date()
    month, day = starts
    year = local.year if (local.month, local.day) >= (month, day) else local.year - 1
    return year_starting_in(starts, year, tz)


def year_starting_in(starts: tuple[int, int], year: int, tz: tzinfo) -> SchoolYear:
    """Return the school year that starts in a calendar year."""
    begin = _first_moment(starts, year, tz)
    return SchoolYear(
        year=year,
        starts=begin,
        ends=_first_moment(starts, year + 1, tz),
        window_opens=months_later(begin, 8, tz),
        window_closes=months_later(begin, 10, tz),
    )


def yearly_duty(
    starts: tuple[int, int], done: tuple[datetime, ...], set_up: datetime, now: datetime, tz: tzinfo
) -> YearlyDuty:
    """Judge what is owed once per school year, done at the moments `done`.

    What was missed in an earlier year stays overdue until it is done in this one: a new year wipes no slate clean.
    """
    this_year = school_year(starts, now, tz)
    first = _first_year_owed(starts, set_up, tz)
    last_met = max(done, default=None)
    met = any(this_year.holds(at) for at in done)
    owed = this_year if this_year.year >= first.year else first
    following = year_starting_in(starts, this_year.year + 1, tz)
    opens, due = _window(following if met else owed, set_up)
    if not met and this_year.year > first.year:
        before = year_starting_in(starts, this_year.year - 1, tz)
        missed = last_met is None or last_met < before.starts
        if missed:
            overdue_year = first if last_met is None else _year_after(starts, last_met, first, tz)
            opens, due = _window(overdue_year, set_up)
    return YearlyDuty(year=owed, opens=opens, due=due, met=met, last_met=last_met)


def _first_moment(starts: tuple[int, int], year: int, tz: tzinfo) -> datetime:
    month, day = starts
    return local_moment(date(year, month, min(day, calendar.monthrange(year, month)[1])), 0, 0, tz)


def _first_year_owed(starts: tuple[int, int], set_up: datetime, tz: tzinfo) -> SchoolYear:
    year = school_year(starts, set_up, tz)
    return year if set_up + SETTLING_IN <= year.ends else year_starting_in(starts, year.year + 1, tz)


def _year_after(starts: tuple[int, int], last_met: datetime, first: SchoolYear, tz: tzinfo) -> SchoolYear:
    following = year_starting_in(starts, school_year(starts, last_met, tz).year + 1, tz)
    return following if following.year > first.year else first


def _window(year: SchoolYear, set_up: datetime) -> tuple[datetime, datetime]:
    return max(year.window_opens, set_up + FIRST_WEEKS), max(year.window_closes, set_up + SETTLING_IN)
