"""Looks at a folder that somebody typed: is it there, and how much is in it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

_COUNT_AT_MOST_S: Final = 5.0
"""A person waits no longer for a number; then it is "more than"."""


class FolderState(Enum):
    """What a typed folder turns out to be."""

    FINE = auto()
    NOT_THERE = auto()
    NOT_A_FOLDER = auto()
    NOT_ABSOLUTE = auto()
    UNREADABLE = auto()


@dataclass(frozen=True, slots=True)
class FolderLook:
    """A folder as it is now. `counted_all` is False when counting stopped at a limit: there are more."""

    path: Path
    state: FolderState
    files: int = 0
    bytes: int = 0
    counted_all: bool = True


def look_at_folder(path: Path) -> FolderLook:
    """Count the files below a folder, for a few seconds at most. Reads names and sizes only."""
    if not path.is_absolute():
        return FolderLook(path, FolderState.NOT_ABSOLUTE)
    try:
        if not path.exists():
            return FolderLook(path, FolderState.NOT_THERE)
        if not path.is_dir():
            return FolderLook(path, FolderState.NOT_A_FOLDER)
        os.scandir(path).close()
    except OSError:
        return FolderLook(path, FolderState.UNREADABLE)
    return _count(path)


def _count(path: Path) -> FolderLook:
    files = size = 0
    until_s = time.monotonic() + _COUNT_AT_MOST_S
    waiting = [os.fspath(path)]
    while waiting:
        if time.monotonic() > until_s:
            return FolderLook(path, FolderState.FINE, files, size, counted_all=False)
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        files += 1
                        size += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # a folder that cannot be read is the back-up's to report, with its name
    return FolderLook(path, FolderState.FINE, files, size)
