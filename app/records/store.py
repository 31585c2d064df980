"""The records of one installation: every floor above reads and writes what has been through `Records`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from app.clock import Clock
from app.paths import Home
from app.records.base import Pairs
from app.records.canonical import Body
from app.records.database import Database
from app.records.deviations import DeviationRecords
from app.records.facts import JournalRow
from app.records.journal import JournalKind, decode_row, export_line, head
from app.records.live import LiveRecords
from app.records.people import PeopleRecords
from app.records.power import PowerRecords
from app.records.reading import FactRecords
from app.records.requests import RequestRecords
from app.records.runs import RunRecords
from app.records.sights import SightRecords
from app.records.syncs import SyncRecords

if TYPE_CHECKING:
    from app.records.verify import JournalReport

_NOTE_KIND = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PAGE = 500


class Records(
    RunRecords,
    RequestRecords,
    LiveRecords,
    SightRecords,
    SyncRecords,
    DeviationRecords,
    PeopleRecords,
    PowerRecords,
    FactRecords,
):
    """One connection to the records: for one thread of one process. Any number of them write safely at once."""

    @classmethod
    def open(cls, home: Home, clock: Clock) -> Self:
        """Open the records of a home, made and brought up to date where needed (file 0600).

        Raises RecordsDamaged, RecordsTooNew, RecordsUnusable, RecordsBusy; such a file is left as it is.
        """
        database = Database.open(home)
        records = cls(home, clock, database)
        try:
            records._begin_journal()
        except BaseException:
            database.close()
            raise
        return records

    @classmethod
    def open_to_read(cls, home: Home, clock: Clock) -> Self:
        """Open the records as `open` does; on a disk where nothing can be written, a copy of them in memory.

        Such a copy (`is_copy`) shows the moment at which it was made, and refuses to write (RecordsUnusable).
        """
        database = Database.open_to_read(home)
        records = cls(home, clock, database)
        if database.is_copy:
            return records
        try:
            records._begin_journal()
        except BaseException:
            database.close()
            raise
        return records

    @property
    def is_copy(self) -> bool:
        return self._database.is_copy

    def _begin_journal(self) -> None:
        with self._database.read() as connection:
            if head(connection).seq:
                return
        with self._facts() as connection:
            self._journal.begin(connection)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def note(self, kind: str, body: Body, *, subject: str = "", data: Pairs = ()) -> JournalRow:
        """Record a fact of a free kind ("restored", "pin-changed", "policy-changed"); pushes an event of that kind.

        `kind` is words of a–z and 0–9 with hyphens; raises ValueError on another spelling and on the kinds that the
        other methods write.
        """
        if not _NOTE_KIND.fullmatch(kind) or len(kind) > 40 or kind in set(JournalKind):
            raise ValueError(f"not a kind for a note: {kind!r}")
        with self._facts() as connection:
            return self._record(connection, kind, body, subject, data)

    def journal_rows(self, after: int = 0, limit: int = _PAGE) -> tuple[JournalRow, ...]:
        """Return rows of the journal after a number, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
            return self._decoded(decode_row, rows)

    def export_journal(self) -> Iterator[str]:
        """Yield the journal as JSON Lines, one row each, the oldest first."""
        after = 0
        while rows := self.journal_rows(after):
            yield from (export_line(row) for row in rows)
            after = rows[-1].seq

    def verify_journal(self) -> JournalReport:
        """Check that no row was changed, removed, swapped or put in, and that the tables agree with the journal."""
        from app.records.verify import verify  # not on the way of who only wants to see the state

        return verify(self._database, self._home)
