"""Where an obligation stands in time, and how bad that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.assessment.model import Obligation, ObligationKind, State, Timing
from app.clock import format_utc
from app.policy.model import Basis, Role
from app.records.facts import Outcome, Postponement, Run

NEAR_FUTURE = timedelta(minutes=5)
"""A clock that is corrected by the network may step back this much without anyone having set it back."""
RETRY_FIRST = timedelta(minutes=15)
RETRY_LONGEST = timedelta(hours=4)
AFTER_CANCEL = timedelta(hours=1)
"""Whoever stopped a run had a reason; the machine does not start it again under their hands."""


def grace(allowed: timedelta) -> timedelta:
    """Return how long a copy may be late before it is called overdue: one sixth of the allowed age.

    For a daily copy that makes 28 hours, the loss that BIO v1 12.3.1.3 accepts; a week gets 28 hours more.
    """
    return allowed / 6


def machine_timing(now: datetime, opens: datetime, late_from: datetime) -> Timing:
    """Judge what the machine does by itself: there is no "upcoming", it starts as soon as it may."""
    if now > late_from:
        return Timing.OVERDUE
    return Timing.DUE if now >= opens else Timing.MET


def people_timing(now: datetime, opens: datetime, due: datetime, *, urgent: timedelta) -> Timing:
    """Judge what people do: shown from `opens`, asked from `urgent` before `due`, overdue after it."""
    if now > due:
        return Timing.OVERDUE
    if now >= max(opens, due - urgent):
        return Timing.DUE
    return Timing.UPCOMING if now >= opens else Timing.MET


def severity(obligation: Obligation) -> State:
    """Return the light of one obligation. A late copy is judged with its data set, so here it is ATTENTION at most.

    What only the machine must do is quiet until it is overdue.
    """
    match obligation.timing:
        case Timing.MET | Timing.UPCOMING:
            return State.OK
        case Timing.DUE:
            return State.OK if obligation.who is None else State.ATTENTION
        case Timing.OVERDUE:
            return State.ATTENTION


def retry_at(attempts: tuple[Run, ...], last_met: datetime | None, now: datetime) -> datetime | None:
    """Return until when to wait after attempts (newest first) that did not succeed; None when nothing went wrong.

    15 minutes after the first failure, then four times as long each time, up to 4 hours.
    """
    failed = [r for r in attempts if r.outcome is not Outcome.RUNNING and (last_met is None or r.started > last_met)]
    if not failed:
        return None
    ended = ended_by(failed[0], now)
    if failed[0].outcome is Outcome.CANCELLED:
        return ended + AFTER_CANCEL
    return ended + min(RETRY_FIRST * int(4 ** min(len(failed) - 1, 3)), RETRY_LONGEST)


def ended_by(run: Run, now: datetime) -> datetime:
    """Return when a run ended; one that ended in the future met a wrong clock, and ended soon after it began."""
    ended = run.finished or run.started
    return ended if ended <= now + NEAR_FUTURE else min(run.started, now)


def with_attempts(obligation: Obligation, attempts: tuple[Run, ...], now: datetime) -> Obligation:
    """Say of a machine's obligation whether it is under way, and how long to wait after attempts that failed."""
    return replace(
        obligation,
        running=any(run.outcome is Outcome.RUNNING for run in attempts),
        not_before=retry_at(attempts, obligation.last_met, now),
    )


def postponed(obligation: Obligation, postponements: tuple[Postponement, ...], now: datetime) -> Obligation:
    """Apply the newest postponement, if one still holds. Only people's obligations can be put off."""
    if obligation.who is None or obligation.timing in (Timing.MET, Timing.UPCOMING):
        return obligation
    own = [p for p in postponements if p.obligation == obligation.id and p.at <= now]
    newest = max(own, key=lambda p: p.at, default=None)
    if newest is None or newest.until <= now:
        return obligation
    return replace(
        obligation,
        timing=Timing.UPCOMING,
        due=max(obligation.due, newest.until),
        data=(
            *obligation.data,
            ("postponed_by", newest.by),
            ("postponed_reason", newest.reason),
            ("postponed_until", format_utc(newest.until)),
        ),
    )


_TIMING_ORDER = (Timing.OVERDUE, Timing.DUE, Timing.UPCOMING, Timing.MET)
_KIND_ORDER = tuple(ObligationKind)


def urgency(obligation: Obligation) -> tuple[int, int, int, datetime, str]:
    """Return a sort key: late before due, demanded before advised, copies before the rest, the oldest first."""
    return (
        _TIMING_ORDER.index(obligation.timing),
        0 if obligation.basis is Basis.SOURCE else 1,
        _KIND_ORDER.index(obligation.kind),
        obligation.due,
        obligation.id,
    )


def peoples_duty(
    name: str,
    kind: ObligationKind,
    who: Role,
    why: tuple[str, ...],
    timing: Timing,
    between: tuple[datetime, datetime],
    last_met: datetime | None,
    *,
    basis: Basis = Basis.SOURCE,
    data: tuple[tuple[str, str], ...] = (),
) -> Obligation:
    """Return what somebody owes for the whole organisation, between opening and due."""
    opens, due = between
    return Obligation(
        id=name,
        kind=kind,
        data_set=None,
        target=None,
        timing=timing,
        opens=opens,
        due=due,
        last_met=last_met,
        who=who,
        basis=basis,
        why=why,
        data=data,
    )
