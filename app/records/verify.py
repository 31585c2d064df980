"""Verification of the journal: is every row the one that was written, are they all there, and do the tables agree?

What it cannot find: rows made by who holds this computer's journal key, and the whole home put back to an earlier day,
anchor included. Signed checklists and exported journals are the witnesses against those.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.clock import parse_utc
from app.paths import Home
from app.records.anchor import Anchor, read_anchor
from app.records.canonical import read_json
from app.records.database import Database
from app.records.errors import JournalKeyDamaged
from app.records.facts import JournalRow
from app.records.journal import NO_HASH, JournalKind, anchor_flaw, announced_key, row_hash
from app.records.projections import PROJECTIONS, project
from app.records.schema import MIGRATIONS
from app.records.signing import load_key, signed_by

PROBLEMS_KEPT: Final = 1_000


class JournalFlaw(StrEnum):
    """What can be wrong; beside these, the flaws of the anchor (`app.records.journal.AnchorFlaw`)."""

    MISSING = "row-missing"
    UNEXPECTED = "row-unexpected"
    """A row with a number that no row of ours has."""
    CHANGED = "row-changed"
    CHAIN = "chain-broken"
    """The row does not follow the one before it: one of the two was put in the other's place."""
    SIGNATURE = "signature-wrong"
    """The row was not signed with the journal's key."""
    UNREADABLE = "row-unreadable"
    """Chained and signed, but not what our code writes."""
    GAP = "journal-gap"
    """The program itself found rows missing when it wrote this one."""
    KEY_REPLACED = "journal-key-replaced"
    """The journal's key was lost; from here another one signs."""
    KEY_MISSING = "journal-key-missing"
    KEY_DAMAGED = "journal-key-damaged"
    KEY_OTHER = "journal-key-other"
    """The journal is signed with another key than this computer's."""
    PROJECTION = "table-differs"
    """A table says something else than the journal; `what` names table and row."""
    CHECKLIST = "checklist-signature-wrong"
    """A signed checklist whose signature, hash or place in the journal is not right."""
    DATABASE = "database-damaged"


@dataclass(frozen=True, slots=True)
class JournalProblem:
    """One thing wrong: at which row (0: none in particular), a stable code, and details where there are any."""

    seq: int
    reason: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class JournalReport:
    """What verification found: the number of rows, and the problems in the order of the rows (at most 1,000)."""

    rows: int
    problems: tuple[JournalProblem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(database: Database, home: Home) -> JournalReport:
    """Check the whole journal, as of one moment. Reads every row: about 10,000 a second.

    Raises RecordsDamaged when the database file cannot be read to its end.
    """
    # Before the transaction: the anchor only moves on, so it may lag behind what we then see but not be ahead of it.
    anchor = read_anchor(home)
    with database.read() as connection:
        # Text that is not UTF-8 is a changed row, not an end of the verification.
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        try:
            return _Verification(home, connection, anchor).run()
        finally:
            connection.text_factory = str


@dataclass(slots=True)
class _Verification:
    home: Home
    connection: sqlite3.Connection
    anchor: Anchor | None
    problems: list[JournalProblem] = field(default_factory=list)
    blamed: set[int] = field(default_factory=set)
    hashes: dict[int, str] = field(default_factory=dict)
    public_key: str = ""
    announced_at: int = 0

    def run(self) -> JournalReport:
        self._check_file()
        replayed = sqlite3.connect(":memory:", isolation_level=None)
        try:
            for statement in (statement for migration in MIGRATIONS for statement in migration):
                replayed.execute(statement)
            replayed.execute("BEGIN")
            self._check_rows(replayed)
            self._check_key()
            self._check_anchor()
            for table, key in PROJECTIONS.items():
                self._check_table(replayed, table, key)
        finally:
            replayed.close()
        found = sorted(self.problems, key=lambda problem: problem.seq)
        return JournalReport(rows=len(self.hashes), problems=tuple(found[:PROBLEMS_KEPT]))

    def _blame(self, seq: int, reason: str, what: str = "") -> None:
        self.problems.append(JournalProblem(seq, reason, what))
        self.blamed.add(seq)

    def _check_file(self) -> None:
        answer = str(self.connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if answer != "ok":
            self._blame(0, JournalFlaw.DATABASE, answer[:200])

    def _check_rows(self, replayed: sqlite3.Connection) -> None:
        expected, previous = 1, NO_HASH
        for row in self.connection.execute("SELECT * FROM journal ORDER BY seq"):
            seq = row["seq"]
            follows = seq == expected
            if seq < 1:
                self._blame(seq, JournalFlaw.UNEXPECTED)
                continue
            if not follows:
                self._blame(expected, JournalFlaw.MISSING, f"{expected}–{seq - 1}" if seq - 1 > expected else "")
            self._check_row(row, previous if follows else None, replayed)
            expected, previous = seq + 1, row["hash"]

    def _check_row(self, row: sqlite3.Row, previous_hash: str | None, replayed: sqlite3.Connection) -> None:
        """Check one row; `previous_hash` None when the row before it is not there to follow."""
        seq, kind, stored_hash = row["seq"], row["kind"], row["hash"]
        self.hashes[seq] = stored_hash
        if (seq == 1) != (kind == JournalKind.GENESIS):
            self._blame(seq, JournalFlaw.UNEXPECTED, "genesis")
        if (seq == 1 and kind == JournalKind.GENESIS) or kind == JournalKind.KEY_REPLACED:
            self.public_key, self.announced_at = announced_key(str(row["body"])), seq
        if not _hash_is_right(row):
            self._blame(seq, JournalFlaw.CHANGED)
        elif not signed_by(self.public_key, bytes.fromhex(stored_hash), str(row["signature"])):
            self._blame(seq, JournalFlaw.SIGNATURE)
        elif previous_hash is not None and row["previous_hash"] != previous_hash:
            self._blame(seq, JournalFlaw.CHAIN)
        match kind:
            case JournalKind.KEY_REPLACED:
                self._blame(seq, JournalFlaw.KEY_REPLACED)
            case JournalKind.GAP:
                self._blame(seq, JournalFlaw.GAP, str(row["body"])[:300])
            case JournalKind.CHECKLIST_SIGNED if not self._checklist_is_right(row):
                self._blame(seq, JournalFlaw.CHECKLIST)
        self._replay(row, replayed)

    def _replay(self, row: sqlite3.Row, replayed: sqlite3.Connection) -> None:
        try:
            at = parse_utc(row["at"])
            read_json(row["body"])
            project(replayed, JournalRow(row["seq"], at, row["kind"], row["body"], "", "", ""))
        except (ValueError, KeyError, TypeError, sqlite3.Error):
            if row["seq"] not in self.blamed:
                self._blame(row["seq"], JournalFlaw.UNREADABLE)

    def _checklist_is_right(self, row: sqlite3.Row) -> bool:
        try:
            body = read_json(row["body"])
        except (ValueError, TypeError):
            return False
        match body:
            case {
                "content": str(content),
                "content_sha256": str(digest),
                "public_key": str(public_key),
                "signature": str(signature),
                "journal_seq": int(bound_seq),
                "journal_hash": str(bound_hash),
            }:
                encoded = content.encode("utf-8", "backslashreplace")
                return (
                    hashlib.sha256(encoded).hexdigest() == digest
                    and signed_by(public_key, encoded, signature)
                    and bound_seq < row["seq"]
                    and self.hashes.get(bound_seq) == bound_hash
                )
            case _:
                return False

    def _check_key(self) -> None:
        try:
            key = load_key(self.home)
        except JournalKeyDamaged:
            self._blame(0, JournalFlaw.KEY_DAMAGED)
            return
        if key is None:
            self._blame(0, JournalFlaw.KEY_MISSING)
        elif key.public_key != self.public_key:
            self._blame(self.announced_at, JournalFlaw.KEY_OTHER)

    def _check_anchor(self) -> None:
        flaw = anchor_flaw(self.connection, self.anchor)
        if flaw is not None:
            last = max(self.hashes, default=0)
            self._blame(last if self.anchor is None else max(0, min(self.anchor.seq, last + 1)), flaw)

    def _check_table(self, replayed: sqlite3.Connection, table: str, key: tuple[str, ...]) -> None:
        query = f"SELECT {', '.join(key)}, seq, * FROM {table}"  # noqa: S608 - constants of `projections`
        should = {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in replayed.execute(query)}
        is_now = {tuple(row)[: len(key)]: tuple(row)[len(key) :] for row in self.connection.execute(query)}
        for name in should.keys() | is_now.keys():
            if should.get(name) != is_now.get(name):
                seq = (should.get(name) or is_now[name])[0]
                seq = seq if isinstance(seq, int) else 0
                if seq not in self.blamed:
                    what = " ".join((table, *(str(part) for part in name)))
                    self.problems.append(JournalProblem(seq, JournalFlaw.PROJECTION, what))


def _hash_is_right(row: sqlite3.Row) -> bool:
    stored: object = row["hash"]
    try:
        return stored == row_hash(row["seq"], row["at"], row["kind"], row["body"], row["previous_hash"])
    except ValueError:
        return False  # a column holds what is no text at all
