"""What clients ask of the agent, and what it tells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.records.facts.runs import RunId

RequestId = NewType("RequestId", int)


class RequestKind(StrEnum):
    """What a client may ask of the agent. Arguments are ids, never paths or commands."""

    BACKUP = "backup"
    FULL = "full"
    CHECK = "check"
    RESTORE_TEST = "restore-test"
    CANCEL = "cancel"
    RELEASE = "release"
    """Unmount a disk as soon as nothing runs on it, so that it can be unplugged."""
    RESCAN = "rescan"
    """Read the configuration again and look what is due."""


class RequestState(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """A wish of a client. An empty `data_set` or `target` means all; `run` is the first run it led to."""

    id: RequestId
    kind: RequestKind
    data_set: str
    target: str
    state: RequestState
    asked: datetime
    by: str
    runs: tuple[RunId, ...] = ()
    refusal: str = ""
    """The error code when REFUSED."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact pushed to clients: "run-started", "run-finished", "drive-arrived", "drive-left", "agent-started"…"""

    id: int
    at: datetime
    kind: str
    subject: str
    data: tuple[tuple[str, str], ...] = ()
