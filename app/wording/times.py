"""Times that a person can feel: "gisteren 18:04", "za 14 november", "2 dagen te laat". Days are those on the spot."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from app.i18n import N_, _, ngettext, pgettext

_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_MONTHS = (
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_FAR = timedelta(days=300)
"""From here on the year is said too: "14 november" would be taken for the last one."""


def felt_time(at: datetime, now: datetime, tz: tzinfo) -> str:
    """Say when something was or will be, seen from `now`."""
    passed_s = (now - at).total_seconds()
    if 0 <= passed_s < _HOUR_S:
        return _just_now(int(passed_s))
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    if passed_s < 0 and -passed_s < _HOUR_S and local.date() == today:
        minutes = max(1, round(-passed_s / _MINUTE_S))
        return ngettext("in {count} minute", "in {count} minutes", minutes).format(count=minutes)
    clock = f"{local:%H:%M}"
    match (local.date() - today).days:
        case 0:
            return _("today {time}").format(time=clock)
        case -1:
            return _("yesterday {time}").format(time=clock)
        case 1:
            return _("tomorrow {time}").format(time=clock)
        case _:
            return felt_day(local.date(), today)


def felt_day(day: date, today: date) -> str:
    """Name a day: "za 14 november", with the year when it is far away."""
    if abs(day - today) > _FAR:
        return pgettext("date", "{day} {month} {year}").format(day=day.day, month=_month(day), year=day.year)
    return pgettext("date", "{weekday} {day} {month}").format(
        weekday=_(_WEEKDAYS[day.weekday()]), day=day.day, month=_month(day)
    )


def day_and_month(day: date) -> str:
    """Write "23 November"."""
    return f"{day.day} {_month(day)}"


def felt_date(at: datetime, tz: tzinfo) -> str:
    """Write a date in full, for papers: "14 november 2026"."""
    day = at.astimezone(tz).date()
    return pgettext("date", "{day} {month} {year}").format(day=day.day, month=_month(day), year=day.year)


def felt_duration(seconds: float) -> str:
    """Say how long: "40 seconden", "12 minuten", "3 uur", "2 dagen"."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return ngettext("{count} second", "{count} seconds", whole).format(count=whole)
    minutes = round(whole / _MINUTE_S)
    if minutes < 60:
        return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)
    hours = round(whole / _HOUR_S)
    if hours < 48:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    days = round(whole / _DAY_S)
    return ngettext("{count} day", "{count} days", days).format(count=days)


def remaining(seconds: float) -> str:
    """Say how much longer: "nog 12 minuten"."""
    return _("{duration} left").format(duration=felt_duration(seconds))


def lateness(due: datetime, now: datetime, tz: tzinfo) -> str:
    """Say how late it is: "2 dagen te laat"; whole hours and days that have passed on the wall clock."""
    late = now.astimezone(tz).replace(tzinfo=None) - due.astimezone(tz).replace(tzinfo=None)
    if now <= due:
        return _("in time")
    late_s = max(0.0, late.total_seconds())
    if late_s < _HOUR_S:
        minutes = max(1, int(late_s // _MINUTE_S))
        return ngettext("{count} minute late", "{count} minutes late", minutes).format(count=minutes)
    if late_s < _DAY_S:
        hours = int(late_s // _HOUR_S)
        return ngettext("{count} hour late", "{count} hours late", hours).format(count=hours)
    days = int(late_s // _DAY_S)
    return ngettext("{count} day late", "{count} days late", days).format(count=days)


def before(due: datetime, now: datetime, tz: tzinfo) -> str:
    """Say until when something may wait: "vandaag vóór 18:00", "vóór 30 november"."""
    local, today = due.astimezone(tz), now.astimezone(tz).date()
    days = (local.date() - today).days
    if not (local.hour or local.minute) and days in (1, 2):
        return _("today") if days == 1 else _("tomorrow")  # until midnight: the whole day before it
    match days:
        case 0:
            return _("today before {time}").format(time=f"{local:%H:%M}")
        case 1:
            return _("tomorrow before {time}").format(time=f"{local:%H:%M}")
        case _:
            day = local.date()
            if abs(day - today) > _FAR:
                return _("before {day} {month} {year}").format(day=day.day, month=_month(day), year=day.year)
            return _("before {day} {month}").format(day=day.day, month=_month(day))


def _just_now(seconds: int) -> str:
    if seconds < 5:
        return _("just now")
    if seconds < _MINUTE_S:
        return ngettext("{count} second ago", "{count} seconds ago", seconds).format(count=seconds)
    minutes = seconds // _MINUTE_S
    return ngettext("{count} minute ago", "{count} minutes ago", minutes).format(count=minutes)


def _month(day: date) -> str:
    return _(_MONTHS[day.month - 1])
