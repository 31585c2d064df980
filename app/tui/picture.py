"""What the screens show: everything of one moment (`Picture`); and getting files back as a question and an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.policy.model import DataSetId, Plan, Policy
from app.records.facts import Facts, Outcome, Progress, Run, RunId, RunKind

if TYPE_CHECKING:
    from app.assessment.model import Assessment, EvidenceLine
    from app.assessment.schedule import NextRun
    from app.policy.machine import Machine


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a screen shows, of one moment."""

    now: datetime
    timezone: ZoneInfo
    policy: Policy
    machine: Machine
    facts: Facts
    assessment: Assessment
    plans: tuple[Plan, ...]
    evidence: tuple[EvidenceLine, ...]
    """The yearly checklist's, with the answers given so far."""
    school_year: int
    next_runs: tuple[NextRun, ...]
    runs: tuple[Run, ...]
    """The newest first; the whole history is longer."""
    progress: tuple[Progress, ...]
    """Of the runs that are running."""
    agent_running: bool

    def data_set_name(self, data_set: str) -> str:
        try:
            return self.policy.data_set(DataSetId(data_set)).name
        except KeyError:
            return data_set

    def target_name(self, target: str) -> str:
        return next((t.name for t in self.machine.targets if t.id == target), target)

    def plan(self, data_set: str) -> Plan | None:
        return next((p for p in self.plans if p.data_set == data_set), None)

    @property
    def running(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.outcome is Outcome.RUNNING)

    @property
    def busy(self) -> tuple[Run, ...]:
        """The runs that are running and will end: a continuous copy lasts, and is told of in a line of its own."""
        return tuple(run for run in self.running if run.kind is not RunKind.SYNC)

    def progress_of(self, run: RunId) -> Progress | None:
        return next((p for p in self.progress if p.run == run), None)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.timezone)


@dataclass(frozen=True, slots=True)
class RestoreWish:
    """What to put back, and where. Existing files are never overwritten."""

    data_set: str
    paths: tuple[Path, ...]
    to: Path
    at: datetime | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """How a restore ended. `error_code`/`error_data` say what went wrong when it is neither good nor incomplete."""

    outcome: Outcome
    files: int
    to: Path
    error_code: str = ""
    error_data: tuple[tuple[str, str], ...] = ()
