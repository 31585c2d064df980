"""Continuous copies are thinned so that what was spoiled can be turned back: a day finely, a week by the hour."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import FixedClock
from app.jobs.copies import CONTINUOUS_TAG
from app.jobs.thinning import Steadiness, may_have_leapt, superfluous, thin
from app.repository.backend.local import LocalBackend
from app.repository.model import BackupOptions, BlobId, Snapshot, SnapshotId
from app.repository.repository import Repository

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


def test_after_a_leap_of_the_clock_nothing_is_thinned_for_a_day() -> None:
    before = [copy(30 * DAY + n * MINUTE) for n in range(120)]
    assert may_have_leapt(before, NOW), "nothing was copied for a month, or the clock is a month ahead"
    since = [copy(n * MINUTE) for n in range(60)]
    assert may_have_leapt([*before, *since], NOW)
    assert may_have_leapt([*before, *since], NOW + DAY - HOUR - MINUTE)
    assert not may_have_leapt([*before, *since], NOW + DAY)


def test_a_week_end_without_changes_and_copies_from_the_future_are_no_leap() -> None:
    friday, monday = [copy(timedelta(days=2, hours=15) + n * MINUTE) for n in range(60)], [copy(MINUTE)]
    assert not may_have_leapt([*friday, *monday], NOW)
    assert not may_have_leapt([*monday, copy(-40 * DAY)], NOW)
    assert not may_have_leapt([], NOW)


class SetClock(FixedClock):
    """A clock that somebody can set without any time passing."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.parametrize("by", [30 * DAY, -30 * DAY, 9 * HOUR])
def test_a_clock_that_was_set_is_believed_again_when_it_has_gone_on_for_hours(by: timedelta) -> None:
    clock = SetClock(NOW)
    steadiness = Steadiness(clock)
    for minute in range(600):
        clock.move_to(NOW + minute * MINUTE)
        steadiness.look()
        assert steadiness.steady
    clock.ahead = by
    steadiness.look()
    assert not steadiness.steady
    for minute in range(600, 839):
        clock.move_to(NOW + minute * MINUTE)
        steadiness.look()
        assert not steadiness.steady
    clock.move_to(NOW + 14 * HOUR)
    assert steadiness.steady


def test_a_clock_a_month_ahead_costs_no_copy(tmp_path: Path) -> None:
    source = tmp_path / "marks"
    source.mkdir()
    clock = SetClock(NOW)
    repository = Repository.init(LocalBackend(tmp_path / "place"))

    def save() -> None:
        (source / "marks.txt").write_text(f"as of {clock.now()}")
        repository.backup([os.fsencode(source)], options=BackupOptions(tags=("set:marks", CONTINUOUS_TAG)), clock=clock)

    def pass_by(minutes: int) -> None:
        clock.move_to(clock.now() - clock.ahead + minutes * MINUTE)

    for _ in range(12):
        save()
        pass_by(15)
    assert thin(repository, "marks", clock.now(), clock) == 0
    clock.ahead = 40 * DAY
    assert thin(repository, "marks", clock.now(), clock) == 0
    save()
    assert thin(repository, "marks", clock.now(), clock) == 0
    assert len(repository.snapshots()) == 13
    pass_by(24 * 60)
    assert thin(repository, "marks", clock.now(), clock) == 12, "it has gone on for a day: they are that old"
