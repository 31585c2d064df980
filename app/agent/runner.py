"""Runs jobs in processes of their own, a few at a time and one at a time on each target, and knows how they ended."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

from app.agent.due import Job
from app.agent.log import say
from app.agent.processes import LEAVE_SIGNALS, POWER_SIGNAL, alive, ask_to_leave, ask_to_stop, is_worker, own_start
from app.agent.tickets import Book, Ticket
from app.agent.workers import kill_workers, worker_process
from app.jobs.conduct import STOPPED_FOR_POWER
from app.paths import Home
from app.records.errors import RunAlreadyFinished
from app.records.facts import Outcome, Run, RunId
from app.records.store import Records
from app.repository.errors import Cancelled

AT_ONCE = 2
_WATCH_S = 0.5
GONE = "process-gone"
"""The error code of a run whose process was not there any more when we looked."""
DIED = "worker-died"
"""The error code of a run whose process ended without saying how the run did (`exit`)."""


async def _at_once() -> None:
    """Have nothing looked at before a job begins."""


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
        before: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        """`together` tells of two jobs whether one worker can do both from one reading of the source.

        `before` is awaited when something is about to begin: what holds it may have changed since the last look.
        """
        self._home = home
        self._records = records
        self._at_once = at_once
        self._together = together
        self._gathering = 0
        self._on_finished = on_finished
        self._before = before
        self._book = Book()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._held: Callable[[str], bool] = lambda _target: False

    # --- what there is -----------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        return not self._book.waiting and not self._book.active

    def busy_with(self, job: Job) -> Ticket | None:
        """Return the ticket of a job that waits or runs already."""
        return self._book.busy_with(job)

    @property
    def nothing_waits(self) -> bool:
        return not self._book.waiting

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Return what runs and what waits."""
        return self._book.jobs

    def busy_on(self, target: str) -> bool:
        """Tell whether something runs or waits on a target."""
        return any(job.target == target for job in self._book.jobs)

    # --- taking over from an earlier agent ---------------------------------------------------------------------

    def close_dead(self) -> None:
        """Close the runs whose process is gone: it could not say any more how they ended."""
        ours = {ticket.run_id for ticket in self._book.active}
        for run in self._records.running():
            if run.id not in ours and not alive(run):
                self._close(run.id, GONE)

    def adopt(self) -> None:
        """Watch the workers that an earlier agent started and that still run, so that nothing is done twice."""
        by_process: dict[int, list[Ticket]] = {}
        for run in self._records.running():
            if not is_worker(run):
                continue  # a restore or check in somebody's own program is theirs
            ticket = Ticket.issue(Job(run.kind, run.data_set, run.target, run.part), run.reason)
            ticket.begin(run.id)
            ticket.group = by_process.setdefault(run.pid, [])
            by_process[run.pid].append(ticket)
            self._book.active.append(ticket)
            self._spawn(self._watch(ticket, run))
            say("run-adopted", run=run.id, pid=run.pid)

    # --- starting and stopping ---------------------------------------------------------------------------------

    def submit(self, job: Job, reason: str, *, first: bool = False) -> Ticket:
        """Have a job done as soon as its target is free; one that waits or runs already is not doubled."""
        known = self.busy_with(job)
        if known is not None or self._closing:
            return known or self._never(job, reason)
        ticket = Ticket.issue(job, reason)
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

        Without `lasting`, what goes on for as long as the agent does is left alone. A worker that copies to other
        places as well goes on with those.
        """

        def concerned(job: Job) -> bool:
            return data_set in ("", job.data_set) and target in ("", job.target) and (lasting or not job.lasts)

        self._drop([ticket for ticket in self._book.waiting if concerned(ticket.job)])
        stopping = [ticket for ticket in self._book.active if concerned(ticket.job)]
        for ticket in stopping:
            ticket.stopping = True
        for ticket in stopping:
            if _stops_as_a_whole(ticket):
                self._stop(ticket)
            elif ticket.run_id is not None:
                self._spawn(self._leave_out(ticket, ticket.run_id))

    def hold(self, held: Callable[[str], bool]) -> None:
        """From now on nothing begins on the targets for which `held` says so; it waits."""
        self._held = held

    def interrupt(self, target: str = "") -> None:
        """Stop what runs (on one target) because the power is going; it is done again after `resume`.

        What has not begun yet is held before it does.
        """
        concerned = {ticket.process for ticket in self._book.running_on(target)}
        for ticket in self._book.running_on(""):
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
        if running := self._book.running_on(target):
            await asyncio.wait({ticket.finished for ticket in running}, timeout=within_s)
        kill_workers(self._runs_on(target))
        if running := self._book.running_on(target):
            await asyncio.wait({ticket.finished for ticket in running}, timeout=within_s)

    def _runs_on(self, target: str) -> tuple[Run, ...]:
        running = self._book.running_on(target)
        return tuple(self._records.run(ticket.run_id) for ticket in running if ticket.run_id is not None)

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
        kill_workers(self._runs_on(""))
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
        for group in self._book.take_groups(at_once=self._at_once, held=self._held, together=self._together):
            self._spawn(self._perform(group))

    async def _perform(self, group: list[Ticket]) -> None:
        try:
            await self._before()
            group = self._ready(group)
            for ticket in group:
                ticket.group = group
                self._start(ticket)
            if group:
                await self._work(group)
        except Exception:
            for ticket in group:
                if ticket.run_id is not None and ticket.process is None:
                    self._close(ticket.run_id, DIED)
            raise
        finally:
            # Each comes out of the book, whatever goes wrong with another: what stays there is never begun again.
            with self.gathering(), contextlib.ExitStack() as ends:
                for ticket in reversed(group):
                    ends.callback(self._end, ticket)

    def _ready(self, group: Sequence[Ticket]) -> list[Ticket]:
        """Return what of a group is to begin still; what was stopped is dropped, what is held waits again."""
        for ticket in group:
            if ticket.stopping:
                self._book.active.remove(ticket)
                ticket.resolve(None)
        left = [ticket for ticket in group if not ticket.stopping]
        held = [ticket for ticket in left if self._held(ticket.job.target)]
        self._book.put_back(held)
        ready = [ticket for ticket in left if ticket not in held]
        for ticket in ready:
            ticket.with_other = ticket is not ready[0]
        return ready

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
        ticket.begin(run_id)
        say("run-started", run=run_id, kind=job.kind, set=job.data_set or "-", target=job.target)

    async def _work(self, group: Sequence[Ticket]) -> None:
        run_ids = tuple(ticket.run_id for ticket in group if ticket.run_id is not None)

        def started(process: asyncio.subprocess.Process) -> None:
            for ticket in group:
                ticket.process = process
            for ticket in group:
                if ticket.stopping and _stops_as_a_whole(ticket):
                    self._stop(ticket)

        try:
            status = await worker_process(self._home, run_ids, started)
        except OSError as exc:
            reason = errno.errorcode.get(exc.errno or 0, "unknown")
            for run_id in run_ids:
                self._records.finish_run(
                    run_id, Outcome.FAILED, error_code="worker-not-started", error_data=(("reason", reason),)
                )
            return
        stopped = any(map(_stops_as_a_whole, group)) and status in (-signal.SIGTERM, -POWER_SIGNAL)
        for_power = any(ticket.for_power for ticket in group)
        for run_id in run_ids:
            if stopped:
                # It was told to stop before it had begun to listen.
                self._close(run_id, STOPPED_FOR_POWER if for_power else Cancelled.code, Outcome.CANCELLED)
            self._close(run_id, DIED, exit=str(status))

    async def _leave_out(self, ticket: Ticket, run_id: RunId) -> None:
        """Have a worker of several jobs stop one of them; it ends as soon as the worker has said so."""
        asked = False
        while ticket in self._book.active:
            run = self._records.run(run_id)
            if run.outcome is not Outcome.RUNNING:
                self._end(ticket)
                return
            asked = asked or ask_to_leave(run)  # one that has just been started does not listen yet
            await asyncio.sleep(_WATCH_S)

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
        if ticket not in self._book.active:
            return  # it ended before its worker did
        self._book.remove(ticket)
        run: Run | None = None
        try:
            if ticket.run_id is not None:
                run = self._records.run(ticket.run_id)
                code = run.error_code or "-"
                say("run-finished", run=run.id, outcome=run.outcome, code=code, problems=run.problems_total)
                self._on_finished(run)
        finally:
            ticket.resolve(run)
            if not self._closing:
                self._start_what_can()

    def _drop(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            self._book.waiting.remove(ticket)
            ticket.resolve(None)

    def _never(self, job: Job, reason: str) -> Ticket:
        ticket = Ticket.issue(job, reason)
        ticket.resolve(None)
        return ticket

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            say("job-not-followed", logging.ERROR, error=type(error).__name__)


def _stops_as_a_whole(ticket: Ticket) -> bool:
    """Tell whether all that a ticket's worker does is to stop; else the others go on."""
    alone = all(other.stopping for other in ticket.group)
    return alone or any(other.for_power for other in ticket.group) or len(ticket.group) > len(LEAVE_SIGNALS)
