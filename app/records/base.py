"""What the parts of `Records` share: the database, the clock, and the one way a fact is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from app.clock import Clock, format_utc
from app.paths import Home
from app.records.canonical import Body, canonical, plain
from app.records.database import Database
from app.records.errors import RecordsDamaged
from app.records.facts import JournalRow
from app.records.journal import Journal
from app.records.projections import project

EVENTS_KEPT = 5_000

Value = TypeVar("Value")
Pairs = tuple[tuple[str, str], ...]


class RecordsBase:
    """One connection to the records, with the means to write facts."""

    def __init__(self, home: Home, clock: Clock, database: Database) -> None:
        self._home = home
        self._clock = clock
        self._database = database
        self._journal = Journal(home, clock)

    @contextmanager
    def _facts(self) -> Iterator[sqlite3.Connection]:
        """Write facts in one transaction; on return they survive a power cut."""
        with self._database.write() as connection:
            yield connection
        # The facts are in; an anchor that cannot be written (full disk) lags, as after a power cut.
        with suppress(OSError):
            self._journal.anchor(connection)

    def _record(
        self, connection: sqlite3.Connection, kind: str, body: Body, subject: str = "", data: Pairs = ()
    ) -> JournalRow:
        """Write one fact in the caller's transaction: its journal row, its projection and an event of the same kind."""
        row = self._journal.append(connection, kind, body)
        project(connection, row)
        self._push(connection, kind, subject, data)
        return row

    def _push(self, connection: sqlite3.Connection, kind: str, subject: str, data: Pairs) -> None:
        cursor = connection.execute(
            "INSERT INTO events (at, kind, subject, data) VALUES (?, ?, ?, ?)",
            (format_utc(self._clock.now()), text(kind), text(subject), canonical(data)),
        )
        connection.execute("DELETE FROM events WHERE id <= ?", ((cursor.lastrowid or 0) - EVENTS_KEPT,))

    def _decoded(self, decode: Callable[[sqlite3.Row], Value], rows: Iterable[sqlite3.Row]) -> tuple[Value, ...]:
        """Turn rows into values; raises RecordsDamaged where a row holds what we never write."""
        try:
            return tuple(decode(row) for row in rows)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
            raise RecordsDamaged(file=str(self._database.file), reason="unreadable-row") from exc


def text(value: str) -> str:
    """Return a text that SQLite can keep: what is not Unicode (names of files) is spelled with backslashes."""
    return str(plain(value))
