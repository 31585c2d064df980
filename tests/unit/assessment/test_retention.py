"""When old versions are cleared, what forbids it, and the warning that a back-up is no archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.assessment.holds import held_sets, held_whole
from app.assessment.model import FindingCode, Obligation, State, Timing
from app.policy.model import Basis, Label, LegalRetention, Policy
from app.records.facts import Anomaly, AnomalyVerdict, Hold, Outcome, Run, RunId, RunKind
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    at,
    disk,
    facts,
    found,
    judge,
    machine,
    obligation,
    place,
    quiet_policy,
    run,
    tended,
)

COPIES = tuple(run(NOW - (2 + days) * DAY) for days in range(9))
HOLD = Hold("h1", "", "", "asked", "", "An", NOW - DAY)


def cleared(when: object, outcome: Outcome = Outcome.GOOD, error: str = "") -> Run:
    assert not isinstance(when, str)
    return run(when, outcome, data_set="", kind=RunKind.PRUNE, error=error)  # type: ignore[arg-type]


def owed(*runs: Run, now: object = NOW, **more: object) -> Obligation:
    return obligation(judge(tended(*runs, **more), now=now, of=quiet_policy()), "prune:nas")  # type: ignore[arg-type]


def test_after_a_good_copy_once_a_day() -> None:
    today = run(NOW - HOUR)
    assert owed(*COPIES, today).timing is not Timing.MET
    assert owed(*COPIES, today, cleared(NOW - HOUR / 2)).timing is Timing.MET
    again = run(NOW - HOUR / 4)
    assert owed(*COPIES, today, cleared(NOW - HOUR / 2), again).timing is Timing.MET, "once a day is enough"
    tomorrow = at("2026-11-24 00:01")
    assert owed(*COPIES, today, cleared(NOW - HOUR / 2), again, now=tomorrow).timing is Timing.DUE


def test_nothing_to_clear_as_long_as_all_versions_are_kept_anyway() -> None:
    assert owed(run(NOW - HOUR)).timing is Timing.MET
    assert owed(*COPIES[:3]).timing is Timing.MET
    assert owed(*COPIES[:4]).timing is not Timing.MET


def test_a_hold_and_a_suspicion_stop_it() -> None:
    assert owed(*COPIES, holds=(HOLD,)).timing is Timing.MET
    assert owed(*COPIES, holds=(replace(HOLD, lifted_at=NOW),)).timing is not Timing.MET
    assert owed(*COPIES, holds=(replace(HOLD, target="elsewhere"),)).timing is not Timing.MET
    suspicion = Anomaly(RunId(1), "puntenboek", "elsewhere", NOW, ())
    assert owed(*COPIES, anomalies=(suspicion,)).timing is Timing.MET, "until it is judged nothing goes anywhere"
    judged = replace(suspicion, verdict=AnomalyVerdict.OURS, closed_at=NOW)
    assert owed(*COPIES, anomalies=(judged,)).timing is not Timing.MET


def test_a_hold_on_a_data_set_protects_that_set_only() -> None:
    known = tended(holds=(replace(HOLD, data_set="puntenboek"),))
    assert not held_whole(known, "nas")
    assert held_sets(known, "nas") == {"puntenboek"}
    assert found(judge(known), FindingCode.KEEPING_EVERYTHING) is not None


def test_a_disk_that_was_taken_away_first_is_cleared_when_it_comes_back() -> None:
    organisation = quiet_policy()
    copies = tuple(replace(copy, target="b") for copy in COPIES)
    where = machine(place("nas"), disk("b"), of=organisation)
    judged = judge(tended(*copies), now=NOW + 60 * DAY, of=organisation, on=where)
    assert obligation(judged, "prune:b").timing is Timing.DUE


def test_clearing_that_fails_for_a_week_is_a_finding_and_a_place_in_use_is_not() -> None:
    def finding(error: str, days: float) -> bool:
        runs = (*COPIES, cleared(NOW + (days - 0.1) * DAY, Outcome.FAILED, error))
        judged = judge(tended(*runs), now=NOW + days * DAY, of=quiet_policy())
        return found(judged, FindingCode.PRUNE_FAILED) is not None

    assert not finding("repository-damaged", 1)
    assert finding("repository-damaged", 8)
    assert not finding("repository-locked", 8)


def test_what_the_law_wants_for_longer_is_advice_to_keep_an_archive() -> None:
    def with_law(years: int) -> Policy:
        law = LegalRetention("accounting", Label("Boekhouding", "Accounting"), "BE", years, Label("", ""), True)
        return replace(quiet_policy(), legal_retention=(law, replace(law, country="NL")))

    advice = found(judge(facts(), of=with_law(10)), FindingCode.NO_ARCHIVE)
    assert advice is not None
    assert (advice.state, advice.basis) == (State.OK, Basis.RECOMMENDED)
    assert dict(advice.data)["laws_nl"] == "Boekhouding"
    assert found(judge(facts(), of=with_law(1)), FindingCode.NO_ARCHIVE) is None


def test_the_full_back_ups_of_each_school_year_stay_and_their_room_is_known() -> None:
    def full(number: int, at: datetime, written: int, outcome: Outcome = Outcome.GOOD) -> Run:
        return replace(run(at, kind=RunKind.FULL, outcome=outcome), id=RunId(number), bytes_added=written)

    made = (
        full(3, NOW - 5 * DAY, 300),
        full(2, NOW - 200 * DAY, 20),
        full(1, NOW - 201 * DAY, 1000),
        full(4, NOW - 600 * DAY, 7, Outcome.FAILED),
    )
    judged = judge(tended(*made), of=quiet_policy())
    fulls = {health.target: health.fulls for health in judged.targets}["nas"]
    assert [(kept.label, kept.stored_bytes) for kept in fulls] == [("2026-2027", 300), ("2025-2026", 1020)]
