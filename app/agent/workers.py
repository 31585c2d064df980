"""The processes that do the work: how one is started, followed to its end, and ended by force."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import BinaryIO

import app
from app.agent.log import say
from app.agent.processes import is_worker, kill_group
from app.paths import Home
from app.records.facts import Run, RunId

_STDERR_BYTES = 4000


async def worker_process(
    home: Home, run_ids: Sequence[RunId], started: Callable[[asyncio.subprocess.Process], None]
) -> int:
    """Have a process do some runs; returns its exit status, or raises OSError when it cannot be started.

    `started` is told of the process. What is left of a worker that did not end well is ended with it.
    """
    # A file, not a pipe: helpers of a worker that was killed would keep a pipe open.
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *worker_command(home, run_ids),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=errors,
            # Our own code, whatever folder we were started in.
            cwd=Path(app.__file__).parent.parent,
            # A group of its own: Ctrl-C in our terminal reaches us, and we decide what becomes of the worker.
            start_new_session=True,
        )
        started(process)
        status = await process.wait()
        if status != 0:
            kill_group(process.pid)
            _log_last_words(run_ids[0], errors)
    return status


def worker_command(home: Home, run_ids: Sequence[RunId]) -> list[str]:
    """Return how to start the process of some runs; XDG folders reach it through the environment."""
    command = [sys.executable, "-m", "app"]
    if home == Home.in_folder(home.config):
        command += ["--home", str(home.config)]
    return [*command, "worker", *map(str, run_ids)]


def kill_workers(runs: Collection[Run]) -> None:
    """End the workers of these runs; finished packs are kept."""
    for run in runs:
        if is_worker(run):
            say("worker-killed", logging.WARNING, run=run.id)
            kill_group(run.pid)


def _log_last_words(run_id: RunId, errors: BinaryIO) -> None:
    """Log what a worker wrote when the interpreter gave up: the kind of error for all, the rest only in debug."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _STDERR_BYTES))
    said = errors.read().decode("utf-8", "backslashreplace").strip()
    if said:
        say("worker-crashed", logging.WARNING, run=run_id, error=said.splitlines()[-1].partition(":")[0])
        say("worker-said", logging.DEBUG, run=run_id, stderr=said)
