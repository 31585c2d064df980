"""The journal, in which every fact that is evidence has a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row of the journal: `hash` = SHA-256 over seq, at, kind, body and the previous row's hash (canonical JSON),
    `signature` = Ed25519 over the hash. All hex."""

    seq: int
    at: datetime
    kind: str
    body: str
    previous_hash: str
    hash: str
    signature: str
