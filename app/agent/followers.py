"""Tells clients what became of their requests: the runs as they start, and when all have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.agent.tickets import Ticket
from app.records.facts import Request, RequestState, RunId
from app.records.store import Records


class Followers:
    """One task for each request that has led to runs."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def none(self) -> bool:
        """Every request has its answer."""
        return not self._tasks

    def follow(self, request: Request, tickets: Sequence[Ticket], *, earlier: tuple[RunId, ...] = ()) -> None:
        """Tell of these tickets' runs; `earlier` are those that an agent before us had begun."""
        task = asyncio.get_running_loop().create_task(self._tell(request, tickets, earlier))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finished(self, timeout_s: float | None = None) -> None:
        """Wait until every request has its answer."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    async def _tell(self, request: Request, tickets: Sequence[Ticket], earlier: tuple[RunId, ...]) -> None:
        def runs() -> tuple[RunId, ...]:
            begun = (ticket.run_id for ticket in tickets if ticket.run_id is not None)
            return tuple(dict.fromkeys((*earlier, *begun)))

        starting = {ticket.started for ticket in tickets}
        while starting:
            _begun, starting = await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
            self._records.update_request_runs(request.id, runs())
        await asyncio.gather(*(ticket.finished for ticket in tickets))
        self._records.close_request(request.id, RequestState.DONE, runs=runs())
