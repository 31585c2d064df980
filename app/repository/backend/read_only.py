"""A place that is only read: nothing is written or removed there, not even a lock."""

from __future__ import annotations

from collections.abc import Iterator

from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.errors import BackendReadOnly


class ReadOnlyBackend:
    """Implements `Backend` over another one; whatever would change it raises BackendReadOnly."""

    def __init__(self, under: Backend) -> None:
        self._under = under

    @property
    def shared_by_fork(self) -> bool:
        return self._under.shared_by_fork

    @property
    def location(self) -> str:
        return self._under.location

    def create(self) -> None:
        raise self._refused("create")

    def exists(self, kind: FileKind, name: str = "") -> bool:
        return self._under.exists(kind, name)

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        return self._under.load(kind, name, limit=limit)

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        return self._under.load_range(kind, name, offset, length)

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:  # noqa: ARG002
        raise self._refused("write")

    def remove(self, kind: FileKind, name: str) -> None:  # noqa: ARG002 - the protocol's signature
        raise self._refused("remove")

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        return self._under.list(kind)

    def remove_leftovers(self) -> int:
        return 0

    def free_bytes(self) -> int | None:
        return self._under.free_bytes()

    def close(self) -> None:
        self._under.close()

    def _refused(self, operation: str) -> BackendReadOnly:
        return BackendReadOnly(location=self.location, operation=operation, reason="read-only-here")
