"""What happens regularly: APScheduler carries out the ticks and holds no truth of its own.

A missed tick is not caught up: the next one looks at the facts afresh.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.agent.log import say
from app.jobs.conduct import place_of

Tick = Callable[[], Awaitable[object]]


class Ticker:
    """Calls coroutines at their intervals in the running asyncio loop, never two of one kind at a time."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def every(self, interval_s: float, name: str, tick: Tick) -> None:
        """Call `tick` every so many seconds; what it raises is logged and does not end the ticking."""

        async def guarded() -> None:
            await call_guarded(name, tick)

        self._scheduler.add_job(guarded, "interval", seconds=interval_s, id=name)

    def realign(self) -> None:
        """Count all intervals from now again: after the clock was set back, the next ticks would be far away."""
        for job in self._scheduler.get_jobs():
            job.reschedule(job.trigger)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Call nothing any more; a tick that runs is cancelled."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


async def call_guarded(name: str, tick: Tick) -> None:
    """Call a coroutine function whose failure must not stop the agent."""
    try:
        await tick()
    except Exception as exc:  # noqa: BLE001  the agent lives longer than any one thing it tries
        say("tick-failed", logging.ERROR, tick=name, error=type(exc).__name__, place=place_of(exc))
        say("tick-failed", logging.DEBUG, tick=name, detail=exc)
