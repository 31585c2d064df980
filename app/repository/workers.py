"""The workers of a back-up: they read, hash, compress, seal and write while the archiver looks at the next folders.

Processes forked from the archiver's, or, for a backend that processes cannot share, the archiver's own thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Protocol

from app.errors import VangnetError
from app.repository import errors
from app.repository.errors import Cancelled, RepositoryError, WorkerDied
from app.repository.forked import make_ready, settle_in
from app.repository.index import StoredPack
from app.repository.shared import MOST_WORKERS
from app.repository.worker import BatchDone, Duty, Failed, Flushed, Message, PartDone, Work, Worker

_BATCHES_AHEAD = 2  # for each worker: one being read, one waiting in the pipe


Reply = BatchDone | PartDone | StoredPack
"""What comes of work."""


class Workers(Protocol):
    """What the archiver asks of its workers."""

    def can_take(self) -> bool:
        """Tell whether more work would be begun soon."""
        ...

    def submit(self, work: Work) -> None: ...

    def collect(self, timeout_s: float) -> Iterator[Reply]:
        """Yield what has been done, waiting up to a time for the first; raises what a worker raised."""
        ...

    def flush(self) -> Iterator[Reply]:
        """Have the last packs written; to be called once, when nothing is left to read."""
        ...

    def wind_up(self) -> Iterator[Reply]:
        """After the board said stop: wait for the workers to notice, and yield what they have finished."""
        ...

    def close(self) -> None:
        """End the workers, whatever they do."""
        ...


class InlineWorkers:
    """One worker in the archiver's own thread."""

    def __init__(self, duty: Duty) -> None:
        self._done: deque[Reply] = deque()
        self._worker = Worker(duty, 0, self._done.append)

    def can_take(self) -> bool:
        return not self._done  # what is done is heard of first

    def submit(self, work: Work) -> None:
        self._done.append(self._worker.perform(work))

    def collect(self, timeout_s: float) -> Iterator[Reply]:  # noqa: ARG002  nothing to wait for
        while self._done:
            yield self._done.popleft()

    def flush(self) -> Iterator[Reply]:
        self._worker.flush()
        yield from self.collect(0)

    def wind_up(self) -> Iterator[Reply]:
        self._worker.flush()
        yield from self.collect(0)

    def close(self) -> None:
        self._done.clear()


class _Process:
    """A forked worker: its process id and our end of its pipe."""

    __slots__ = ("ahead", "exitcode", "pid", "pipe")

    def __init__(self, duty: Duty, number: int) -> None:
        self.ahead = 0
        self.exitcode: int | None = None
        self.pipe, theirs = Pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _live_as_worker(duty, number, theirs, parent)
        theirs.close()

    def end(self) -> None:
        """End the process and take its exit code."""
        self.pipe.close()
        if self.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.reap()

    def reap(self) -> int:
        if self.exitcode is None:
            _, status = os.waitpid(self.pid, 0)
            self.exitcode = os.waitstatus_to_exitcode(status)
        return self.exitcode


class ForkedWorkers:
    """Several worker processes. They die with the archiver's thread, should that be killed."""

    def __init__(self, duty: Duty, count: int) -> None:
        self._processes: list[_Process] = []
        duty.repository.backend.close()  # no connection, and no thread of one, is shared with a fork
        make_ready(collect=False)
        try:
            for number in range(count):
                self._processes.append(_Process(duty, number))
        except BaseException:
            self.close()
            raise

    def can_take(self) -> bool:
        return any(process.ahead < _BATCHES_AHEAD for process in self._processes)

    def submit(self, work: Work) -> None:
        process = min(self._processes, key=lambda process: process.ahead)
        process.ahead += 1
        self._send(process, work)

    def collect(self, timeout_s: float) -> Iterator[Reply]:
        by_pipe = {process.pipe: process for process in self._processes}
        for pipe in wait(list(by_pipe), timeout_s):
            assert isinstance(pipe, Connection)
            message = self._receive(by_pipe[pipe])
            if isinstance(message, BatchDone | PartDone):
                by_pipe[pipe].ahead -= 1
            if not isinstance(message, Flushed):
                yield message

    def flush(self) -> Iterator[Reply]:
        for process in self._processes:
            self._send(process, None)
        for process in self._processes:
            while not isinstance(message := self._receive(process), Flushed):
                yield message
            process.reap()

    def wind_up(self) -> Iterator[Reply]:
        for process in self._processes:
            with contextlib.suppress(OSError):  # it may have stopped by itself
                process.pipe.send(None)
            # A worker that is in trouble too has nothing to add: the run is at its end anyway.
            with contextlib.suppress(VangnetError):
                while not isinstance(message := self._receive(process), Flushed):
                    yield message

    def close(self) -> None:
        for process in self._processes:
            process.end()
        self._processes.clear()

    def _send(self, process: _Process, work: Work | None) -> None:
        try:
            process.pipe.send(work)
        except OSError as exc:
            # It may have said why before it went.
            while True:
                if process.pipe.poll():
                    self._receive(process)
                    continue
                raise WorkerDied(exitcode=process.reap()) from exc

    def _receive(self, process: _Process) -> Reply | Flushed:
        try:
            message: Message = process.pipe.recv()
        except (EOFError, OSError) as exc:
            raise WorkerDied(exitcode=process.reap()) from exc
        if isinstance(message, Failed):
            raise _rebuild(message)
        return message


def worker_count() -> int:
    """Return how many worker processes this computer is good for: one more than it has cores, eight at most."""
    return min(len(os.sched_getaffinity(0)) + 1, MOST_WORKERS)


def _rebuild(failed: Failed) -> VangnetError:
    kind = getattr(errors, failed.name, None)
    if isinstance(kind, type) and issubclass(kind, VangnetError):
        return kind(**failed.data)
    return RepositoryError(reason=failed.name, **failed.data)


def _live_as_worker(duty: Duty, number: int, pipe: Connection, parent: int) -> None:
    """The whole life of a forked worker; never returns."""
    exitcode = 1
    try:
        settle_in(parent)
        _work(duty, number, pipe)
        exitcode = 0
    except VangnetError as exc:
        with contextlib.suppress(OSError):
            pipe.send(Failed(type(exc).__name__, exc.data))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass  # the archiver is gone
    except BaseException:  # noqa: BLE001  the end of a process: the archiver sees WorkerDied
        import traceback

        with contextlib.suppress(Exception):
            traceback.print_exc()
        exitcode = 70
    finally:
        os._exit(exitcode)


def _work(duty: Duty, number: int, pipe: Connection) -> None:
    worker = Worker(duty, number, pipe.send)
    with contextlib.suppress(Cancelled):
        while (work := pipe.recv()) is not None:
            pipe.send(worker.perform(work))
    # A cancelled worker too keeps what it has sealed: the next run need not store it again.
    worker.flush()
    pipe.send(Flushed())
