"""Continuous copies are thinned so that what was spoiled can be turned back: a day finely, a week by the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.jobs.thinning import superfluous
from app.repository.model import BlobId, Snapshot, SnapshotId

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def copy(age: timedelta) -> Snapshot:
    name = SnapshotId(f"{int(age.total_seconds() * 1000):064d}")
    return Snapshot(name, NOW - age, BlobId(bytes(32)), (b"/marks",), "pc", "an")


def left(ages: list[timedelta], later: timedelta = timedelta(0)) -> list[timedelta]:
    copies = [copy(age) for age in ages]
    gone = set(superfluous(copies, NOW + later))
    return sorted(NOW - one.time for one in copies if one.id not in gone)


def test_everything_of_the_last_hour_stays() -> None:
    ages = [timedelta(seconds=5 * n) for n in range(720)]
    assert left(ages) == ages


def test_one_for_every_ten_minutes_of_a_day_and_for_every_hour_of_a_week() -> None:
    kept = left([n * MINUTE for n in range(10 * 24 * 60)])
    assert len([age for age in kept if HOUR < age <= DAY]) in (138, 139)
    assert len([age for age in kept if DAY < age <= 7 * DAY]) in (144, 145)
    assert not [age for age in kept if age > 7 * DAY], "the daily copies reach further back"


def test_the_newest_stays_however_old_and_one_from_the_future_too() -> None:
    assert left([30 * DAY, 40 * DAY]) == [30 * DAY]
    assert left([-DAY, -2 * DAY, DAY]) == [-2 * DAY, -DAY, DAY]


ages_of_copies = st.lists(
    st.integers(-3600, 20 * 86400).map(lambda seconds: timedelta(seconds=seconds)), max_size=60, unique=True
)


@given(ages_of_copies, st.integers(0, 10 * 86400))
def test_thinning_now_and_again_later_leaves_what_thinning_later_leaves(ages: list[timedelta], later_s: int) -> None:
    later = timedelta(seconds=later_s)
    assert left(left(ages), later) == left(ages, later)


@given(ages_of_copies)
def test_there_is_always_a_copy_close_to_what_is_gone(ages: list[timedelta]) -> None:
    kept = left(ages)
    for age in set(ages) - set(kept):
        if age <= 7 * DAY:
            span = 10 * MINUTE if age <= DAY else HOUR
            assert any(abs(age - other) < span for other in kept)
