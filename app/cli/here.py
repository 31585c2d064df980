"""Runs in this very process: what only reads copies needs no agent. Ctrl-C stops them at the next blob."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

import psutil

from app.records.facts import RunId, RunKind
from app.records.store import Records
from app.repository.model import Cancel


def own_run(records: Records, kind: RunKind, *, data_set: str, target: str, part: str = "") -> RunId:
    """Start a run that this process carries out because somebody asked."""
    process = psutil.Process()
    return records.start_run(
        kind,
        data_set=data_set,
        target=target,
        reason="asked",
        pid=os.getpid(),
        pid_started=process.create_time(),
        part=part,
    )


@contextlib.contextmanager
def stoppable() -> Iterator[Cancel]:
    """Give a Cancel that SIGINT and SIGTERM set; the handlers of before come back afterwards."""
    cancel = Cancel()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        cancel.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
