"""The director's acts: approve the policy, answer and sign the yearly checklist, verify a signature later.

Each is proven with the director's PIN: it unlocks the Ed25519 key that signs. A signed checklist holds, as canonical
JSON, every question with its evidence and answer as they were, and is bound to the journal by the hash of the last row
before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.assessment.checklist import evidence
from app.assessment.judgements import open_cases
from app.assessment.model import EvidenceLine
from app.assessment.school_year import school_year
from app.clock import format_utc
from app.errors import ExitCode, VangnetError
from app.jobs.installation import Installation
from app.policy.access import look_at_access
from app.policy.model import Language, Role
from app.policy.versions import archive_version, kept_versions
from app.records.facts import Approval, ChecklistAnswer, ChecklistSignature, JournalRow, Judgement, Ruling, Verdict
from app.records.pins import director_public_key, pin_holder, set_pin, unlock_signing_key, verify_signature
from app.records.store import Records
from app.secret import Secret

CONTENT_FORMAT = 1


class AnswersMissing(VangnetError):
    """The checklist cannot be signed yet: these items have no complete answer (`items`)."""

    code = "answers-missing"


class UnknownCase(VangnetError):
    """Nothing of this name waits for a verdict (`case`)."""

    code = "unknown-case"
    exit_code = ExitCode.USAGE


class SignatureReason(StrEnum):
    """Why a signed checklist does not verify."""

    CONTENT_CHANGED = "content-changed"
    SIGNATURE_WRONG = "signature-wrong"
    OTHER_KEY = "other-key"
    """Signed with a key that is not the director's key of today: a reset PIN, or another person."""
    JOURNAL_DIFFERS = "journal-differs"


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What verifying one signed checklist found; sound when there is no reason against it."""

    signature: ChecklistSignature
    reasons: tuple[SignatureReason, ...]

    @property
    def sound(self) -> bool:
        return not [reason for reason in self.reasons if reason is not SignatureReason.OTHER_KEY]


def choose_pin(installation: Installation, records: Records, *, name: str, pin: Secret) -> None:
    """Give the director a first PIN and journal that. Raises PinNotAllowed, PinAlreadySet."""
    set_pin(installation.home, Role.DIRECTOR, name, pin, clock=installation.clock)
    records.note("pin-changed", {"role": Role.DIRECTOR.value, "by": name})


def approve_policy(installation: Installation, records: Records, *, by: str, pin: Secret) -> Approval:
    """Approve the policy file as it was loaded: it is archived read-only and the approval is journalled.

    Raises WrongPin, PinNotSet, PinLocked, and ConfigurationError when the file was changed since it was loaded.
    """
    unlock_signing_key(installation.home, pin, clock=installation.clock)
    policy = installation.policy
    approval = Approval(
        policy_sha256=policy.sha256,
        version=policy.document.version,
        by=by or pin_holder(installation.home, Role.DIRECTOR) or role_holder(installation, Role.DIRECTOR),
        function=Role.DIRECTOR.value,
        at=installation.clock.now(),
    )
    archive_version(
        installation.home.policy_archive,
        installation.home.policy_file.read_bytes(),
        sha256=policy.sha256,
        approved_at=approval.at,
    )
    records.approve(approval)
    return approval


def role_holder(installation: Installation, role: Role) -> str:
    """Return whom the policy names for a role; empty when nobody is named."""
    return next((holder.person for holder in installation.policy.roles if holder.role is role), "")


def checklist(installation: Installation, records: Records) -> tuple[EvidenceLine, ...]:
    """Return the forty questions with the evidence of now and this school year's answers."""
    facts = records.facts()
    now = installation.clock.now()
    archive = kept_versions(installation.home.policy_archive)
    assessment = installation.assess(records)
    access = look_at_access(installation.home.secrets)
    return evidence(installation.policy, installation.machine, facts, assessment, now, archive=archive, access=access)


def current_school_year(installation: Installation) -> int:
    """Return the calendar year in which the present school year starts."""
    starts = installation.policy.organisation.school_year_starts
    return school_year(starts, installation.clock.now(), installation.timezone).year


def is_answered(line: EvidenceLine) -> bool:
    """Tell whether an item has a complete answer: an action needs an owner and a date, "not applicable" a reason."""
    answer = line.answer
    match None if answer is None else answer.verdict:
        case None:
            return False
        case Verdict.OK:
            return True
        case Verdict.NOT_OK:
            return answer is not None and bool(answer.action_owner.strip()) and answer.action_due is not None
        case Verdict.NOT_APPLICABLE:
            return answer is not None and bool(answer.remark.strip())


def sign_checklist(installation: Installation, records: Records, *, by: str, pin: Secret) -> ChecklistSignature:
    """Sign this school year's checklist as it stands now and journal it.

    Raises AnswersMissing, WrongPin, PinNotSet, PinLocked.
    """
    lines = checklist(installation, records)
    missing = [line.item.id for line in lines if not is_answered(line)]
    if missing:
        raise AnswersMissing(items=", ".join(missing), count=len(missing))
    key = unlock_signing_key(installation.home, pin, clock=installation.clock)
    head = records.journal_head()
    year, now = current_school_year(installation), installation.clock.now()
    name = by or pin_holder(installation.home, Role.DIRECTOR) or role_holder(installation, Role.DIRECTOR)
    content = _content(installation, lines, year=year, by=name, at=format_utc(now), journal=(head.seq, head.hash))
    signature = ChecklistSignature(
        school_year=year,
        by=name,
        at=now,
        content=content,
        content_sha256=hashlib.sha256(content.encode()).hexdigest(),
        journal_seq=head.seq,
        journal_hash=head.hash,
        public_key=director_public_key(installation.home),
        signature=key.sign(content),
    )
    records.sign(signature)
    return signature


def verify_checklists(installation: Installation, records: Records) -> tuple[SignatureReport, ...]:
    """Verify every signed checklist: its content, the director's signature, and the journal row it is bound to."""
    return tuple(_verify(installation, records, signature) for signature in records.facts().signatures)


def _verify(installation: Installation, records: Records, signed: ChecklistSignature) -> SignatureReport:
    reasons = []
    if hashlib.sha256(signed.content.encode()).hexdigest() != signed.content_sha256:
        reasons.append(SignatureReason.CONTENT_CHANGED)
    if not verify_signature(signed.public_key, signed.content, signed.signature):
        reasons.append(SignatureReason.SIGNATURE_WRONG)
    if signed.public_key != director_public_key(installation.home):
        reasons.append(SignatureReason.OTHER_KEY)
    row: Sequence[JournalRow] = records.journal_rows(after=signed.journal_seq - 1, limit=1)
    if not row or row[0].seq != signed.journal_seq or row[0].hash != signed.journal_hash:
        reasons.append(SignatureReason.JOURNAL_DIFFERS)
    return SignatureReport(signed, tuple(reasons))


def _content(
    installation: Installation,
    lines: tuple[EvidenceLine, ...],
    *,
    year: int,
    by: str,
    at: str,
    journal: tuple[int, str],
) -> str:
    document = {
        "format": CONTENT_FORMAT,
        "organisation": installation.policy.organisation.name,
        "policy_sha256": installation.policy.sha256,
        "school_year": year,
        "by": by,
        "at": at,
        "journal": {"seq": journal[0], "hash": journal[1]},
        "items": [_item(line, installation.policy.organisation.language) for line in lines],
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _item(line: EvidenceLine, language: Language) -> dict[str, object]:
    return {
        "id": line.item.id,
        "question": line.item.question.text(language),
        "evidence": {
            "verdict": line.verdict.value if line.verdict else None,
            "known": line.known,
            "code": line.code,
            "data": dict(line.data),
            "seen": [
                {"code": seen.code, "data": dict(seen.data), "verdict": seen.verdict.value if seen.verdict else None}
                for seen in line.seen
            ],
        },
        "answer": _answer(line.answer),
    }


def _answer(answer: ChecklistAnswer | None) -> dict[str, object] | None:
    if answer is None:
        return None
    return {
        "verdict": answer.verdict.value,
        "remark": answer.remark,
        "action_owner": answer.action_owner,
        "action_due": answer.action_due.isoformat() if answer.action_due else None,
        "by": answer.by,
        "at": format_utc(answer.at),
    }


def judge(
    installation: Installation,
    records: Records,
    case: str,
    ruling: Ruling,
    *,
    by: str,
    remark: str,
    owner: str = "",
    due: date | None = None,
    pin: Secret,
) -> Judgement:
    """Record the director's verdict on what has happened of a case up to now.

    Raises UnknownCase, WrongPin, PinNotSet, PinLocked.
    """
    unlock_signing_key(installation.home, pin, clock=installation.clock)
    now = installation.clock.now()
    found = next((c for c in open_cases(records.facts(), now) if c.id == case), None)
    if found is None:
        raise UnknownCase(case=case)
    judgement = Judgement(
        case=case,
        until=found.last,
        ruling=ruling,
        remark=remark,
        action_owner=owner if ruling is Ruling.ACTION else "",
        action_due=due if ruling is Ruling.ACTION else None,
        by=by or pin_holder(installation.home, Role.DIRECTOR) or role_holder(installation, Role.DIRECTOR),
        at=now,
    )
    records.judge(judgement)
    return judgement
