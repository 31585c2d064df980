"""Several processes write at once, and any of them may be killed at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from app.clock import FixedClock
from app.paths import Home
from app.records.facts import Outcome, RequestKind
from app.records.store import Records

WRITER = """
import sys
from pathlib import Path
from app.clock import SystemClock
from app.paths import Home
from app.records.facts import Outcome, Progress, RunKind, TargetSight, UpsSight
from app.records.store import Records

home, name, rounds = Home.in_folder(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
clock = SystemClock()
with Records.open(home, clock) as records:
    for number in range(rounds):
        run = records.start_run(RunKind.BACKUP, data_set=name, target="nas", reason="due", pid=1, pid_started=1.0)
        records.write_progress(Progress(run, clock.now(), "copy", number, 9, 9, 9, "x"))
        records.see_target(TargetSight(name, number % 2 == 0, clock.now()))
        records.emit("drive-arrived", name)
        records.finish_run(run, Outcome.GOOD, files=number)
        print(run, flush=True)
"""

TAKER = """
import sys
from pathlib import Path
from app.clock import SystemClock
from app.paths import Home
from app.records.store import Records

with Records.open(Home.in_folder(Path(sys.argv[1])), SystemClock()) as records:
    while (request := records.take_request()) is not None:
        print(request.id, flush=True)
"""


def start(home: Home, program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(home.data), *arguments], stdout=subprocess.PIPE, text=True
    )


def test_processes_that_begin_and_write_at_once_make_one_chain(home: Home, clock: FixedClock) -> None:
    with ExitStack() as stack:
        # None of them finds a database: they make it, its key and its first row together.
        writers = [stack.enter_context(start(home, WRITER, f"set{number}", "15")) for number in range(4)]
        told = [int(line) for writer in writers for line in writer.communicate()[0].split()]
        assert [writer.returncode for writer in writers] == [0] * 4
    with Records.open(home, clock) as records:
        assert records.verify_journal().problems == ()
        assert sorted(told) == sorted(run.id for run in records.runs(limit=1000)) == list(range(1, 61))
        assert {run.outcome for run in records.runs(limit=1000)} == {Outcome.GOOD}


def test_request_is_taken_by_one_of_several(home: Home, records: Records) -> None:
    asked = [records.ask(RequestKind.BACKUP, by="test") for _ in range(40)]
    with ExitStack() as stack:
        takers = [stack.enter_context(start(home, TAKER)) for _ in range(3)]
        taken = [int(line) for taker in takers for line in taker.communicate()[0].split()]
    assert sorted(taken) == asked


@pytest.mark.slow
def test_process_killed_at_any_moment_leaves_records_that_are_right(home: Home, clock: FixedClock) -> None:
    chance = random.Random(20260901)
    told: set[int] = set()
    for attempt in range(25):
        with ExitStack() as stack:
            writers = [stack.enter_context(start(home, WRITER, name, "100000")) for name in ("grades", "money")]
            if attempt % 2:  # in the middle of writing, however slow the machine is; else while they begin, maybe
                assert writers[0].stdout is not None
                told.add(int(writers[0].stdout.readline()))
            time.sleep(chance.random() * 0.5)
            for writer in writers:
                writer.kill()
                told.update(int(line) for line in writer.communicate()[0].split() if line.isdigit())
        with Records.open(home, clock) as records:
            assert records.verify_journal().problems == ()
    with Records.open(home, clock) as records:
        # What a process said after writing it is there, however it ended afterwards.
        finished = {run.id for run in records.runs(limit=100_000) if run.outcome is Outcome.GOOD}
        assert len(told) >= 12
        assert told <= finished
        for run in records.running():
            records.finish_run(run.id, Outcome.INTERRUPTED)
        assert records.running() == ()
        assert records.verify_journal().ok
