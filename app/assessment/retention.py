"""Letting go of old versions: when the machine clears a place, and what stands in the way (REQUIREMENTS S1-10, C35)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.assessment.copies import target_data
from app.assessment.holds import held_sets, held_whole, standing
from app.assessment.local_time import local_moment
from app.assessment.model import Finding, FindingCode, Obligation, ObligationKind, State, Timing
from app.assessment.situation import Situation
from app.assessment.timing import machine_timing, with_attempts
from app.policy.machine import Purpose, Target
from app.policy.model import Basis, Retention
from app.records.facts import Outcome, RunKind

LATE_AFTER = timedelta(days=7)
_FAR = timedelta(days=36_500)
_WAITING = frozenset({"repository-locked", "keeping-everything", "target-not-there"})
"""A clearing that ended with one of these found the place in use, held or gone: that is nobody's fault."""


def prune_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return the clearing of each place for copies: after good copies, at most once a day.

    A server that only ever adds is cleared by whoever keeps it.
    """
    cleared = (t for t in situation.machine.targets if t.purpose is Purpose.COPIES and not t.only_adds)
    return tuple(_obligation(situation, target) for target in cleared)


def _obligation(situation: Situation, target: Target) -> Obligation:
    now, history = situation.now, situation.history
    runs = history.at(RunKind.PRUNE, "", target.id)
    last = next((history.moment(run) for run in runs if run.outcome is Outcome.GOOD), None)
    copies = [history.copies(data_set.id, target.id) for data_set, _ in situation.plans]
    newest = max((moments[0] for moments in copies if moments), default=None)
    # As long as all versions are among the last that are kept anyway, there is nothing to clear.
    enough = any(len(moments) > situation.policy.retention.keep_last for moments in copies)
    opens = max(newest or history.set_up, _next_day(situation, last)) if last else newest or history.set_up
    due = opens + LATE_AFTER
    owed = enough and newest is not None and (last is None or newest > last)
    owed = owed and not held_whole(situation.facts, target.id)
    # A disk that was taken away before it was cleared is cleared when it comes back: nobody need fetch it.
    timing = machine_timing(now, opens, now + _FAR if target.removable else due) if owed else Timing.MET
    obligation = Obligation(
        id=f"prune:{target.id}",
        kind=ObligationKind.PRUNE,
        data_set=None,
        target=target.id,
        timing=timing,
        opens=opens,
        due=due,
        last_met=last,
        who=None,
        basis=Basis.RECOMMENDED,
        why=("S1-10",),
        data=target_data(target),
    )
    return with_attempts(obligation, runs, now)


def _next_day(situation: Situation, moment: datetime) -> datetime:
    day = moment.astimezone(situation.tz).date()
    return local_moment(day + timedelta(days=1), 0, 0, situation.tz)


def retention_findings(situation: Situation) -> Iterator[Finding]:
    """Say what is not cleared, and that a back-up is no archive."""
    facts, now = situation.facts, situation.now
    held = [t for t in situation.machine.targets if held_whole(facts, t.id) or held_sets(facts, t.id)]
    if held and standing(facts):
        names = ", ".join(target.name for target in held)
        yield Finding(
            FindingCode.KEEPING_EVERYTHING, State.ATTENTION, "", Basis.SOURCE, ("S4-3",), (("targets", names),)
        )
    for obligation in prune_obligations(situation):
        runs = situation.history.at(RunKind.PRUNE, "", obligation.target or "")
        newest = next((r for r in runs if r.outcome in (Outcome.FAILED, Outcome.INCOMPLETE, Outcome.GOOD)), None)
        if newest is None or newest.outcome is Outcome.GOOD or newest.error_code in _WAITING:
            continue
        if obligation.timing is not Timing.MET and now > obligation.due:
            data = (*obligation.data, ("run", str(newest.id)), ("error", newest.error_code))
            yield Finding(
                FindingCode.PRUNE_FAILED, State.ATTENTION, obligation.target or "", Basis.RECOMMENDED, ("S1-10",), data
            )
    yield from _no_archive(situation)


def _no_archive(situation: Situation) -> Iterator[Finding]:
    """Advice, never a light: what the law wants kept for longer than versions are belongs in an archive."""
    policy = situation.policy
    kept = kept_for(policy.retention)
    year = timedelta(days=365)
    laws = [
        law
        for law in policy.legal_retention
        if law.country == policy.organisation.country and law.years is not None and law.years * year > kept
    ]
    if laws and policy.data_sets:
        yield Finding(
            FindingCode.NO_ARCHIVE,
            State.OK,
            "",
            Basis.RECOMMENDED,
            ("S1-10",),
            (
                ("years", str(max(law.years or 0 for law in laws))),
                ("kept_days", str(kept.days)),
                ("laws_nl", ", ".join(law.label.nl for law in laws)),
                ("laws_en", ", ".join(law.label.en for law in laws)),
            ),
        )


def kept_for(retention: Retention) -> timedelta:
    """Return how far back the versions of a set go that is copied every day."""
    return max(
        timedelta(days=retention.keep_daily),
        timedelta(weeks=retention.keep_weekly),
        timedelta(days=30 * retention.keep_monthly),
        timedelta(days=365 * retention.keep_yearly),
    )
