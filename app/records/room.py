"""Whether the disk with the records can be written to, and why not: looked at, never tried."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.paths import Home
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


def require_room(home: Home) -> None:
    """See to it that a fact can be written down, before what cannot be undone; raises RecordsUnusable."""
    trouble = room_trouble(home.data)
    if trouble is not None:
        raise unusable(str(home.database), trouble.value, trouble)


@contextmanager
def unwritable(home: Home) -> Iterator[None]:
    """Give what the system says of a full or read-only disk as our error, where files of a home are written."""
    try:
        yield
    except OSError as exc:
        # The home, unless the file is named: a place for copies, or a folder that files come back in, has its own.
        file = exc.filename if isinstance(exc.filename, str) else str(home.database)
        trouble = trouble_of(exc)
        if trouble is None or room_trouble(home.data) is not trouble:
            raise
        raise unusable(file, exc.strerror or str(exc), trouble) from exc


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
