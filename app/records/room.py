"""Whether the disk with the records can be written to, and why not: looked at, never tried."""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.records.errors import RecordsDiskFull, RecordsReadOnly, RecordsUnusable

_LITTLE_BYTES: Final = 1 << 20
"""With less than this a fact may find no room: SQLite's log grows by whole pages, and a scratch file goes first."""
_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT))


class RoomTrouble(StrEnum):
    """Why nothing can be written down."""

    FULL = "full"
    READ_ONLY = "read-only"


def room_trouble(folder: Path) -> RoomTrouble | None:
    """Return why nothing can be written in a folder, as its file system says; None when it can, or nobody knows."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return None
    if space.f_flag & os.ST_RDONLY:
        return RoomTrouble.READ_ONLY
    # What is kept apart for root is room for root only.
    blocks, files = (space.f_bfree, space.f_ffree) if os.geteuid() == 0 else (space.f_bavail, space.f_favail)
    # A file system that counts no blocks, or no files, says 0 of both.
    full = (space.f_blocks and blocks * space.f_frsize < _LITTLE_BYTES) or (space.f_files and not files)
    return RoomTrouble.FULL if full else None


def trouble_of(error: OSError) -> RoomTrouble | None:
    """Return what an error of the system says about the disk."""
    if error.errno in _FULL:
        return RoomTrouble.FULL
    return RoomTrouble.READ_ONLY if error.errno == errno.EROFS else None


def unusable(file: str, reason: str, trouble: RoomTrouble | None) -> RecordsUnusable:
    """Return the error for a file of ours that cannot be opened or written now."""
    folder = os.path.dirname(file)  # noqa: PTH120  a name from an OSError may be bytes spelled as text
    match trouble:
        case RoomTrouble.FULL:
            return RecordsDiskFull(file=file, folder=folder, reason=reason)
        case RoomTrouble.READ_ONLY:
            return RecordsReadOnly(file=file, folder=folder, reason=reason)
        case None:
            return RecordsUnusable(file=file, reason=reason)
