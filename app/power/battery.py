"""How old a battery is, from what a UPS says or the machine file knows."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from app.policy.machine import Ups
from app.records.facts import UpsSight

_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})")
_OLDEST: Final = 1990


def battery_made(ups: Ups | None, sight: UpsSight | None) -> date | None:
    """Return since when a battery is there: what a person wrote goes before what the UPS says."""
    if ups is not None and ups.battery_since is not None:
        return ups.battery_since
    return read_battery_date(sight.battery_date) if sight is not None else None


def read_battery_date(said: str) -> date | None:
    """Read "2024-01-31", "2024/01/31" or APC's "01/31/24" (month first); None for anything else."""
    if found := _YEAR_FIRST.fullmatch(said.strip()):
        year, month, day = map(int, found.groups())
    elif found := _YEAR_LAST.fullmatch(said.strip()):
        month, day, year = map(int, found.groups())
        year += 2000 if year < 100 else 0
        if month > 12:
            month, day = day, month
    else:
        return None
    try:
        return date(year, month, day) if year >= _OLDEST else None
    except ValueError:
        return None
