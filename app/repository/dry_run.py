"""A repository that can be read and only pretends to be written to: for a back-up that is to change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.errors import FileMissing
from app.repository.repository import Repository


class PretendingBackend:
    """Reads from another backend and changes nothing there. Its locks are its own: nobody else sees them.

    Of what is saved only locks are kept, for their holder to find them again; of the rest there is no trace.
    """

    def __init__(self, real: Backend) -> None:
        self._real = real
        self._locks: dict[str, bytes] = {}

    @property
    def shared_by_fork(self) -> bool:
        return self._real.shared_by_fork

    @property
    def location(self) -> str:
        return self._real.location

    def create(self) -> None:
        """Make nothing."""

    def exists(self, kind: FileKind, name: str = "") -> bool:
        return (kind is FileKind.LOCK and name in self._locks) or self._real.exists(kind, name)

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        if kind is FileKind.LOCK and name in self._locks:
            return self._locks[name]
        return self._real.load(kind, name, limit=limit)

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        return self._real.load_range(kind, name, offset, length)

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        if kind is FileKind.LOCK:
            self._locks[name] = bytes(data)

    def remove(self, kind: FileKind, name: str) -> None:
        """Remove a lock of its own; those of the dead stay to whoever comes to write."""
        if kind is FileKind.LOCK and self._locks.pop(name, None) is None and not self._real.exists(kind, name):
            raise FileMissing(location=self.location, operation="remove", file=f"{kind.value}/{name}")

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        yield from self._real.list(kind)
        if kind is FileKind.LOCK:
            yield from [FileInfo(name, len(data)) for name, data in self._locks.items()]

    def remove_leftovers(self) -> int:
        return 0

    def free_bytes(self) -> int | None:
        return self._real.free_bytes()

    def close(self) -> None:
        self._real.close()


def pretend(repository: Repository) -> Repository:
    """Return the same repository as one that only pretends to be written to."""
    return repository.over(PretendingBackend(repository.backend))
