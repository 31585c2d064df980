"""Which agent is here: a lock that the kernel lets go of when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from app.paths import Home
from app.records.errors import AgentRunning
from app.records.files import make_folder
from app.records.room import trouble_of, unusable

_TRIES = 20
_PAUSE_S = 0.025


class AgentLock:
    """Held by the one process that acts, for as long as it lives. The file says who: pid and creation time."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def acquire(cls, home: Home) -> Self:
        """Become the agent of a home; waits half a second at most for one that is going.

        Raises AgentRunning (`pid`) when there is one, RecordsUnusable where nothing can be written.
        """
        try:
            make_folder(home.agent_lock.parent)
            handle = os.open(home.agent_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _wait_for_lock(handle)
                _write(handle)
            except BaseException:
                os.close(handle)
                raise
        except OSError as exc:
            raise unusable(str(home.agent_lock), exc.strerror or str(exc), trouble_of(exc)) from exc
        return cls(handle)

    def release(self) -> None:
        """Let go; doing it twice is harmless."""
        if self._handle >= 0:
            # The file stays: removing it would let two processes lock two files of the same name.
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def agent_pid(home: Home) -> int | None:
    """Return the process id of the agent that runs for a home, None when there is none."""
    try:
        handle = os.open(home.agent_lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        for _ in range(_TRIES):
            if _lock(handle, fcntl.LOCK_SH):
                return None
            pid, _started = _read(handle)
            # Between locking the file and writing into it, an agent is there without a name, or with its forerunner's.
            if pid and Path(f"/proc/{pid}").exists():
                return pid
            time.sleep(_PAUSE_S)
        return None
    finally:
        os.close(handle)


def agent_started(home: Home) -> float | None:
    """Return when the agent's process was made (seconds since 1970, as psutil gives it), None when there is none."""
    if agent_pid(home) is None:
        return None
    handle = os.open(home.agent_lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _read(handle)[1] or None
    finally:
        os.close(handle)


def _wait_for_lock(handle: int) -> None:
    # `agent_pid` of another process holds the lock for an instant: one refusal is no proof of an agent.
    for _ in range(_TRIES):
        if _lock(handle, fcntl.LOCK_EX):
            return
        time.sleep(_PAUSE_S)
    raise AgentRunning(pid=_read(handle)[0])


def _lock(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(handle: int) -> None:
    import psutil  # costs 20 ms: only the agent itself writes

    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()} {psutil.Process().create_time()!r}\n".encode(), 0)


def _read(handle: int) -> tuple[int, float]:
    words = os.pread(handle, 100, 0).split()
    try:
        return int(words[0]), float(words[1])
    except (IndexError, ValueError):
        return 0, 0.0
