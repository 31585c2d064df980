"""What opens a review of the policy before its year is over (REQUIREMENTS S1-9.1, S3-9.2): what somebody declares, and
what the records show by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.assessment.local_time import local_moment
from app.assessment.run_findings import DAMAGE
from app.assessment.situation import Situation
from app.records.facts import AnomalyVerdict, Outcome, RunKind

EVENT: Final = "event:"
"""Before a trigger's id: the subject of an attestation that it has happened."""
LONG_OUTAGE: Final = timedelta(hours=4)
SETTLING_IN: Final = timedelta(days=60)
"""In the first weeks places come into use one after the other: that is the set-up, not a change."""


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """Something that happened after the last review. `what` is a name or, of a declared event, a remark; `by` is empty
    for what Vangnet saw itself."""

    trigger: str
    at: datetime
    what: str
    by: str = ""


def review_events(situation: Situation, last_review: datetime | None) -> tuple[ReviewEvent, ...]:
    """Return what has happened since the last review, the earliest first; only the policy's own triggers count.

    Before the first one, only what somebody declares: the set-up itself is no change.
    """
    known = {trigger.id for trigger in situation.policy.review_triggers}
    since = last_review or situation.history.set_up
    sources = SOURCES if last_review is not None else [_declared]
    events = (event for source in sources for event in source(situation, since))
    return tuple(
        sorted((e for e in events if e.trigger in known and since < e.at <= situation.now), key=lambda e: e.at)
    )


def _declared(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    for attestation in situation.facts.attestations:
        if attestation.at > since and attestation.subject.startswith(EVENT):
            trigger = attestation.subject.removeprefix(EVENT)
            yield ReviewEvent(trigger, attestation.at, attestation.remark, attestation.by)


def _new_data_sets(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    approved = any(a.policy_sha256 == situation.policy.sha256 for a in situation.facts.approvals)
    for data_set in situation.policy.data_sets:
        if data_set.classified_on is None:
            continue
        day = local_moment(data_set.classified_on, 0, 0, situation.tz)
        # The file holds days, not hours: of the day of the last review itself, a policy that nobody approved tells.
        same_day = data_set.classified_on == since.astimezone(situation.tz).date() and not approved
        yield ReviewEvent("new-data-set", since + timedelta(microseconds=1) if same_day else day, data_set.name)


def _new_places(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    for target in situation.machine.targets:
        first = min((r.started for r in situation.history.runs if r.target == target.id), default=None)
        if first is not None and first > max(since, situation.history.set_up + SETTLING_IN):
            yield ReviewEvent("new-storage", first, target.name)


def _tests(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    names = {str(data_set.id): data_set.name for data_set, _ in situation.plans}
    for test in situation.history.restore_tests:
        if test.at <= since or test.data_set not in names:
            continue
        if not test.identical:
            yield ReviewEvent("test-finding", test.at, names[test.data_set])
        elif not test.rto_met:
            yield ReviewEvent("missed-objective", test.at, names[test.data_set])


def _damage(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    names = {str(target.id): target.name for target in situation.machine.targets}
    for run in situation.history.runs:
        at = situation.history.moment(run)
        damaged = run.kind is RunKind.CHECK and run.outcome is Outcome.FAILED and run.error_code in DAMAGE
        if at > since and damaged and run.target in names:
            yield ReviewEvent("audit", at, names[run.target])


def _attacks(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    names = {str(data_set.id): data_set.name for data_set, _ in situation.plans}
    for anomaly in situation.facts.anomalies:
        if anomaly.at > since and anomaly.verdict is not AnomalyVerdict.OURS:
            yield ReviewEvent("major-incident", anomaly.at, names.get(anomaly.data_set, anomaly.data_set))


def _outages(situation: Situation, since: datetime) -> Iterator[ReviewEvent]:
    """Only those that hurt: a light that flickers is no reason to review a policy."""
    for outage in situation.facts.outages:
        lasted = (outage.ended or situation.now) - outage.began
        if outage.began > since and (outage.critical or lasted >= LONG_OUTAGE):
            yield ReviewEvent("major-incident", outage.began, outage.subject)


Seen = Callable[[Situation, datetime], Iterator[ReviewEvent]]

SOURCES: Final[list[Seen]] = [_declared, _new_data_sets, _new_places, _tests, _damage, _attacks, _outages]
"""Whoever gathers facts that say that something grave has happened adds a function here."""
