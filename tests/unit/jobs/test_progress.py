"""The numbers of a running job: carried to the records, not too often, and never in the job's way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.jobs.progress import ProgressPump
from app.paths import Home
from app.records.facts import Progress, RunId, RunKind
from app.records.store import Records
from app.repository.model import Monitor, Phase


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.in_folder(tmp_path)


@pytest.fixture
def records(home: Home) -> Iterator[Records]:
    with Records.open(home, SystemClock()) as records:
        yield records


@pytest.fixture
def run(records: Records) -> RunId:
    return records.start_run(RunKind.BACKUP, data_set="marks", target="nas", reason="test", pid=1, pid_started=0.0)


def test_the_last_numbers_are_there_when_the_job_ends(home: Home, records: Records, run: RunId) -> None:
    monitor = Monitor()
    with ProgressPump(home, SystemClock(), run, monitor, interval_s=60):
        monitor.phase = Phase.STORING
        monitor.files_done, monitor.files_total = 7, 9
        monitor.bytes_done, monitor.bytes_total = 70, 90
        monitor.current = b"/data/caf\xe9.txt"
    progress = records.progress(run)
    assert progress is not None
    assert (progress.phase, progress.files_done, progress.files_total) == ("storing", 7, 9)
    assert (progress.bytes_done, progress.bytes_total, progress.current) == (70, 90, "/data/caf\\xe9.txt")


def test_numbers_that_change_all_the_time_are_written_at_the_interval(
    home: Home, run: RunId, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Progress] = []
    monkeypatch.setattr(Records, "write_progress", lambda _records, progress: written.append(progress))
    monitor = Monitor()
    with ProgressPump(home, SystemClock(), run, monitor, interval_s=0.1):
        end = time.monotonic() + 0.55
        while time.monotonic() < end:
            monitor.bytes_done += 1
            time.sleep(0.001)
    assert 3 <= len(written) <= 7
    assert written[-1].bytes_done == monitor.bytes_done


def test_numbers_that_stand_still_are_not_written_again(
    home: Home, run: RunId, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Progress] = []
    monkeypatch.setattr(Records, "write_progress", lambda _records, progress: written.append(progress))
    with ProgressPump(home, SystemClock(), run, Monitor(), interval_s=0.01):
        time.sleep(0.2)
    assert len(written) == 1


def test_a_database_that_cannot_be_written_does_not_end_the_job(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    home.database.mkdir(parents=True)
    with ProgressPump(home, SystemClock(), RunId(1), Monitor()):
        pass
