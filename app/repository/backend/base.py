"""What the engine asks of a place that keeps a repository's files.

Files are named by kind and name, as in restic's "Repository Layout". Every backend passes one contract suite
(`tests/contract/test_backends.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class FileKind(StrEnum):
    """The kinds of files in a repository; the values are restic's folder names."""

    CONFIG = "config"
    KEY = "keys"
    LOCK = "locks"
    SNAPSHOT = "snapshots"
    INDEX = "index"
    PACK = "data"


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A stored file: its name (hex, empty for the config) and size in bytes."""

    name: str
    size: int


class Backend(Protocol):
    """A place for a repository's files. Errors: `BackendError` and its kinds, never a foreign exception.

    Methods may be called from several threads at once; a backend may be handed to a forked process.
    """

    @property
    def shared_by_fork(self) -> bool:
        """Tell whether what a forked process writes is seen by this one too.

        A place on a network says yes: each process makes a connection of its own.
        """
        ...

    @property
    def location(self) -> str:
        """How a person would name this place; carries no password."""
        ...

    def create(self) -> None:
        """Make the folders of an empty repository; harmless when they exist."""
        ...

    def exists(self, kind: FileKind, name: str = "") -> bool: ...

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        """Return a whole file; raises RepositoryDamaged when it is longer than `limit` bytes."""
        ...

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`; a file that ends sooner raises RepositoryDamaged."""
        ...

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        """Publish a file at once and durably: whole under its final name, or not at all.

        A name that exists already with the same size counts as published.
        """
        ...

    def remove(self, kind: FileKind, name: str) -> None:
        """Remove a file, a snapshot or an index durably; raises FileMissing when there is none."""
        ...

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        """List the files of a kind, in no particular order; temporary and foreign names are left out."""
        ...

    def remove_leftovers(self) -> int:
        """Remove what killed runs left under no name; return how many bytes that freed.

        Only for who holds the exclusive lock: what a run at work is writing looks the same.
        """
        ...

    def free_bytes(self) -> int | None:
        """Return the space left, None where the place cannot tell."""
        ...

    def close(self) -> None:
        """Let go of connections; the next call makes new ones. Called before processes are forked. Never raises."""
        ...
