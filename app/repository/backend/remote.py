"""What all places on a network share: trying again, one connection for each process, errors in our own words.

A kind of server brings a few primitives, which may raise whatever its library raises; this class turns that into
`BackendError` and its kinds, and decides what is worth another attempt.
"""

from __future__ import annotations

import errno
import os
import random
import re
import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from app.clock import Clock, SystemClock
from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.naming import check_name, label
from app.repository.errors import BackendError, BackendUnavailable, FileMissing, RepositoryDamaged, ServerNotTrusted

Result = TypeVar("Result")

_NOTE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}").fullmatch
_LASTING = frozenset(("ENOENT", "no-bucket", "no-share"))
"""Reasons for a place not to be there that do not pass by themselves."""
_AWAY = frozenset(("ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "unknown-host", "timeout"))
"""Reasons that tell, at first contact, that a server is not there now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a place on the network is waited for. All in seconds."""

    connect_s: float = 8.0
    """For a connection and its greetings."""
    silence_s: float = 30.0
    """For an answer, or for the next part of one."""
    retry_s: float = 60.0
    """For a server that worked before and does not now; it is tried again and again until then."""
    first_retry_s: float = 8.0
    """The same, for a server that never worked so far."""
    first_pause_s: float = 0.25
    longest_pause_s: float = 10.0

    @classmethod
    def brief(cls) -> Patience:
        """Return what suits a look whether a place is there: an answer within ten seconds, or it is not."""
        return cls(connect_s=4.0, silence_s=3.0, retry_s=0.0, first_retry_s=0.0)


@dataclass(slots=True)
class Pace:
    """The passing of time between attempts; injected, so that tests need not wait."""

    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1: many computers that lost one server must not come back in step."""


class RemoteBackend(ABC):
    """A place on a network. Its connection is made when it is first needed, in each process for itself."""

    shared_by_fork = True

    def __init__(self, location: str, patience: Patience | None = None, pace: Pace | None = None) -> None:
        self._location = location
        self._patience = patience or Patience()
        self._pace = pace or Pace()
        self._reached = False
        """Whether the server has ever answered."""

    @property
    def location(self) -> str:
        return self._location

    # --- what the engine asks --------------------------------------------------------------------------------------

    def create(self) -> None:
        self._tried("create", FileKind.CONFIG, "", lambda _: self._make_folders())

    def exists(self, kind: FileKind, name: str = "") -> bool:
        check_name(kind, name)
        return self._tried("exists", kind, name, lambda _: self._size(kind, name)) is not None

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        check_name(kind, name)
        return self._tried("load", kind, name, lambda _: self._read(kind, name, limit))

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        check_name(kind, name)

        def read(_: int) -> bytes:
            data = self._read_range(kind, name, offset, length)
            if len(data) != length:
                raise RepositoryDamaged(file=label(kind, name), reason="too-short")
            return data

        return self._tried("load", kind, name, read)

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        check_name(kind, name)
        with memoryview(data) as view:

            def publish(_: int) -> None:
                # Also how an attempt finds out that the one before had come through, and only its answer was lost.
                there = self._size(kind, name)
                if there != len(view):
                    self._publish(kind, name, view, there)

            self._tried("save", kind, name, publish)

    def remove(self, kind: FileKind, name: str) -> None:
        check_name(kind, name)

        def remove(attempt: int) -> None:
            try:
                self._delete(kind, name)
            except FileMissing:
                if attempt == 1:  # later: the attempt before had come through, and only its answer was lost
                    raise

        self._tried("remove", kind, name, remove)

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        yield from self._tried("list", kind, "", lambda _: self._entries(kind))

    def remove_leftovers(self) -> int:
        return self._tried("remove", FileKind.PACK, "", lambda _: self._sweep())

    def free_bytes(self) -> int | None:
        return self._tried("free", FileKind.CONFIG, "", lambda _: self._free())

    def close(self) -> None:
        self._hang_up()

    # --- what a kind of server brings ------------------------------------------------------------------------------

    @abstractmethod
    def _make_folders(self) -> None: ...

    @abstractmethod
    def _size(self, kind: FileKind, name: str) -> int | None:
        """Return a file's size, None when there is no such file."""

    @abstractmethod
    def _read(self, kind: FileKind, name: str, limit: int) -> bytes:
        """Return a whole file; raises RepositoryDamaged when it is longer than the limit."""

    @abstractmethod
    def _read_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        """Return what there is of a range."""

    @abstractmethod
    def _publish(self, kind: FileKind, name: str, data: memoryview, there: int | None) -> None:
        """Store a file whole; `there` is the size of what has its name already."""

    @abstractmethod
    def _delete(self, kind: FileKind, name: str) -> None: ...

    @abstractmethod
    def _entries(self, kind: FileKind) -> Sequence[FileInfo]: ...

    def _sweep(self) -> int:
        return 0

    def _free(self) -> int | None:
        return None

    @abstractmethod
    def _hang_up(self) -> None:
        """Let go of this process's connection; never raises."""

    @abstractmethod
    def _translate(self, exc: Exception, data: dict[str, object]) -> BackendError | None:
        """Return what a library's error means; None for one that is not about the server."""

    # --- inside ----------------------------------------------------------------------------------------------------

    def _tried(self, operation: str, kind: FileKind, name: str, act: Callable[[int], Result]) -> Result:
        """Do something, again when the server fails in passing; raises BackendError or RepositoryDamaged."""
        started = self._pace.clock.monotonic()
        pause = self._patience.first_pause_s
        attempt = 0
        while True:
            attempt += 1
            try:
                result = self._once(operation, kind, name, act, attempt)
            except BackendUnavailable as error:
                self._hang_up()
                waited = self._pace.clock.monotonic() - started
                if waited + pause > self._worth_waiting(error):
                    raise
                self._pace.sleep(pause * (0.5 + self._pace.jitter() / 2))
                pause = min(pause * 2, self._patience.longest_pause_s)
            else:
                self._reached = True
                return result

    def _once(self, operation: str, kind: FileKind, name: str, act: Callable[[int], Result], attempt: int) -> Result:
        try:
            return act(attempt)
        except (BackendError, RepositoryDamaged):
            raise
        except Exception as exc:
            data: dict[str, object] = {"location": self._location, "operation": operation}
            if operation not in ("create", "list", "free"):
                data["file"] = label(kind, name)
            error = self._translate(exc, data)
            if error is None:
                raise
            raise error from exc

    def _worth_waiting(self, error: BackendUnavailable) -> float:
        reason = error.data.get("reason")
        if reason in _LASTING:
            return 0.0
        if self._reached:
            return self._patience.retry_s
        return 0.0 if reason in _AWAY else self._patience.first_retry_s


class KeepsNotes(RemoteBackend):
    """A server that keeps other small files beside a repository's own ones: what says whose copies these are."""

    def load_note(self, name: str, *, limit: int) -> bytes | None:
        """Return a file that lies beside the repository, None when there is none."""
        _check_note(name)
        return self._tried("load", FileKind.CONFIG, "", lambda _: self._read_note(name, limit))

    def save_note(self, name: str, data: bytes) -> None:
        """Write such a file, whole; an older one of that name is replaced."""
        _check_note(name)
        self._tried("save", FileKind.CONFIG, "", lambda _: self._write_note(name, data))

    def note_names(self) -> tuple[str, ...]:
        """Return the names of what lies at the top of the place, the repository's own files and folders among them."""
        return self._tried("list", FileKind.CONFIG, "", lambda _: self._names())

    @abstractmethod
    def _read_note(self, name: str, limit: int) -> bytes | None: ...

    @abstractmethod
    def _write_note(self, name: str, data: bytes) -> None: ...

    @abstractmethod
    def _names(self) -> tuple[str, ...]:
        """Return what lies at the top; nothing when the place is not there yet."""


def _check_note(name: str) -> None:
    if not _NOTE(name):
        raise ValueError(f"not a name of a note: {name[:80]!r}")


class PerProcess:
    """Tells whether what was made here belongs to this process, or was inherited by a fork.

    What was inherited is never closed or used: its socket is also the parent's. It is kept, so that nothing tidies
    it up.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._inherited: list[object] = []

    def keep_away_from(self, *inherited: object) -> bool:
        """Put away what belongs to another process; return whether there was reason to."""
        if self._pid == os.getpid():
            return False
        self._pid = os.getpid()
        self._inherited.append(inherited)
        return True


def network_error(exc: Exception, data: dict[str, object]) -> BackendError | None:
    """Return what an error of the sockets below every protocol means; None for anything else."""
    match exc:
        case TimeoutError():
            return BackendUnavailable(**data, reason="timeout")
        case socket.gaierror():
            return BackendUnavailable(**data, reason="unknown-host")
        case ssl.SSLCertVerificationError():
            return ServerNotTrusted(**data, reason="certificate", expected="", found="")
        case ssl.SSLError():
            return BackendUnavailable(**data, reason="connection-lost")
        case OSError() | EOFError():
            number = exc.errno if isinstance(exc, OSError) else None
            return BackendUnavailable(**data, reason=errno.errorcode.get(number or 0, "connection-lost"))
        case _:
            return None
