"""Times and sizes that a person can feel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.i18n import set_language
from app.wording.sizes import felt_size
from app.wording.times import before, felt_duration, felt_time, lateness, remaining
from tests.unit.assessment.builders import NOW, TZ, at


@pytest.mark.usefixtures("dutch")
@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-23 17:02", "zonet"),
        ("2026-11-23 16:20", "42 minuten geleden"),
        ("2026-11-23 15:22", "vandaag 15:22"),
        ("2026-11-22 18:04", "gisteren 18:04"),
        ("2026-11-22 00:00", "gisteren 00:00"),
        ("2026-11-21 23:59", "za 21 november"),
        ("2026-11-14 10:00", "za 14 november"),
        ("2025-11-14 10:00", "14 november 2025"),
        ("2026-11-23 17:14", "over 12 minuten"),
        ("2026-11-23 18:30", "vandaag 18:30"),
        ("2026-11-24 18:00", "morgen 18:00"),
        ("2026-11-30 18:00", "ma 30 november"),
        ("2027-12-01 18:00", "1 december 2027"),
    ],
)
def test_moments_in_dutch(moment: str, said: str) -> None:
    assert felt_time(at(moment), NOW, TZ) == said


@pytest.mark.parametrize(
    ("seconds", "dutch", "english"),
    [
        (40, "40 seconden geleden", "40 seconds ago"),
        (60, "1 minuut geleden", "1 minute ago"),
        (119, "1 minuut geleden", "1 minute ago"),
        (-90, "over 2 minuten", "in 2 minutes"),
    ],
)
def test_just_passed_and_soon(seconds: int, dutch: str, english: str) -> None:
    moment = NOW - timedelta(seconds=seconds)
    assert felt_time(moment, NOW, TZ) == english
    set_language("nl")
    assert felt_time(moment, NOW, TZ) == dutch


@pytest.mark.usefixtures("dutch")
def test_days_are_those_on_the_spot_when_summer_time_ends() -> None:
    morning_after = at("2026-10-25 08:00")
    assert felt_time(at("2026-10-24 18:00"), morning_after, TZ) == "gisteren 18:00"
    assert felt_time(at("2026-10-25 00:30"), morning_after, TZ) == "vandaag 00:30"
    assert felt_time(at("2026-03-28 23:30"), at("2026-03-29 08:00"), TZ) == "gisteren 23:30"


@pytest.mark.usefixtures("dutch")
@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-23 17:10", "op tijd"),
        ("2026-11-23 17:01", "1 minuut te laat"),
        ("2026-11-23 16:20", "42 minuten te laat"),
        ("2026-11-23 12:00", "5 uur te laat"),
        ("2026-11-22 17:02", "1 dag te laat"),
        ("2026-11-21 10:00", "2 dagen te laat"),
    ],
)
def test_lateness_in_dutch(due: str, said: str) -> None:
    assert lateness(at(due), NOW, TZ) == said


@pytest.mark.usefixtures("dutch")
def test_a_day_late_is_a_day_on_the_wall_clock() -> None:
    assert lateness(at("2026-10-24 18:00"), at("2026-10-25 18:00"), TZ) == "1 dag te laat"
    assert lateness(at("2026-03-28 18:00"), at("2026-03-29 18:00"), TZ) == "1 dag te laat"


@pytest.mark.usefixtures("dutch")
@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-23 18:00", "vandaag vóór 18:00"),
        ("2026-11-24 18:00", "morgen vóór 18:00"),
        ("2026-11-30 12:00", "vóór 30 november"),
        ("2027-12-30 12:00", "vóór 30 december 2027"),
    ],
)
def test_until_when_it_may_wait(due: str, said: str) -> None:
    assert before(at(due), NOW, TZ) == said


@pytest.mark.usefixtures("dutch")
@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 seconde"),
        (59.6, "1 minuut"),
        (720, "12 minuten"),
        (3570, "1 uur"),
        (7200, "2 uur"),
        (172800, "2 dagen"),
    ],
)
def test_durations_in_dutch(seconds: float, said: str) -> None:
    assert felt_duration(seconds) == said


@pytest.mark.usefixtures("dutch")
def test_remaining_time() -> None:
    assert remaining(720) == "nog 12 minuten"


@pytest.mark.parametrize(
    ("size", "dutch", "english"),
    [
        (0, "0 bytes", "0 bytes"),
        (1, "1 byte", "1 byte"),
        (999, "999 bytes", "999 bytes"),
        (1000, "1 kB", "1 kB"),
        (48_100, "48 kB", "48 kB"),
        (1_900_000_000, "1,9 GB", "1.9 GB"),
        (9_990_000, "10 MB", "10 MB"),
        (999_700, "1 MB", "1 MB"),
        (931_000_000_000, "931 GB", "931 GB"),
        (10**19, "10 000 PB", "10,000 PB"),
    ],
)
def test_sizes(size: int, dutch: str, english: str) -> None:
    assert felt_size(size) == english
    set_language("nl")
    assert felt_size(size) == dutch
