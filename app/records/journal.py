"""The journal: every fact in order, chained by hash and signed, only ever added to.

    hash      = SHA-256 of the canonical JSON array [seq, at, kind, body, previous_hash] (all but seq are strings; body
                is itself canonical JSON), lower-case hex; the first row's previous_hash is 64 zeros
    signature = Ed25519 over the 32 bytes of the hash, hex; the public key is in the body of the first row ("genesis")

Two kinds of rows are confessions, written by the program when it meets something that should not be; verification
names them for ever: "journal-gap" (the anchor and the database contradict each other: rows are gone) and
"journal-key-replaced" (the signing key was lost; the rows after it are signed with a new one).
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.clock import Clock, format_utc, parse_utc
from app.paths import Home
from app.records.anchor import Anchor, read_anchor, write_anchor
from app.records.canonical import Body, canonical, read_json
from app.records.database import journal_lock
from app.records.facts import JournalRow
from app.records.files import locked
from app.records.signing import JournalKey, load_or_make_key

NO_HASH: Final = "0" * 64


class JournalKind(StrEnum):
    """The kinds of rows that the program gives a meaning to; notes have kinds of their own."""

    GENESIS = "genesis"
    GAP = "journal-gap"
    KEY_REPLACED = "journal-key-replaced"
    RUN_STARTED = "run-started"
    RUN_FINISHED = "run-finished"
    RESTORE_TESTED = "restore-tested"
    RESTORE_TEST_CONFIRMED = "restore-test-confirmed"
    POLICY_APPROVED = "policy-approved"
    KEY_TESTED = "key-tested"
    ATTESTED = "attested"
    POSTPONED = "postponed"
    CHECKLIST_ANSWERED = "checklist-answered"
    CHECKLIST_SIGNED = "checklist-signed"
    SET_UP = "set-up"
    SYNC_ENDED = "sync-ended"
    HELD = "held"
    HOLD_LIFTED = "hold-lifted"
    CHANGES_COUNTED = "changes-counted"
    CANARY_PLACED = "canary-placed"
    CANARY_REMOVED = "canary-removed"
    ANOMALY_FOUND = "anomaly-found"
    ANOMALY_CLOSED = "anomaly-closed"
    OBLIGATION_MISSED = "obligation-missed"
    JUDGED = "judged"
    TOLD = "told"
    HANDED_OVER = "disk-handed-over"
    TARGET_CONNECTED = "target-connected"
    TARGET_DETACHED = "target-detached"
    UPS_ON_BATTERY = "ups-on-battery"
    UPS_ON_LINE = "ups-on-line"
    OUTAGE_BEGAN = "outage-began"
    OUTAGE_ENDED = "outage-ended"
    UPS_TESTED = "ups-tested"
    LINE_TESTED = "line-tested"
    RISK_ACCEPTED = "risk-accepted"


class AnchorFlaw(StrEnum):
    """How the anchor and the journal contradict each other."""

    MISSING = "anchor-missing"
    INVALID = "anchor-invalid"
    """Not readable, or not signed with a key of this journal."""
    AHEAD = "rows-missing"
    """The anchor knows a later row: the tail is gone, or the database was replaced by an older one."""
    OTHER_ROW = "rows-replaced"
    """The row the anchor names is another one here."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: what the next one is chained to."""

    seq: int
    hash: str


def row_hash(seq: int, at: str, kind: str, body: str, previous_hash: str) -> str:
    """Return the hash of a row, hex."""
    return hashlib.sha256(canonical([seq, at, kind, body, previous_hash]).encode("ascii")).hexdigest()


def head(connection: sqlite3.Connection) -> Head:
    """Return the newest row's number and hash; (0, zeros) when there is none."""
    row = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(0, NO_HASH) if row is None else Head(row["seq"], row["hash"])


def public_keys(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the keys that the journal says it was signed with, the newest last."""
    rows = connection.execute(
        "SELECT body FROM journal WHERE kind IN (?, ?) ORDER BY seq", (JournalKind.GENESIS, JournalKind.KEY_REPLACED)
    )
    return tuple(announced_key(row["body"]) for row in rows)


def announced_key(body: str) -> str:
    """Return the public key in the body of a row that announces one; empty when there is none in it."""
    try:
        content = read_json(body)
    except ValueError:
        return ""
    match content:
        case {"public_key": str(key)}:
            return key
        case _:
            return ""


def decode_row(row: sqlite3.Row) -> JournalRow:
    return JournalRow(
        seq=row["seq"],
        at=parse_utc(row["at"]),
        kind=row["kind"],
        body=row["body"],
        previous_hash=row["previous_hash"],
        hash=row["hash"],
        signature=row["signature"],
    )


class Journal:
    """Adds rows, within the caller's write transaction, and keeps the anchor."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._key: JournalKey | None = None

    def append(self, connection: sqlite3.Connection, kind: str, body: Body) -> JournalRow:
        """Add a row and return it. Inside `Database.write` only: that makes us the one writer."""
        self._begin_or_confess(connection)
        return self._add(connection, kind, body)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Write the first row when there is none yet. Inside `Database.write` only."""
        if head(connection).seq == 0:
            self._begin_or_confess(connection)

    def anchor(self, connection: sqlite3.Connection) -> None:
        """Write the anchor for what is committed now. Outside a transaction, after the commit."""
        # Each writer writes the newest committed row, one after the other: the anchor never goes back.
        with locked(journal_lock(self._home)):
            newest = head(connection)
            if newest.seq:
                write_anchor(self._home, newest.seq, newest.hash, self._loaded_key())

    def _add(self, connection: sqlite3.Connection, kind: str, body: Body) -> JournalRow:
        newest, key = head(connection), self._loaded_key()
        seq, at, text = newest.seq + 1, self._clock.now(), canonical(body)
        digest = row_hash(seq, format_utc(at), kind, text, newest.hash)
        signature = key.sign(bytes.fromhex(digest))
        connection.execute(
            "INSERT INTO journal (seq, at, kind, body, previous_hash, hash, signature) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (seq, format_utc(at), kind, text, newest.hash, digest, signature),
        )
        return JournalRow(seq, at, kind, text, newest.hash, digest, signature)

    def _loaded_key(self) -> JournalKey:
        if self._key is None:
            self._key = load_or_make_key(self._home)
        return self._key

    def _begin_or_confess(self, connection: sqlite3.Connection) -> None:
        """See to it that the next row can be added: there is a first row, and what is not as it should be is told."""
        committed = head(connection)
        known = public_keys(connection)[-1:]
        if (self._loaded_key().public_key,) != known:
            self._key = None  # another process may have replaced a lost one
        key = self._loaded_key()
        if committed.seq == 0:
            self._add(connection, JournalKind.GENESIS, {"public_key": key.public_key, "format": 1})
        elif (key.public_key,) != known:
            body = {"public_key": key.public_key, "replaces": "".join(known)}
            self._add(connection, JournalKind.KEY_REPLACED, body)
        gap = self._gap(connection, committed)
        if gap is not None:
            self._add(connection, JournalKind.GAP, gap)

    def _gap(self, connection: sqlite3.Connection, committed: Head) -> Body | None:
        """Return what a gap row must say when the anchor and the journal cannot both be right."""
        anchor = read_anchor(self._home)
        if anchor is None and committed.seq <= 1:
            # Nothing was written before; or a crash came between the first row and its anchor, which is written now,
            # so that there is an anchor beside every later row.
            if committed.seq == 1:
                write_anchor(self._home, committed.seq, committed.hash, self._loaded_key())
            return None
        flaw = anchor_flaw(connection, anchor)
        if flaw is None:
            return None
        body = {"reason": flaw, "anchor": anchor}
        told = connection.execute(
            "SELECT body FROM journal WHERE kind = ? ORDER BY seq DESC LIMIT 1", (JournalKind.GAP,)
        ).fetchone()
        # Another process may have told the same and not have written its anchor yet.
        return None if told is not None and told["body"] == canonical(body) else body


def anchor_flaw(connection: sqlite3.Connection, anchor: Anchor | None) -> AnchorFlaw | None:
    """Say how the anchor and the journal contradict each other; None when they do not."""
    if anchor is None:
        return AnchorFlaw.MISSING
    if not any(anchor.signed_with(key) for key in reversed(public_keys(connection))):
        return AnchorFlaw.INVALID
    if anchor.seq > head(connection).seq:
        return AnchorFlaw.AHEAD
    row = connection.execute("SELECT hash FROM journal WHERE seq = ?", (anchor.seq,)).fetchone()
    return None if row is not None and row["hash"] == anchor.hash else AnchorFlaw.OTHER_ROW


def export_line(row: JournalRow) -> str:
    """Return a row as a line of JSON. Its body is an object there: written canonically again, it is what was hashed."""
    content: object = row.body
    with suppress(ValueError):
        content = read_json(row.body)
    return canonical(
        {
            "seq": row.seq,
            "at": row.at,
            "kind": row.kind,
            "body": content,
            "previous_hash": row.previous_hash,
            "hash": row.hash,
            "signature": row.signature,
        }
    )
