"""Runs in this very process: what only reads copies needs no agent. Ctrl-C stops them at the next blob."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

import click
import psutil

from app.cli.session import Session
from app.errors import ExitCode
from app.i18n import _
from app.jobs.unrecorded import UNRECORDED
from app.records.facts import Run, RunId, RunKind
from app.records.room import room_trouble, unusable
from app.records.store import Records
from app.repository.model import Cancel
from app.wording.errors import explain


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


def say_unrecorded(session: Session, runs: tuple[Run, ...]) -> None:
    """Say on stderr that what was done could not be written down, and what to do about that."""
    if any(run.id == UNRECORDED for run in runs):
        said = explain(unusable(str(session.home.database), "", room_trouble(session.home.data)))
        click.echo(_("This could not be written down in the records of Vangnet."), err=True)
        click.echo(f"{said.what} {said.do}", err=True)


def recorded_code(code: ExitCode, runs: tuple[Run, ...]) -> ExitCode:
    """Return the exit code of what was done, which is not complete when it could not be recorded."""
    unrecorded = any(run.id == UNRECORDED for run in runs)
    return ExitCode.INCOMPLETE if unrecorded and code is ExitCode.DONE else code


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
