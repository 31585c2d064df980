"""What closes a task: a remark, a document, a photo, a number or answers, bounded and fit to be kept."""

from __future__ import annotations

import hashlib
import math
import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.assessment.model import Obligation
from app.errors import ExitCode
from app.jobs.errors import JobError
from app.policy.duty import Duty, ProofForm
from app.records.facts import Proof, ProofKind

MAX_TEXT: Final = 2000
MAX_PHOTO_BYTES: Final = 64 << 20
REVIEW_BLOCKS: Final = ("new-risks", "objectives", "suppliers-contacts", "changes")
"""The four parts of a review (S3-9.1); each wants an answer."""


class EvidenceMissing(JobError):
    """The task cannot be closed without evidence (`task`, `wanted`)."""

    code = "evidence-missing"
    exit_code = ExitCode.USAGE


class EvidenceUnusable(JobError):
    """What was given as evidence cannot be used (`what`, `reason`)."""

    code = "evidence-unusable"
    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Closing:
    """How a task was done. `answers` are (question, answer) pairs; `parts` empty: everything that is open now."""

    by: str
    remark: str = ""
    document: str = ""
    photo: Path | None = None
    number: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ()


def require_evidence(task: Obligation, duty: Duty, closing: Closing) -> None:
    """Raise EvidenceMissing when nothing of what closes a duty was given."""
    given = {
        ProofForm.REMARK: bool(closing.remark.strip()),
        ProofForm.DOCUMENT: bool(closing.document.strip()),
        ProofForm.PHOTO: closing.photo is not None,
        ProofForm.NUMBER: bool(closing.number.strip()),
    }
    if not any(given[form] for form in duty.closed_by):
        raise EvidenceMissing(task=task.id, wanted=", ".join(duty.closed_by))


def require_review(task: Obligation, closing: Closing) -> None:
    """Raise EvidenceMissing when a part of the review was not answered."""
    answered = {question for question, answer in closing.answers if answer.strip()}
    missing = [block for block in REVIEW_BLOCKS if block not in answered]
    if missing:
        raise EvidenceMissing(task=task.id, wanted=", ".join(missing))


def proofs_of(closing: Closing) -> tuple[Proof, ...]:
    """Return what was given as it is kept; raises EvidenceUnusable."""
    proofs = []
    if closing.document.strip():
        proofs.append(Proof(ProofKind.DOCUMENT, "", kept_text(closing.document, "document")))
    if closing.photo is not None:
        proofs.append(_photo(closing.photo))
    if closing.number.strip():
        proofs.append(Proof(ProofKind.NUMBER, "", _number(closing.number)))
    for question, answer in closing.answers[:20]:
        if answer.strip():
            proofs.append(Proof(ProofKind.ANSWER, kept_text(question, "question")[:100], kept_text(answer, "answer")))
    return tuple(proofs)


def _photo(path: Path) -> Proof:
    """Return a photo as evidence: its path and the SHA-256 of what is in it."""
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    try:
        # Without waiting: the path may name a pipe that nobody writes to.
        with os.fdopen(os.open(path.expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise EvidenceUnusable(what=shown, reason="no-file")
            digest, size = hashlib.sha256(), 0
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
                if size > MAX_PHOTO_BYTES:
                    raise EvidenceUnusable(what=shown, reason="too-large")
    except OSError as exc:
        raise EvidenceUnusable(what=shown, reason="unreadable", detail=exc.strerror or "") from exc
    if not size:
        raise EvidenceUnusable(what=shown, reason="empty")
    return Proof(ProofKind.PHOTO, shown, digest.hexdigest())


def _number(text: str) -> str:
    """Return a number as it is kept; a comma may stand for the point."""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError as exc:
        raise EvidenceUnusable(what=text[:40], reason="no-number") from exc
    if not math.isfinite(number) or abs(number) > 1e12:
        raise EvidenceUnusable(what=text[:40], reason="no-number")
    return f"{number:g}"


def kept_text(text: str, what: str) -> str:
    """Return a text fit to be kept: no control characters but line ends, and bounded."""
    kept = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or unicodedata.category(c)[0] != "C")
    if len(kept) > MAX_TEXT:
        raise EvidenceUnusable(what=what, reason="too-long")
    return kept.strip()
