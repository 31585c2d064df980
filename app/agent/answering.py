"""Answers what clients ask for: takes their requests, has done what they want, and tells them what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.agent.due import Job
from app.agent.followers import Followers
from app.agent.log import say
from app.agent.runner import Runner
from app.errors import VangnetError
from app.records.facts import Request, RequestKind, RequestState, Run
from app.records.store import Records

REASON_ASKED = "asked"


class Desk(Protocol):
    """What the agent does for whoever asks."""

    @property
    def closing(self) -> bool:
        """Nothing is taken any more."""
        ...

    async def let_go(self, target: str) -> None:
        """Unmount a disk as soon as nothing is being done there."""
        ...

    async def look_afresh(self) -> None:
        """Read the configuration and look at everything again, and start what is due."""
        ...

    async def jobs_for(self, request: Request) -> Sequence[Job]:
        """Return what a request leads to; raises VangnetError where it cannot be done."""
        ...


class Answering:
    """The letter box, from the agent's side. Lives in one asyncio loop; `records` is used in that loop only."""

    def __init__(self, records: Records, runner: Runner, desk: Desk) -> None:
        self._records = records
        self._runner = runner
        self._desk = desk
        self._followers = Followers(records)
        self._unanswered: list[Request] = []

    @property
    def none(self) -> bool:
        """Every request that was taken has its answer."""
        return self._followers.none

    @property
    def requests_wait(self) -> bool:
        return bool(self._records.requests(RequestState.WAITING, limit=1))

    def take_over(self) -> None:
        """Answer what an earlier agent had taken."""
        for request in self._records.requests(RequestState.TAKEN):
            runs = tuple(self._records.run(run) for run in request.runs)
            tickets = [t for run in runs if (t := self._runner.busy_with(job_of(run))) is not None]
            if runs:
                self._followers.follow(request, tickets, earlier=request.runs)
            else:
                self._unanswered.append(request)

    async def take_requests(self) -> None:
        """Take every waiting request and start what it asks for."""
        while not self._desk.closing and (request := self._next_request()) is not None:
            say("request-taken", request=request.id, kind=request.kind, by=request.by)
            await self._answer(request)

    def _next_request(self) -> Request | None:
        return self._unanswered.pop(0) if self._unanswered else self._records.take_request()

    async def _answer(self, request: Request) -> None:
        match request.kind:
            case RequestKind.CANCEL:
                self._runner.cancel(data_set=request.data_set, target=request.target, lasting=False)
                self._records.close_request(request.id, RequestState.DONE)
            case RequestKind.RELEASE:
                await self._desk.let_go(request.target)
                self._records.close_request(request.id, RequestState.DONE)
            case RequestKind.RESCAN:
                await self._desk.look_afresh()
                self._records.close_request(request.id, RequestState.DONE)
            case _:
                await self._start(request)

    async def _start(self, request: Request) -> None:
        try:
            jobs = await self._desk.jobs_for(request)
        except VangnetError as exc:
            say("request-refused", request=request.id, code=exc.code)
            self._records.close_request(request.id, RequestState.REFUSED, refusal=exc.code)
            return
        # Each goes before what waits already, so the last is submitted first.
        with self._runner.gathering():
            tickets = [self._runner.submit(job, REASON_ASKED, first=True) for job in reversed(jobs)]
        self._followers.follow(request, tickets[::-1])

    async def finished(self, timeout_s: float | None = None) -> None:
        """Wait until every request that was taken has its answer."""
        await self._followers.finished(timeout_s)


def job_of(run: Run) -> Job:
    return Job(run.kind, run.data_set, run.target, run.part)
