"""One session of continuous copying, with its own numbers: how long something waited, by a clock that people set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.jobs.sync import _as_the_clock_is_now
from app.records.facts import RunId, SyncState

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WAITING = SyncState(
    data_set="marks",
    target="elsewhere",
    run=RunId(1),
    since=NOON - timedelta(hours=2),
    at=NOON,
    safe_until=NOON - timedelta(minutes=11),
    waiting_since=NOON - timedelta(minutes=10),
    link_up=False,
)


@pytest.mark.parametrize("back", [timedelta(minutes=1), timedelta(hours=1), timedelta(days=4000)])
def test_a_clock_that_is_set_back_takes_nothing_off_what_has_waited(back: timedelta) -> None:
    now = NOON + timedelta(seconds=5) - back
    moved = _as_the_clock_is_now(WAITING, now, passed_s=5.0)
    assert moved.waiting_since is not None
    assert moved.safe_until is not None
    assert now - moved.waiting_since == timedelta(minutes=10, seconds=5)
    assert now - moved.safe_until == timedelta(minutes=11, seconds=5)
    assert now - moved.since == timedelta(hours=2, seconds=5), "a session does not end before it began"


@pytest.mark.parametrize("ahead_s", [-1.0, 0.0, 1.0, 8 * 3600.0])
def test_a_clock_that_is_kept_right_or_slept_is_believed(ahead_s: float) -> None:
    now = NOON + timedelta(seconds=5 + ahead_s)
    assert _as_the_clock_is_now(WAITING, now, passed_s=5.0) == WAITING
