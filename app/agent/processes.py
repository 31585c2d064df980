"""Other processes: is it still the one we mean, how to ask it to stop, how to be modest ourselves."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil

from app.records.facts import Run

_NICE = 10
_SAME_START_S = 0.05
"""A creation time is read from ticks of 10 ms; this much apart is still the same process."""


def own_start() -> float:
    """Return when this process was created, in seconds since 1970."""
    return psutil.Process().create_time()


def alive(pid: int, started: float) -> bool:
    """Tell whether the process with this id is there and is the one that was created at `started`."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SAME_START_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True


def is_worker(run: Run) -> bool:
    """Tell whether a run's process is a worker that an agent started, and still there."""
    if not alive(run.pid, run.pid_started):
        return False
    try:
        return psutil.Process(run.pid).cmdline()[-2:] == ["worker", str(run.id)]
    except psutil.Error:
        return False


def ask_to_stop(run: Run) -> None:
    """Ask a run's process to stop at its next blob; harmless when it is gone already."""
    if alive(run.pid, run.pid_started):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(run.pid, signal.SIGTERM)


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
