"""A copy in memory of records that lie where nothing can be written: what can then still be read and shown.

SQLite reads a database with a write-ahead log through a file of shared memory (`-shm`), which it makes. On a disk that
is full or mounted read-only that fails, unless a process at work has made it already: then all read through that one,
with SQLite's own locks, and none of this is needed.

`immutable=1` would leave out what is in the log only, as after a power cut, and goes wrong as soon as somebody writes
after all. So the database and its log are copied as they lie, while times and sizes show that nobody wrote meanwhile:
that is what a power cut would have left, and SQLite makes the newest committed state of it. The copying is another
process's: closing the database file in this one would drop the locks of its other connections
(https://www.sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICK_S: Final = 0.02
"""Longer than a tick of the clock by which the kernel stamps files: what is written after it shows."""
IN_MEMORY: Final = ("/dev/shm", f"/run/user/{os.getuid()}")  # noqa: S108  a private folder there, gone at once
"""Where a Linux computer has room that is no disk's."""
_ROOM: Final = 4
"""The copy, its log written into it, and some."""

_Stamp = tuple[tuple[int, int, int, int] | None, ...]


def copy_at_rest(file: Path) -> sqlite3.Connection | None:
    """Return the database in memory; None when there is none, somebody writes to it now, or there is no room for it.

    Raises sqlite3.Error where it is damaged.
    """
    parts = (file, file.with_name(f"{file.name}-wal"))
    before = _stamp(parts)
    time.sleep(_TICK_S)
    if before[0] is None or before != _stamp(parts):
        return None
    there = tuple(part for part, stamp in zip(parts, before, strict=True) if stamp is not None)
    size = sum(stamp[1] for stamp in before if stamp is not None)
    with contextlib.suppress(OSError), _private_folder(size) as folder:
        if folder is not None and _copied(there, folder) and _stamp(parts) == before:
            return _in_memory(folder / file.name)
    return None


def _stamp(parts: tuple[Path, ...]) -> _Stamp:
    """Return what changes when somebody writes."""
    found: list[tuple[int, int, int, int] | None] = []
    for part in parts:
        try:
            status = part.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        except OSError:
            found.append(None)
    return tuple(found)


@contextlib.contextmanager
def _private_folder(size: int) -> Iterator[Path | None]:
    """Give a folder for this user only, in memory where there is any, that is gone afterwards; None without room."""
    import tempfile  # costs 5 ms, and is needed here only

    for parent in (*IN_MEMORY, tempfile.gettempdir()):
        try:
            space = os.statvfs(parent)
            if space.f_bavail * space.f_frsize < _ROOM * size:
                continue
            made = tempfile.TemporaryDirectory(prefix="vangnet-", dir=parent)
        except OSError:
            continue
        with made as folder:
            yield Path(folder)
        return
    yield None


def _copied(parts: tuple[Path, ...], folder: Path) -> bool:
    import subprocess

    command = ["cp", "--", *map(os.fspath, parts), os.fspath(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def _in_memory(copy: Path) -> sqlite3.Connection:
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as source:
        memory = sqlite3.connect(":memory:", isolation_level=None)
        try:
            source.backup(memory)
        except BaseException:
            memory.close()
            raise
        return memory
