"""Every UPS of a machine file at once, whoever tells about it; connections to NUT servers are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from app.clock import Clock
from app.policy.machine import Ups, UpsId, UpsKind
from app.power.apcupsd import read_apcupsd
from app.power.kernel import read_battery
from app.power.nut import NutServer
from app.records.facts import UpsSight
from app.secret import Secret

Passwords = Callable[[UpsId], Secret | None]
_Server = tuple[str, int, str]


def no_passwords(_ups: UpsId) -> Secret | None:
    return None


class UpsMonitor:
    """Reads UPSes again and again, in one asyncio loop; `close` hangs up."""

    def __init__(self, clock: Clock, passwords: Passwords = no_passwords) -> None:
        self._clock = clock
        self._passwords = passwords
        self._servers: dict[_Server, NutServer] = {}

    async def read(self, upses: tuple[Ups, ...], *, timeout_s: float) -> tuple[UpsSight, ...]:
        """Return one sight for each UPS, in the order given; `ups` and `name` are the machine file's.

        Everyone is asked side by side; who does not answer within `timeout_s` is not reachable.
        """
        nut: dict[_Server, list[Ups]] = {}
        for ups in upses:
            if ups.kind is UpsKind.NUT:
                nut.setdefault((ups.host, ups.port, ups.username), []).append(ups)
        await self._hang_up(tuple(server for server in self._servers if server not in nut))
        others = [ups for ups in upses if ups.kind is not UpsKind.NUT]
        answers = await asyncio.gather(
            *(self._read_server(server, tuple(own), timeout_s) for server, own in nut.items()),
            *(self._read_other(ups, timeout_s) for ups in others),
        )
        asked = [*(tuple(own) for own in nut.values()), *((ups,) for ups in others)]
        by_id = {
            ups.id: replace(sight, ups=ups.id, name=ups.name)
            for own, sights in zip(asked, answers, strict=True)
            for ups, sight in zip(own, sights, strict=True)
        }
        return tuple(by_id[ups.id] for ups in upses)

    async def close(self) -> None:
        await self._hang_up(tuple(self._servers))

    async def _read_server(self, server: _Server, upses: tuple[Ups, ...], timeout_s: float) -> tuple[UpsSight, ...]:
        client = self._servers.get(server)
        if client is None:
            host, port, username = server
            password = self._passwords(upses[0].id) if username else None
            client = self._servers[server] = NutServer(host, port, username=username, password=password)
        return await client.read(tuple(ups.ups for ups in upses), timeout_s=timeout_s, clock=self._clock)

    async def _read_other(self, ups: Ups, timeout_s: float) -> tuple[UpsSight, ...]:
        if ups.kind is UpsKind.BATTERY:
            return (read_battery(ups.ups, clock=self._clock),)
        return (await read_apcupsd(ups.host, ups.port, ups.ups, timeout_s=timeout_s, clock=self._clock),)

    async def _hang_up(self, servers: tuple[_Server, ...]) -> None:
        for server in servers:
            await self._servers.pop(server).close()


async def read_machine_upses(
    upses: tuple[Ups, ...], *, timeout_s: float = 5.0, clock: Clock, passwords: Passwords = no_passwords
) -> tuple[UpsSight, ...]:
    """Return once what every UPS of a machine file says now."""
    monitor = UpsMonitor(clock, passwords)
    try:
        return await monitor.read(upses, timeout_s=timeout_s)
    finally:
        await monitor.close()
