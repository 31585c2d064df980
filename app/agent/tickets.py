"""The jobs on their way: those that wait, those that are under way, and those that the power interrupted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from app.agent.due import Job
from app.records.facts import Run, RunId


@dataclass(eq=False, slots=True)
class Ticket:
    """A job on its way: `started` gives its run's id, `finished` how it ended; both None when it never began."""

    job: Job
    reason: str
    started: asyncio.Future[RunId | None]
    finished: asyncio.Future[Run | None]
    run_id: RunId | None = None
    """Its run, once it has begun."""
    process: asyncio.subprocess.Process | None = None
    """The worker, when it is our child."""
    stopping: bool = False
    """It was asked to stop."""
    for_power: bool = False
    """It was asked to stop because the power is going: it goes on later."""
    with_other: bool = False
    """Its worker does another ticket's job as well, and is counted there."""
    group: Sequence[Ticket] = field(default=(), repr=False)
    """The tickets that its worker was started for, itself among them; empty until then."""

    @classmethod
    def issue(cls, job: Job, reason: str) -> Ticket:
        """Make a ticket; in the loop in which it is waited for."""
        loop = asyncio.get_running_loop()
        return cls(job, reason, loop.create_future(), loop.create_future())

    def begin(self, run_id: RunId) -> None:
        self.run_id = run_id
        self.started.set_result(run_id)

    def resolve(self, run: Run | None) -> None:
        """Tell whoever waits how it ended."""
        if not self.started.done():
            self.started.set_result(self.run_id)
        if not self.finished.done():
            self.finished.set_result(run)


@dataclass(slots=True)
class Book:
    """Every ticket, each in one place."""

    waiting: deque[Ticket] = field(default_factory=deque)
    active: list[Ticket] = field(default_factory=list)
    """What runs, and what is about to."""
    parked: list[tuple[Job, str]] = field(default_factory=list)
    """What was stopped because the power was going, and is done again once it is back."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Return what runs and what waits."""
        return tuple(ticket.job for ticket in (*self.active, *self.waiting))

    def busy_with(self, job: Job) -> Ticket | None:
        """Return the ticket of a job that waits or runs already."""
        every = (*self.active, *self.waiting)
        return next((ticket for ticket in every if ticket.job.same == job.same), None)

    def running_on(self, target: str) -> tuple[Ticket, ...]:
        """Return what has begun (on one target, or anywhere when that is empty)."""
        return tuple(t for t in self.active if t.run_id is not None and target in ("", t.job.target))

    def take_groups(
        self, *, at_once: int, held: Callable[[str], bool], together: Callable[[Job, Job], bool]
    ) -> tuple[list[Ticket], ...]:
        """Move what may begin now from waiting to active: one job on each target, `at_once` workers in all.

        Each group is for one worker. What lasts takes nobody's turn: it would never give it back.
        """
        passing = [ticket for ticket in self.active if not ticket.job.lasts]
        taken = {ticket.job.target for ticket in passing}
        room = at_once - sum(not ticket.with_other for ticket in passing)
        groups: list[list[Ticket]] = []
        for ticket in tuple(self.waiting):
            if ticket not in self.waiting or held(ticket.job.target):
                continue
            group = [ticket]
            if not ticket.job.lasts:
                if room <= 0 or ticket.job.target in taken:
                    continue
                room -= 1
                group += self._companions(ticket, taken, held, together)
                taken |= {member.job.target for member in group}
            for member in group:
                member.with_other = member is not ticket
                self.waiting.remove(member)
                self.active.append(member)
            groups.append(group)
        return tuple(groups)

    def _companions(
        self,
        ticket: Ticket,
        taken: Collection[str],
        held: Callable[[str], bool],
        together: Callable[[Job, Job], bool],
    ) -> list[Ticket]:
        """Return what waits and can be done by the same worker: the same files to other places."""
        return [
            other
            for other in self.waiting
            if other is not ticket
            and other.job.target not in taken
            and not held(other.job.target)
            and together(ticket.job, other.job)
        ]

    def remove(self, ticket: Ticket) -> None:
        """Take out what has ended; where its worker goes on with others, one of those is counted from now on."""
        self.active.remove(ticket)
        if not ticket.with_other and (left := [other for other in ticket.group if other in self.active]):
            left[0].with_other = False

    def put_back(self, tickets: Collection[Ticket]) -> None:
        """Have what was about to begin wait again, before everything else."""
        for ticket in reversed(tuple(tickets)):
            self.active.remove(ticket)
            ticket.with_other = False
            self.waiting.appendleft(ticket)
