"""Carries a monitor's numbers into the records while a job runs, so that screens can poll them."""

from __future__ import annotations

import sqlite3
import threading
from types import TracebackType
from typing import Self

from app.clock import Clock
from app.errors import VangnetError
from app.paths import Home
from app.records.facts import Progress, RunId
from app.records.store import Records
from app.repository.model import Monitor

INTERVAL_S = 0.25
"""At most four rows a second (DESIGN 2); nothing is written while the numbers stand still."""


class ProgressPump:
    """A thread that writes a run's progress while its `with` block runs, and once more when it ends."""

    def __init__(
        self, home: Home, clock: Clock, run_id: RunId, monitor: Monitor, interval_s: float = INTERVAL_S
    ) -> None:
        self._home = home
        self._clock = clock
        self._run_id = run_id
        self._monitor = monitor
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._pump, name=f"progress-{run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Write the last numbers; for a run that ends before the block does."""
        self._ended.set()
        self._thread.join()

    def _pump(self) -> None:
        # Numbers are a courtesy: a database that is busy or full must not end the back-up they are about.
        try:
            with Records.open(self._home, self._clock) as records:
                self._write_until_ended(records)
        except (VangnetError, sqlite3.Error):
            return

    def _write_until_ended(self, records: Records) -> None:
        written: tuple[object, ...] = ()
        while True:
            ending = self._ended.wait(self._interval_s if written else 0.0)
            progress = self._read()
            numbers = (progress.phase, progress.files_done, progress.bytes_done, progress.current)
            if numbers != written:
                records.write_progress(progress)
                written = numbers
            if ending:
                return

    def _read(self) -> Progress:
        monitor = self._monitor
        return Progress(
            run=self._run_id,
            at=self._clock.now(),
            phase=monitor.phase.value,
            files_done=monitor.files_done,
            files_total=monitor.files_total,
            bytes_done=monitor.bytes_done,
            bytes_total=monitor.bytes_total,
            current=shown(monitor.current),
        )


def shown(path: bytes) -> str:
    """Return a path as people see it; bytes that are no UTF-8 become `\\xNN`."""
    return path.decode("utf-8", "backslashreplace")
