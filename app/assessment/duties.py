"""What people owe once a year or after a change: approve and review the policy, test the recovery key, sign the
checklist (REQUIREMENTS S0-3, S1-9.1, S3-9.2, C17 and section 5), and what the policy's own duties ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.assessment.local_time import later, local_moment, months_later
from app.assessment.model import Obligation, ObligationKind, Timing
from app.assessment.people_duties import duty_obligations
from app.assessment.review_events import ReviewEvent, review_events
from app.assessment.school_year import school_year, year_starting_in, yearly_duty
from app.assessment.situation import Situation, grounds
from app.assessment.timing import people_timing, peoples_duty
from app.policy.model import Demand, Role
from app.records.facts import Approval

REVIEW: Final = "review-policy"
"""The obligation's id, and the subject of an attestation that the policy was reviewed."""
TO_APPROVE = timedelta(days=14)
KEY_TEST_EVERY = timedelta(days=365)
TO_PROVE_THE_SHEET = timedelta(days=14)
KEY_TEST_SHOWN = timedelta(days=30)
KEY_TEST_URGENT = timedelta(days=14)
REVIEW_SHOWN = timedelta(days=60)
REVIEW_URGENT = timedelta(days=30)
CHECKLIST_URGENT = timedelta(days=30)


def duties(situation: Situation) -> tuple[Obligation, ...]:
    yearly = (_approval(situation), _review(situation), _key_test(situation), _checklist(situation))
    return (*yearly, *duty_obligations(situation))


def approval_of(situation: Situation) -> Approval | None:
    """Return the newest approval of exactly this policy file, or None when nobody approved it."""
    own = [a for a in past_approvals(situation) if a.policy_sha256 == situation.policy.sha256]
    return max(own, key=lambda a: a.at, default=None)


def past_approvals(situation: Situation) -> tuple[Approval, ...]:
    return tuple(a for a in situation.facts.approvals if a.at <= situation.now)


def _approval(situation: Situation) -> Obligation:
    approval = approval_of(situation)
    opens = situation.history.set_up
    due = opens + TO_APPROVE
    timing = people_timing(situation.now, opens, due, urgent=TO_APPROVE) if approval is None else Timing.MET
    return peoples_duty(
        "approve-policy",
        ObligationKind.APPROVE_POLICY,
        Role.DIRECTOR,
        ("S0-3", "S1-4.1.1"),
        timing,
        (opens, due),
        approval.at if approval else None,
        data=(("version", situation.policy.document.version),),
    )


def last_review(situation: Situation) -> datetime | None:
    """Return when the policy was last approved or reviewed."""
    reviews = [a.at for a in past_approvals(situation)]
    reviews += [a.at for a in situation.facts.attestations if a.subject == REVIEW and a.at <= situation.now]
    return max(reviews, default=None)


def _review(situation: Situation) -> Obligation:
    """The review counts from the last approval or declared review, or from the day the document took effect.

    An event opens it before its year is over (S1-9.1, S3-9.2).
    """
    last = last_review(situation)
    due = months_later(last or _effective(situation), situation.policy.document.review_months, situation.tz)
    opens, urgent = due - REVIEW_SHOWN, REVIEW_URGENT
    why: tuple[str, ...] = ("S1-9.1", "S3-9.1")
    events = review_events(situation, last)
    if events:
        opens, urgent = min(opens, events[0].at), max(REVIEW_URGENT, situation.policy.review_within)
        due = min(due, later(events[0].at, situation.policy.review_within, situation.tz))
        why = next((t.source for t in situation.policy.review_triggers if t.id == events[0].trigger), why) or why
    return peoples_duty(
        REVIEW,
        ObligationKind.REVIEW_POLICY,
        Role.DIRECTOR,
        why,
        people_timing(situation.now, opens, due, urgent=urgent),
        (opens, due),
        last,
        data=(("version", situation.policy.document.version), *_event_data(situation, events)),
    )


def _event_data(situation: Situation, events: tuple[ReviewEvent, ...]) -> tuple[tuple[str, str], ...]:
    if not events:
        return ()
    label = next(t.label for t in situation.policy.review_triggers if t.id == events[0].trigger)
    return (
        ("event", events[0].trigger),
        ("event_nl", label.nl),
        ("event_en", label.en),
        ("event_what", events[0].what),
        ("events", str(len(events))),
    )


def _effective(situation: Situation) -> datetime:
    effective = situation.policy.document.effective_on
    if effective is None:
        return situation.history.set_up
    return min(local_moment(effective, 0, 0, situation.tz), situation.history.set_up)


def _key_test(situation: Situation) -> Obligation:
    last = max((t.at for t in situation.facts.key_tests if t.at <= situation.now), default=None)
    requirement = situation.requirement(Demand.KEY_TEST)
    every = (requirement.every if requirement else None) or KEY_TEST_EVERY
    set_up = situation.history.set_up
    if last is None:
        # Until somebody has read the key back from the sheet, nobody knows whether there is a sheet at all.
        opens, due = set_up, set_up + TO_PROVE_THE_SHEET
    else:
        due = later(max(last, set_up), every, situation.tz)
        opens = due - KEY_TEST_SHOWN
    basis, why = grounds(requirement, otherwise=("S2-4f",))
    return peoples_duty(
        "key-test",
        ObligationKind.KEY_TEST,
        Role.IT_PROVIDER,
        why,
        people_timing(situation.now, opens, due, urgent=KEY_TEST_URGENT),
        (opens, due),
        last,
        basis=basis,
    )


def _checklist(situation: Situation) -> Obligation:
    starts = situation.policy.organisation.school_year_starts
    signed = {s.school_year: s.at for s in situation.facts.signatures if s.at <= situation.now}
    done = tuple(year_starting_in(starts, year, situation.tz).starts for year in signed)
    duty = yearly_duty(starts, done, situation.history.set_up, situation.now, situation.tz)
    this_year = school_year(starts, situation.now, situation.tz)
    timing = people_timing(situation.now, duty.opens, duty.due, urgent=CHECKLIST_URGENT)
    return peoples_duty(
        "checklist",
        ObligationKind.CHECKLIST,
        Role.DIRECTOR,
        ("S1-4.1.4",),
        Timing.MET if duty.met else timing,
        (duty.opens, duty.due),
        max(signed.values(), default=None),
        data=(("school_year", this_year.label),),
    )
