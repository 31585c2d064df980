"""What the agent judges anew, and what still holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.agent.judging import HOLDS_FOR, Judging
from app.clock import FixedClock, SystemClock
from app.jobs.installation import Installation
from app.records.facts import DriveSight, Outcome, RunKind, UpsSight
from app.records.store import Records
from tests.e2e.installation import TestHome, make_installation

MINUTE = timedelta(minutes=1)


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(SystemClock().now() + MINUTE)


@pytest.fixture
def records(school: TestHome, clock: FixedClock) -> Iterator[Records]:
    with Records.open(school.home, clock) as opened:
        yield opened


@pytest.fixture
def place(school: TestHome, clock: FixedClock) -> Installation:
    return Installation.load(school.home, clock)


def copy(records: Records, outcome: Outcome = Outcome.GOOD) -> None:
    run = records.start_run(RunKind.BACKUP, data_set="marks", target="nas", reason="due", pid=1, pid_started=1.0)
    records.finish_run(run, outcome)


def test_it_holds_while_nothing_changes_but_not_for_long(
    place: Installation, records: Records, clock: FixedClock
) -> None:
    judging = Judging(clock, records)
    first = judging.now(place)
    clock.move_to(clock.now() + MINUTE)
    assert judging.now(place) is first
    clock.move_to(clock.now() + HOLDS_FOR)
    assert judging.now(place) is not first


def test_every_change_is_seen_at_once(place: Installation, records: Records, clock: FixedClock) -> None:
    judging = Judging(clock, records)
    ups = UpsSight("ups", "UPS", clock.now(), True, ("OL",), 100.0, 900.0, 20.0)
    records.see_ups(ups)

    def by_another_process() -> None:
        with Records.open(place.home, clock) as others:
            copy(others)

    changes: tuple[Callable[[], None], ...] = (
        by_another_process,
        lambda: copy(records),
        lambda: records.see_drives([DriveSight("/dev/sdz1", "", "", "", "", "", "", 1, "")]),
        lambda: records.see_ups(replace(ups, flags=("OL", "RB"))),
    )
    for change in changes:
        before = judging.now(place)
        change()
        assert judging.now(place) is not before
        assert judging.now(place) is judging.now(place)
    assert judging.now(replace(place, refused=None)) is not before


def test_numbers_that_say_nothing_new_change_nothing(place: Installation, records: Records, clock: FixedClock) -> None:
    judging = Judging(clock, records)
    ups = UpsSight("ups", "UPS", clock.now(), True, ("OL",), 100.0, 900.0, 20.0)
    records.see_ups(ups)
    first = judging.now(place)
    records.see_ups(replace(ups, at=clock.now(), load_percent=21.0))
    assert judging.now(place) is first


def test_the_moment_at_which_the_machine_may_begin_is_not_missed(
    place: Installation, records: Records, clock: FixedClock
) -> None:
    for _copy in range(2):
        copy(records)
    judging = Judging(clock, records)

    def opens() -> datetime:
        return min(o.opens for o in judging.now(place).assessment.obligations if o.id == "backup:marks:nas")

    clock.move_to(opens() - MINUTE)
    first = judging.now(place)
    clock.move_to(opens() - timedelta(seconds=1))
    assert judging.now(place) is first
    clock.move_to(opens())
    assert judging.now(place) is not first


def test_a_clock_that_is_set_back_is_another_time(place: Installation, records: Records, clock: FixedClock) -> None:
    judging = Judging(clock, records)
    first = judging.now(place)
    clock.move_to(clock.now() - 2 * MINUTE)
    assert judging.now(place) is not first
