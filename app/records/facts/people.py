"""What people did and declared: tasks closed or put off, tests with a key, and the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ProofKind(StrEnum):
    """What a person shows for what they declare."""

    DOCUMENT = "document"
    """`value` is a reference to a document: a report's number, where it is kept."""
    PHOTO = "photo"
    """`what` is the photo's path as it was, `value` the SHA-256 of its content (hex)."""
    NUMBER = "number"
    """`value` is a measured number, `what` what it counts."""
    ANSWER = "answer"
    """`what` is the id of a question, `value` the answer in words."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that closes a task, beside the remark."""

    kind: ProofKind
    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Attestation:
    """Something a person declared that no machine can see (fire inspection, contacts checked, a law that changed…).

    `subject` is what it is about: a duty ("contacts"), a duty and one of its parts ("fire-protection:kluis"), an
    exemption ("exempt:isp-sla") or an event ("event:law"); `reference` a document or photo.
    """

    subject: str
    by: str
    at: datetime
    remark: str
    reference: str = ""
    evidence: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Postponement:
    """A person's obligation put off, with the reason. `approved_by`: the director, where that was needed."""

    obligation: str
    until: datetime
    reason: str
    by: str
    at: datetime
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class KeyTest:
    """The recovery key was typed and opened a repository (a yearly obligation)."""

    target: str
    at: datetime
    by: str
