"""How a task is done now: the steps, who does it, why, and what is asked of whoever has done it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from app.assessment.model import Obligation, ObligationKind
from app.i18n import N_, _, language
from app.policy.duty import ProofForm
from app.policy.model import Policy, Role
from app.wording.duty_texts import part_names
from app.wording.findings import source_text
from app.wording.tasks import task_text


@dataclass(frozen=True, slots=True)
class TaskGuide:
    """A task in full. `closed_by` is empty for what Vangnet sees by itself, or what has a window of its own."""

    title: str
    when: str
    who: str
    reason: str
    source: str
    """Which document demands it, and where in a norm that is found."""
    steps: tuple[str, ...]
    asks: str
    closed_by: tuple[ProofForm, ...]
    postponed: str
    """Who put it off and why; empty when nobody did."""


FORMS: Final[dict[ProofForm, str]] = {
    ProofForm.REMARK: N_("a few words"),
    ProofForm.DOCUMENT: N_("a document: its number, or where it is"),
    ProofForm.PHOTO: N_("a photo: the file on this computer"),
    ProofForm.NUMBER: N_("a number"),
}

BLOCKS: Final[tuple[tuple[str, str], ...]] = (
    ("new-risks", N_("Which new risks are there?")),
    ("objectives", N_("Do the recovery times and the allowed loss still fit?")),
    ("suppliers-contacts", N_("Are suppliers and contacts still right?")),
    ("changes", N_("What has changed in IT, the law and the work?")),
)
"""The four parts of a review (S3-9.1): the id of each answer and its question."""

_STEPS: Final[dict[ObligationKind, tuple[str, ...]]] = {
    ObligationKind.CONFIRM_RESTORE_TEST: (
        N_("Open the folder with the files that were put back."),
        N_("Open a file that you know and see whether it is right."),
        N_("Choose that file here and fill in your name."),
    ),
    ObligationKind.APPROVE_POLICY: (
        N_("Read what the policy comes down to."),
        N_("Ask your IT provider to change what is not right."),
        N_("Approve it with the director's PIN."),
    ),
    ObligationKind.REVIEW_POLICY: (
        N_("Answer the four questions: new risks, recovery times, suppliers and contacts, changes."),
        N_("Does something have to change? Ask your IT provider; then the director approves the new version."),
    ),
    ObligationKind.KEY_TEST: (
        N_("Fetch the recovery sheet from where it is kept."),
        N_("Type its key here: Vangnet tries whether it opens the copies."),
        N_("Put the sheet back in its safe place."),
    ),
    ObligationKind.CHECKLIST: (
        N_("Go through the questions; what Vangnet knows stands behind each."),
        N_("Give what is not in order somebody who does it, and a date."),
        N_("Sign with the director's PIN."),
    ),
}


def task_guide(task: Obligation, policy: Policy, now: datetime, tz: tzinfo) -> TaskGuide:
    """Tell everything about a task that a person needs to do it."""
    said = task_text(task, now, tz)
    data = dict(task.data)
    duty = policy.duty(data.get("duty", ""))
    norms = duty.norms if duty is not None else ()
    source = source_text(task.basis, task.why)
    if norms:
        source += f" ({', '.join(norms)})"
    return TaskGuide(
        title=said.title,
        when=said.when,
        who=role_name(policy, task.who),
        reason=said.how,
        source=source,
        steps=tuple(step.text(language()) for step in duty.steps) if duty is not None else _steps(task, said.how),
        asks=_asks(task, duty.asks.text(language()) if duty is not None else ""),
        closed_by=() if duty is None or duty.by_facts else duty.closed_by,
        postponed=_postponed(data),
    )


def role_name(policy: Policy, role: Role | None) -> str:
    """Name a role as the policy does, with the person who fills it."""
    holder = next((h for h in policy.roles if h.role is role), None)
    if holder is None:
        return ""
    label = holder.label.text(language())
    return f"{label} ({holder.person})" if holder.person else label


def _steps(task: Obligation, how: str) -> tuple[str, ...]:
    return tuple(_(step) for step in _STEPS.get(task.kind, ())) or (how,)


def _asks(task: Obligation, asks: str) -> str:
    names = part_names(dict(task.data))
    if asks and len(names) > 1:
        return asks + " " + _("This is about: {names}.").format(names=", ".join(names))
    return asks


def _postponed(data: dict[str, str]) -> str:
    if "postponed_by" not in data:
        return ""
    return _("Put off by {name}: {reason}").format(name=data["postponed_by"], reason=data["postponed_reason"])
