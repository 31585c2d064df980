"""A repository in memory: for tests, and as the reference of what a backend is. It passes the contract suite."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from app.repository.backend.base import FileInfo, FileKind
from app.repository.errors import BackendUnavailable, FileMissing, RepositoryDamaged


class MemoryBackend:
    """Keeps the files in a dict. A forked process would write into its own copy: `shared_by_fork` says so."""

    shared_by_fork = False

    def __init__(self, location: str = "memory:") -> None:
        self._location = location
        self._files: dict[tuple[FileKind, str], bytes] | None = None
        self._guard = threading.Lock()

    @property
    def location(self) -> str:
        return self._location

    def create(self) -> None:
        with self._guard:
            if self._files is None:
                self._files = {}

    def exists(self, kind: FileKind, name: str = "") -> bool:
        with self._guard:
            return self._files is not None and (kind, name) in self._files

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        data = self._get("load", kind, name)
        if len(data) > limit:
            raise RepositoryDamaged(file=f"{kind.value}/{name}", reason="too-long")
        return data

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        part = self._get("load", kind, name)[offset : offset + length]
        if len(part) != length:
            raise RepositoryDamaged(file=f"{kind.value}/{name}", reason="too-short")
        return part

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        with self._guard:
            files = self._made("save")
            if len(files.get((kind, name), b"")) != len(data):
                files[kind, name] = bytes(data)

    def remove(self, kind: FileKind, name: str) -> None:
        with self._guard:
            if self._made("remove").pop((kind, name), None) is None:
                raise FileMissing(location=self._location, operation="remove", file=f"{kind.value}/{name}")

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        with self._guard:
            files = self._made("list")
            found = [FileInfo(name, len(data)) for (of, name), data in files.items() if of is kind]
        yield from found

    def close(self) -> None:
        """Nothing is held open between calls."""

    def remove_leftovers(self) -> int:
        return 0

    def free_bytes(self) -> int | None:
        return None

    def _get(self, operation: str, kind: FileKind, name: str) -> bytes:
        with self._guard:
            files = self._files
            data = None if files is None else files.get((kind, name))
        if data is None:
            raise FileMissing(location=self._location, operation=operation, file=f"{kind.value}/{name}")
        return data

    def _made(self, operation: str) -> dict[tuple[FileKind, str], bytes]:
        if self._files is None:
            raise BackendUnavailable(location=self._location, operation=operation, reason="ENOENT")
        return self._files
