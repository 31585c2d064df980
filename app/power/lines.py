"""Is an internet line there? Asked by opening connections over it, bound to its network card, and closing them again.

Two lines behind one card differ only in their router: over the one that is not in use nothing can be sent without
changing the computer's routes, so of that one it is asked whether its router answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.policy.lines import Line
from app.power.routes import DefaultRoute, default_routes

PROBE_S: Final = 4.0
ANSWERING: Final = (("9.9.9.9", 443), ("1.1.1.1", 443), ("8.8.8.8", 443))
"""Public name servers that answer everywhere: one of them is enough."""
_ROUTER_PORTS: Final = (80, 443, 53)

Address = tuple[str, int]


class Reach(StrEnum):
    """How far a line goes."""

    INTERNET = "internet"
    ROUTER = "router"
    """Its router answers; whether the internet is behind it cannot be seen from here."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class LineProbe:
    """What one probe of a line found. `in_use`: the computer goes over this line by itself."""

    line: str
    reach: Reach
    latency_ms: float | None
    in_use: bool

    @property
    def up(self) -> bool:
        return self.reach is not Reach.NOTHING


async def probe_lines(
    lines: tuple[Line, ...], *, answering: tuple[Address, ...] = ANSWERING, timeout_s: float = PROBE_S
) -> tuple[LineProbe, ...]:
    """Probe every line, side by side, within `timeout_s`."""
    routes = default_routes()
    return tuple(await asyncio.gather(*(_probe(line, lines, routes, answering, timeout_s) for line in lines)))


def line_in_use(lines: tuple[Line, ...], routes: tuple[DefaultRoute, ...]) -> str:
    """Return the id of the line that the computer goes over by itself; empty when it is none of these."""
    if not routes:
        return ""
    used = routes[0]
    exact = [line for line in lines if line.gateway and line.gateway == used.gateway]
    by_card = [line for line in lines if line.interface and line.interface == used.interface and not line.gateway]
    return next((line.id for line in (*exact, *by_card)), "")


async def _probe(
    line: Line,
    lines: tuple[Line, ...],
    routes: tuple[DefaultRoute, ...],
    answering: tuple[Address, ...],
    timeout_s: float,
) -> LineProbe:
    in_use = line_in_use(lines, routes) == line.id
    own_way = bool(line.interface) and not _shared(line, lines)
    if in_use or own_way:
        latency_ms = await _first_answer(answering, line.interface if own_way else "", timeout_s, refused_counts=False)
        reach = Reach.NOTHING if latency_ms is None else Reach.INTERNET
    else:
        router = tuple((line.gateway, port) for port in _ROUTER_PORTS) if line.gateway else ()
        latency_ms = await _first_answer(router, line.interface, timeout_s, refused_counts=True)
        reach = Reach.NOTHING if latency_ms is None else Reach.ROUTER
    return LineProbe(line.id, reach, latency_ms, in_use)


def _shared(line: Line, lines: tuple[Line, ...]) -> bool:
    return any(other.id != line.id and other.interface == line.interface for other in lines)


async def _first_answer(
    addresses: tuple[Address, ...], interface: str, timeout_s: float, *, refused_counts: bool
) -> float | None:
    """Return after how many milliseconds the first of these answered; None when none did."""
    if not addresses:
        return None
    asking = [asyncio.ensure_future(_answer(address, interface, refused_counts)) for address in addresses]
    try:
        async with asyncio.timeout(timeout_s):
            for done in asyncio.as_completed(asking):
                if (latency_ms := await done) is not None:
                    return latency_ms
    except TimeoutError:
        pass
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return None


async def _answer(address: Address, interface: str, refused_counts: bool) -> float | None:
    began = time.perf_counter()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            if interface:
                # Since Linux 5.7 without rights, as long as the socket is not bound yet (socket(7)).
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
            await asyncio.get_running_loop().sock_connect(connection, address)
        except OSError as exc:
            if not (refused_counts and exc.errno == errno.ECONNREFUSED):
                return None
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return (time.perf_counter() - began) * 1000
