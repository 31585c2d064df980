"""What people do with their tasks: close one with evidence, put one off, be exempt, say that something happened.

Everything is bounded and checked here, whoever asks (a screen or a command), and journalled with a name.
"""

from __future__ import annotations

import difflib
from datetime import date
from typing import Final

from app.assessment.duties import REVIEW
from app.assessment.local_time import local_moment
from app.assessment.model import Assessment, Obligation, ObligationKind, Timing
from app.assessment.people_duties import EXEMPT, duty_subject
from app.assessment.review_events import EVENT
from app.errors import ExitCode
from app.jobs.errors import JobError
from app.jobs.evidence import (
    Closing,
    EvidenceMissing,
    EvidenceUnusable,
    kept_text,
    proofs_of,
    require_evidence,
    require_review,
)
from app.jobs.installation import Installation
from app.policy.model import Role
from app.records.facts import Attestation, Postponement
from app.records.store import Records
from app.secret import Secret

_NEVER_PUT_OFF: Final = frozenset({ObligationKind.ANSWER_ALARM})


class UnknownTask(JobError):
    """There is no such task now (`task`, `known`, `suggestion`)."""

    code = "unknown-task"
    exit_code = ExitCode.USAGE


class UnknownEvent(JobError):
    """The policy names no such event (`event`, `known`, `suggestion`)."""

    code = "unknown-event"
    exit_code = ExitCode.USAGE


class TaskDoneElsewhere(JobError):
    """This task is not declared done: it is done, and Vangnet sees that (`task`, `kind`)."""

    code = "task-done-elsewhere"
    exit_code = ExitCode.USAGE


class PostponeRefused(JobError):
    """The task cannot be put off like that (`task`, `reason`, `longest_days`)."""

    code = "postpone-refused"
    exit_code = ExitCode.USAGE


class ExemptionRefused(JobError):
    """Nobody can be exempt from this, or the reason is missing (`task`, `reason`)."""

    code = "exemption-refused"
    exit_code = ExitCode.USAGE


def find_task(assessment: Assessment, task_id: str) -> Obligation:
    """Return an obligation of people by its id; a duty also by its own id. Raises UnknownTask."""
    own = tuple(o for o in assessment.obligations if o.who is not None)
    for obligation in own:
        if task_id in (obligation.id, obligation.id.removeprefix("duty:")):
            return obligation
    known = [o.id for o in own]
    close = difflib.get_close_matches(task_id, known, n=1, cutoff=0.5)
    raise UnknownTask(task=task_id, known=", ".join(known), suggestion=close[0] if close else "")


def can_be_closed(task: Obligation) -> bool:
    """Tell whether a person declares this done; the others are done, and Vangnet sees that."""
    if task.kind is ObligationKind.DUTY:
        return "by_facts" not in dict(task.data)
    return task.kind is ObligationKind.REVIEW_POLICY


def close_task(installation: Installation, records: Records, task_id: str, closing: Closing) -> tuple[Attestation, ...]:
    """Record that a task was done, with what shows it; once for each of its parts.

    Raises UnknownTask, TaskDoneElsewhere, EvidenceMissing, EvidenceUnusable.
    """
    task = find_task(installation.assess(records), task_id)
    duty = installation.policy.duty(dict(task.data).get("duty", ""))
    if not can_be_closed(task):
        raise TaskDoneElsewhere(task=task.id, kind=task.kind.value)
    by = kept_text(closing.by, "name")
    if not by:
        raise EvidenceMissing(task=task.id, wanted="name")
    proofs = proofs_of(closing)
    if duty is None:
        require_review(task, closing)
        subjects: tuple[str, ...] = (REVIEW,)
    else:
        require_evidence(task, duty, closing)
        subjects = tuple(duty_subject(duty.id, part) for part in _parts(task, closing))
    attestations = tuple(
        Attestation(
            subject=subject,
            by=by,
            at=installation.clock.now(),
            remark=kept_text(closing.remark, "remark"),
            reference=kept_text(closing.document, "document"),
            evidence=proofs,
        )
        for subject in subjects
    )
    for attestation in attestations:
        records.attest(attestation)
    return attestations


def needs_director(installation: Installation, records: Records, task: Obligation) -> bool:
    """Tell whether a task was put off so often in a row that only the director can do so again."""
    own = [p for p in records.facts().postponements if p.obligation == task.id]
    in_a_row = [p for p in own if task.last_met is None or p.at > task.last_met]
    return len(in_a_row) >= installation.policy.postponing.in_a_row


def postpone_task(
    installation: Installation,
    records: Records,
    task_id: str,
    *,
    until: date,
    reason: str,
    by: str,
    pin: Secret | None = None,
) -> Postponement:
    """Put a task off until a day; a second time in a row wants the director's PIN.

    Raises UnknownTask, PostponeRefused, EvidenceMissing, WrongPin, PinNotSet, PinLocked.
    """
    task = find_task(installation.assess(records), task_id)
    longest = installation.policy.postponing.longest
    today = installation.clock.now().astimezone(installation.timezone).date()

    def refuse(why: str) -> PostponeRefused:
        return PostponeRefused(task=task.id, reason=why, longest_days=longest.days)

    if task.timing is Timing.MET:
        raise refuse("not-open")
    if task.kind in _NEVER_PUT_OFF:
        raise refuse("never")
    if not reason.strip():
        raise refuse("no-reason")
    if not by.strip():
        raise EvidenceMissing(task=task.id, wanted="name")
    if until <= today:
        raise refuse("past")
    if until > today + longest:
        raise refuse("too-far")
    approved_by = ""
    if needs_director(installation, records, task):
        if pin is None:
            raise refuse("director")
        approved_by = _director(installation, pin)
    postponement = Postponement(
        obligation=task.id,
        until=local_moment(until, 0, 0, installation.timezone),
        reason=kept_text(reason, "reason"),
        by=kept_text(by, "name"),
        at=installation.clock.now(),
        approved_by=approved_by,
    )
    records.postpone(postponement)
    return postponement


def exempt_task(installation: Installation, records: Records, task_id: str, *, reason: str, pin: Secret) -> Attestation:
    """Let the director say that a duty does not apply here, and why; it holds as long as the duty's interval.

    Raises UnknownTask, ExemptionRefused, WrongPin, PinNotSet, PinLocked.
    """
    task = find_task(installation.assess(records), task_id)
    duty = installation.policy.duty(dict(task.data).get("duty", ""))
    if duty is None or not duty.may_be_exempt:
        raise ExemptionRefused(task=task.id, reason="not-allowed")
    if not reason.strip():
        raise ExemptionRefused(task=task.id, reason="no-reason")
    name = _director(installation, pin)
    attestation = Attestation(EXEMPT + duty.id, name, installation.clock.now(), kept_text(reason, "reason"))
    records.attest(attestation)
    return attestation


def declare_event(installation: Installation, records: Records, event: str, *, remark: str, by: str) -> Attestation:
    """Record that something has happened after which the policy is reviewed. Raises UnknownEvent, EvidenceMissing."""
    known = [trigger.id for trigger in installation.policy.review_triggers]
    if event not in known:
        close = difflib.get_close_matches(event, known, n=1, cutoff=0.5)
        raise UnknownEvent(event=event, known=", ".join(known), suggestion=close[0] if close else "")
    if not remark.strip() or not by.strip():
        raise EvidenceMissing(task=event, wanted="remark" if by.strip() else "name")
    name, told = kept_text(by, "name"), kept_text(remark, "remark")
    attestation = Attestation(EVENT + event, name, installation.clock.now(), told)
    records.attest(attestation)
    return attestation


def _director(installation: Installation, pin: Secret) -> str:
    from app.jobs.director import role_holder
    from app.records.pins import pin_holder, unlock_signing_key

    unlock_signing_key(installation.home, pin, clock=installation.clock)
    return pin_holder(installation.home, Role.DIRECTOR) or role_holder(installation, Role.DIRECTOR)


def _parts(task: Obligation, closing: Closing) -> tuple[str, ...]:
    open_now = tuple(dict(task.data).get("part_ids", "").split("\n"))
    unknown = [part for part in closing.parts if part not in open_now]
    if unknown:
        raise EvidenceUnusable(what="part", reason="unknown", found=unknown[0], known=", ".join(open_now))
    return closing.parts or open_now
