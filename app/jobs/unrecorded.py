"""What is done even when it cannot be recorded: getting files back and looking whether copies are whole only read.

On a disk that is full nothing can be written down, and just then somebody may need a file. The run then has number 0.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

from app.jobs.conduct import PROBLEMS_KEPT, Ending, ended, finish
from app.jobs.installation import Installation
from app.jobs.progress import ProgressPump
from app.records.errors import RecordsUnusable
from app.records.facts import Run, RunId, RunKind
from app.records.store import Records
from app.repository.model import Monitor

UNRECORDED: Final = RunId(0)
"""The number of a run that is in no records."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for."""

    kind: RunKind
    data_set: str
    target: str
    part: str = ""


def conduct_anyhow(
    installation: Installation, records: Records, asked: Asked, monitor: Monitor, work: Callable[[RunId], Ending]
) -> Run:
    """Do what was asked in this process and record it; where that cannot be, do it all the same (`id` UNRECORDED)."""
    clock = installation.clock
    started, began = clock.now(), clock.monotonic()
    run_id = _recorded(records, asked)
    pump = contextlib.nullcontext() if run_id == UNRECORDED else _pump(installation, run_id, monitor)
    with pump:
        ending = ended(lambda: work(run_id))
    duration_s = clock.monotonic() - began
    if run_id != UNRECORDED:
        with contextlib.suppress(RecordsUnusable):  # what came back may be what has filled the disk
            return finish(records, run_id, ending, duration_s)
    return Run(
        id=UNRECORDED,
        kind=asked.kind,
        data_set=asked.data_set,
        target=asked.target,
        outcome=ending.outcome,
        started=started,
        finished=clock.now(),
        reason="asked",
        snapshot=ending.snapshot,
        files=ending.files,
        bytes_total=ending.bytes_total,
        duration_s=duration_s,
        error_code=ending.error_code,
        error_data=ending.error_data,
        problems=ending.problems[:PROBLEMS_KEPT],
        problems_total=len(ending.problems) + ending.unnamed_problems,
        part=asked.part,
    )


def _recorded(records: Records, asked: Asked) -> RunId:
    with contextlib.suppress(RecordsUnusable):
        return records.start_run(
            asked.kind,
            data_set=asked.data_set,
            target=asked.target,
            reason="asked",
            pid=os.getpid(),
            pid_started=psutil.Process().create_time(),
            part=asked.part,
        )
    return UNRECORDED


def _pump(installation: Installation, run_id: RunId, monitor: Monitor) -> contextlib.AbstractContextManager[object]:
    return ProgressPump(installation.home, installation.clock, run_id, monitor)
