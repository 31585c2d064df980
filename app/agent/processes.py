"""Other processes: is it still the one we mean, how to ask it to stop, how to be modest ourselves."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection
from typing import Final

import psutil

from app.errors import ExitCode
from app.records.facts import Outcome, Run

_NICE = 10
POWER_SIGNAL: Final = signal.SIGUSR1
"""Tells a worker to stop because the power is going: it stops as ever, and records why."""
LEAVE_SIGNALS: Final = range(signal.SIGRTMIN, signal.SIGRTMAX + 1)
"""The nth tells a worker that copies to several places to stop the nth of its runs; the others go on."""
_SAME_START_S = 2.0
"""Creation times are counted from the moment of booting, which shifts a little as the clock is corrected."""


def own_start() -> float:
    """Return when this process was created, in seconds since 1970."""
    return psutil.Process().create_time()


def alive(run: Run) -> bool:
    """Tell whether a run's process is there still, and not another one that got its id by now."""
    try:
        process = psutil.Process(run.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # A clock that was set changes all creation times; a worker is known by its command line as well.
        return abs(process.create_time() - run.pid_started) < _SAME_START_S or _is_worker(process, run)
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True


def is_worker(run: Run) -> bool:
    """Tell whether a run's process is a worker that an agent started, and still there."""
    try:
        return alive(run) and _is_worker(psutil.Process(run.pid), run)
    except psutil.Error:
        return False


def _is_worker(process: psutil.Process, run: Run) -> bool:
    return str(run.id) in _runs_of(process)


def _runs_of(process: psutil.Process) -> list[str]:
    """Return the ids of the runs that a worker was started for, none for another process."""
    words = process.cmdline()
    return words[words.index("worker") + 1 :] if "worker" in words else []


def ask_to_stop(run: Run, how: signal.Signals = signal.SIGTERM) -> None:
    """Ask a run's worker to stop at its next blob; harmless when it is gone already."""
    if is_worker(run):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(run.pid, how)


def ask_to_leave(run: Run) -> bool:
    """Ask a worker of several runs to stop this one; False where there is none that listens (yet)."""
    with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
        if is_worker(run):
            os.kill(run.pid, LEAVE_SIGNALS[_runs_of(psutil.Process(run.pid)).index(str(run.id))])
            return True
    return False


def kill_group(leader: int) -> None:
    """End what is left of a worker's process group at once: helpers of a worker that was killed."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def be_modest() -> None:
    """Let people's own programs go first, for the processor and for the disk."""
    with contextlib.suppress(OSError, psutil.Error):
        os.nice(_NICE)
    with contextlib.suppress(OSError, psutil.Error, ValueError):
        # Lowest of the normal class rather than "idle": on a busy file server, idle would never get a turn.
        psutil.Process().ionice(psutil.IOPRIO_CLASS_BE, 7)


def exit_code(outcomes: Collection[Outcome]) -> ExitCode:
    """Return what a script should know about how runs ended: 0, 1, or 3 when one missed files and none failed."""
    if set(outcomes) <= {Outcome.GOOD}:
        return ExitCode.DONE
    return ExitCode.INCOMPLETE if set(outcomes) <= {Outcome.GOOD, Outcome.INCOMPLETE} else ExitCode.FAILED
