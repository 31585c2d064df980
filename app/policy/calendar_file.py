"""Reads the calendar: the `calendar` of a policy file, and the school holidays of a region that ship with Vangnet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from app.policy.calendar import LONG, REGIONS_OF, Calendar, Certainty, Days, Region, likely_region
from app.policy.decode import Fields, Item
from app.policy.errors import Expected, PolicyInvalid, Reason
from app.policy.label import Label
from app.policy.model import Organisation
from app.policy.yamlfile import Report, parse_yaml, read_bytes

FORMAT: Final = 1
FOLDER: Final = Path(__file__).parent / "calendars"
_SATURDAY_AND_SUNDAY: Final = (5, 6)


@dataclass(frozen=True, slots=True)
class SchoolYearDays:
    """The holidays of one school year in one region, and how sure they are."""

    school_year: str
    certainty: Certainty
    holidays: tuple[Days, ...]


@dataclass(frozen=True, slots=True)
class RegionDays:
    """What is known of a region."""

    region: Region
    name: Label
    years: tuple[SchoolYearDays, ...]

    @property
    def holidays(self) -> tuple[Days, ...]:
        return tuple(days for year in self.years for days in year.holidays)

    @property
    def expected_from(self) -> date | None:
        """The first day of the first school year of which the dates are our best guess."""
        guessed = (year for year in self.years if year.certainty is Certainty.EXPECTED)
        return next((year.holidays[0].first for year in guessed), None)


def read_calendar(item: Item | None, organisation: Organisation) -> Calendar:
    """Read the policy's `calendar`; without one, or without a region in it, the organisation's country decides."""
    if item is None:
        return calendar_of(_usual_region(organisation))
    with item.fields() as fields:
        named = fields.get("region")
        region = named.choice(Region) if named else _usual_region(organisation)
        return calendar_of(
            region,
            closed=tuple(_days(entry) for entry in fields.items("closed", required=False)),
            open=tuple(_days(entry) for entry in fields.items("open", required=False)),
        )


def calendar_of(region: Region, *, closed: tuple[Days, ...] = (), open: tuple[Days, ...] = ()) -> Calendar:  # noqa: A002  the key in the file
    """Return the calendar of a region with an organisation's own days."""
    weekend = () if region is Region.NONE else _SATURDAY_AND_SUNDAY
    if not (FOLDER / f"{region.value}.yml").is_file():
        return Calendar(region, weekend, closed=closed, open=open)
    known = region_days(region)
    # Whoever writes the holidays of later years into the policy has made them known.
    long = (days.last for days in closed if (days.last - days.first).days + 1 >= LONG)
    return Calendar(
        region,
        weekend,
        known.holidays,
        closed,
        open,
        known_until=max(known.holidays[-1].last, *long, date.min),
        expected_from=known.expected_from,
    )


@cache
def region_days(region: Region) -> RegionDays:
    """Return the school holidays that ship with Vangnet for a region; raises PolicyInvalid when its file is damaged."""
    path = FOLDER / f"{region.value}.yml"
    report = Report(path.name, PolicyInvalid)
    with Fields(parse_yaml(read_bytes(path, PolicyInvalid), report), "", report) as fields:
        fields.number("format", FORMAT, FORMAT)
        fields.one_of("region", (region.value,))
        fields.one_of("country", (region.value[:2].upper(),))
        found = RegionDays(region, fields.label("name"), tuple(_year(item) for item in fields.items("years")))
    report.raise_if_any()
    return found


def _year(item: Item) -> SchoolYearDays:
    with item.fields() as fields:
        return SchoolYearDays(
            fields.text("school_year"),
            fields.choice("certainty", Certainty),
            tuple(_holiday(entry) for entry in fields.items("holidays")),
        )


def _holiday(item: Item) -> Days:
    with item.fields() as fields:
        return Days(fields.day("first"), fields.day("last"), fields.label("name"))


def _days(item: Item) -> Days:
    """One of the organisation's own stretches: `last` may be left out for a single day, `name` altogether."""
    with item.fields() as fields:
        first = fields.day("first")
        end = fields.get("last")
        last = end.day() if end else first
        if end is not None and last < first and last != date.min:
            end.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.DATE,))
        name = fields.text("name", "")
        return Days(first, last, Label(name, name))


def _usual_region(organisation: Organisation) -> Region:
    """Return the region when none is named: the likely one, or no more than the country's public holidays."""
    return likely_region(organisation.kind, organisation.country) or REGIONS_OF[organisation.country][-1]
