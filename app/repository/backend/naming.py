"""Where the files of a repository lie, and what they are called (source: restic design, "Repository Layout").

One layout for every place that has folders: a disk, SFTP, SMB, and S3 with its keys that look like paths.
"""

from __future__ import annotations

import os
import re

from app.repository.backend.base import FileKind

is_name = re.compile(r"[0-9a-f]{64}").fullmatch
TEMPORARY = ".vangnet-"
TEMPORARY_END = ".tmp"

# Locks and keys are written without the exclusive lock: what lies there half may belong to someone at work.
SWEPT = (FileKind.PACK, FileKind.INDEX, FileKind.SNAPSHOT)


def folder_of(kind: FileKind, name: str = "") -> str:
    """Return the folder of a kind, or of a pack, relative to the repository; empty for the config's."""
    if kind is FileKind.CONFIG:
        return ""
    if kind is FileKind.PACK and name:
        return f"{kind.value}/{name[:2]}"
    return kind.value


def path_of(kind: FileKind, name: str) -> str:
    """Return a file's path relative to the repository; raises ValueError for what is no name."""
    check_name(kind, name)
    return FileKind.CONFIG.value if kind is FileKind.CONFIG else f"{folder_of(kind, name)}/{name}"


def check_name(kind: FileKind, name: str) -> None:
    """Raise ValueError for a name that no file of this kind has."""
    if kind is FileKind.CONFIG:
        if name:
            raise ValueError("the config has no name")
    elif not is_name(name):
        raise ValueError(f"not a name of a repository file: {name[:80]!r}")


def temporary_name() -> str:
    """Return a name for a file that is being written. Random: a process id comes back after a restart."""
    return f"{TEMPORARY}{os.urandom(8).hex()}{TEMPORARY_END}"


def is_temporary(name: str) -> bool:
    return name.startswith(TEMPORARY) and name.endswith(TEMPORARY_END)


def label(kind: FileKind, name: str) -> str:
    """Name a file for an error."""
    return f"{kind.value}/{name}" if name else kind.value
