"""Records on a disk where nothing can be written: read as they are, never written, nothing of others disturbed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.clock import Clock
from app.paths import Home
from app.records import at_rest
from app.records.at_rest import copy_at_rest
from app.records.database import Database
from app.records.errors import RecordsDamaged, RecordsDiskFull, RecordsReadOnly, RecordsUnusable
from app.records.room import RoomTrouble, room_trouble, unusable
from app.records.store import Records

WRITER = """
import sys
from pathlib import Path
from app.clock import SystemClock
from app.paths import Home
from app.records.store import Records
with Records.open(Home.in_folder(Path(sys.argv[1])), SystemClock()) as records:
    records.note("written", {"by": "another process"})
"""


def no_room(_home: Home) -> Database:
    raise RecordsDiskFull(file="", folder="", reason="SQLITE_IOERR")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, this disk is one on which SQLite cannot make its shared memory."""
    return lambda: monkeypatch.setattr(Database, "open", staticmethod(no_room))


def kinds(records: Records) -> list[str]:
    return [row.kind for row in records.journal_rows()]


def test_what_was_recorded_is_read_and_nothing_is_written(home: Home, clock: Clock, full: Callable[[], None]) -> None:
    with Records.open(home, clock) as records:
        records.note("first", {})
    before = {path: path.read_bytes() for path in home.data.rglob("*") if path.is_file()}
    full()
    with Records.open_to_read(home, clock) as records:
        assert records.is_copy
        assert kinds(records) == ["genesis", "first"]
        assert records.facts().journal_rows == 2
        assert records.verify_journal().ok
        for write in (
            lambda: records.note("second", {}),
            lambda: records.emit("seen", ""),
            lambda: records.mark_set_up(),
        ):
            with pytest.raises(RecordsUnusable):
                write()
        assert kinds(records) == ["genesis", "first"]
    assert {path: path.read_bytes() for path in home.data.rglob("*") if path.is_file()} == before


def test_where_there_is_room_it_is_no_copy(home: Home, clock: Clock) -> None:
    with Records.open_to_read(home, clock) as records:
        assert not records.is_copy
        records.note("first", {})
        assert kinds(records) == ["genesis", "first"]


def test_what_a_power_cut_left_in_the_log_is_read_too(
    home: Home, clock: Clock, tmp_path: Path, full: Callable[[], None]
) -> None:
    cut = Home.in_folder(tmp_path / "cut")
    with Records.open(home, clock) as records:
        for number in range(20):
            records.note("fact", {"number": number})
        cut.data.mkdir()
        for name in ("vangnet.db", "vangnet.db-wal"):
            subprocess.run(["cp", home.data / name, cut.data / name], check=True)
    log = cut.data / "vangnet.db-wal"
    assert log.stat().st_size > 0
    with log.open("r+b") as stream:  # the power went while a page was being written
        stream.truncate(log.stat().st_size - 1000)
    full()
    with Records.open_to_read(cut, clock) as records:
        assert kinds(records) == ["genesis", *["fact"] * 19]
    assert log.stat().st_size > 0


def test_no_copy_is_made_while_somebody_writes(home: Home, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with Records.open(home, clock):
        pass
    copied = at_rest._copied

    def written_meanwhile(parts: tuple[Path, ...], folder: Path) -> bool:
        done = copied(parts, folder)
        subprocess.run([sys.executable, "-c", WRITER, str(home.data)], check=True)
        return done

    monkeypatch.setattr(at_rest, "_copied", written_meanwhile)
    assert copy_at_rest(home.database) is None


def test_the_locks_of_other_connections_survive(home: Home, clock: Clock) -> None:
    """Closing the database file in this process would let another one take away the log under an open connection."""
    with Records.open(home, clock) as records:
        records.note("first", {})
        with contextlib.closing(copy_at_rest(home.database) or sqlite3.connect(":memory:")) as copy:
            assert copy.execute("SELECT count(*) FROM journal").fetchone()[0] == 2
        subprocess.run([sys.executable, "-c", WRITER, str(home.data)], check=True)
        records.note("second", {})
    with Records.open(home, clock) as records:
        assert kinds(records) == ["genesis", "first", "written", "second"]
        assert records.verify_journal().ok


def test_nothing_is_left_behind(
    home: Home, clock: Clock, full: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(at_rest, "IN_MEMORY", (str(scratch),))
    with Records.open(home, clock):
        pass
    full()
    with Records.open_to_read(home, clock) as records:
        assert kinds(records) == ["genesis"]
        assert list(scratch.iterdir()) == []


def test_records_of_an_older_version_are_read(home: Home, clock: Clock, full: Callable[[], None]) -> None:
    with Records.open(home, clock):
        pass
    with contextlib.closing(sqlite3.connect(home.database)) as older:
        older.execute("ALTER TABLE target_sights DROP COLUMN reason")
        older.execute("PRAGMA user_version = 7")
        older.commit()
    full()
    with Records.open_to_read(home, clock) as records:
        assert records.facts().targets == ()


def test_without_records_or_room_for_a_copy_it_says_what_is_wrong(
    home: Home, clock: Clock, full: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    full()
    with pytest.raises(RecordsDiskFull):
        Records.open_to_read(home, clock)
    monkeypatch.undo()
    with Records.open(home, clock):
        pass
    full()
    monkeypatch.setattr(at_rest, "_copied", lambda _parts, _folder: False)
    with pytest.raises(RecordsDiskFull):
        Records.open_to_read(home, clock)


def test_damaged_records_are_called_damaged(home: Home, clock: Clock, full: Callable[[], None]) -> None:
    home.data.mkdir(exist_ok=True)
    home.database.write_bytes(b"no database at all" * 1000)
    full()
    with pytest.raises(RecordsDamaged):
        Records.open_to_read(home, clock)


@pytest.mark.parametrize(
    ("flags", "blocks", "files", "trouble"),
    [
        (0, 1000, 10, None),
        (0, 100, 10, RoomTrouble.FULL),
        (0, 1000, 0, RoomTrouble.FULL),
        (os.ST_RDONLY, 1000, 10, RoomTrouble.READ_ONLY),
        (os.ST_RDONLY, 0, 0, RoomTrouble.READ_ONLY),
    ],
)
def test_the_file_system_says_whether_anything_can_be_written(
    flags: int, blocks: int, files: int, trouble: RoomTrouble | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = os.statvfs_result((4096, 4096, 5000, blocks, blocks, 100, files, files, flags, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: said)
    assert room_trouble(tmp_path) is trouble


def test_a_file_system_that_counts_nothing_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: said)
    assert room_trouble(tmp_path) is None
    assert room_trouble(tmp_path / "not there") is None


def test_each_trouble_has_an_error_of_its_own() -> None:
    file = "/home/office/vangnet.db"
    assert type(unusable(file, "why", RoomTrouble.FULL)) is RecordsDiskFull
    assert type(unusable(file, "why", RoomTrouble.READ_ONLY)) is RecordsReadOnly
    assert unusable(file, "why", RoomTrouble.READ_ONLY).data["folder"] == "/home/office"
    assert type(unusable(file, "why", None)) is RecordsUnusable
