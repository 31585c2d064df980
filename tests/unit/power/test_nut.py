"""NUT servers that misbehave: each ends as a sight that is not reachable, in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from app.clock import FixedClock
from app.power.nut import probe, read_upses

HOST = "127.0.0.1"
CLOCK = FixedClock(datetime(2026, 9, 1, 8, tzinfo=UTC))

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, HOST, 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.sleep(0.01)


def says(*chunks: bytes) -> Answer:
    """Answer every line with the same bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            for chunk in chunks:
                writer.write(chunk)
            await writer.drain()

    return answer


def variables(*lines: str) -> Answer:
    body = "".join(f"VAR ups {line}\n" for line in lines)
    return says(f"BEGIN LIST VAR ups\n{body}END LIST VAR ups\n".encode())


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


async def is_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drips(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"BEGIN LIST VAR ups\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "answer",
    [
        hangs_up,
        is_silent,
        drips,
        says(b"\xff\xfe\x00garbage\n"),
        says(b"x" * 200_000 + b"\n"),
        says(b"BEGIN LIST VAR ups\n" + b'VAR ups a "b"\n' * 20_000),
        says(b"BEGIN LIST VAR ups\nVAR\nVAR ups\nEND LIST VAR ups\n"),
        says(b"BEGIN LIST VAR ups\nEND LIST VAR ups\n"),
        says(b"ERR UNKNOWN-UPS\n"),
        says(b"ERR DRIVER-NOT-CONNECTED\n"),
        says(b"ERR ACCESS-DENIED\n"),
        says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        says(b"\n"),
        variables('battery.charge "100"'),
    ],
)
async def test_server_that_tells_nothing_useful_is_not_reachable(answer: Answer) -> None:
    async with server(answer) as port:
        began = time.monotonic()
        (sight,) = await read_upses(HOST, port, timeout_s=0.5, clock=CLOCK, names=("ups",))
        assert time.monotonic() - began < 2
    assert (sight.ups, sight.reachable, sight.flags, sight.at) == ("ups", False, (), CLOCK.now())


async def test_no_server_is_not_reachable_and_not_found() -> None:
    async with server(hangs_up) as port:
        pass
    (sight,) = await read_upses(HOST, port, timeout_s=0.5, clock=CLOCK, names=("ups",))
    assert not sight.reachable
    assert await probe(HOST, port) == ()


async def test_host_that_has_no_address_is_not_reachable() -> None:
    (sight,) = await read_upses("no-such-host.invalid", timeout_s=1, clock=CLOCK, names=("ups",))
    assert not sight.reachable


async def test_figures_that_cannot_be_are_left_out() -> None:
    answer = variables(
        'ups.status "OL CHRG \x1b[2J lowercase"',
        'battery.charge "nan"',
        'battery.runtime "-5"',
        'ups.load "9e99"',
        'device.model "' + "m" * 500 + '"',
    )
    async with server(answer) as port:
        (sight,) = await read_upses(HOST, port, timeout_s=2, clock=CLOCK, names=("ups",))
    assert sight.reachable
    assert sight.flags == ("OL", "CHRG")
    assert (sight.charge_percent, sight.runtime_s, sight.load_percent) == (None, None, None)
    assert len(sight.model) == 80


async def test_name_that_would_be_a_command_never_reaches_the_wire() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))

    async with server(listen) as port:
        (sight,) = await read_upses(HOST, port, timeout_s=0.5, clock=CLOCK, names=("ups\nFSD ups",))
    assert not sight.reachable
    assert b"".join(heard) == b""
