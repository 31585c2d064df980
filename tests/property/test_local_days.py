"""Days on the wall clock: an hour comes once a day, in every zone, over every change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from app.assessment.local_time import last_occurrence, later, local_moment

ZONES = (
    "Europe/Brussels", "Europe/Amsterdam", "Europe/London", "Europe/Lisbon", "Atlantic/Azores", "America/New_York",
    "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia",
    "Africa/Casablanca", "UTC",
)  # fmt: skip
DAY = timedelta(days=1)
zones = st.sampled_from(ZONES).map(ZoneInfo)
years = st.integers(2020, 2036)
pauses = st.lists(st.integers(1, 60 * 30), min_size=60, max_size=60)
hours = st.integers(0, 3) | st.integers(0, 23)


@given(zones, years, hours, st.integers(0, 59))
@settings(max_examples=150, deadline=None)
def test_an_hour_comes_once_on_every_day_of_a_year(zone: ZoneInfo, year: int, hour: int, minute: int) -> None:
    day = date(year, 1, 1)
    before = local_moment(day - DAY, hour, minute, zone)
    while day.year == year:
        moment = local_moment(day, hour, minute, zone)
        assert timedelta(hours=21) <= moment - before <= timedelta(hours=27) or zone.key == "Pacific/Apia"
        assert moment > before, "never twice, never skipped"
        before, day = moment, day + DAY


@given(zones, years, st.integers(0, 365 * 24 * 60))
@settings(max_examples=300, deadline=None)
def test_a_day_later_is_the_same_hour_and_moves_on(zone: ZoneInfo, year: int, minutes: int) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    after = later(moment, DAY, zone)
    assert timedelta(hours=21) <= after - moment <= timedelta(hours=27)
    shift = (after.astimezone(zone).utcoffset() or DAY) - (moment.astimezone(zone).utcoffset() or DAY)
    same = moment.astimezone(zone).time() == after.astimezone(zone).time()
    assert same or shift != timedelta(0), "another hour only where the clock itself was moved"


@given(
    zones,
    years,
    st.integers(60, 300),
    hours,
    st.integers(0, 59),
    st.lists(st.integers(1, 60 * 30), min_size=60, max_size=60),
)
@settings(max_examples=150, deadline=None)
def test_whoever_looks_at_odd_moments_finds_each_occurrence_once(
    zone: ZoneInfo, year: int, start: int, hour: int, minute: int, steps: list[int]
) -> None:
    """The scheduler's question, asked whenever the computer happens to be on: no occurrence is met twice."""
    last = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=start)
    now = last
    seen: list[datetime] = []
    for step in steps:
        now += timedelta(minutes=step)
        occurred = last_occurrence((hour, minute), last, now, zone)
        if occurred is not None:
            assert last < occurred <= now
            seen.append(occurred)
            last = occurred
        assert now - last <= timedelta(hours=27), "never skipped"
    days = [moment.astimezone(zone).date() for moment in seen]
    assert len(days) == len(set(days)), "never twice on a day"
