"""When people are there: weekends, public and school holidays, and the organisation's own days."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from app.policy.calendar import Calendar, Closure, Region, easter_sunday, public_holidays
from app.policy.calendar_file import FOLDER, calendar_of, region_days
from app.policy.errors import PolicyInvalid, Reason
from app.policy.load import parse_policy, template_text

REGIONS = tuple(region for region in Region if (FOLDER / f"{region.value}.yml").is_file())
YEARS = ("2025-2026", "2026-2027", "2027-2028", "2028-2029")


def policy_with(calendar: str) -> Calendar:
    text = template_text()
    start = text.index("\ncalendar:")
    return parse_policy((text[:start] + "\n" + calendar + text[text.index("\n# ─", start) :]).encode(), "p").calendar


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_at_least_four_school_years_in_order_that_do_not_overlap(region: Region) -> None:
    known = region_days(region)
    assert tuple(year.school_year for year in known.years[:4]) == YEARS
    days = list(known.holidays)
    assert days == sorted(days, key=lambda stretch: stretch.first)
    for earlier, later in itertools.pairwise(days):
        assert earlier.first <= earlier.last < later.first
    for year in known.years:
        summer = year.holidays[-1]
        assert 42 <= (summer.last - summer.first).days + 1 <= 66
        assert summer.first.year == int(year.school_year[5:])


@pytest.mark.parametrize("year", range(2025, 2030))
def test_flemish_holidays_follow_the_rules_of_the_decree(year: int) -> None:
    autumn, winter, spring, easter, ascension, summer = next(
        y.holidays for y in region_days(Region.BE_NL).years if y.school_year == f"{year}-{year + 1}"
    )

    def monday_of(day: date) -> date:
        return day - timedelta(days=day.weekday())

    all_saints, christmas, sunday = date(year, 11, 1), date(year, 12, 25), easter_sunday(year + 1)
    assert autumn.first == (date(year, 11, 2) if all_saints.weekday() == 6 else monday_of(all_saints))
    assert winter.first == monday_of(christmas) + timedelta(days=7 if christmas.weekday() >= 5 else 0)
    assert spring.first == monday_of(sunday - timedelta(weeks=6)) == sunday - timedelta(days=48)
    april = date(year + 1, 4, 1)
    first_monday = april + timedelta(days=-april.weekday() % 7)
    usual = sunday + timedelta(days=1) if sunday.month == 3 else first_monday
    assert easter.first == (sunday - timedelta(days=13) if sunday > date(year + 1, 4, 15) else usual)
    assert (ascension.first, ascension.last) == (sunday + timedelta(days=39), sunday + timedelta(days=40))
    assert (summer.first, summer.last) == (date(year + 1, 7, 1), date(year + 1, 8, 31))
    assert {stretch.first.weekday() for stretch in (autumn, winter, spring, easter)} == {0}


def test_dutch_christmas_and_may_holidays_are_the_same_in_all_regions() -> None:
    regions = (Region.NL_NOORD, Region.NL_MIDDEN, Region.NL_ZUID)
    for number in range(5):
        years = [region_days(region).years[number].holidays for region in regions]
        assert len({(year[1].first, year[1].last) for year in years}) == 1
        assert len({(year[3].first, year[3].last) for year in years}) == 1
        assert len({year[4].first for year in years}) == 3, "the summers are spread"


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_schools_of_the_french_community_keep_six_to_nine_weeks_between_holidays_of_two(number: int) -> None:
    years = region_days(Region.BE_FR).years
    days = [stretch for stretch in years[number].holidays if stretch.first != stretch.last]
    assert [(d.last - d.first).days + 1 for d in days[:-1]] == [14, 14, 14, 14]
    weeks = [((later.first - earlier.last).days - 1) / 7 for earlier, later in itertools.pairwise(days[:-1])]
    assert all(6 <= round(length) <= 9 for length in weeks)
    summer = days[-1]
    assert (summer.first.weekday(), summer.last.weekday()) == (5, 6), "from a Saturday until the Sunday before school"
    assert 22 <= summer.last.day <= 30


def test_what_is_a_guess_is_marked_and_begins_after_what_is_known() -> None:
    assert region_days(Region.BE_NL).expected_from is None
    assert region_days(Region.BE_DE).expected_from == date(2026, 11, 2)
    assert region_days(Region.BE_FR).expected_from == date(2027, 9, 27)


def test_holidays_written_into_the_policy_are_known_as_well() -> None:
    shipped = calendar_of(Region.BE_NL).known_until
    assert shipped == date(2030, 8, 31)
    later = policy_with(
        "calendar:\n  region: be-nl\n  closed: [{first: 2031-07-01, last: 2031-08-31}, {first: 2033-01-03}]\n"
    )
    assert later.known_until == date(2031, 8, 31), "a single day off is no year of holidays"


@pytest.mark.parametrize(
    ("year", "day"),
    [(2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2028, "2028-04-16"), (2038, "2038-04-25")],
)
def test_easter(year: int, day: str) -> None:
    assert easter_sunday(year) == date.fromisoformat(day)


def test_public_holidays_of_both_countries() -> None:
    assert len(public_holidays("BE", 2026)) == 10
    assert {date(2026, 7, 21), date(2026, 5, 25)} <= public_holidays("BE", 2026).keys()
    assert date(2025, 4, 26) in public_holidays("NL", 2025), "King's Day is never on a Sunday"
    assert date(2025, 5, 5) in public_holidays("NL", 2025)
    assert date(2026, 5, 5) not in public_holidays("NL", 2026)
    assert public_holidays("", 2026) == {}


def test_a_closure_runs_from_the_last_open_day_to_the_next() -> None:
    calendar = calendar_of(Region.BE_NL)
    assert calendar.closure(date(2026, 12, 24)) == Closure(date(2026, 12, 19), date(2027, 1, 3))
    assert calendar.last_open_before(date(2026, 12, 24)) == date(2026, 12, 18)
    assert calendar.next_open(date(2026, 12, 24)) == date(2027, 1, 4)
    assert calendar.closure(date(2026, 12, 18)) is None
    weekend = calendar.closure(date(2026, 11, 28))
    assert weekend is not None
    assert not weekend.is_long


def test_without_a_calendar_people_are_always_there() -> None:
    assert all(Calendar().is_open(date(2026, 12, 20) + timedelta(days=n)) for n in range(14))


def test_own_days_overrule_those_of_the_region() -> None:
    calendar = policy_with(
        "calendar:\n  region: be-nl\n  closed:\n    - first: 2026-11-09\n      last: 2026-11-10\n      name: Brug\n"
        "  open:\n    - {first: 2027-08-25}\n"
    )
    assert not calendar.is_open(date(2026, 11, 10))
    assert calendar.is_open(date(2027, 8, 25))
    assert not calendar.is_open(date(2027, 8, 26))
    bridge = calendar.holiday(date(2026, 11, 9))
    assert bridge is not None
    assert bridge.nl == "Brug"


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [("", Region.BE_NL), ("calendar:\n  region:\n", Region.BE_NL), ("calendar: {region: nl-zuid}\n", Region.NL_ZUID)],
)
def test_a_policy_that_names_no_region_gets_its_countrys(calendar: str, expected: Region) -> None:
    assert policy_with(calendar).region is expected


@pytest.mark.parametrize(
    ("calendar", "key", "reason"),
    [
        ("calendar: {region: vlaanderen}\n", "calendar.region", Reason.UNKNOWN_VALUE),
        ("calendar: {closed: [{first: 2026-13-01}]}\n", "calendar.closed[0].first", Reason.IMPOSSIBLE_VALUE),
        (
            "calendar: {open: [{first: 2026-11-09, last: 2026-11-08}]}\n",
            "calendar.open[0].last",
            Reason.IMPOSSIBLE_VALUE,
        ),
        ("calendar: {holidays: []}\n", "calendar.holidays", Reason.UNKNOWN_KEY),
        ("calendar: {closed: [{last: 2026-11-08}]}\n", "calendar.closed[0].first", Reason.MISSING_KEY),
    ],
)
def test_mistakes_are_named_with_line_and_key(calendar: str, key: str, reason: Reason) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy_with(calendar)
    assert [(problem.key, problem.reason) for problem in refused.value.problems] == [(key, reason)]
    assert refused.value.problems[0].line > 0
