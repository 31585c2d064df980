"""The database file: opened, brought up to date, read and written in transactions. SQLite in WAL mode."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from app.paths import Home
from app.records.errors import RecordsBusy, RecordsDamaged, RecordsTooNew, RecordsUnusable
from app.records.files import locked, make_folder, write_private
from app.records.room import RoomTrouble, room_trouble, trouble_of, unusable
from app.records.schema import APPLICATION_ID, MIGRATIONS

BUSY_TIMEOUT_S = 30.0
_READING_TRIES = 3

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}


class Database:
    """One connection, for one thread. Errors of SQLite come out as those of `app.records.errors`."""

    def __init__(self, connection: sqlite3.Connection, file: Path, *, is_copy: bool = False) -> None:
        self.connection = connection
        self.file = file
        self.is_copy = is_copy
        """It is in memory and shows one moment: the file lies where nothing can be written. It refuses writing."""
        self._durable = True

    @classmethod
    def open(cls, home: Home) -> Self:
        """Open the database of a home; makes it and brings it up to date where needed.

        Raises RecordsDamaged, RecordsTooNew, RecordsUnusable or RecordsBusy; a file that cannot be used is not touched.
        """
        file = home.database
        with _mapped(file):
            make_folder(file.parent)
            _make_private(file)
            connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        database = cls(connection, file)
        try:
            database._prepare(journal_lock(home))
        except BaseException:
            connection.close()
            raise
        return database

    @classmethod
    def open_to_read(cls, home: Home) -> Self:
        """Open as `open` does; where nothing can be written, a copy in memory of what is there (`is_copy`)."""
        for _ in range(_READING_TRIES):  # somebody may begin or end writing just now
            with contextlib.suppress(RecordsUnusable):
                return cls.open(home)
            copy = cls._copied(home.database)
            if copy is not None:
                return copy
        return cls.open(home)

    @classmethod
    def _copied(cls, file: Path) -> Self | None:
        from app.records.at_rest import copy_at_rest  # not on the way of who can write

        with _mapped(file):
            connection = copy_at_rest(file)
            if connection is None:
                return None
            database = cls(connection, file, is_copy=True)
            try:
                connection.row_factory = sqlite3.Row
                if database._version() < len(MIGRATIONS):
                    database._migrate()  # the copy only
                connection.execute("PRAGMA query_only = ON")
            except BaseException:
                connection.close()
                raise
            return database

    def _prepare(self, lock: Path) -> None:
        with _mapped(self.file):
            self.connection.row_factory = sqlite3.Row
            if self._version() < len(MIGRATIONS):
                # Turning WAL on and migrating do not wait for each other by SQLite's own locks alone.
                with locked(lock):
                    self.connection.execute("PRAGMA journal_mode = WAL")
                    self._migrate()
            self.connection.execute("PRAGMA synchronous = FULL")

    def _version(self) -> int:
        version = self._pragma("user_version")
        if version > len(MIGRATIONS):
            raise RecordsTooNew(file=str(self.file), found=version, known=len(MIGRATIONS))
        application = self._pragma("application_id")
        tables = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and (version or tables or application):
            raise RecordsDamaged(file=str(self.file), reason="another-program")
        return version

    def _migrate(self) -> None:
        for number in range(self._version(), len(MIGRATIONS)):
            with self.write():
                for statement in MIGRATIONS[number]:
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self.connection.execute(f"PRAGMA user_version = {number + 1}")

    def _pragma(self, name: str) -> int:
        value = self.connection.execute(f"PRAGMA {name}").fetchone()[0]
        return int(value)

    def data_version(self) -> int:
        """Return a number that is another one whenever another connection has committed since."""
        with _mapped(self.file):
            return self._pragma("data_version")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Read in one transaction: all of it sees the same moment. Within a transaction it is part of that one."""
        with _mapped(self.file):
            if self.connection.in_transaction:
                yield self.connection
                return
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.rollback()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Write in one transaction, alone among all processes.

        `durable`: on return it survives a power cut. Otherwise a power cut may lose it (never half of it), and it is
        cheap: for progress and readings.
        """
        with _mapped(self.file):
            if durable != self._durable:
                self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            # IMMEDIATE: a transaction that first read and then wants to write would fail instead of wait.
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                self.connection.rollback()
                raise

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _make_private(file: Path) -> None:
    """See to it that the database file is there, for this user only: SQLite gives the -wal and -shm files its mode.

    A file that exists is never opened here, only linked or looked at. Closing it would drop the locks that SQLite holds
    on it for another connection of this process, and another process could then take away the log that connection goes
    on writing to: its commits would be lost (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            write_private(file, b"", replace=False)
        return
    if mode & 0o077:
        file.chmod(0o600)


def journal_lock(home: Home) -> Path:
    """Return the file that is locked while the database is migrated or the journal's anchor written."""
    return home.data / "journal.lock"


@contextmanager
def _mapped(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        extended = getattr(exc, "sqlite_errorcode", None)
        primary = None if extended is None else extended & 0xFF
        name = getattr(exc, "sqlite_errorname", "")
        if primary in _DAMAGED:
            raise RecordsDamaged(file=str(file), reason=name) from exc
        if primary in _BUSY:
            raise RecordsBusy(file=str(file), waited_s=BUSY_TIMEOUT_S) from exc
        if primary in _UNUSABLE:
            full = primary == sqlite3.SQLITE_FULL
            trouble = RoomTrouble.FULL if full else room_trouble(file.parent)
            raise unusable(str(file), name, trouble) from exc
        if primary is None and isinstance(exc, sqlite3.OperationalError):
            # Raised by Python's module itself: a text that is not UTF-8.
            raise RecordsDamaged(file=str(file), reason="undecodable-text") from exc
        raise
    except OSError as exc:
        named = exc.filename if isinstance(exc.filename, str) else str(file)
        raise unusable(named, exc.strerror or str(exc), trouble_of(exc)) from exc
