"""The repositories of a mirror: which of them still take part, and what became of the others.

What one process learns all must know: a disk that a worker could not write to gets no index file and no snapshot from
the archiver. That lies in memory which a fork shares.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from app.errors import VangnetError
from app.repository import errors
from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.errors import FileMissing, RepositoryError
from app.repository.model import Cancel
from app.repository.repository import Repository

_SLOT_BYTES = 2048
_HEADER_BYTES = 2
_MOST_TOLD = _SLOT_BYTES - 1 - _HEADER_BYTES

Answer = TypeVar("Answer")


class Members:
    """The repositories of a mirror, by number; bit n of a mask is member n. `cancels` stop each by itself."""

    def __init__(self, repositories: Sequence[Repository], cancels: Sequence[Cancel] = ()) -> None:
        self.repositories = tuple(repositories)
        self._cancels = tuple(cancels)
        self._slots = mmap.mmap(-1, max(mmap.PAGESIZE, _SLOT_BYTES * len(self.repositories)))
        # One disk that goes away is met by all workers at once.
        self._telling = multiprocessing.get_context("fork").Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_owner = 0

    @property
    def everybody(self) -> int:
        return (1 << len(self.repositories)) - 1

    @property
    def live(self) -> int:
        """The mask of the members that nothing has gone wrong with."""
        return sum(1 << number for number in range(len(self.repositories)) if not self._slots[number * _SLOT_BYTES])

    @property
    def leaving(self) -> int:
        """The mask of the live members that were asked to stop, and are not left behind yet."""
        asked = sum(1 << number for number, cancel in enumerate(self._cancels) if cancel.is_set())
        return asked & self.live if asked else 0

    def numbers(self, mask: int) -> tuple[int, ...]:
        return tuple(number for number in range(len(self.repositories)) if mask >> number & 1)

    def fail(self, number: int, error: VangnetError) -> None:
        """Leave a member behind, in all processes; the first thing that went wrong is what is told."""
        at = number * _SLOT_BYTES
        body = at + 1 + _HEADER_BYTES
        encoded = _encoded(error)
        with self._telling:
            if self._slots[at]:
                return
            self._slots[at + 1 : body] = len(encoded).to_bytes(_HEADER_BYTES, "little")
            self._slots[body : body + len(encoded)] = encoded
            self._slots[at] = 1

    def error(self, number: int) -> VangnetError | None:
        """Return what went wrong with a member, None when nothing did."""
        at = number * _SLOT_BYTES
        if not self._slots[at]:
            return None
        body = at + 1 + _HEADER_BYTES
        length = int.from_bytes(self._slots[at + 1 : body], "little")
        name, data = msgspec.json.decode(
            self._slots[body : body + length], type=tuple[str, dict[str, bool | str | int | float]]
        )
        kind = getattr(errors, name, RepositoryError)
        return kind(**data) if issubclass(kind, VangnetError) else RepositoryError(reason=name)

    def each(self, mask: int, act: Callable[[Repository], object]) -> int:
        """Do something to the live members of a mask at once; return the mask of those that it succeeded for.

        Raises what went wrong with the last of all members that were left.
        """
        numbers = self.numbers(mask & self.live)
        last: VangnetError | None = None
        done = 0
        for number, error in zip(numbers, self._at_once(numbers, act), strict=True):
            if error is None:
                done |= 1 << number
            else:
                self.fail(number, error)
                last = error
        if not self.live:
            raise last or self._first_error()
        return done

    def _at_once(self, numbers: tuple[int, ...], act: Callable[[Repository], object]) -> Iterator[VangnetError | None]:
        def attempt(number: int) -> VangnetError | None:
            try:
                act(self.repositories[number])
            except VangnetError as exc:
                return exc
            return None

        if len(numbers) < 2:
            return iter([attempt(number) for number in numbers])
        others = [self._threads().submit(attempt, number) for number in numbers[1:]]
        return iter([attempt(numbers[0]), *(other.result() for other in others)])

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None or self._pool_owner != os.getpid():  # threads do not come along in a fork
            self._pool = ThreadPoolExecutor(max(1, len(self.repositories) - 1), thread_name_prefix="mirror")
            self._pool_owner = os.getpid()
        return self._pool

    def _first_error(self) -> VangnetError:
        return next(error for number in range(len(self.repositories)) if (error := self.error(number)) is not None)

    def first(self, act: Callable[[Repository], Answer]) -> Answer:
        """Return what the first member that can answers; raises what the last one that was asked raised."""
        last: VangnetError | None = None
        for number in self.numbers(self.live):
            try:
                return act(self.repositories[number])
            except VangnetError as exc:
                last = exc
        raise last or self._first_error()

    def close(self) -> None:
        if self._pool is not None and self._pool_owner == os.getpid():
            self._pool.shutdown()
        self._pool = None


def _encoded(error: VangnetError) -> bytes:
    """Return an error as it fits into a slot: its name, and its data where that is not too long."""
    told = {key: value if isinstance(value, int | float) else _text(value) for key, value in error.data.items()}
    encoded = msgspec.json.encode((type(error).__name__, told))
    return encoded if len(encoded) <= _MOST_TOLD else msgspec.json.encode((type(error).__name__, {}))


def _text(value: object) -> str:
    """Return a value as text that any reader takes: the name of a folder need not be UTF-8."""
    return str(value).encode("utf-8", "backslashreplace").decode()


class MirrorBackend(Backend):
    """The files of a group of members (`mask`): written to each, read from the first that has them."""

    def __init__(self, members: Members, mask: int) -> None:
        self._members = members
        self._mask = mask

    @property
    def shared_by_fork(self) -> bool:
        return all(repository.backend.shared_by_fork for repository in self._members.repositories)

    @property
    def location(self) -> str:
        return ", ".join(repository.backend.location for repository in self._members.repositories)

    def create(self) -> None:
        raise NotImplementedError("the repositories of a mirror are there already")

    def exists(self, kind: FileKind, name: str = "") -> bool:
        """Tell whether every member that is left has a file."""
        found: list[bool] = []
        self._members.each(self._mask, lambda member: found.append(member.backend.exists(kind, name)))
        return all(found)

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        return self._members.first(lambda member: member.backend.load(kind, name, limit=limit))

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        return self._members.first(lambda member: member.backend.load_range(kind, name, offset, length))

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        self._members.each(self._mask, lambda member: member.backend.save(kind, name, data))

    def remove(self, kind: FileKind, name: str) -> None:
        raise FileMissing(file=f"{kind.value}/{name}")  # a mirror only adds

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        """List what the first member has."""
        return iter(self._members.first(lambda member: tuple(member.backend.list(kind))))

    def remove_leftovers(self) -> int:
        return 0

    def free_bytes(self) -> int | None:
        known = [free for member in self._members.repositories if (free := member.backend.free_bytes()) is not None]
        return min(known, default=None)

    def close(self) -> None:
        for repository in self._members.repositories:
            repository.backend.close()
        self._members.close()
