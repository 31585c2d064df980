"""How much room copies want, from the runs that have been."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.assessment.space import GROWTH_UNKNOWN, SpaceNeed, space_need
from app.policy.model import DataSetId
from app.records.facts import Outcome, Run, RunKind
from tests.unit.assessment.builders import DAY, NOW, run

MARKS = DataSetId("puntenboek")
GB = 10**9


def sized(days_ago: float, size: int, added: int, **more: object) -> Run:
    return replace(run(NOW - timedelta(days=days_ago), **more), bytes_total=size, bytes_added=added)  # type: ignore[arg-type]


def test_nothing_copied_yet_wants_nothing_known() -> None:
    assert space_need((), (MARKS,), NOW) == SpaceNeed(0, 0)


def test_young_history_is_taken_to_grow_by_a_share_of_its_size() -> None:
    assert space_need((sized(2, 10 * GB, 10 * GB),), (MARKS,), NOW) == SpaceNeed(
        10 * GB, 10 * GB + round(10 * GB * GROWTH_UNKNOWN)
    )


def test_growth_is_what_was_added_after_the_first_copy_stretched_to_a_year() -> None:
    first = sized(73, 10 * GB, 10 * GB)
    daily = [sized(73 - day, 10 * GB, 10**7) for day in range(1, 73)]
    need = space_need((first, *daily), (MARKS,), NOW)
    assert need.first == 10 * GB
    assert need.year == 10 * GB + (72 * 10**7 * 5)


def test_the_place_that_takes_most_counts_and_failures_do_not() -> None:
    slow = [sized(30, GB, GB), sized(20, GB, 0)]
    busy = [sized(30, GB, GB, target="b"), sized(20, GB, 10**8, target="b")]
    failed = sized(1, 99 * GB, 99 * GB, outcome=Outcome.FAILED)
    other = sized(1, 99 * GB, 99 * GB, kind=RunKind.RESTORE_TEST)
    need = space_need((*slow, *busy, failed, other), (MARKS,), NOW)
    assert need.first == GB
    assert need.year == GB + round(10**8 * (365 * DAY / (30 * DAY)))


def test_sets_that_do_not_go_there_do_not_count() -> None:
    assert space_need((sized(2, GB, GB, data_set="fotos"),), (MARKS,), NOW) == SpaceNeed(0, 0)
