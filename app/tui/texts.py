"""Small texts that several screens need and that are about the screens themselves."""

from __future__ import annotations

from datetime import datetime

from app.wording.times import felt_day


def clock_text(local: datetime) -> str:
    """Write the corner of every screen: "Mon 23 November  17:02"."""
    return f"{felt_day(local.date(), local.date())}  {local:%H:%M}"


def school_year_text(starts: int) -> str:
    """Write "2026–2027"."""
    return f"{starts}–{starts + 1}"
