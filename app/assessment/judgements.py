"""What went wrong and waits for the director's verdict (REQUIREMENTS S1-4.1.3, C32).

A case is one cause: a place that was not there for ten data sets at once is one case, and so is a copy that failed for
the same reason every night. A verdict covers what had happened by then; the same thing happening again waits anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.assessment.model import Assessment, Finding, FindingCode, Obligation, ObligationKind, State, Timing
from app.assessment.situation import Situation
from app.assessment.timing import peoples_duty
from app.policy.model import Basis, Role
from app.records.facts import Anomaly, AnomalyVerdict, Facts, Judgement, Missed, Outcome, Ruling, Run, RunKind

TO_JUDGE: Final = timedelta(hours=24)
"""How long a verdict may take before the governing body hears of it (S3-4.2.4)."""
SHORTEST_OUTAGE: Final = timedelta(minutes=1)
_OF_THE_SOURCE: Final = frozenset({"source-missing", "source-empty", "unknown-data-set"})
"""Errors that a data set has by itself, wherever its copy goes."""
_NOT_MISSED: Final = frozenset(
    {
        ObligationKind.JUDGE,
        ObligationKind.ANSWER_ALARM,
        ObligationKind.REPAIR_CONFIGURATION,
        ObligationKind.ENTER_PASSWORD,
    }
)


class CaseKind(StrEnum):
    """What happened; each has a text in both languages."""

    ALARM = "alarm"
    COPY_FAILED = "copy-failed"
    COPY_INCOMPLETE = "copy-incomplete"
    BROKEN_OFF = "broken-off"
    CHECK_FAILED = "check-failed"
    TEST_FAILED = "test-failed"
    RESTORE_FAILED = "restore-failed"
    OTHER_FAILED = "other-failed"
    MISSED = "missed"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Case:
    """Something that went wrong, once or again and again for the same reason, since it was last judged."""

    id: str
    kind: CaseKind
    first: datetime
    last: datetime
    count: int
    data_sets: tuple[str, ...]
    target: str
    data: tuple[tuple[str, str], ...]
    """What the text needs: the error with its data, the obligation and its kind, the outage's kind."""
    judgement: Judgement | None
    """The newest verdict on it; while `open`, it is one on what had happened before."""
    open: bool
    run: int = 0
    """The newest run that it is about."""

    @property
    def escalates_at(self) -> datetime:
        return self.first + TO_JUDGE


@dataclass(slots=True)
class _Happening:
    """Occurrences of one cause."""

    kind: CaseKind
    moments: list[datetime] = field(default_factory=list)
    data_sets: dict[str, None] = field(default_factory=dict)
    target: str = ""
    data: tuple[tuple[str, str], ...] = ()
    run: int = 0


@dataclass(frozen=True, slots=True)
class _Occurrence:
    case: str
    kind: CaseKind
    at: datetime
    data_set: str
    target: str
    data: tuple[tuple[str, str], ...] = ()
    run: int = 0


def cases(facts: Facts, now: datetime) -> tuple[Case, ...]:
    """Return every case of the records: those that wait first, then the judged ones, each the newest first."""
    judged: dict[str, Judgement] = {}
    for judgement in sorted(facts.judgements, key=lambda j: j.at):
        judged[judgement.case] = judgement
    grouped: dict[tuple[str, bool], _Happening] = {}
    for one in sorted(_occurrences(facts, now), key=lambda o: o.at):
        verdict = judged.get(one.case)
        waits = verdict is None or one.at > verdict.until
        group = grouped.setdefault((one.case, waits), _Happening(one.kind))
        group.moments.append(one.at)
        group.data_sets[one.data_set] = None
        group.target, group.data, group.run = one.target, one.data, one.run
    found = [_case(case, group, judged.get(case), waits) for (case, waits), group in grouped.items()]
    return tuple(sorted(found, key=lambda c: (c.open, c.kind is CaseKind.ALARM, c.last), reverse=True))


def open_cases(facts: Facts, now: datetime) -> tuple[Case, ...]:
    return tuple(case for case in cases(facts, now) if case.open)


def open_anomalies(facts: Facts) -> tuple[Anomaly, ...]:
    return tuple(anomaly for anomaly in facts.anomalies if anomaly.verdict is AnomalyVerdict.OPEN)


def judgement_tasks(situation: Situation) -> tuple[Obligation, ...]:
    """Return what the director owes: an answer to each alarm, and verdicts."""
    waiting = [case for case in open_cases(situation.facts, situation.now) if case.kind is not CaseKind.ALARM]
    alarms = tuple(_alarm_task(situation, anomaly) for anomaly in open_anomalies(situation.facts))
    return (*alarms, _judge_task(situation, waiting)) if waiting else alarms


def alarm_findings(situation: Situation) -> Iterator[Finding]:
    """Say of each data set that it may be under attack."""
    for anomaly in open_anomalies(situation.facts):
        data = (*anomaly.signs, ("data_set", _set_name(situation, anomaly.data_set)), ("run", str(anomaly.run)))
        yield Finding(FindingCode.POSSIBLE_ATTACK, State.ERROR, anomaly.data_set, Basis.SOURCE, ("S4-3",), data)


def notice_findings(situation: Situation) -> Iterator[Finding]:
    """Say that people could not be told: silence is no proof that all is well."""
    unsent = situation.facts.unsent
    if unsent:
        data = (("count", str(unsent)),)
        yield Finding(FindingCode.NOTICES_NOT_SENT, State.ATTENTION, "", Basis.SOURCE, ("S1-4.2.3",), data)


def missed_now(assessment: Assessment) -> tuple[Missed, ...]:
    """Return the obligations that are past their moment, for the agent to record."""
    return tuple(
        Missed(o.id, o.kind.value, o.data_set or "", o.target or "", o.due, assessment.at)
        for o in assessment.obligations
        if o.timing is Timing.OVERDUE and o.kind not in _NOT_MISSED
    )


def actions_late(judgements: Sequence[Judgement], now: datetime) -> tuple[Judgement, ...]:
    """Return the verdicts whose action should have been done by now and that no later verdict replaces."""
    newest = {judgement.case: judgement for judgement in sorted(judgements, key=lambda j: j.at)}
    return tuple(
        j
        for j in newest.values()
        if j.ruling is Ruling.ACTION and j.action_due is not None and j.action_due < now.date()
    )


def _case(case: str, group: _Happening, judgement: Judgement | None, waits: bool) -> Case:
    return Case(
        id=case,
        kind=group.kind,
        first=group.moments[0],
        last=group.moments[-1],
        count=len(group.moments),
        data_sets=tuple(name for name in group.data_sets if name),
        target=group.target,
        data=group.data,
        judgement=judgement,
        open=waits,
        run=group.run,
    )


# --- what happened ---------------------------------------------------------------------------------------------


def _occurrences(facts: Facts, now: datetime) -> Iterator[_Occurrence]:
    for run in facts.runs:
        if (found := _of_run(run)) is not None:
            yield found
    for missed in facts.misses:
        data = (("kind", missed.kind), ("obligation", missed.obligation))
        yield _Occurrence(
            f"missed:{missed.obligation}", CaseKind.MISSED, min(missed.at, now), missed.data_set, missed.target, data
        )
    for outage in facts.outages:
        # A blink of a minute is what a UPS is for.
        if outage.critical or (outage.ended or now) - outage.began >= SHORTEST_OUTAGE:
            about = (("kind", outage.kind.value), ("subject", outage.subject), ("cause", outage.cause.value))
            case = f"outage:{outage.kind.value}:{outage.subject}"
            yield _Occurrence(case, CaseKind.OUTAGE, min(outage.began, now), "", "", about)
    for anomaly in facts.anomalies:
        # What it turned out to be is the verdict; it is not asked twice.
        if anomaly.verdict is AnomalyVerdict.OPEN:
            yield _Occurrence(
                anomaly.hold_id, CaseKind.ALARM, anomaly.at, anomaly.data_set, anomaly.target, anomaly.signs,
                anomaly.run,
            )  # fmt: skip


def _of_run(run: Run) -> _Occurrence | None:
    at = run.finished or run.started
    match run.outcome:
        case Outcome.RUNNING | Outcome.GOOD | Outcome.CANCELLED:
            return None
        case Outcome.INTERRUPTED:
            # A session of continuous copying ends with the agent; all else that stops half-way has one cause.
            if run.kind is RunKind.SYNC:
                return None
            work = (("work", run.kind.value), ("place", run.target))
            return _Occurrence("broken-off", CaseKind.BROKEN_OFF, at, run.data_set, "", work, run.id)
        case Outcome.INCOMPLETE:
            case = f"{CaseKind.COPY_INCOMPLETE}:{run.data_set}"
            data = (("problems", str(run.problems_total)),)
            return _Occurrence(case, CaseKind.COPY_INCOMPLETE, at, run.data_set, run.target, data, run.id)
        case Outcome.FAILED:
            return _failed(run, at)


def _failed(run: Run, at: datetime) -> _Occurrence:
    kind = {
        RunKind.CHECK: CaseKind.CHECK_FAILED,
        RunKind.RESTORE_TEST: CaseKind.TEST_FAILED,
        RunKind.RESTORE: CaseKind.RESTORE_FAILED,
        RunKind.BACKUP: CaseKind.COPY_FAILED,
        RunKind.FULL: CaseKind.COPY_FAILED,
        RunKind.SYNC: CaseKind.COPY_FAILED,
    }.get(run.kind, CaseKind.OTHER_FAILED)
    by_set = run.error_code in _OF_THE_SOURCE or kind is CaseKind.TEST_FAILED
    subject = run.data_set if by_set else run.target
    data = (*run.error_data, ("error", run.error_code), ("kind", run.kind.value))
    case = f"{kind}:{subject}:{run.error_code or 'unknown'}"
    return _Occurrence(case, kind, at, run.data_set, "" if by_set else run.target, data, run.id)


# --- what the director owes ------------------------------------------------------------------------------------


def _judge_task(situation: Situation, waiting: Sequence[Case]) -> Obligation:
    first = min(case.first for case in waiting)
    due = first + TO_JUDGE
    newest = max((j.at for j in situation.facts.judgements), default=None)
    # The failures themselves have their light; that they wait for a verdict is no reason for worry within a day.
    timing = Timing.OVERDUE if situation.now > due else Timing.UPCOMING
    data = (("count", str(len(waiting))),)
    return peoples_duty(
        "judge", ObligationKind.JUDGE, Role.DIRECTOR, ("S1-4.1.3",), timing, (first, due), newest, data=data
    )


def _alarm_task(situation: Situation, anomaly: Anomaly) -> Obligation:
    data = (("data_set", _set_name(situation, anomaly.data_set)), ("run", str(anomaly.run)))
    at = min(anomaly.at, situation.now)
    name, kind = f"alarm:{anomaly.run}", ObligationKind.ANSWER_ALARM
    return peoples_duty(name, kind, Role.DIRECTOR, ("S4-3",), Timing.OVERDUE, (at, at), None, data=data)


def _set_name(situation: Situation, data_set: str) -> str:
    return next((s.name for s in situation.policy.data_sets if s.id == data_set), data_set)
