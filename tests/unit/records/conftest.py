"""A home with records, a clock that stands still, and hands that write past the program."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.paths import Home
from app.records.store import Records

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.in_folder(tmp_path / "home")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def records(home: Home, clock: FixedClock) -> Iterator[Records]:
    with Records.open(home, clock) as records:
        yield records


Tamper = Callable[..., None]


@pytest.fixture
def tamper(home: Home) -> Tamper:
    """Run SQL on the database as an intruder would: with the guards taken away first."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(home.database)) as connection, connection:
            connection.execute("DROP TRIGGER IF EXISTS journal_is_not_changed")
            connection.execute("DROP TRIGGER IF EXISTS journal_is_not_removed")
            for statement in statements:
                connection.execute(statement)

    return run
