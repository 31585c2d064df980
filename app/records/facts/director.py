"""The director's word: the signed checklist, approvals, verdicts on deviations, risks that are lived with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Verdict(StrEnum):
    """The answer to a checklist item."""

    OK = "ok"
    NOT_OK = "not-ok"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class ChecklistAnswer:
    """What the director answered: NOT_OK wants an action with owner and due date, NOT_APPLICABLE a reason."""

    school_year: int
    """The year in which the school year starts: 2026 for 2026–2027."""
    item: str
    verdict: Verdict
    remark: str
    action_owner: str
    action_due: date | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChecklistSignature:
    """A signed checklist, bound to the journal: `content_sha256` of the canonical answers and evidence,
    `journal_seq`/`journal_hash` of the last row before it, `signature` (Ed25519, hex) by the director's key."""

    school_year: int
    by: str
    at: datetime
    content: str
    """The canonical JSON that was signed."""
    content_sha256: str
    journal_seq: int
    journal_hash: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Approval:
    """The director's approval of one version of the policy file."""

    policy_sha256: str
    version: str
    by: str
    function: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """An obligation that was not met in time, as the agent noticed it."""

    obligation: str
    kind: str
    data_set: str
    target: str
    due: datetime
    at: datetime


class Ruling(StrEnum):
    """What the director says of something that went wrong."""

    ACCEPTED = "accepted"
    ACTION = "action"
    """Something must be done, by somebody, before a date."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The director's verdict on a deviation: it covers all that happened of it up to and including `until`."""

    case: str
    until: datetime
    ruling: Ruling
    remark: str
    action_owner: str
    action_due: date | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RiskAcceptance:
    """The director lives with a finding until a day, for a reason. `finding` is its code, `subject` what it is about.

    Of several for one finding and subject the newest counts; one that ends at once withdraws the one before.
    """

    finding: str
    subject: str
    reason: str
    until: datetime
    by: str
    at: datetime
