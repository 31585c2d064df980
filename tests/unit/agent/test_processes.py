"""Which process is whose: a pid alone may be another process by now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from app.agent.processes import alive, ask_to_stop, is_worker, own_start
from app.agent.workers import worker_command
from app.paths import Home
from app.records.facts import Outcome, Run, RunId, RunKind

WAITING = "import time; time.sleep(60)"


def run_of(pid: int, started: float, number: int = 7) -> Run:
    return Run(
        id=RunId(number), kind=RunKind.CHECK, data_set="", target="nas", outcome=Outcome.RUNNING,
        started=datetime(2026, 11, 23, tzinfo=UTC), finished=None, reason="test", pid=pid, pid_started=started,
    )  # fmt: skip


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process with the command line of run 7's worker."""
    with subprocess.Popen([sys.executable, "-c", WAITING, "worker", "7"]) as process:
        yield process
        process.kill()


def test_a_process_is_told_from_another_with_its_id_by_its_start() -> None:
    assert alive(run_of(os.getpid(), own_start()))
    assert not alive(run_of(os.getpid(), own_start() - 60))


def test_a_worker_is_known_by_its_command_line_when_the_clock_was_set(worker: subprocess.Popen[bytes]) -> None:
    started = psutil.Process(worker.pid).create_time()
    assert alive(run_of(worker.pid, started - 3600))
    assert is_worker(run_of(worker.pid, started - 3600))
    assert not alive(run_of(worker.pid, started - 3600, number=8))


def test_only_workers_are_asked_to_stop(worker: subprocess.Popen[bytes]) -> None:
    ask_to_stop(run_of(os.getpid(), own_start()))
    ask_to_stop(run_of(worker.pid, psutil.Process(worker.pid).create_time()))
    assert worker.wait(timeout=10) == -signal.SIGTERM


def test_a_process_that_has_ended_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        started = psutil.Process(process.pid).create_time()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not alive(run_of(process.pid, started)), "a zombie does no work any more"
    assert not alive(run_of(process.pid, started))


def test_a_worker_is_told_its_home_unless_the_environment_tells_it(tmp_path: Path) -> None:
    one_folder = worker_command(Home.in_folder(tmp_path), [RunId(7)])
    assert one_folder[-4:] == ["--home", str(tmp_path), "worker", "7"]
    xdg = Home.locate(env={"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "data")})
    assert worker_command(xdg, [RunId(7), RunId(8)])[-4:] == ["app", "worker", "7", "8"]
