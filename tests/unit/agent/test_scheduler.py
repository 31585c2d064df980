"""The ticks: carried out at their intervals, never two of a kind at once, none ended by a failure."""

from __future__ import annotations

import asyncio

from app.agent.scheduler import Ticker


async def test_a_tick_that_fails_is_called_again() -> None:
    calls = asyncio.Queue[None]()

    async def failing() -> None:
        calls.put_nowait(None)
        raise RuntimeError("this time too")

    ticker = Ticker()
    ticker.every(0.02, "failing", failing)
    ticker.start()
    async with asyncio.timeout(5):
        for _time in range(3):
            await calls.get()
    ticker.stop()


async def test_a_tick_that_takes_long_is_not_doubled_and_stops_when_told() -> None:
    at_once, most, ended = 0, 0, asyncio.Event()

    async def slow() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.sleep(0.2)
        finally:
            at_once -= 1
            ended.set()

    ticker = Ticker()
    ticker.every(0.02, "slow", slow)
    ticker.start()
    async with asyncio.timeout(5):
        await ended.wait()
    ticker.stop()
    assert most == 1
