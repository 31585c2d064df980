"""What looks like ransomware, what is kept because of it, and the documents that give it away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.records.facts.runs import RunId


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep everything: while it stands, no version is removed and no off-line disk is asked for in its scope.

    An empty `data_set` or `target` means all. `reason` is a code ("anomaly", "asked"…).
    """

    id: str
    """What put it there: "anomaly:12"."""
    data_set: str
    target: str
    reason: str
    remark: str
    by: str
    since: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_remark: str = ""

    @property
    def stands(self) -> bool:
        return self.lifted_at is None


@dataclass(frozen=True, slots=True)
class Changes:
    """How the files of a data set differed from the copy before, in one run: what ransomware is sensed by."""

    run: RunId
    data_set: str
    target: str
    at: datetime
    files_before: int
    new: int
    changed: int
    """Files of the same name with another content."""
    removed: int
    """Files that were there and are not: deleted, or called otherwise."""
    opaque_new: int
    opaque_changed: int
    """Of the new and of the changed ones: those that do not compress and begin like no known kind of file."""
    canaries_touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Canary:
    """A document that nobody should ever change, placed among the files of a data set."""

    path: str
    data_set: str
    sha256: str
    by: str
    at: datetime


class AnomalyVerdict(StrEnum):
    """What a suspicion turned out to be."""

    OPEN = "open"
    OURS = "ours"
    """It was us: a false alarm."""
    ATTACK = "attack"
    """It was an attack, and it is dealt with."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A run that looked like the work of ransomware. `signs` are codes with the figure that each was seen by."""

    run: RunId
    data_set: str
    target: str
    at: datetime
    signs: tuple[tuple[str, str], ...]
    verdict: AnomalyVerdict = AnomalyVerdict.OPEN
    closed_at: datetime | None = None
    closed_by: str = ""
    remark: str = ""

    @property
    def hold_id(self) -> str:
        return f"anomaly:{self.run}"
