"""A run's own process: does one job, says how it ended, and goes."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from types import FrameType
from typing import assert_never

from app.agent.processes import LEAVE_SIGNALS, POWER_SIGNAL, be_modest, exit_code, own_start
from app.clock import SystemClock
from app.errors import ExitCode, VangnetError
from app.jobs.backup import run_backup
from app.jobs.backup_together import run_backups
from app.jobs.check import run_check
from app.jobs.conduct import STOPPED_FOR_POWER, cancelled_because, error_data
from app.jobs.installation import Installation
from app.jobs.prune import run_prune
from app.jobs.restore_test import run_restore_test
from app.jobs.sync import run_sync
from app.paths import Home
from app.records.facts import Outcome, Run, RunId, RunKind
from app.records.store import Records
from app.repository.model import Cancel, Monitor


def run_worker(home: Home, run_ids: Sequence[RunId]) -> ExitCode:
    """Carry out runs that the agent has recorded as running: one, or the back-ups of one set to several places.

    SIGTERM and SIGINT stop them at the next blob, `LEAVE_SIGNALS` one of several. Writes nothing to stdout or stderr:
    how it went is in the records, and in the exit code (0, 1 or 3).
    """
    cancel = Cancel()

    def stop(number: int, _frame: FrameType | None) -> None:
        if number == POWER_SIGNAL:
            cancelled_because(STOPPED_FOR_POWER)
        cancel.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(POWER_SIGNAL, stop)
    cancels = _listen_for_each(run_ids) if len(run_ids) > 1 else {}
    be_modest()
    clock = SystemClock()
    with Records.open(home, clock) as records:
        for run_id in run_ids:
            records.set_run_process(run_id, os.getpid(), own_start())
        runs = [run for run_id in run_ids if (run := records.run(run_id)).outcome is Outcome.RUNNING]
        if not runs:
            return ExitCode.FAILED  # closed in the meantime by an agent that took us for dead
        try:
            installation = Installation.load_working(home, clock)
        except VangnetError as exc:
            for run in runs:
                records.finish_run(run.id, Outcome.FAILED, error_code=exc.code, error_data=error_data(exc))
            return ExitCode.FAILED
        if len(run_ids) > 1 and {(run.kind, run.data_set) for run in runs} == {(RunKind.BACKUP, runs[0].data_set)}:
            run_backups(installation, records, runs, monitor=Monitor(), cancel=cancel, cancels=cancels)
        else:
            for run in runs:
                _work(installation, records, run, cancel)
        return exit_code([records.run(run.id).outcome for run in runs])


def _listen_for_each(run_ids: Sequence[RunId]) -> dict[RunId, Cancel]:
    """Have a signal stop each of several runs by itself."""
    cancels = {run_id: Cancel() for run_id in run_ids}
    by_signal = dict(zip(LEAVE_SIGNALS, cancels.values(), strict=False))
    for number in by_signal:
        signal.signal(number, lambda number, _frame: by_signal[number].set())
    return cancels


def _work(installation: Installation, records: Records, run: Run, cancel: Cancel) -> None:
    monitor = Monitor()
    match run.kind:
        case RunKind.BACKUP | RunKind.FULL:
            run_backup(
                installation,
                records,
                run.id,
                data_set=run.data_set,
                target=run.target,
                full=run.kind is RunKind.FULL,
                monitor=monitor,
                cancel=cancel,
            )
        case RunKind.CHECK:
            run_check(installation, records, run.id, target=run.target, part=run.part, monitor=monitor, cancel=cancel)
        case RunKind.RESTORE_TEST:
            run_restore_test(
                installation,
                records,
                run.id,
                data_set=run.data_set,
                target=run.target,
                monitor=monitor,
                cancel=cancel,
            )
        case RunKind.PRUNE:
            run_prune(installation, records, run.id, target=run.target, monitor=monitor, cancel=cancel)
        case RunKind.SYNC:
            run_sync(
                installation,
                records,
                run.id,
                data_set=run.data_set,
                target=run.target,
                monitor=monitor,
                cancel=cancel,
            )
        case RunKind.RESTORE:
            # A restore writes where its user may write, so it runs in that user's program, never here.
            records.finish_run(run.id, Outcome.FAILED, error_code="not-for-a-worker")
        case _:
            assert_never(run.kind)
