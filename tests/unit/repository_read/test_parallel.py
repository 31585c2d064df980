"""Tasks on forked workers: all are done, errors come home whole, and nobody is left behind."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from app.repository import parallel
from app.repository.errors import BackendUnavailable, Cancelled, WorkerDied
from app.repository.model import Cancel
from app.repository.parallel import run_tasks

WORKERS = pytest.mark.parametrize("workers", [0, 3])


@WORKERS
def test_every_task_is_performed_once(workers: int) -> None:
    outcomes: list[int] = []
    run_tasks(200, lambda number: number * number, outcomes.append, workers=workers, cancel=Cancel())
    assert sorted(outcomes) == [number * number for number in range(200)]


@WORKERS
def test_an_error_comes_home_with_its_data(workers: int) -> None:
    def fail(number: int) -> int:
        if number == 7:
            raise BackendUnavailable(location="disk", operation="load", reason="EIO")
        return number

    with pytest.raises(BackendUnavailable) as caught:
        run_tasks(50, fail, lambda _: None, workers=workers, cancel=Cancel())
    assert caught.value.data == {"location": "disk", "operation": "load", "reason": "EIO"}
    assert multiprocessing.active_children() == []


@WORKERS
def test_a_cancel_stops_before_the_end(workers: int) -> None:
    cancel = Cancel()
    outcomes: list[int] = []

    def collect(number: int) -> None:
        outcomes.append(number)
        cancel.set()

    with pytest.raises(Cancelled):
        run_tasks(1_000_000, lambda number: number, collect, workers=workers, cancel=cancel)
    assert len(outcomes) < 1_000_000
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_ends_the_run() -> None:
    def die(number: int) -> int:
        if number == 3:
            os._exit(9)
        return number

    with pytest.raises(WorkerDied) as caught:
        run_tasks(50, die, lambda _: None, workers=2, cancel=Cancel())
    assert caught.value.data == {"exitcode": 9}
    assert multiprocessing.active_children() == []


def test_when_one_fails_the_others_end_what_they_are_at(tmp_path: Path) -> None:
    """A file that is being written must not stay half there under its own name."""
    begun = tmp_path / "begun"

    def perform(number: int) -> int:
        if number == 0:
            while not begun.exists():
                time.sleep(0.01)
            raise BackendUnavailable(location="disk")
        begun.write_text("half ")
        time.sleep(0.3)
        begun.write_text("half and half")
        return number

    with pytest.raises(BackendUnavailable):
        run_tasks(2, perform, lambda _: None, workers=2, cancel=Cancel())
    assert begun.read_text() == "half and half"
    assert multiprocessing.active_children() == []


def test_a_worker_that_does_not_end_is_not_waited_for_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parallel, "_GRACE_S", 0.2)
    begun = tmp_path / "begun"

    def perform(number: int) -> int:
        if number == 0:
            while not begun.exists():
                time.sleep(0.01)
            raise BackendUnavailable(location="disk")
        begun.touch()
        time.sleep(600)
        return number

    with pytest.raises(BackendUnavailable):
        run_tasks(2, perform, lambda _: None, workers=2, cancel=Cancel())
    assert multiprocessing.active_children() == []
    assert capfd.readouterr().err == ""
