"""Small texts that several screens need and that are about the screens themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from app.i18n import N_, _
from app.wording.times import felt_day

_MONTHS: Final = (
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


def day_and_month(day: date) -> str:
    """Write "23 November"."""
    return f"{day.day} {_(_MONTHS[day.month - 1])}"


def clock_text(local: datetime) -> str:
    """Write the corner of every screen: "Mon 23 November  17:02"."""
    return f"{felt_day(local.date(), local.date())}  {local:%H:%M}"


def school_year_text(starts: int) -> str:
    """Write "2026–2027"."""
    return f"{starts}–{starts + 1}"
