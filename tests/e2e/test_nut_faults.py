"""NUT servers and drivers that fail, restart, refuse or are slow: each ends as a sight that says why, in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.jobs.installation import Installation
from app.jobs.power import self_test, verdict
from app.paths import Home
from app.policy.machine import Ups, UpsId
from app.power.errors import UpsCannotTest, UpsLoginRefused, UpsNotReachable
from app.power.monitor import UpsMonitor
from app.power.nut import NutServer as Client
from app.power.nut import start_self_test
from app.power.nutwire import Unreadable
from app.power.passwords import keep_ups_password, ups_password
from app.records.facts import TestResult
from app.secret import Secret
from tests.e2e.installation import make_installation, write_machine
from tests.rig.nut import NutServer

HOST = "127.0.0.1"
CLOCK = SystemClock()
PASSWORD = 'geheim "woord" \\ 1'
USERS = '[vangnet]\n  password = "geheim \\"woord\\" \\\\ 1"\n  instcmds = ALL\n'


@pytest.fixture
def server() -> Iterator[NutServer]:
    made = NutServer(
        {"pc": {}, "nas": {"battery.date": "2024-01-15", "ups.test.result": "Done and passed"}}, users=USERS
    )
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


def two(server: NutServer) -> tuple[Ups, Ups]:
    return Ups(UpsId("a"), "PC", HOST, server.port, "pc"), Ups(UpsId("b"), "NAS", HOST, server.port, "nas")


async def seen(monitor: UpsMonitor, upses: tuple[Ups, ...]) -> list[tuple[bool, tuple[str, ...], str]]:
    return [(s.reachable, s.flags, s.trouble) for s in await monitor.read(upses, timeout_s=2)]


async def until(monitor: UpsMonitor, upses: tuple[Ups, ...], wanted: list[tuple[bool, tuple[str, ...], str]]) -> None:
    for _try in range(150):
        found = await seen(monitor, upses)
        if found == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.rig
@pytest.mark.slow
async def test_connection_that_is_kept_outlives_the_driver_and_the_server(server: NutServer) -> None:
    monitor, upses = UpsMonitor(CLOCK), two(server)
    good = (True, ("OL",), "")
    try:
        await until(monitor, upses, [good, good])
        for status in ("OB DISCHRG", "OB LB", "OL RB", "OL CHRG", "FSD OB LB", "OL BYPASS", "OL"):
            server.say("pc", ups_status=status)
            await until(monitor, upses, [(True, tuple(status.split()), ""), good])
        server.kill_driver("pc")
        await until(monitor, upses, [(False, (), "driver"), good])
        server.start_driver("pc")
        await until(monitor, upses, [good, good])
        server.stop_server()
        gone = (False, (), "no-server")
        await until(monitor, upses, [gone, gone])
        server.start_server()
        await until(monitor, upses, [good, good])
        (_pc, nas) = await monitor.read(upses, timeout_s=2)
        assert (nas.battery_date, nas.test_result) == ("2024-01-15", "Done and passed")
    finally:
        await monitor.close()


@pytest.mark.rig
async def test_wrong_password_stops_commands_but_never_the_reading(server: NutServer, tmp_path: Path) -> None:
    async def told(password: str) -> str:
        client = Client(HOST, server.port, username="vangnet", password=Secret(password))
        try:
            (sight,) = await client.read(("pc",), timeout_s=2, clock=CLOCK)
            assert sight.reachable
            await client.instruct("pc", "load.off")
        except Unreadable as refused:
            return refused.trouble
        finally:
            await client.close()
        return "done"

    assert await told(PASSWORD) == "done"
    assert await told("wrong") == "login"
    home = Home.in_folder(tmp_path)
    keep_ups_password(home, UpsId("pc"), Secret(PASSWORD))
    assert ups_password(home, UpsId("pc")) == Secret(PASSWORD)
    assert (home.secrets / "ups-pc").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UpsCannotTest):
        await start_self_test(HOST, server.port, "pc", username="vangnet", password=Secret(PASSWORD))
    with pytest.raises(UpsNotReachable):
        await start_self_test(HOST, server.port, "nobody", username="vangnet", password=Secret(PASSWORD))


class Scripted:
    """A server that can test a UPS, as NUT's own drivers do it; `slow_s` is how long each answer takes."""

    def __init__(self, result: str = "Done and passed", *, password: str = "", slow_s: float = 0.0) -> None:
        self.result = result
        self.password = password
        self.slow_s = slow_s
        self._given = ""
        self._tested_at = 0.0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        listening = await asyncio.start_server(self._serve, HOST, 0)
        try:
            yield listening.sockets[0].getsockname()[1]
        finally:
            listening.close()
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).decode().strip():
            await asyncio.sleep(self.slow_s)
            writer.write(self._answer(line).encode())
        writer.close()

    def _answer(self, line: str) -> str:
        match line.split(" ", 1):
            case ["USERNAME", _]:
                return "OK\n"
            case ["PASSWORD", given]:
                self._given = given.strip('"')
                return "OK\n"
            case ["INSTCMD", _]:
                if self._given != self.password:
                    return "ERR ACCESS-DENIED\n"
                self._tested_at = time.monotonic()
                return "OK\n"
            case ["LIST", "CMD ups"]:
                return "BEGIN LIST CMD ups\nCMD ups test.battery.start\nEND LIST CMD ups\n"
            case ["LIST", "VAR ups"]:
                busy = time.monotonic() - self._tested_at < 0.3
                said = "In progress" if busy else self.result if self._tested_at else "No test initiated"
                status = "OB TEST" if busy else "OL"
                rows = {
                    "ups.status": status,
                    "ups.test.result": said,
                    "battery.runtime": "1380",
                    "battery.charge": "97",
                }
                body = "".join(f'VAR ups {name} "{value}"\n' for name, value in rows.items())
                return f"BEGIN LIST VAR ups\n{body}END LIST VAR ups\n"
            case _:
                return "ERR UNKNOWN-COMMAND\n"


def installed(folder: Path, port: int, *, username: str = "") -> Installation:
    made = make_installation(folder)
    write_machine(made, list(made.installation().machine.targets), nut_port=port)
    file = made.home.machine_file
    file.write_text(file.read_text().replace("  ups: ups\n", f'  ups: ups\n  username: "{username}"\n'))
    return made.installation()


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("Done and passed", TestResult.PASSED),
        ("Done and error", TestResult.FAILED),
        ("Battery failed", TestResult.FAILED),
        ("No test initiated", TestResult.UNKNOWN),
    ],
)
async def test_self_test_is_started_and_its_verdict_waited_for(
    tmp_path: Path, result: str, expected: TestResult
) -> None:
    async with Scripted(result).serving() as port:
        done = await self_test(installed(tmp_path, port), "ups", by="Els", wait_s=5, look_every_s=0.05)
    assert (done.ups, done.result, done.runtime_s, done.by) == ("ups", expected, 1380.0, "Els")


async def test_self_test_with_a_password_and_without_the_right_one(tmp_path: Path) -> None:
    async with Scripted(password="geheim").serving() as port:
        installation = installed(tmp_path, port, username="els")
        with pytest.raises(UpsLoginRefused):
            await self_test(installation, "ups", by="Els", wait_s=1, look_every_s=0.05)
        keep_ups_password(installation.home, UpsId("ups"), Secret("geheim"))
        assert (await self_test(installation, "ups", by="Els", wait_s=5, look_every_s=0.05)).result is TestResult.PASSED


async def test_slow_answers_are_waited_for_within_reason() -> None:
    async with Scripted(slow_s=0.2).serving() as port:
        client = Client(HOST, port)
        (sight,) = await client.read(("ups",), timeout_s=3, clock=CLOCK)
        assert sight.reachable
        (sight,) = await client.read(("ups",), timeout_s=0.05, clock=CLOCK)
        assert (sight.reachable, sight.trouble) == (False, "silent")
        (sight,) = await client.read(("ups",), timeout_s=3, clock=CLOCK)
        assert sight.reachable, "the next question is asked on a new connection"
        await client.close()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Done and passed", TestResult.PASSED), ("OK", TestResult.PASSED), ("No error", TestResult.PASSED),
        ("Done and warning", TestResult.FAILED), ("Aborted", TestResult.FAILED), ("NO", TestResult.UNKNOWN),
        ("In progress", TestResult.UNKNOWN), ("", TestResult.UNKNOWN),
    ],
)  # fmt: skip
def test_words_of_a_ups_about_its_test(said: str, expected: TestResult) -> None:
    assert verdict(said) is expected
