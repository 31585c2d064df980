"""The database file is private, is brought up to date, and one that cannot be used is left as it is."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.errors import VangnetError
from app.paths import Home
from app.records import schema
from app.records.errors import RecordsDamaged, RecordsTooNew, RecordsUnusable
from app.records.store import Records
from tests.unit.records.conftest import Tamper
from tests.unit.records.school import back_up, some_weeks


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_files_are_private(home: Home, records: Records) -> None:
    back_up(records)
    assert mode(home.data) == mode(home.secrets) == 0o700
    files = [path for path in home.data.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"vangnet.db", "vangnet.db-wal", "journal.head", "journal.key"}
    assert {path.name for path in files if mode(path) != 0o600} == set()


def test_folder_that_was_there_keeps_its_mode_and_the_file_does_not(home: Home, clock: FixedClock) -> None:
    home.data.mkdir(mode=0o755, parents=True)
    home.database.touch(mode=0o644)
    with Records.open(home, clock):
        assert mode(home.data) == 0o755
        assert mode(home.database) == 0o600


def test_opening_again_writes_nothing(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
        facts = records.facts()
    before = home.database.read_bytes()
    with Records.open(home, clock) as records:
        assert records.facts() == facts
    assert home.database.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_file_that_is_no_database_is_refused_and_kept(home: Home, clock: FixedClock, content: bytes) -> None:
    home.data.mkdir(parents=True)
    home.database.write_bytes(content)
    with pytest.raises(RecordsDamaged) as caught:
        Records.open(home, clock)
    assert caught.value.data["file"] == str(home.database)
    assert home.database.read_bytes() == content


def test_database_of_another_program_is_refused_and_kept(home: Home, clock: FixedClock) -> None:
    home.data.mkdir(parents=True)
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.execute("CREATE TABLE journal (x)")
    before = home.database.read_bytes()
    with pytest.raises(RecordsDamaged):
        Records.open(home, clock)
    assert home.database.read_bytes() == before


def test_newer_database_is_refused_and_kept(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        back_up(records)
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    with pytest.raises(RecordsTooNew) as caught:
        Records.open(home, clock)
    assert (caught.value.data["found"], caught.value.data["known"]) == (
        len(schema.MIGRATIONS) + 1, len(schema.MIGRATIONS),
    )  # fmt: skip


def test_migration_that_fails_leaves_the_database_as_it_was(
    home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    broken = (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "CREATE TABLE runs (x)"))
    monkeypatch.setattr("app.records.database.MIGRATIONS", broken)
    with pytest.raises(sqlite3.OperationalError):
        Records.open(home, clock)
    monkeypatch.undo()
    with Records.open(home, clock) as records:
        assert records.verify_journal().ok
    with closing(sqlite3.connect(home.database)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)


def test_older_database_is_brought_up_to_date(home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    newer = (*schema.MIGRATIONS, ("CREATE TABLE extra (x)",))
    monkeypatch.setattr("app.records.database.MIGRATIONS", newer)
    with Records.open(home, clock) as records:
        assert records.verify_journal().ok
        back_up(records)
    with closing(sqlite3.connect(home.database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(newer),)


@pytest.mark.parametrize("page", range(2, 30, 3))
def test_damaged_page_is_a_clear_error_or_a_problem_found(home: Home, clock: FixedClock, page: int) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    content = bytearray(home.database.read_bytes())
    content[page * 4096 : page * 4096 + 4096] = b"\xa5" * 4096
    home.database.write_bytes(content)
    try:
        with Records.open(home, clock) as records:
            assert not records.verify_journal().ok
    except VangnetError as error:
        assert error.code == "records-damaged"  # noqa: PT017 - either of two outcomes is right


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET outcome = 'splendid'",
        "UPDATE runs SET started = '2026-13-99'",
        "UPDATE runs SET started = '2030-01-01 10:00'",
        "UPDATE runs SET error_data = 'x'",
        "UPDATE runs SET reason = CAST(X'FFFE41' AS TEXT)",
        "UPDATE ups_sights SET flags = X'00'",
        "UPDATE set_up SET at = 'x'",
    ],
)
def test_row_that_we_never_write_is_a_clear_error(records: Records, tamper: Tamper, statement: str) -> None:
    some_weeks(records)
    tamper(statement)
    with pytest.raises(RecordsDamaged):
        records.facts()


def test_folder_in_the_place_of_the_file_is_a_clear_error(home: Home, clock: FixedClock) -> None:
    home.database.mkdir(parents=True)
    with pytest.raises(RecordsUnusable):
        Records.open(home, clock)


def test_full_disk_loses_no_fact_that_was_there(home: Home, records: Records) -> None:
    some_weeks(records)
    facts = records.facts()
    pages = records._database.connection.execute("PRAGMA page_count").fetchone()[0]
    records._database.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RecordsUnusable) as caught:
        records.note("filler", {"text": "x" * 40_960})
    assert caught.value.data["reason"] == "SQLITE_FULL"
    assert records.facts().runs == facts.runs
    assert records.verify_journal().ok


READ_AND_LEAVE = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM runs').fetchall(); c.close()"
)


def test_what_is_committed_stays_whoever_else_comes_and_goes(home: Home, clock: FixedClock) -> None:
    """A second connection of this process must not cost the first its locks: the next to leave would take its log."""
    with Records.open(home, clock) as records, Records.open(home, clock):
        back_up(records)
        subprocess.run([sys.executable, "-c", READ_AND_LEAVE, str(home.database)], check=True)
        run = back_up(records)
        assert (home.data / "vangnet.db-wal").exists()
        with closing(sqlite3.connect(home.database)) as other:
            assert other.execute("SELECT count(*) FROM runs WHERE id = ?", (run.id,)).fetchone() == (1,)
