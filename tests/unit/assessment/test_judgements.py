"""What waits for the director: one item a cause, anew when it happens again, and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.assessment.judgements import (
    CaseKind,
    actions_late,
    cases,
    judgement_tasks,
    missed_now,
    open_cases,
)
from app.assessment.model import FindingCode, ObligationKind, State, Timing
from app.assessment.schedule import next_runs
from app.assessment.situation import situation
from app.records.facts import (
    Anomaly,
    AnomalyVerdict,
    Facts,
    Judgement,
    Missed,
    Outcome,
    Ruling,
    Run,
    RunId,
    RunKind,
)
from tests.unit.assessment import builders as build

NOW, DAY, HOUR = build.NOW, build.DAY, build.HOUR


def failed(
    number: int,
    ago: timedelta,
    *,
    data_set: str = "puntenboek",
    target: str = "nas",
    code: str = "target-not-there",
    outcome: Outcome = Outcome.FAILED,
    kind: RunKind = RunKind.BACKUP,
) -> Run:
    at = NOW - ago
    return Run(RunId(number), kind, data_set, target, outcome, at, at, "due", error_code=code)


def facts(*runs: Run, judgements: tuple[Judgement, ...] = (), **more: object) -> Facts:
    return build.facts(*runs, judgements=judgements, **more)


def judged(case: str, until: datetime, ruling: Ruling = Ruling.ACCEPTED, **more: object) -> Judgement:
    base = Judgement(case, until, ruling, "gezien", "", None, "An", until + HOUR)
    return replace(base, **more)  # type: ignore[arg-type]  # the fields of a Judgement, by name


def test_ten_sets_that_missed_the_same_place_are_one_case() -> None:
    (case,) = cases(facts(*(failed(n, HOUR, data_set=f"set{n}") for n in range(10))), NOW)
    assert (case.kind, case.count, case.target, len(case.data_sets)) == (CaseKind.COPY_FAILED, 10, "nas", 10)
    assert case.open


def test_a_folder_that_is_gone_is_one_case_whatever_the_place() -> None:
    runs = (failed(1, HOUR, code="source-missing"), failed(2, HOUR, code="source-missing", target="disk"))
    (case,) = cases(facts(*runs), NOW)
    assert (case.target, case.data_sets, case.count) == ("", ("puntenboek",), 2)


def test_other_reasons_are_other_cases() -> None:
    found = cases(facts(failed(1, HOUR), failed(2, HOUR, code="disk-full"), failed(3, HOUR, target="disk")), NOW)
    assert len(found) == 3


def test_runs_that_went_well_or_were_stopped_by_somebody_are_no_case() -> None:
    runs = (failed(1, HOUR, outcome=Outcome.CANCELLED), failed(2, HOUR, outcome=Outcome.GOOD, code=""))
    assert cases(facts(*runs), NOW) == ()


def test_what_was_broken_off_is_one_case_and_a_sync_session_is_none() -> None:
    runs = (
        failed(1, HOUR, outcome=Outcome.INTERRUPTED),
        failed(2, HOUR, outcome=Outcome.INTERRUPTED, target="disk"),
        failed(3, HOUR, outcome=Outcome.INTERRUPTED, kind=RunKind.SYNC),
    )
    (case,) = cases(facts(*runs), NOW)
    assert (case.kind, case.count) == (CaseKind.BROKEN_OFF, 2)


def test_a_verdict_covers_what_had_happened_and_the_next_time_waits_anew() -> None:
    first, second = failed(1, 3 * DAY), failed(2, 2 * DAY)
    (case,) = open_cases(facts(first, second), NOW)
    verdict = judged(case.id, case.last)
    assert open_cases(facts(first, second, judgements=(verdict,)), NOW) == ()
    again = failed(3, HOUR)
    (waits,) = open_cases(facts(first, second, again, judgements=(verdict,)), NOW)
    assert (waits.count, waits.judgement) == (1, verdict)
    assert len(cases(facts(first, second, again, judgements=(verdict,)), NOW)) == 2


def test_what_happened_while_the_director_was_reading_is_not_covered() -> None:
    first, second = failed(1, 3 * HOUR), failed(2, 2 * HOUR)
    verdict = judged("copy-failed:nas:target-not-there", first.started, at=NOW)
    (waits,) = open_cases(facts(first, second, judgements=(verdict,)), NOW)
    assert waits.first == second.started


def test_the_director_owes_verdicts_within_a_day() -> None:
    fresh = situation(build.policy(), build.machine(), facts(failed(1, HOUR)), NOW, build.TZ)
    (task,) = judgement_tasks(fresh)
    assert (task.kind, task.timing, task.due) == (ObligationKind.JUDGE, Timing.UPCOMING, NOW - HOUR + DAY)
    old = situation(build.policy(), build.machine(), facts(failed(1, 25 * HOUR)), NOW, build.TZ)
    assert judgement_tasks(old)[0].timing is Timing.OVERDUE


def test_an_open_alarm_is_red_and_asks_for_an_answer_at_once() -> None:
    alarm = Anomaly(RunId(7), "puntenboek", "nas", NOW - HOUR, (("encrypted", "900"),))
    assessment = build.judge(facts(anomalies=(alarm,)))
    assert assessment.state is State.ERROR
    (finding,) = [f for f in assessment.findings if f.code is FindingCode.POSSIBLE_ATTACK]
    assert dict(finding.data)["encrypted"] == "900"
    assert assessment.tasks[0].kind is ObligationKind.ANSWER_ALARM
    closed = replace(alarm, verdict=AnomalyVerdict.OURS, closed_at=NOW, closed_by="An")
    assert not open_cases(facts(anomalies=(closed,)), NOW)


def test_a_missed_obligation_is_a_case_that_stays_when_it_is_met_later() -> None:
    missed = Missed("backup:puntenboek:nas", "backup", "puntenboek", "nas", NOW - 2 * DAY, NOW - DAY)
    (case,) = open_cases(facts(misses=(missed,)), NOW)
    assert (case.kind, case.data_sets, case.target) == (CaseKind.MISSED, ("puntenboek",), "nas")


def test_what_is_overdue_is_noted_but_not_the_directors_own_verdicts() -> None:
    assessment = build.judge(facts(failed(1, 30 * HOUR)))
    overdue = {o.id for o in assessment.obligations if o.timing is Timing.OVERDUE}
    assert "judge" in overdue
    assert {missed.obligation for missed in missed_now(assessment)} == overdue - {"judge"}


def test_an_action_that_is_late_is_told_until_a_later_verdict() -> None:
    due = (NOW - DAY).date()
    action = judged("x", NOW - 9 * DAY, Ruling.ACTION, action_owner="IT", action_due=due)
    assert actions_late((action,), NOW) == (action,)
    assert actions_late((action, judged("x", NOW - DAY)), NOW) == ()


def test_while_an_alarm_is_open_no_disk_is_asked_for_and_nothing_is_to_be_cleared() -> None:
    disk = build.machine(build.place(), build.disk())
    long_ago = build.run(NOW - 40 * DAY, target="b")
    recent = build.run(NOW - HOUR)
    calm = build.judge(build.tended(recent, long_ago, since=NOW - 50 * DAY), on=disk)
    asked = [o for o in calm.tasks if o.kind is ObligationKind.PLUG_IN_DISK and o.timing is not Timing.MET]
    assert asked, "without an alarm the disk is asked for"
    alarm = Anomaly(recent.id, "puntenboek", "nas", NOW - HOUR, (("encrypted", "900"),))
    alarmed = build.judge(build.tended(recent, long_ago, since=NOW - 50 * DAY, anomalies=(alarm,)), on=disk)
    assert not [o for o in alarmed.tasks if o.kind is ObligationKind.PLUG_IN_DISK]
    assert not [run for run in next_runs(alarmed) if run.kind is ObligationKind.PRUNE]
