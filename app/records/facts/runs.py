"""Runs of the machine: what one did, how it ended, what its numbers are now, and what it showed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

RunId = NewType("RunId", int)


class RunKind(StrEnum):
    """What a run does; one run is one data set (or a whole target) on one target."""

    BACKUP = "backup"
    FULL = "full"
    """The yearly full back-up: everything read again, then read back from the medium."""
    CHECK = "check"
    RESTORE = "restore"
    RESTORE_TEST = "restore-test"
    PRUNE = "prune"
    """Versions that the retention does not keep are forgotten, and their room given back."""
    SYNC = "sync"
    """Continuous copying of one set: a session that lasts as long as the agent does, with many small copies."""


class Outcome(StrEnum):
    """How a run ended. Only GOOD counts as a copy that obligations are met by."""

    RUNNING = "running"
    GOOD = "good"
    INCOMPLETE = "incomplete"
    """It finished, but some source files could not be read; they are named."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its process was gone before it could say how it ended (power cut, kill)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or part that went wrong in a run: what (a path, shown with backslashreplace) and why (a code)."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `data_set` is empty where a whole target is concerned (a check, a full back-up)."""

    id: RunId
    kind: RunKind
    data_set: str
    target: str
    outcome: Outcome
    started: datetime
    finished: datetime | None
    reason: str
    """Why it ran: "due", "asked", "setup", "disk-arrived", "demo"."""
    snapshot: str = ""
    files: int = 0
    files_new_or_changed: int = 0
    bytes_total: int = 0
    bytes_added: int = 0
    duration_s: float = 0.0
    error_code: str = ""
    error_data: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    """At most 100 are kept; `problems_total` counts them all."""
    problems_total: int = 0
    pid: int = 0
    pid_started: float = 0.0
    """Process creation time (seconds since 1970, as psutil gives it): a pid alone may be another process by now."""
    part: str = ""
    """Of a check: the parts of all packs whose data it reads ("3/13", "4,5/13"); empty for all of them, "structure" for
    none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest numbers of a running run; written at most 4 times a second, polled by screens."""

    run: RunId
    at: datetime
    phase: str
    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    current: str


@dataclass(frozen=True, slots=True)
class RestoreTest:
    """A test that copies can be read: what was restored, whether it was identical, and who opened a file."""

    run: RunId
    data_set: str
    target: str
    snapshot: str
    at: datetime
    files: int
    bytes: int
    identical: bool
    duration_s: float
    full_restore_estimate_s: float
    """The time the whole data set would take at the measured speed."""
    rto_met: bool
    opened_file: str = ""
    confirmed_by: str = ""
    """Empty until a person has opened a file and said it is right."""
    confirmed_at: datetime | None = None

    @property
    def passed(self) -> bool:
        return self.identical and bool(self.confirmed_by)
