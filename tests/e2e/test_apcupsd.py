"""A UPS as a real apcupsd tells of it, and servers that only look like one."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from app.clock import SystemClock
from app.policy.machine import Ups, UpsId, UpsKind
from app.power.apcupsd import read_apcupsd
from app.power.discovery import discover
from app.power.monitor import read_machine_upses
from app.records.facts import UpsSight
from tests.rig.apcupsd import Apcupsd

HOST = "127.0.0.1"
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def daemon() -> Iterator[Apcupsd]:
    made = Apcupsd()
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


async def until(daemon: Apcupsd, *flags: str) -> UpsSight:
    """Return what it says once it says these flags."""
    for _try in range(200):
        sight = await read_apcupsd(HOST, daemon.port, "ups", timeout_s=2, clock=CLOCK)
        if sight.reachable and set(flags) <= set(sight.flags):
            return sight
        await asyncio.sleep(0.1)
    raise AssertionError((flags, sight))


@pytest.mark.rig
@pytest.mark.slow
async def test_real_apcupsd_tells_everything_that_a_nut_server_would(daemon: Apcupsd) -> None:
    sight = await until(daemon, "OL")
    assert (sight.charge_percent, sight.runtime_s, sight.load_percent) == (100.0, 2400.0, 23.4)
    assert (sight.model, sight.battery_date) == ("Smart-UPS 700", "01/15/24")
    daemon.say(online=False, batt=64, runtime=21)
    sight = await until(daemon, "OB")
    daemon.say(batt=5, runtime=2)
    sight = await until(daemon, "OB", "LB")
    daemon.say(online=True, batt=20, runtime=9)
    await until(daemon, "OL")
    ups = Ups(UpsId("bureau"), "UPS bureau", HOST, daemon.port, kind=UpsKind.APCUPSD)
    (read,) = await read_machine_upses((ups,), clock=CLOCK)
    assert (read.ups, read.name, read.reachable) == ("bureau", "UPS bureau", True)
    found = await discover(clock=CLOCK, nut_port=9, apcupsd_port=daemon.port)
    assert [(entry.ups.kind, entry.ups.name) for entry in found.found] == [(UpsKind.APCUPSD, "Smart-UPS 700")]


@asynccontextmanager
async def saying(*chunks: bytes, hold: bool = False) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        for chunk in chunks:
            writer.write(chunk)
        if hold:
            await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, HOST, 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.sleep(0.01)


def record(line: str) -> bytes:
    return struct.pack(">H", len(line)) + line.encode()


@pytest.mark.parametrize(
    ("chunks", "trouble"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "noise"),
        ((b"\xff\xff" + b"x" * 70_000,), "noise"),
        ((record("STATUS   : ONLINE \n"),), "noise"),
        ((record("STATUS   : COMMLOST \n"), b"\0\0"), "driver"),
        ((b"\0\0",), "noise"),
        ((record("a : b\n") * 300,), "noise"),
        ((), "noise"),
    ],
)
async def test_what_speaks_another_language_is_not_reachable(chunks: tuple[bytes, ...], trouble: str) -> None:
    async with saying(*chunks) as port:
        sight = await read_apcupsd(HOST, port, "ups", timeout_s=2, clock=CLOCK)
    assert (sight.reachable, sight.trouble) == (False, trouble)


async def test_server_that_says_nothing_costs_no_more_than_the_time_given() -> None:
    async with saying(hold=True) as port:
        began = time.monotonic()
        sight = await read_apcupsd(HOST, port, "ups", timeout_s=0.3, clock=CLOCK)
        assert time.monotonic() - began < 3
    assert (sight.reachable, sight.trouble) == (False, "silent")


async def test_figures_are_taken_as_they_stand_and_no_further() -> None:
    said = (
        "STATUS   : ONBATT LOWBATT REPLACEBATT", "BCHARGE  : 12.0 Percent", "TIMELEFT : 3.5 Minutes",
        "LOADPCT  : nan Percent", "MODEL    : Back-UPS \x1b[2J", "BATTDATE : 2023-05-01", "SELFTEST : OK",
    )  # fmt: skip
    async with saying(b"".join(record(f"{line}\n") for line in said) + b"\0\0") as port:
        sight = await read_apcupsd(HOST, port, "ups", timeout_s=2, clock=CLOCK)
    assert sight.flags == ("OB", "LB", "RB")
    assert (sight.charge_percent, sight.runtime_s, sight.load_percent) == (12.0, 210.0, None)
    assert (sight.model, sight.battery_date, sight.test_result) == ("Back-UPS [2J", "2023-05-01", "OK")
