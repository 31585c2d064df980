"""Bringing the machine to the same state before each measurement."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

_MOST_TOUCHED = 6 << 30
_SHARE_OF_FREE = 0.6
_BLOCK = bytes(1 << 20)


def settle(*to_read: Path, touch_bytes: int = 0) -> None:
    """Write out what earlier commands left, take so much free memory once into use, and read the files of folders.

    A virtual machine gets its memory from its host page by page, at ten times the cost of using a page again: who
    comes first would pay for all who follow. What was read lies in the page cache, for every tool alike.
    """
    os.sync()
    _touch_free_memory(touch_bytes)
    for folder in to_read:
        for path in _files(folder):
            with path.open("rb", buffering=0) as file:
                while file.read(len(_BLOCK)):
                    pass


def forget(folder: Path) -> None:
    """Let go of the cached pages of files that nobody reads any more."""
    os.sync()
    for path in _files(folder):
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def _files(folder: Path) -> Iterator[Path]:
    for root, _folders, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _touch_free_memory(wanted: int) -> None:
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(lines["MemFree"].split()[0]) * 1024
    size = min(int(free * _SHARE_OF_FREE), wanted, _MOST_TOUCHED) // len(_BLOCK) * len(_BLOCK)
    if size:
        with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            for at in range(0, size, len(_BLOCK)):
                memory[at : at + len(_BLOCK)] = _BLOCK
