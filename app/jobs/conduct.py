"""Runs a job's work and sees to it that the records say how it ended, whatever happens."""

from __future__ import annotations

import contextlib
import errno
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import VangnetError
from app.jobs.installation import Installation
from app.jobs.progress import ProgressPump, shown
from app.records.errors import RunAlreadyFinished
from app.records.facts import Outcome, Problem, Run, RunId
from app.records.store import Records
from app.repository.errors import Cancelled
from app.repository.model import FileProblem, Monitor

PROBLEMS_KEPT = 100
_DATA_LIMIT = 500


STOPPED_FOR_POWER: Final = "stopped-for-power"
"""The error code of a run that was stopped because the power was going; it is done again by itself."""
_because: Final = [Cancelled.code]


def cancelled_because(code: str) -> None:
    """Have the runs of this process that are cancelled from now on recorded under this code."""
    _because[0] = code


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run's work ended: what `Records.finish_run` wants to know."""

    outcome: Outcome
    snapshot: str = ""
    files: int = 0
    files_new_or_changed: int = 0
    bytes_total: int = 0
    bytes_added: int = 0
    error_code: str = ""
    error_data: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    unnamed_problems: int = 0
    """How many more there were than `problems` names."""


def conduct(
    installation: Installation, records: Records, run_id: RunId, monitor: Monitor, work: Callable[[], Ending]
) -> Run:
    """Do the work of a run and record its end; never raises for work that failed: the outcome says so."""
    clock = installation.clock
    began = clock.monotonic()
    with ProgressPump(installation.home, clock, run_id, monitor):
        ending = ended(work)
    return finish(records, run_id, ending, clock.monotonic() - began)


def finish(records: Records, run_id: RunId, ending: Ending, duration_s: float) -> Run:
    """Record how a run ended; where an agent took this process for dead, what it said stands."""
    try:
        return records.finish_run(
            run_id,
            ending.outcome,
            snapshot=ending.snapshot,
            files=ending.files,
            files_new_or_changed=ending.files_new_or_changed,
            bytes_total=ending.bytes_total,
            bytes_added=ending.bytes_added,
            duration_s=duration_s,
            error_code=ending.error_code,
            error_data=ending.error_data,
            problems=ending.problems[:PROBLEMS_KEPT],
            problems_total=len(ending.problems) + ending.unnamed_problems,
        )
    except RunAlreadyFinished:
        return records.run(run_id)


def ended(work: Callable[[], Ending]) -> Ending:
    """Do the work and return how it ended; never raises."""
    try:
        return work()
    except Cancelled:
        return cancelled()
    except VangnetError as exc:
        return failed(exc)
    except OSError as exc:
        reason = errno.errorcode.get(exc.errno or 0, "unknown")
        return Ending(Outcome.FAILED, error_code="os-error", error_data=(("reason", reason),))
    except Exception as exc:  # noqa: BLE001  a job ends here: a defect of ours must still leave its fact
        return Ending(
            Outcome.FAILED, error_code="internal", error_data=(("error", type(exc).__name__), ("place", place_of(exc)))
        )


def cancelled() -> Ending:
    """Return the ending of a run that was asked to stop."""
    return Ending(Outcome.CANCELLED, error_code=_because[0])


def failed(error: VangnetError, problems: tuple[Problem, ...] = ()) -> Ending:
    """Return the ending of a run that `error` stopped."""
    return Ending(Outcome.FAILED, error_code=error.code, error_data=error_data(error), problems=problems)


def error_data(error: VangnetError) -> tuple[tuple[str, str], ...]:
    """Return an error's data as bounded text, ready to be recorded."""
    return tuple((key, _text(value)[:_DATA_LIMIT]) for key, value in error.data.items())


def problems_of(found: Sequence[FileProblem]) -> tuple[Problem, ...]:
    """Return the engine's problems as the records keep them."""
    return tuple(Problem(shown(problem.path), problem.reason) for problem in found)


def _text(value: object) -> str:
    match value:
        case bytes():
            return shown(value)
        case list() | tuple():
            return ", ".join(_text(item) for item in value)
        case _:
            return str(value).encode("utf-8", "backslashreplace").decode()


def place_of(exc: Exception) -> str:
    """Name where a defect is by file and line only: its message may hold people's paths."""
    with contextlib.suppress(IndexError):
        frame = traceback.extract_tb(exc.__traceback__)[-1]
        return f"{Path(frame.filename).name}:{frame.lineno}"
    return ""
