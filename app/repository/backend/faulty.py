"""A backend that fails on order: for tests of what happens when a disk is pulled out, fills up or forgets.

It keeps its files in another backend and passes the same contract suite as long as nothing is ordered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.errors import BackendError, BackendUnavailable

Operation = str
"""The name of a backend's method."""


@dataclass(slots=True)
class Fault:
    """What goes wrong: from the `at`-th counted operation on (1 is the next), for `times` of them (0: for ever)."""

    at: int
    error: Callable[[], BackendError]
    operations: frozenset[Operation] = frozenset({"save", "remove"})
    kinds: frozenset[FileKind] = frozenset(FileKind)
    times: int = 0
    seen: int = field(default=0, init=False)

    def strikes(self, operation: Operation, kind: FileKind) -> bool:
        if operation not in self.operations or kind not in self.kinds:
            return False
        self.seen += 1
        return self.seen >= self.at and (self.times == 0 or self.seen < self.at + self.times)


class FaultyBackend:
    """Passes everything on to another backend, counts it, and fails where a fault says so.

    Counts are of this process only, so it never lets processes be forked over it.
    """

    shared_by_fork = False

    def __init__(self, inner: Backend, *faults: Fault) -> None:
        self._inner = inner
        self._faults = list(faults)
        self._guard = threading.Lock()
        self.calls: list[tuple[Operation, FileKind, str]] = []
        """Every operation so far."""
        self.unplugged = False
        """While set, everything fails as if the disk were pulled out."""

    @property
    def location(self) -> str:
        return self._inner.location

    def order(self, fault: Fault) -> None:
        """Have something go wrong from now on."""
        with self._guard:
            self._faults.append(fault)

    def heal(self) -> None:
        """Work as usual again; the counts stay."""
        with self._guard:
            self._faults.clear()
            self.unplugged = False

    def count(self, operation: Operation, kind: FileKind | None = None) -> int:
        """Return how often an operation was asked for, of one kind of file or any."""
        with self._guard:
            return sum(name == operation and kind in (None, of) for name, of, _ in self.calls)

    def create(self) -> None:
        self._meet("create", FileKind.CONFIG, "")
        self._inner.create()

    def exists(self, kind: FileKind, name: str = "") -> bool:
        self._meet("exists", kind, name)
        return self._inner.exists(kind, name)

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        self._meet("load", kind, name)
        return self._inner.load(kind, name, limit=limit)

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        self._meet("load_range", kind, name)
        return self._inner.load_range(kind, name, offset, length)

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        self._meet("save", kind, name)
        self._inner.save(kind, name, data)

    def remove(self, kind: FileKind, name: str) -> None:
        self._meet("remove", kind, name)
        self._inner.remove(kind, name)

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        self._meet("list", kind, "")
        return self._inner.list(kind)

    def remove_leftovers(self) -> int:
        self._meet("remove_leftovers", FileKind.PACK, "")
        return self._inner.remove_leftovers()

    def free_bytes(self) -> int | None:
        self._meet("free_bytes", FileKind.CONFIG, "")
        return self._inner.free_bytes()

    def close(self) -> None:
        self._inner.close()

    def _meet(self, operation: Operation, kind: FileKind, name: str) -> None:
        with self._guard:
            self.calls.append((operation, kind, name))
            if self.unplugged:
                raise BackendUnavailable(location=self.location, operation=operation, reason="ENODEV")
            for fault in self._faults:
                if fault.strikes(operation, kind):
                    raise fault.error()
