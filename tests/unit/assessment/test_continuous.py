"""The lag of continuous copies: measured, judged against the policy, and counted over the year."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.assessment.checklist import evidence
from app.assessment.model import EvidenceLine, FindingCode, State, SyncHealth
from app.records.facts import Facts, RunId, SyncPeriod, SyncState, Verdict
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    SET_UP,
    T1,
    T2,
    data_set,
    disk,
    facts,
    found,
    judge,
    machine,
    place,
    policy,
)

MINUTE = timedelta(minutes=1)
OURS = policy(data_set(classification=T2), data_set("menu", T1))
ELSEWHERE = machine(place("nas"), place("cloud", offsite=True), disk(), of=OURS)


def state(
    waiting: timedelta | None = None, *, written: timedelta = timedelta(seconds=3), link_up: bool = True
) -> SyncState:
    return SyncState(
        "puntenboek",
        "cloud",
        RunId(7),
        SET_UP,
        NOW - written,
        NOW - HOUR,
        None if waiting is None else NOW - waiting,
        link_up,
        copies=12,
    )


def health(*states: SyncState) -> SyncHealth:
    (only,) = judge(facts(syncs=states), of=OURS, on=ELSEWHERE).syncs
    return only


def test_a_set_that_needs_it_is_copied_to_places_elsewhere_that_are_always_there() -> None:
    assert (health(state()).data_set, health(state()).target) == ("puntenboek", "cloud")
    assert judge(facts(), of=OURS, on=machine(place("nas"), disk(), of=OURS)).syncs == ()


def test_without_such_a_place_the_policy_is_not_met() -> None:
    at_home = machine(place("nas"), disk(), of=OURS)
    finding = found(judge(facts(), of=OURS, on=at_home), FindingCode.NO_CONTINUOUS)
    assert finding is not None
    assert dict(finding.data)["data_sets"] == "Puntenboek"
    assert found(judge(facts(), of=OURS, on=ELSEWHERE), FindingCode.NO_CONTINUOUS) is None


@pytest.mark.parametrize(
    ("waiting", "light"),
    [
        (None, State.OK),
        (14 * MINUTE, State.OK),
        (16 * MINUTE, State.ATTENTION),
        (59 * MINUTE, State.ATTENTION),
        (61 * MINUTE, State.ERROR),
    ],
)
def test_the_light_follows_how_long_the_oldest_change_has_waited(waiting: timedelta | None, light: State) -> None:
    now = health(state(waiting))
    assert (now.state, now.lag) == (light, waiting or timedelta(0))
    assert judge(facts(syncs=(state(waiting),)), of=OURS, on=ELSEWHERE).state >= light


def test_a_session_that_fell_silent_lags_since_its_last_word() -> None:
    silent = health(state(written=40 * MINUTE))
    assert (silent.live, silent.lag, silent.state) == (False, 40 * MINUTE, State.ATTENTION)


def test_one_that_never_began_is_not_silently_right() -> None:
    never = health()
    assert (never.lag, never.state) == (None, State.ATTENTION)


@pytest.mark.parametrize(("link_up", "code"), [(True, FindingCode.SYNC_BEHIND), (False, FindingCode.SYNC_LINK_DOWN)])
def test_what_lags_is_named_with_its_cause(link_up: bool, code: FindingCode) -> None:
    finding = found(judge(facts(syncs=(state(HOUR, link_up=link_up),)), of=OURS, on=ELSEWHERE), code)
    assert finding is not None
    assert dict(finding.data) == {"data_set": "Puntenboek", "target": "CLOUD", "lag_s": "3600"}
    assert finding.why == ("S2-4b",)


def period(late: timedelta, lasted: timedelta = 9 * DAY) -> SyncPeriod:
    return SyncPeriod(
        RunId(3), "puntenboek", "cloud", NOW - 10 * DAY, NOW - 10 * DAY + lasted, 99, 60.0, late.total_seconds()
    )


def c10(known: Facts) -> EvidenceLine:
    lines = evidence(OURS, ELSEWHERE, known, judge(known, of=OURS, on=ELSEWHERE), NOW)
    return next(line for line in lines if line.item.id == "C10")


def test_the_checklist_counts_how_long_it_was_late() -> None:
    line = c10(facts(sync_periods=(period(2 * HOUR),)))
    assert (line.verdict, dict(line.data)) == (Verdict.OK, {"percent": "99"})
    line = c10(facts(sync_periods=(period(3 * HOUR),)))
    assert (line.verdict, dict(line.data)) == (Verdict.NOT_OK, {"percent": "98.6"})


def test_of_a_few_hours_nothing_is_said_yet() -> None:
    line = c10(facts(sync_periods=(period(timedelta(0), lasted=3 * HOUR),)))
    assert (line.known, line.verdict) == (False, None)
