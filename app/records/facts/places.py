"""Places and disks: what is connected now, what the agent makes of it, and who has which disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TargetSight:
    """When a target was last seen here and last seen gone, and its free space."""

    target: str
    connected: bool
    since: datetime
    free_bytes: int | None = None
    total_bytes: int | None = None
    reason: str = ""
    """Why a place on a network is not there: "no-answer", "login", "no-secret", "other-server" …"""


class DriveNote(StrEnum):
    """What the agent makes of a disk that is plugged in."""

    NONE = ""
    IN_USE = "in-use"
    """One of ours, and something is being written or read, or will be in a moment: leave it in."""
    MAY_LEAVE = "may-leave"
    """One of ours, finished and unmounted: it can be unplugged."""
    DONE_BUT_OPEN = "done-but-open"
    """Finished, but another program has a file on it open, so that it could not be unmounted."""
    WRONG = "wrong"
    """It has the file system of one of our disks, but is another one (`code` and `reason` of the error)."""
    NOT_MOUNTED = "not-mounted"
    """One of ours that cannot be used: nothing mounts it (`reason`)."""


@dataclass(frozen=True, slots=True)
class DriveSight:
    """A USB disk that is plugged in now, known to us or not."""

    device: str
    """The partition that holds the file system, e.g. /dev/sdb1; the disk itself where there is none."""
    serial: str
    vendor: str
    model: str
    label: str
    fs_uuid: str
    fs_type: str
    size_bytes: int
    mount_point: str
    """Empty when it is not mounted."""
    target: str = ""
    """The target it is, when it is one of ours."""
    note: DriveNote = DriveNote.NONE
    """What the agent makes of it; a disk that nobody looks after has none."""
    note_data: tuple[tuple[str, str], ...] = ()
    """What the text of the note needs."""
    holds: str = ""
    """What is on a disk without a file system, by udev's name for it ("crypto_LUKS"); empty for nothing at all."""

    @property
    def formatted(self) -> bool:
        """It has a file system. A disk that has none, fresh from the shop, stands for the whole disk."""
        return bool(self.fs_type)


@dataclass(frozen=True, slots=True)
class Handover:
    """A disk changed hands: who has it since when, and where it lies. The newest of a target is how it is now."""

    target: str
    holder: str
    """Who has it."""
    site: str
    at: datetime
    by: str
    """Who said so."""
