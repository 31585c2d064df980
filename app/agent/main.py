"""The agent as a process: one for each home, lasting or for once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from app.agent.agent import Agent
from app.agent.bell import Bell
from app.agent.links import LinkWatcher
from app.agent.log import logging_to, say
from app.agent.processes import exit_code
from app.agent.scheduler import Ticker, call_guarded
from app.clock import Clock, SystemClock
from app.errors import ExitCode
from app.paths import Home
from app.records.errors import AgentRunning, RecordsUnusable
from app.records.facts import DriveSight, Run
from app.records.presence import AgentLock
from app.records.store import Records
from app.targets.drive_watch import DriveWatcher

REQUESTS_S = 0.5
"""How often we look whether somebody asks for something, where nothing tells us."""
LOOK_S = 2.0
"""How often we look whether the clock jumped or the configuration changed."""
DUE_S = 60.0
TIDY_S = 3600.0
LINES_S = 20.0
TELL_S = 120.0
"""How often we look whom to tell something; what a run brings is told as it ends."""
CLOCK_JUMP_S = 30.0
STOP_GRACE_S = 30.0
"""How long a job has to stop by itself; systemd's unit allows for more."""


def run_agent(home: Home, *, once: bool, requests_only: bool = False) -> ExitCode:
    """Be the agent: until SIGTERM or SIGINT, or with `once` until what is due (and asked for) now is done.

    Returns 0, 1 or 3 as the runs ended. Raises AgentRunning when there is one already; `requests_only` then leaves the
    requests to that one and returns 0. With `once`, raises NotSetUp or what is wrong with the configuration.
    """
    clock = SystemClock()
    try:
        lock = AgentLock.acquire(home)
    except AgentRunning:
        if once and requests_only:
            return ExitCode.DONE
        raise
    with logging_to(home.agent_log), Records.open(home, clock) as records:
        if once:
            return _run_once(home, clock, records, lock, requests_only=requests_only)
        with lock:
            return asyncio.run(_last(Agent(home, clock, records), home, records, clock))


def _run_once(home: Home, clock: Clock, records: Records, lock: AgentLock, *, requests_only: bool) -> ExitCode:
    runs: list[Run] = []
    while True:
        agent = Agent(home, clock, records)
        with lock:
            asyncio.run(_once(agent, requests_only=requests_only))
        runs += agent.ended
        # Somebody may have asked while we were leaving, and have started no agent because we were here.
        if agent.closing or not agent.answering.requests_wait:
            return exit_code([run.outcome for run in runs])
        try:
            lock = AgentLock.acquire(home)
        except AgentRunning:
            return exit_code([run.outcome for run in runs])
        requests_only = True


async def _once(agent: Agent, *, requests_only: bool) -> None:
    """Do what is due and asked for now; SIGTERM and SIGINT stop it half-way, with every finished pack kept."""
    say("agent-once", requests_only=requests_only)
    agent.reload()
    if not requests_only:
        agent.configuration.require()
    async with _stop_signals() as stop, agent.watching_power():
        agent.take_over()
        work = asyncio.ensure_future(_work_once(agent, requests_only=requests_only))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not work.done():
            await agent.close(STOP_GRACE_S)
        await work


async def _work_once(agent: Agent, *, requests_only: bool) -> None:
    await agent.look()
    await agent.look_at_power()
    agent.tend_disks()
    await agent.disks.settled()
    if not requests_only:
        agent.start_due(patient=False)
    await agent.answering.take_requests()
    while not agent.closing and not agent.idle:
        # What is asked for while we work is ours too: the client saw an agent and started none.
        enough = asyncio.Event()
        polling = asyncio.ensure_future(_poll_requests(agent, enough))
        await agent.finished()
        enough.set()
        await polling
        if not requests_only and not agent.closing:
            # The copies are made: now what comes after them.
            agent.start_due(patient=False)
    agent.tend_disks()
    await agent.disks.settled()
    if not agent.closing:
        await call_guarded("tell", agent.tell)


async def _poll_requests(agent: Agent, enough: asyncio.Event) -> None:
    while not await _is_set_within(enough, REQUESTS_S):
        await call_guarded("requests", agent.answering.take_requests)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def _last(agent: Agent, home: Home, records: Records, clock: Clock) -> ExitCode:
    """Be there until somebody says stop."""

    async def reload() -> None:
        agent.reload()  # what is to be recorded of a change may find no room

    agent.lasting = True
    say("agent-started")
    records.emit("agent-started", "")
    agent.reload()
    agent.configuration.has_changed()
    agent.take_over()
    async with _ringing(home) as bell, _stop_signals(bell.ring) as stop, _watching(agent) as watches:
        version: int | None = None
        wall = _wall_s(clock)
        looked_s = clock.monotonic()
        while not stop.is_set():
            if (now := records.data_version()) != version:
                version = now
                await call_guarded("requests", agent.answering.take_requests)
            if abs(_wall_s(clock) - wall) > CLOCK_JUMP_S:
                # The computer slept, or its clock was set: look at once, and count from the new time.
                say("clock-jumped", seconds=round(_wall_s(clock) - wall))
                wall = _wall_s(clock)
                watches.ticker.realign()
                await call_guarded("due", agent.look_and_start)
            if clock.monotonic() - looked_s >= LOOK_S:
                looked_s = clock.monotonic()
                await call_guarded("configuration", reload)
                if agent.configuration.has_changed():
                    watches.drives.retarget(agent.machine)
                    await call_guarded("due", agent.look_and_start)
            await bell.wait(LOOK_S if bell.works else REQUESTS_S)
        say("agent-stopping")
        await agent.close(STOP_GRACE_S)
    with contextlib.suppress(RecordsUnusable):  # only a message
        records.emit("agent-stopped", "")
    say("agent-stopped")
    return ExitCode.DONE


def _wall_s(clock: Clock) -> float:
    """Return by how much the time of day is ahead of the clock that never jumps; it stands still while we sleep."""
    return clock.now().timestamp() - clock.monotonic()


class _Watches(NamedTuple):
    drives: DriveWatcher
    ticker: Ticker


@contextlib.asynccontextmanager
async def _watching(agent: Agent) -> AsyncIterator[_Watches]:
    """Watch disks, targets and power, and look regularly what is due."""

    async def drives_changed(drives: tuple[DriveSight, ...]) -> None:
        agent.see_drives(drives)

    watcher = DriveWatcher(drives_changed, agent.machine)
    links = LinkWatcher(lambda: call_guarded("network", agent.network_changed))
    ticker = Ticker()
    ticker.every(DUE_S, "due", agent.look_and_start)
    ticker.every(TIDY_S, "tidy", agent.tidy)
    ticker.every(LINES_S, "lines", agent.look_at_lines)
    ticker.every(TELL_S, "tell", agent.tell)
    drives = await watcher.start()
    links.start()
    await call_guarded("power", agent.look_at_power)
    await call_guarded("due", lambda: agent.look_and_start(drives))
    ticker.start()
    try:
        async with agent.watching_power():
            yield _Watches(watcher, ticker)
    finally:
        ticker.stop()
        links.stop()
        await watcher.stop()


@contextlib.asynccontextmanager
async def _ringing(home: Home) -> AsyncIterator[Bell]:
    """Hear, for as long as the context lasts, when somebody writes to the records."""
    bell = Bell(home.database)
    bell.start()
    try:
        yield bell
    finally:
        bell.stop()


@contextlib.asynccontextmanager
async def _stop_signals(told: Callable[[], None] = lambda: None) -> AsyncIterator[asyncio.Event]:
    """Give an event that SIGTERM and SIGINT set; `told` is called then too."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        stop.set()
        told()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
