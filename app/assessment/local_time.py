"""Days and hours as people on the spot count them: wall-clock arithmetic that survives the change of summer time."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo


def local_moment(day: date, hour: int, minute: int, tz: tzinfo) -> datetime:
    """Return a local wall-clock time as aware UTC.

    A time that the spring change skips is taken one hour later; of one that occurs twice, the first is meant.
    """
    return datetime.combine(day, time(hour, minute), tzinfo=tz).astimezone(UTC)


def later(at: datetime, wait: timedelta, tz: tzinfo) -> datetime:
    """Return the moment `wait` after `at` on the wall clock: a day later is the same hour, also over a change."""
    wall = at.astimezone(tz).replace(tzinfo=None) + wait
    return wall.replace(tzinfo=tz).astimezone(UTC)


def months_later(at: datetime, months: int, tz: tzinfo) -> datetime:
    """Return the same day and hour some months on; the last day of a month that is too short."""
    wall = at.astimezone(tz)
    year, month0 = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, calendar.monthrange(year, month0 + 1)[1])
    return wall.replace(year=year, month=month0 + 1, day=day, fold=0).astimezone(UTC)


def last_occurrence(hour_minute: tuple[int, int], after: datetime, until: datetime, tz: tzinfo) -> datetime | None:
    """Return the last time in (`after`, `until`] that the wall clock shows `hour_minute`; None when it never does."""
    hour, minute = hour_minute
    day = until.astimezone(tz).date()
    for back in range(2):
        moment = local_moment(day - timedelta(days=back), hour, minute, tz)
        if moment <= until:
            return moment if moment > after else None
    return None
