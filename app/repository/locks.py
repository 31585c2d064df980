"""Locks: small files that keep a prune apart from back-ups (source: restic design, "Locks").

Back-ups take shared locks, a prune an exclusive one. A lock is written first and the others are looked at after
that, so of two that collide at least one sees the other.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

import msgspec

from app.clock import Clock, format_utc
from app.repository.decoding import UNDECODABLE
from app.repository.errors import BackendError, FileMissing, RepositoryDamaged, RepositoryLocked
from app.repository.trees import parse_ns

REFRESH_EVERY = timedelta(minutes=5)
STALE_AFTER = timedelta(minutes=30)
LOOK_EVERY_S = 30.0
"""How often the thread of a lock looks whether it is time to refresh it."""


class LockJson(msgspec.Struct):
    """A lock as stored."""

    time: str
    exclusive: bool
    hostname: str = ""
    username: str = ""
    pid: int = 0
    uid: int = 0
    gid: int = 0


_decoder = msgspec.json.Decoder(LockJson)


class LockStore(Protocol):
    """What a lock needs of its repository."""

    def save_lock(self, data: bytes) -> str: ...

    def load_lock(self, name: str) -> bytes: ...

    def remove_lock(self, name: str) -> None: ...

    def lock_names(self) -> tuple[str, ...]: ...


class Lock:
    """A lock held on a repository; a context manager. It must be refreshed by calling `refresh` now and then.

    Raises RepositoryLocked on entry when another process holds a lock that excludes it.
    """

    def __init__(self, store: LockStore, clock: Clock, *, exclusive: bool, refresh_in_thread: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._exclusive = exclusive
        self._refresh_in_thread = refresh_in_thread
        self._name: str | None = None
        self._was_lost = False
        self._written_at = clock.now()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._name = self._write()
        try:
            self._refuse_if_excluded()
        except BaseException:
            self.release()
            raise
        if self._refresh_in_thread:
            self._thread = threading.Thread(target=self._keep_fresh, name="lock", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.release()

    def refresh(self) -> None:
        """Write the lock anew when it is older than five minutes; raises RepositoryLocked when it was lost."""
        if self._name is None or self._clock.now() - self._written_at < REFRESH_EVERY:
            return
        old = self._name
        self._name = self._write()
        try:
            self._store.remove_lock(old)
        except FileMissing as exc:
            self._was_lost = True  # the new lock does not undo that there was none for a while
            raise self._lost() from exc

    def ensure_held(self) -> None:
        """Raise RepositoryLocked (`lost`) when someone took our lock away: a prune may have run since.

        It happens to a computer that slept for longer than a lock stays fresh.
        """
        if self._was_lost:
            raise self._lost()
        while (name := self._name) is not None and name not in self._store.lock_names():
            if name == self._name:  # else it was refreshed just now
                raise self._lost()

    def _lost(self) -> RepositoryLocked:
        return RepositoryLocked(
            host=os.uname().nodename,
            pid=os.getpid(),
            since=format_utc(self._written_at),
            exclusive=self._exclusive,
            lost=True,
        )

    def release(self) -> None:
        """Remove the lock.

        A place that is gone by now keeps it: it goes stale by itself, and must hide neither the error that is on its
        way nor a success that is durable already.
        """
        name, self._name = self._name, None
        if name is not None:
            with contextlib.suppress(BackendError):
                self._remove(name)

    def _write(self) -> str:
        self._written_at = self._clock.now()
        lock = LockJson(
            time=format_utc(self._written_at),
            exclusive=self._exclusive,
            hostname=os.uname().nodename,
            username=os.environ.get("USER", ""),
            pid=os.getpid(),
            uid=os.getuid(),
            gid=os.getgid(),
        )
        return self._store.save_lock(msgspec.json.encode(lock))

    def _remove(self, name: str) -> None:
        try:
            self._store.remove_lock(name)
        except FileMissing:
            return  # someone took it for stale and removed it

    def _refuse_if_excluded(self) -> None:
        # A lock that is refreshed while we look goes under one name and comes under another: look until two listings
        # in a row bring nothing new, so that it is met under one of them.
        judged = {self._name}
        quiet_listings = 0
        while quiet_listings < 2:
            unknown = [name for name in self._store.lock_names() if name not in judged]
            for name in unknown:
                self._judge(name)
            judged.update(unknown)
            quiet_listings = 0 if unknown else quiet_listings + 1

    def _judge(self, name: str) -> None:
        other = read_lock(self._store, name)
        if other is None:
            return
        if is_provably_dead(other, self._clock.now()):
            self._remove(name)
        elif self._exclusive or other.exclusive:
            raise RepositoryLocked(host=other.hostname, pid=other.pid, since=other.time, exclusive=other.exclusive)

    def _keep_fresh(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.refresh()
            except BackendError:
                continue  # the work itself meets the same error and reports it
            except RepositoryLocked:
                return  # lost: `ensure_held` tells whoever holds it


def refuse_if_locked(store: LockStore, now: datetime) -> None:
    """Raise RepositoryLocked when anyone may be at work; for the disk that is too full for a lock of our own."""
    for name in store.lock_names():
        other = read_lock(store, name) or LockJson(time="", exclusive=True)
        if not is_provably_dead(other, now):
            raise RepositoryLocked(host=other.hostname, pid=other.pid, since=other.time, exclusive=other.exclusive)


def read_lock(store: LockStore, name: str) -> LockJson | None:
    """Return a lock, None when it is gone or unreadable (half-written by a tool that died)."""
    try:
        return _decoder.decode(store.load_lock(name))
    except (FileMissing, RepositoryDamaged, *UNDECODABLE):
        return None


def is_provably_dead(lock: LockJson, now: datetime, *, is_running: Callable[[int], bool] | None = None) -> bool:
    """Tell whether a lock's holder is gone for certain: not refreshed for 30 minutes, or its process here is no more.

    restic's processes refresh every five minutes and give up by themselves when they cannot.
    """
    try:
        written_ns = parse_ns(lock.time)
    except ValueError:
        return False
    if now.timestamp() - written_ns / 1e9 > STALE_AFTER.total_seconds():
        return True
    if lock.hostname != os.uname().nodename or lock.pid <= 0:
        return False
    return not (is_running or _is_running)(lock.pid)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # a number that no process can have
        return False
    except PermissionError:
        return True
    return True
