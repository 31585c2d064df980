"""Reading the state is cheap: `vangnet status` must not pay for what only writers need."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from app.clock import FixedClock, format_utc
from app.paths import Home
from app.records import decode
from app.records.facts import Run, RunKind
from app.records.store import Records
from tests.unit.records.school import some_weeks

READER = """
import sys
from pathlib import Path
from app.clock import SystemClock
from app.paths import Home
from app.records.presence import agent_pid
from app.records.store import Records

home = Home.in_folder(Path(sys.argv[1]))
agent_pid(home)
with Records.open(home, SystemClock()) as records:
    records.facts(), records.running(), records.events_after(0), records.runs()
print(*sorted({"cryptography", "msgspec", "psutil", "asyncio", "tempfile", "yaml"} & set(sys.modules)))
"""


def test_who_only_reads_loads_no_cryptography(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    reader = subprocess.run([sys.executable, "-c", READER, str(home.data)], capture_output=True, text=True, check=True)
    assert reader.stdout.split() == []


def test_no_reading_of_runs_walks_through_the_whole_table(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
        asked: list[str] = []
        records._database.connection.set_trace_callback(asked.append)
        records.facts(), records.running(), records.runs(data_set="grades"), records.runs(target="nas")
        records.run(records.runs(limit=1)[0].id)
        records._database.connection.set_trace_callback(None)
    queries = [query for query in asked if "FROM runs" in query]
    assert len(queries) >= 6
    with closing(sqlite3.connect(home.database)) as connection:
        for query in queries:
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {query}"):
                assert "SCAN" not in step or "USING" in step or "LIMIT" in query, (step, query)


def test_of_a_long_history_each_run_is_made_once_and_later_only_what_is_new(
    home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    make = decode.light_run

    def counted(row: sqlite3.Row) -> Run:
        made.append(row["id"])
        return make(row)

    monkeypatch.setattr(decode, "light_run", counted)
    with Records.open(home, clock) as records:
        in_window, older = 1_000, 500
        for number in range(older + in_window):
            days = 3 * 400 if number < older else 200
            moment = format_utc(clock.now() - timedelta(days=days) + timedelta(minutes=number))
            records._database.connection.execute(
                "INSERT INTO runs (id, seq, kind, data_set, target, outcome, started, finished, reason)"
                " VALUES (?, 0, 'backup', ?, ?, 'good', ?, ?, 'due')",
                (number + 1, f"set {number % 10}", f"place {number % 3 if number >= older else 3}", moment, moment),
            )
        assert len(records.facts().runs) == len(made) == len(set(made)) == in_window + 10, "and the newest of each old"
        made.clear()
        records.facts()
        assert len(made) == 10
        made.clear()
        run = records.start_run(RunKind.CHECK, data_set="", target="place 1", reason="due", pid=1, pid_started=1.0)
        assert records.facts().runs[0].id == run
        assert len(made) == 10 + 1
