"""Many small tasks on several forked processes, for reading: restoring and checking.

The tasks are numbered; a forked worker inherits what describes them, so nothing is sent to it but the fork itself.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import Synchronized
from typing import Generic, TypeVar

from app.clock import SystemClock
from app.errors import VangnetError
from app.repository.backend.base import Backend
from app.repository.errors import Cancelled, WorkerDied
from app.repository.forked import make_ready, settle_in
from app.repository.model import Cancel, Monitor

Outcome = TypeVar("Outcome")

_POLL_S = 0.1
_GRACE_S = 5.0  # a worker that waits for a place that does not answer is killed then
_NO_MORE = object()
_MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class _Failed:
    """An error of ours on its way from a worker (our errors take keywords, which pickle cannot rebuild)."""

    kind: type[VangnetError]
    data: dict[str, object]


class _Finished:
    """A worker's last word: it found no more tasks, or was asked to stop."""


def worker_count(backend: Backend, tasks: int) -> int:
    """Return how many processes are worth having; 0 means in this process, one task after another.

    One for each core: more would only cost memory, as reading ahead is the system's work already. A backend that
    lives in this process is read in this process.
    """
    if tasks < 2 or not getattr(backend, "shared_by_fork", True):
        return 0
    backend.close()  # no connection, and no thread of one, is shared with a fork
    return min(max(len(os.sched_getaffinity(0)), 2), _MOST_WORKERS, tasks)


def run_tasks(
    count: int,
    perform: Callable[[int], Outcome],
    collect: Callable[[Outcome], None],
    *,
    workers: int,
    cancel: Cancel,
    monitor: Monitor | None = None,
    meanwhile: Iterator[None] | None = None,
) -> None:
    """Perform the tasks 0 … count-1 in no fixed order and collect their outcomes in this process.

    `perform` calls `cancel.heed` between two blobs. Outcomes are pickled. Raises what `perform` raised, Cancelled, or
    WorkerDied; no worker is left behind. While there are workers, this process does `meanwhile`, in steps of some
    milliseconds; it must not raise, for that would cut the workers off in the middle of what they do.
    """
    if workers > 0:
        _Crew(count, perform, workers).run(collect, cancel, monitor, meanwhile or iter(()))
        return
    for number in range(count):
        cancel.heed(monitor)
        collect(perform(number))


class _Crew(Generic[Outcome]):
    """The worker processes of one run."""

    def __init__(self, count: int, perform: Callable[[int], Outcome], workers: int) -> None:
        context = multiprocessing.get_context("fork")
        self._next: Synchronized[int] = context.Value("q", 0)
        self._parent = os.getpid()
        self._stop = context.RawValue("b", 0)
        self._workers: dict[Connection, ForkProcess] = {}
        make_ready()
        try:
            for _ in range(workers):
                reader, writer = context.Pipe(duplex=False)
                inherited = (*self._workers, reader)
                worker = context.Process(target=self._work, args=(count, perform, writer, inherited), daemon=True)
                worker.start()
                writer.close()
                self._workers[reader] = worker
        except BaseException:
            self._end()
            raise

    def run(
        self,
        collect: Callable[[Outcome], None],
        cancel: Cancel,
        monitor: Monitor | None,
        meanwhile: Iterator[None],
    ) -> None:
        try:
            is_idle = False
            while self._workers:
                if cancel.is_set():
                    self._stop.value = 1
                elif cancel.is_paused():  # the workers wait by themselves
                    cancel.heed(monitor)
                is_idle = is_idle or next(meanwhile, _NO_MORE) is _NO_MORE
                for reader in wait(list(self._workers), timeout=_POLL_S if is_idle else 0):
                    assert isinstance(reader, Connection)
                    self._receive(reader, collect)
            if cancel.is_set():
                raise Cancelled
        finally:
            self._end()

    def _receive(self, reader: Connection, collect: Callable[[Outcome], None]) -> None:
        try:
            message = reader.recv()
        except (EOFError, OSError) as exc:
            worker = self._workers[reader]
            worker.join()
            raise WorkerDied(exitcode=worker.exitcode) from exc
        match message:
            case _Finished():
                self._workers.pop(reader).join()
                reader.close()
            case _Failed(kind, data):
                raise kind(**data)
            case outcome:
                collect(outcome)

    def _work(
        self, count: int, perform: Callable[[int], Outcome], writer: Connection, inherited: tuple[Connection, ...]
    ) -> None:
        settle_in(self._parent)
        for reader in inherited:  # or we would not notice when the parent is gone
            reader.close()
        try:
            writer.send(self._perform(count, perform, writer))
        except BrokenPipeError:
            os._exit(1)  # nobody listens any more

    def _perform(self, count: int, perform: Callable[[int], Outcome], writer: Connection) -> _Finished | _Failed:
        """Perform tasks for as long as there are any; return the last word."""
        try:
            while not self._stop.value and (number := self._take()) < count:
                writer.send(perform(number))
        except Cancelled:  # nothing half done is left; the others come to that point too
            return _Finished()
        except VangnetError as exc:
            return _Failed(type(exc), exc.data)
        return _Finished()

    def _take(self) -> int:
        with self._next.get_lock():
            number = self._next.value
            self._next.value = number + 1
        return number

    def _end(self) -> None:
        """End the workers: each after the task it is at, for a file must not stay half written, but within seconds."""
        self._stop.value = 1
        for reader in self._workers:
            reader.close()  # who still has something to say ends at once
        clock = SystemClock()
        deadline_s = clock.monotonic() + _GRACE_S
        for worker in self._workers.values():
            worker.join(max(deadline_s - clock.monotonic(), 0))
            worker.kill()
            worker.join()
        self._workers.clear()
