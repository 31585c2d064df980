"""The days on which nobody is there: weekends, public holidays, school holidays, and the organisation's own days.

The machine does not care: it works whenever the computer is on. People are asked before such days and after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from app.policy.label import Label

ONE_DAY = timedelta(days=1)
LONGEST = 180
"""So many days are looked ahead or back for one on which somebody is there."""
LONG = 5
"""From so many days in a row on, a closure is a holiday rather than a weekend."""


class Region(StrEnum):
    """Whose school holidays count. The values name the files in `calendars/`."""

    NONE = "none"
    """Every day is a working day."""
    BE = "be"
    """No school: weekends and the public holidays of Belgium."""
    NL = "nl"
    BE_NL = "be-nl"
    BE_FR = "be-fr"
    BE_DE = "be-de"
    NL_NOORD = "nl-noord"
    NL_MIDDEN = "nl-midden"
    NL_ZUID = "nl-zuid"


REGIONS_OF: Final = {
    "BE": (Region.BE_NL, Region.BE_FR, Region.BE_DE, Region.BE),
    "NL": (Region.NL_NOORD, Region.NL_MIDDEN, Region.NL_ZUID, Region.NL),
}
"""What an organisation of a country can choose from; the last one is that of who has no school holidays."""


def likely_region(kind: str, country: str) -> Region | None:
    """Return the region to offer a "school" or "business"; None where only they can tell.

    The Dutch regions differ by weeks: a guess would be wrong for two schools out of three.
    """
    if kind != "school":
        return REGIONS_OF[country][-1]
    return Region.BE_NL if country == "BE" else None


class Certainty(StrEnum):
    """How sure the dates of a school year are."""

    PUBLISHED = "published"
    BY_RULE = "by-rule"
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, both ends included, and what it is called."""

    first: date
    last: date
    name: Label

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Closure:
    """Days in a row on which nobody is there, as long as it lasts."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_long(self) -> bool:
        return self.days >= LONG


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people are there. Without anything in it they always are."""

    region: Region = Region.NONE
    weekend: tuple[int, ...] = ()
    """Days of the week, Monday is 0."""
    holidays: tuple[Days, ...] = ()
    """The region's school holidays."""
    closed: tuple[Days, ...] = ()
    """The organisation's own closed days."""
    open: tuple[Days, ...] = ()
    """Days in a holiday or weekend on which somebody is there all the same."""
    known_until: date | None = None
    """The last day of which the school holidays are known; None where there are none to know."""
    expected_from: date | None = None
    """From this day on they are our best guess; None where all are as announced or follow from a rule."""

    def is_open(self, day: date) -> bool:
        """Tell whether people are there on a day."""
        if any(day in days for days in self.open):
            return True
        return not (day.weekday() in self.weekend or self.holiday(day) is not None)

    def holiday(self, day: date) -> Label | None:
        """Return what keeps people away on a day that is no weekend, None when nothing does."""
        for days in (*self.closed, *self.holidays):
            if day in days:
                return days.name
        return public_holidays(self.region.value[:2].upper(), day.year).get(day)

    def closure(self, day: date) -> Closure | None:
        """Return the closed days around a day, None when people are there on it."""
        if self.is_open(day):
            return None
        return Closure(self.last_open_before(day) + ONE_DAY, self.next_open(day) - ONE_DAY)

    def last_open_before(self, day: date) -> date:
        """Return the last day before `day` on which somebody is there."""
        return self._nearest(day - ONE_DAY, -ONE_DAY)

    def next_open(self, day: date) -> date:
        """Return the first day from `day` on on which somebody is there."""
        return self._nearest(day, ONE_DAY)

    def _nearest(self, day: date, step: timedelta) -> date:
        return next((found for found in _walk(day, step) if self.is_open(found)), day)


ALWAYS_OPEN = Calendar()
"""Somebody is there every day."""


def _walk(day: date, step: timedelta) -> Iterator[date]:
    for number in range(LONGEST):
        try:
            yield day + number * step
        except OverflowError:  # the end of all calendars
            return


@lru_cache(maxsize=64)
def public_holidays(country: str, year: int) -> dict[date, Label]:
    """Return the public holidays of "BE" or "NL" in a year; none of another country.

    In the Netherlands Liberation Day is a day off once in five years, in those that end in 0 or 5.
    """
    if country not in ("BE", "NL"):
        return {}
    easter = easter_sunday(year)
    found = {
        date(year, 1, 1): Label("Nieuwjaar", "New Year"),
        easter + 1 * ONE_DAY: Label("paasmaandag", "Easter Monday"),
        easter + 39 * ONE_DAY: Label("Hemelvaart", "Ascension Day"),
        easter + 50 * ONE_DAY: Label("pinkstermaandag", "Whit Monday"),
        date(year, 12, 25): Label("Kerstmis", "Christmas"),
    }
    if country == "BE":
        found |= {
            date(year, 5, 1): Label("Dag van de Arbeid", "Labour Day"),
            date(year, 7, 21): Label("nationale feestdag", "National Day"),
            date(year, 8, 15): Label("Onze-Lieve-Vrouw-Hemelvaart", "Assumption"),
            date(year, 11, 1): Label("Allerheiligen", "All Saints"),
            date(year, 11, 11): Label("Wapenstilstand", "Armistice"),
        }
        return found
    kings_day = date(year, 4, 27)
    found[kings_day if kings_day.weekday() != 6 else date(year, 4, 26)] = Label("Koningsdag", "King's Day")
    found[date(year, 12, 26)] = Label("tweede kerstdag", "Boxing Day")
    if year % 5 == 0:
        found[date(year, 5, 5)] = Label("Bevrijdingsdag", "Liberation Day")
    return found


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the "anonymous" computus, Nature 1876)."""
    century, of_century = divmod(year, 100)
    leap_centuries, centuries_left = divmod(century, 4)
    leap_years, years_left = divmod(of_century, 4)
    golden = year % 19
    epact = (19 * golden + century - leap_centuries - (8 * century + 13) // 25 + 15) % 30
    weekday = (32 + 2 * centuries_left + 2 * leap_years - epact - years_left) % 7
    full_moon = epact + weekday - 7 * ((golden + 11 * epact + 19 * weekday) // 433)
    month = (full_moon + 90) // 25
    return date(year, month, (full_moon + 33 * month + 19) % 32)
