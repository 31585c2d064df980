"""Integrity checks: a part every week, everything within a quarter, by tier; disks when they are there anyway."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.assessment.checks import PARTS, QUARTER, part_name, parts_of
from app.assessment.model import Obligation, Timing
from app.policy.model import Classification
from app.records.facts import Outcome, Run, RunKind
from tests.unit.assessment.builders import (
    DAY,
    SET_UP,
    T0,
    T1,
    T2,
    data_set,
    disk,
    facts,
    judge,
    machine,
    obligation,
    place,
    policy,
    run,
)

WEEK = 7 * DAY
ALL = frozenset(range(1, PARTS + 1))


def check(days: float, part: str = "", outcome: Outcome = Outcome.GOOD, target: str = "nas") -> Run:
    from dataclasses import replace

    made = run(SET_UP + days * DAY, outcome, data_set="", kind=RunKind.CHECK, target=target)
    return replace(made, part=part)


def owed(*runs: Run, after: float, tier: Classification = T1, removable: bool = False) -> Obligation:
    organisation = policy(data_set(classification=tier))
    where = machine(disk("b") if removable else place("nas"), of=organisation)
    name = "check:b" if removable else "check:nas"
    return obligation(judge(facts(*runs), now=SET_UP + after * DAY, of=organisation, on=where), name)


def next_parts(owed_: Obligation) -> frozenset[int]:
    return parts_of(dict(owed_.data)["part"])


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", ALL), ("3/13", {3}), ("4,5/13", {4, 5}), ("structure", set()), ("1/7", set()), ("0,14,x/13", set())],
)
def test_parts_are_read_as_the_records_keep_them(text: str, parts: set[int]) -> None:
    assert parts_of(text) == parts


@given(st.frozensets(st.integers(1, PARTS), min_size=1))
def test_parts_keep_their_name(parts: frozenset[int]) -> None:
    assert parts_of(part_name(parts)) == parts


def test_a_check_a_week_and_late_after_four() -> None:
    assert [owed(after=days).timing for days in (6, 8, 27, 29)] == [
        Timing.MET,
        Timing.DUE,
        Timing.DUE,
        Timing.OVERDUE,
    ]
    assert owed(check(8, "1/13"), after=14).timing is Timing.MET
    assert owed(check(8, "1/13", Outcome.FAILED), after=30).timing is Timing.OVERDUE
    assert owed(check(8, "structure"), after=30).timing is Timing.OVERDUE, "it read no data"


def test_the_tier_sets_the_pace() -> None:
    assert owed(after=8, tier=T0).timing is Timing.MET
    assert owed(after=29, tier=T0).timing is Timing.DUE
    assert len(next_parts(owed(after=29, tier=T0))) == 5
    assert len(next_parts(owed(after=7, tier=T1))) == 1
    assert len(next_parts(owed(after=7, tier=T2))) == 2


def test_what_was_read_longest_ago_comes_first() -> None:
    runs = (check(8, "1/13"), check(15, "2/13"), check(22, "3/13"))
    assert next_parts(owed(*runs, after=29)) == {4}


def test_a_disk_is_checked_when_it_is_there_and_never_asked_for() -> None:
    after_a_month = owed(after=28, removable=True)
    assert after_a_month.timing is Timing.DUE
    assert len(next_parts(after_a_month)) == 4, "as many as will do if it comes once a month"
    assert owed(after=80, removable=True).timing is Timing.DUE, "late only when something has gone unread for a quarter"
    assert owed(after=92, removable=True).timing is Timing.OVERDUE
    assert next_parts(owed(after=92, removable=True)) == ALL


@given(st.sampled_from((T0, T1, T2)), st.booleans(), st.lists(st.integers(1, 20), min_size=40, max_size=60))
@settings(max_examples=40, deadline=None)
def test_whenever_checks_happen_all_is_read_within_a_quarter_and_one_visit(
    tier: Classification, removable: bool, pauses: list[int]
) -> None:
    """However long the computer or the disk is away between two looks, nothing stays unread for longer than needed."""
    runs: list[Run] = []
    read = dict.fromkeys(range(1, PARTS + 1), 0.0)
    day = 0.0
    for pause in pauses:
        day += pause
        due = owed(*runs, after=day, tier=tier, removable=removable)
        while due.timing is not Timing.MET:
            parts = next_parts(due)
            runs.append(check(day, part_name(parts), target="b" if removable else "nas"))
            read |= dict.fromkeys(parts, day)
            day += 0.01
            due = owed(*runs, after=day, tier=tier, removable=removable)
        oldest = min(read.values())
        assert day - oldest <= QUARTER / DAY + max(pauses) + 1
    assert due.due <= SET_UP + min(read.values()) * DAY + QUARTER + timedelta(hours=2)
