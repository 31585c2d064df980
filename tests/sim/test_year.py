"""A school year keeps every promise: all is met or announced, nothing is done twice, nobody is called in holidays."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from app.records.facts import Outcome, RunKind
from tests.sim.school import DAYS, NOT_BROUGHT, POWER_OFFS, TZ, fate, policy
from tests.sim.year import Year, simulate, table

FIXED_SEED = 1


def check(year: Year) -> None:
    print(table(year))
    assert year.broken == []
    good = [run for run in year.runs if run.outcome is Outcome.GOOD]
    for data_set in policy().data_sets:
        assert sum(run.kind is RunKind.FULL and run.data_set == data_set.id for run in good) == 1, "one school year"
        assert sum(run.kind is RunKind.RESTORE_TEST and run.data_set == data_set.id for run in good) >= 1
    for target in ("nas", "green", "red"):
        assert any(run.kind is RunKind.CHECK and run.target == target for run in good)
    assert all(run.finished is not None and run.finished - run.started < timedelta(hours=1) for run in year.runs)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_school_year_with_power_cuts_and_forgotten_disks() -> None:
    check(simulate(FIXED_SEED))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_another_school_year_drawn_by_chance() -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    check(simulate(seed))


def test_the_year_that_is_simulated_is_as_hard_as_it_says() -> None:
    drawn = fate(policy(), FIXED_SEED)
    assert drawn.power_offs == POWER_OFFS
    assert len(drawn.not_brought) == NOT_BROUGHT
    on = sum((end - begin for begin, end in drawn.on), timedelta())
    assert timedelta(days=60) < on < timedelta(days=DAYS / 3)
    is_open = policy().calendar.is_open
    for day in {begin.astimezone(TZ).date() for begin, _ in drawn.on}:
        # On another day only the power comes back, in a weekend that it was left on for.
        friday = day - timedelta(days=(day.weekday() - 4) % 7)
        assert is_open(day) or (is_open(friday) and day - friday <= timedelta(days=3)), day
