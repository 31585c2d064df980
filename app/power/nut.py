"""What the UPSes say, asked from NUT servers over the network.

Reading never changes a UPS; only `start_self_test` tells it to do something. Whatever goes wrong on the way — no
server, a wrong name, a driver that died, noise on the wire — ends as a sight that is not reachable and says why.
"""

from __future__ import annotations

import asyncio
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from app.clock import Clock, SystemClock
from app.power.errors import UpsCannotTest, UpsLoginRefused, UpsNotReachable
from app.power.nutwire import NutConnection, Trouble, Unreadable
from app.records.facts import UpsSight
from app.secret import Secret

DEFAULT_PORT: Final = 3493
SELF_TESTS: Final = ("test.battery.start", "test.battery.start.quick", "test.battery.start.deep")
_UPSES_AT_MOST: Final = 16
_FLAGS_AT_MOST: Final = 16
_TEXT_LIMIT: Final = 80
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FLAG = re.compile(r"[A-Z][A-Z0-9-]{0,15}")


class NutServer:
    """One server that is asked again and again over one connection; a lost one is made anew at the next question."""

    def __init__(
        self, host: str, port: int = DEFAULT_PORT, *, username: str = "", password: Secret | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._connection: NutConnection | None = None

    async def read(self, names: tuple[str, ...] | None, *, timeout_s: float, clock: Clock) -> tuple[UpsSight, ...]:
        """Return a sight of each UPS named (or of every one there is, by name), within `timeout_s` in all."""
        sights: dict[str, UpsSight] = {}
        listed = names or ()
        trouble = Trouble.SILENT
        try:
            async with asyncio.timeout(timeout_s):
                if names is None:
                    connection = await self._connected()
                    found = await connection.names()
                    listed = tuple(sorted(name for name in found if _NAME.fullmatch(name)))[:_UPSES_AT_MOST]
                for name in listed:
                    sights[name] = await self._read_one(name, clock)
        except Unreadable as exc:
            trouble = exc.trouble
            if not exc.connection_is_good:
                await self.close()
        except TimeoutError:
            if self._connection is None:
                trouble = Trouble.NO_SERVER
            await self.close()
        return tuple(sights.get(name) or unreachable(name, clock, trouble) for name in listed)

    async def commands(self, ups: str) -> frozenset[str]:
        """Return what a UPS can be told to do; raises Unreadable."""
        return await (await self._connected()).commands(ups)

    async def instruct(self, ups: str, command: str) -> None:
        """Have a UPS do something; raises Unreadable."""
        await (await self._connected()).instruct(ups, command)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> NutConnection:
        if self._connection is None:
            self._connection = await NutConnection.open(self._host, self._port)
            if self._username:
                await self._connection.log_in(self._username, self._password)
        return self._connection

    async def _read_one(self, name: str, clock: Clock) -> UpsSight:
        if not _NAME.fullmatch(name):  # it would become part of a command on the wire
            return unreachable(name, clock, Trouble.UNKNOWN_UPS)
        kept = self._connection is not None
        try:
            variables = await (await self._connected()).variables(name)
        except Unreadable as exc:
            if exc.connection_is_good:  # the server refuses this one: others may still answer
                return unreachable(name, clock, exc.trouble)
            if not kept:
                raise
            # A connection that was kept may have died in between (a server that restarted): once more, on a new one.
            await self.close()
            variables = await (await self._connected()).variables(name)
        return _sight(name, variables, clock)


async def read_upses(
    host: str,
    port: int = DEFAULT_PORT,
    *,
    timeout_s: float = 5.0,
    clock: Clock,
    names: tuple[str, ...] | None = None,
) -> tuple[UpsSight, ...]:
    """Return once what the UPSes of one server say now; `ups` is the name at the server.

    With `names` there is one sight for each, in that order. Without, every UPS that the server lists, sorted by name;
    none when it does not answer.
    """
    server = NutServer(host, port)
    try:
        return await server.read(names, timeout_s=timeout_s, clock=clock)
    finally:
        await server.close()


async def probe(
    host: str = "127.0.0.1", port: int = DEFAULT_PORT, *, timeout_s: float = 1.0, clock: Clock | None = None
) -> tuple[UpsSight, ...]:
    """Look for a NUT server, by default on this computer; empty when there is none."""
    return await read_upses(host, port, timeout_s=timeout_s, clock=clock or SystemClock())


async def start_self_test(
    host: str, port: int, ups: str, *, username: str, password: Secret | None, timeout_s: float = 5.0
) -> None:
    """Have a UPS test its battery now. Raises UpsNotReachable, UpsLoginRefused, UpsCannotTest."""
    if not _NAME.fullmatch(ups):
        raise UpsNotReachable(ups=ups, trouble=Trouble.UNKNOWN_UPS)
    server = NutServer(host, port, username=username, password=password)
    try:
        async with asyncio.timeout(timeout_s):
            offered = await server.commands(ups)
            command = next((test for test in SELF_TESTS if test in offered), None)
            if command is None:
                raise UpsCannotTest(ups=ups)
            await server.instruct(ups, command)
    except Unreadable as exc:
        if exc.trouble is Trouble.LOGIN:
            raise UpsLoginRefused(ups=ups) from exc
        if exc.said in {"CMD-NOT-SUPPORTED", "INSTCMD-FAILED"}:
            raise UpsCannotTest(ups=ups) from exc
        raise UpsNotReachable(ups=ups, trouble=exc.trouble) from exc
    except TimeoutError as exc:
        raise UpsNotReachable(ups=ups, trouble=Trouble.SILENT) from exc
    finally:
        await server.close()


def unreachable(name: str, clock: Clock, trouble: Trouble) -> UpsSight:
    return UpsSight(ups=name, name=name, at=clock.now(), reachable=False, trouble=trouble)


def _sight(name: str, variables: Mapping[str, str], clock: Clock) -> UpsSight:
    flags = tuple(flag for flag in variables.get("ups.status", "").split() if _FLAG.fullmatch(flag))
    maker = text(variables.get("device.mfr") or variables.get("ups.mfr") or "")
    model = text(variables.get("device.model") or variables.get("ups.model") or "")
    return UpsSight(
        ups=name,
        name=name,
        at=clock.now(),
        reachable=bool(flags),  # a UPS always has a status; an answer without one tells nothing
        flags=flags[:_FLAGS_AT_MOST],
        charge_percent=number(variables.get("battery.charge"), most=100),
        runtime_s=number(variables.get("battery.runtime"), most=7 * 86400),
        load_percent=number(variables.get("ups.load"), most=1000),
        model=model if not maker or model.startswith(maker) else f"{maker} {model}".strip(),
        battery_date=text(variables.get("battery.date") or variables.get("battery.mfr.date") or ""),
        test_result=text(variables.get("ups.test.result") or ""),
        trouble="" if flags else Trouble.NOISE,
    )


def number(said: str | None, *, most: float) -> float | None:
    """Return a number between 0 and `most`; None for anything else that a UPS may say."""
    try:
        value = float(said or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= most else None


def text(said: str) -> str:
    return "".join(c for c in said if unicodedata.category(c)[0] != "C").strip()[:_TEXT_LIMIT]
