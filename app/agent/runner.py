"""Runs jobs in processes of their own, a few at a time and one at a time on each target, and knows how they ended."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import app
from app.agent.due import Job
from app.agent.log import say
from app.agent.processes import POWER_SIGNAL, alive, ask_to_stop, is_worker, kill_group, own_start
from app.jobs.conduct import STOPPED_FOR_POWER
from app.paths import Home
from app.records.errors import RunAlreadyFinished
from app.records.facts import Outcome, Run, RunId
from app.records.store import Records
from app.repository.errors import Cancelled

AT_ONCE = 2
_WATCH_S = 0.5
_STDERR_BYTES = 4000
GONE = "process-gone"
"""The error code of a run whose process was not there any more when we looked."""
DIED = "worker-died"
"""The error code of a run whose process ended without saying how the run did (`exit`)."""


@dataclass(eq=False, slots=True)
class Ticket:
    """A job on its way: `started` gives its run's id, `finished` how it ended; both None when it never began."""

    job: Job
    reason: str
    started: asyncio.Future[RunId | None]
    finished: asyncio.Future[Run | None]
    run_id: RunId | None = None
    process: asyncio.subprocess.Process | None = None
    """The worker, when it is our child."""
    stopping: bool = False
    """It was asked to stop."""
    for_power: bool = False
    """It was asked to stop because the power is going: it goes on later."""
    with_other: bool = False
    """Its worker does another ticket's job as well, and is counted there."""


@dataclass(slots=True)
class _Book:
    waiting: deque[Ticket] = field(default_factory=deque)
    active: list[Ticket] = field(default_factory=list)
    parked: list[tuple[Job, str]] = field(default_factory=list)
    """What was stopped because the power was going, and is done again once it is back."""


class Runner:
    """Starts workers and watches them. Lives in one asyncio loop; `records` is used in that loop only."""

    def __init__(
        self,
        home: Home,
        records: Records,
        *,
        at_once: int = AT_ONCE,
        on_finished: Callable[[Run], None] = lambda _run: None,
        together: Callable[[Job, Job], bool] = lambda _one, _other: False,
    ) -> None:
        """`together` tells of two jobs whether one worker can do both from one reading of the source."""
        self._home = home
        self._records = records
        self._at_once = at_once
        self._together = together
        self._gathering = 0
        self._on_finished = on_finished
        self._book = _Book()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._held: Callable[[str], bool] = lambda _target: False

    # --- what there is -----------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        return not self._book.waiting and not self._book.active

    def busy_with(self, job: Job) -> Ticket | None:
        """Return the ticket of a job that waits or runs already."""
        every = (*self._book.active, *self._book.waiting)
        return next((ticket for ticket in every if ticket.job.same == job.same), None)

    @property
    def nothing_waits(self) -> bool:
        return not self._book.waiting

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Return what runs and what waits."""
        return tuple(ticket.job for ticket in (*self._book.active, *self._book.waiting))

    def busy_on(self, target: str) -> bool:
        """Tell whether something runs or waits on a target."""
        return any(ticket.job.target == target for ticket in (*self._book.active, *self._book.waiting))

    # --- taking over from an earlier agent ---------------------------------------------------------------------

    def close_dead(self) -> None:
        """Close the runs whose process is gone: it could not say any more how they ended."""
        ours = {ticket.run_id for ticket in self._book.active}
        for run in self._records.running():
            if run.id not in ours and not alive(run):
                self._close(run.id, GONE)

    def adopt(self) -> None:
        """Watch the workers that an earlier agent started and that still run, so that nothing is done twice."""
        for run in self._records.running():
            if not is_worker(run):
                continue  # a restore or check in somebody's own program is theirs
            ticket = self._ticket(Job(run.kind, run.data_set, run.target, run.part), run.reason)
            ticket.run_id = run.id
            ticket.started.set_result(run.id)
            self._book.active.append(ticket)
            self._spawn(self._watch(ticket, run))
            say("run-adopted", run=run.id, pid=run.pid)

    # --- starting and stopping ---------------------------------------------------------------------------------

    def submit(self, job: Job, reason: str, *, first: bool = False) -> Ticket:
        """Have a job done as soon as its target is free; one that waits or runs already is not doubled."""
        known = self.busy_with(job)
        if known is not None or self._closing:
            return known or self._never(job, reason)
        ticket = self._ticket(job, reason)
        if first:
            self._book.waiting.appendleft(ticket)
        else:
            self._book.waiting.append(ticket)
        self._start_what_can()
        return ticket

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """Start nothing before all has been submitted, so that what goes together does."""
        self._gathering += 1
        try:
            yield
        finally:
            self._gathering -= 1
            self._start_what_can()

    def cancel(self, *, data_set: str = "", target: str = "", lasting: bool = True) -> None:
        """Stop what runs and drop what waits, everything or only what concerns a data set or a target.

        Without `lasting`, what goes on for as long as the agent does is left alone.
        """

        def concerned(job: Job) -> bool:
            return data_set in ("", job.data_set) and target in ("", job.target) and (lasting or not job.lasts)

        self._drop([ticket for ticket in self._book.waiting if concerned(ticket.job)])
        for ticket in self._book.active:
            if concerned(ticket.job):
                self._stop(ticket)

    def hold(self, held: Callable[[str], bool]) -> None:
        """From now on nothing begins on the targets for which `held` says so; it waits."""
        self._held = held

    def interrupt(self, target: str = "") -> None:
        """Stop what runs (on one target) because the power is going; it is done again after `resume`."""
        concerned = {ticket.process for ticket in self._running_on(target)}
        for ticket in self._book.active:
            # A worker that writes to several places stops as a whole.
            if (target in ("", ticket.job.target) or ticket.process in concerned - {None}) and not ticket.stopping:
                ticket.for_power = True
                self._stop(ticket)
                if not ticket.job.lasts:
                    self._book.parked.append((ticket.job, ticket.reason))

    def resume(self) -> None:
        """Start what waits and is not held any more, and what was interrupted."""
        parked, self._book.parked = self._book.parked, []
        for job, reason in parked:
            if self._held(job.target) or self.busy_with(job) is not None:
                self._book.parked.append((job, reason))
            else:
                self.submit(job, reason, first=True)
        self._start_what_can()

    async def ended(self, target: str, within_s: float) -> None:
        """Wait until nothing runs (on one target); what still does after `within_s` is ended, finished packs kept."""
        if running := self._running_on(target):
            await asyncio.wait({ticket.finished for ticket in running}, timeout=within_s)
        for ticket in self._running_on(target):
            if ticket.run_id is not None and is_worker(run := self._records.run(ticket.run_id)):
                say("worker-killed", logging.WARNING, run=run.id)
                kill_group(run.pid)
        if running := self._running_on(target):
            await asyncio.wait({ticket.finished for ticket in running}, timeout=within_s)

    def _running_on(self, target: str) -> tuple[Ticket, ...]:
        return tuple(ticket for ticket in self._book.active if target in ("", ticket.job.target))

    def stop_lasting(self) -> None:
        """Stop what goes on for as long as the agent does."""
        for ticket in self._book.active:
            if ticket.job.lasts:
                self._stop(ticket)

    async def until_idle(self) -> None:
        """Wait until nothing runs and nothing waits."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self, grace_s: float) -> None:
        """Stop everything: ask, wait `grace_s`, then end the processes. Finished packs are kept either way."""
        self._closing = True
        self.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for ticket in self._book.active:
            if ticket.run_id is not None and is_worker(run := self._records.run(ticket.run_id)):
                say("worker-killed", logging.WARNING, run=run.id)
                kill_group(run.pid)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)

    def _stop(self, ticket: Ticket) -> None:
        ticket.stopping = True
        if ticket.process is not None:
            with contextlib.suppress(ProcessLookupError):
                ticket.process.send_signal(POWER_SIGNAL if ticket.for_power else signal.SIGTERM)
        elif ticket.run_id is not None:
            ask_to_stop(self._records.run(ticket.run_id), POWER_SIGNAL if ticket.for_power else signal.SIGTERM)

    # --- the work ----------------------------------------------------------------------------------------------

    def _start_what_can(self) -> None:
        if self._gathering or self._closing:
            return
        passing = [ticket for ticket in self._book.active if not ticket.job.lasts]
        taken = {ticket.job.target for ticket in passing}
        room = self._at_once - sum(not ticket.with_other for ticket in passing)
        for ticket in tuple(self._book.waiting):
            if ticket not in self._book.waiting or self._held(ticket.job.target):
                continue
            group = [ticket]
            # What lasts takes nobody's turn: it would never give it back.
            if not ticket.job.lasts:
                if room <= 0 or ticket.job.target in taken:
                    continue
                room -= 1
                group += self._companions(ticket, taken)
                taken |= {member.job.target for member in group}
            for member in group:
                member.with_other = member is not ticket
                self._book.waiting.remove(member)
                self._book.active.append(member)
            self._spawn(self._perform(group))

    def _companions(self, ticket: Ticket, taken: Collection[str]) -> list[Ticket]:
        """Return what waits and can be done by the same worker: the same files to other places."""
        return [
            other
            for other in self._book.waiting
            if other is not ticket
            and other.job.target not in taken
            and not self._held(other.job.target)
            and self._together(ticket.job, other.job)
        ]

    async def _perform(self, group: Sequence[Ticket]) -> None:
        try:
            for ticket in group:
                self._start(ticket)
            await self._work(group)
        finally:
            with self.gathering():
                for ticket in group:
                    self._end(ticket)

    def _start(self, ticket: Ticket) -> None:
        job = ticket.job
        run_id = self._records.start_run(
            job.kind,
            data_set=job.data_set,
            target=job.target,
            reason=ticket.reason,
            pid=os.getpid(),
            pid_started=own_start(),
            part=job.part,
        )
        ticket.run_id = run_id
        ticket.started.set_result(run_id)
        say("run-started", run=run_id, kind=job.kind, set=job.data_set or "-", target=job.target)

    async def _work(self, group: Sequence[Ticket]) -> None:
        run_ids = tuple(ticket.run_id for ticket in group if ticket.run_id is not None)
        # A file, not a pipe: helpers of a worker that was killed would keep a pipe open.
        with tempfile.TemporaryFile() as errors:
            try:
                process = await asyncio.create_subprocess_exec(
                    *worker_command(self._home, run_ids),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=errors,
                    # Our own code, whatever folder we were started in.
                    cwd=Path(app.__file__).parent.parent,
                    # A group of its own: Ctrl-C in our terminal reaches us, and we decide what becomes of the worker.
                    start_new_session=True,
                )
            except OSError as exc:
                reason = errno.errorcode.get(exc.errno or 0, "unknown")
                for run_id in run_ids:
                    self._records.finish_run(
                        run_id, Outcome.FAILED, error_code="worker-not-started", error_data=(("reason", reason),)
                    )
                return
            for ticket in group:
                ticket.process = process
            for ticket in group:
                if ticket.stopping:
                    self._stop(ticket)
            status = await process.wait()
            if status != 0:
                kill_group(process.pid)
                _log_last_words(run_ids[0], errors)
        stopped = any(ticket.stopping for ticket in group) and status in (-signal.SIGTERM, -POWER_SIGNAL)
        for_power = any(ticket.for_power for ticket in group)
        for run_id in run_ids:
            if stopped:
                # It was told to stop before it had begun to listen.
                self._close(run_id, STOPPED_FOR_POWER if for_power else Cancelled.code, Outcome.CANCELLED)
            self._close(run_id, DIED, exit=str(status))

    async def _watch(self, ticket: Ticket, run: Run) -> None:
        """Wait for a process that is not our child."""
        try:
            while alive(run):
                await asyncio.sleep(_WATCH_S)
                if self._records.run(run.id).outcome is not Outcome.RUNNING:
                    break
            self._close(run.id, GONE)
        finally:
            self._end(ticket)

    def _close(self, run_id: RunId, code: str, outcome: Outcome = Outcome.INTERRUPTED, **data: str) -> None:
        """Say of a run how it ended, unless it said so itself."""
        if self._records.run(run_id).outcome is not Outcome.RUNNING:
            return
        with contextlib.suppress(RunAlreadyFinished):
            self._records.finish_run(run_id, outcome, error_code=code, error_data=tuple(data.items()))
            say(code, logging.WARNING, run=run_id, **data)

    def _end(self, ticket: Ticket) -> None:
        self._book.active.remove(ticket)
        run: Run | None = None
        try:
            if ticket.run_id is not None:
                run = self._records.run(ticket.run_id)
                code = run.error_code or "-"
                say("run-finished", run=run.id, outcome=run.outcome, code=code, problems=run.problems_total)
                self._on_finished(run)
        finally:
            _resolve(ticket, run)
            if not self._closing:
                self._start_what_can()

    def _drop(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            self._book.waiting.remove(ticket)
            _resolve(ticket, None)

    def _ticket(self, job: Job, reason: str) -> Ticket:
        loop = asyncio.get_running_loop()
        return Ticket(job, reason, loop.create_future(), loop.create_future())

    def _never(self, job: Job, reason: str) -> Ticket:
        ticket = self._ticket(job, reason)
        _resolve(ticket, None)
        return ticket

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            say("job-not-followed", logging.ERROR, error=type(error).__name__)


def worker_command(home: Home, run_ids: Sequence[RunId]) -> list[str]:
    """Return how to start the process of some runs; XDG folders reach it through the environment."""
    command = [sys.executable, "-m", "app"]
    if home == Home.in_folder(home.config):
        command += ["--home", str(home.config)]
    return [*command, "worker", *map(str, run_ids)]


def _log_last_words(run_id: RunId, errors: BinaryIO) -> None:
    """Log what a worker wrote when the interpreter gave up: the kind of error for all, the rest only in debug."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _STDERR_BYTES))
    said = errors.read().decode("utf-8", "backslashreplace").strip()
    if said:
        say("worker-crashed", logging.WARNING, run=run_id, error=said.splitlines()[-1].partition(":")[0])
        say("worker-said", logging.DEBUG, run=run_id, stderr=said)


def _resolve(ticket: Ticket, run: Run | None) -> None:
    if not ticket.started.done():
        ticket.started.set_result(ticket.run_id)
    if not ticket.finished.done():
        ticket.finished.set_result(run)
