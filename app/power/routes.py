"""Over which router and network card this computer goes to the internet (source: proc(5), /proc/net/route)."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROUTES: Final = Path("/proc/net/route")
_UP: Final = 0x1
_GATEWAY: Final = 0x2
_LINES_AT_MOST: Final = 4_096


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """A way to everywhere; the one with the lowest metric is taken."""

    interface: str
    gateway: str
    """Empty where the card itself is the way (a dial-up line)."""
    metric: int


def default_routes(file: Path = ROUTES) -> tuple[DefaultRoute, ...]:
    """Return the default routes, the one in use first; none where there is no network."""
    try:
        with file.open(encoding="ascii", errors="replace") as lines:
            rows = [line.split() for _number, line in zip(range(_LINES_AT_MOST), lines, strict=False)][1:]
    except OSError:
        return ()
    found = (_default(row) for row in rows)
    return tuple(sorted((route for route in found if route is not None), key=lambda route: route.metric))


def _default(row: list[str]) -> DefaultRoute | None:
    # Iface Destination Gateway Flags RefCnt Use Metric Mask …, addresses as hexadecimal in the machine's order.
    try:
        interface, destination, gateway, flags, metric, mask = row[0], row[1], row[2], row[3], row[6], row[7]
        if int(destination, 16) or int(mask, 16) or not int(flags, 16) & _UP:
            return None
        address = str(ipaddress.IPv4Address(struct.pack("=I", int(gateway, 16))))
        return DefaultRoute(interface, address if int(flags, 16) & _GATEWAY else "", int(metric))
    except (IndexError, ValueError, struct.error):
        return None
