"""What an apcupsd says over its network information server (source: apcupsd's manual, "NIS Server/Client Code").

request   a length of two bytes (big-endian), then "status"
answer    for each line its length in two bytes and the line ("STATUS   : ONLINE \n"); a length of zero ends it
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Mapping
from typing import Final

from app.clock import Clock
from app.power.nut import number, text, unreachable
from app.power.nutwire import Trouble
from app.records.facts import UpsSight

DEFAULT_PORT: Final = 3551
_LINES_AT_MOST: Final = 200
_LINE_BYTES: Final = 1024
_CLOSE_S: Final = 0.5

_FLAGS: Final = {
    "ONLINE": "OL",
    "ONBATT": "OB",
    "LOWBATT": "LB",
    "REPLACEBATT": "RB",
    "OVERLOAD": "OVER",
    "CAL": "CAL",
    "TRIM": "TRIM",
    "BOOST": "BOOST",
    "SELFTEST": "TEST",
    "SHUTTING": "FSD",
    "SLAVEDOWN": "",
}
"""apcupsd's words, as NUT says them."""


async def read_apcupsd(host: str, port: int, name: str, *, timeout_s: float, clock: Clock) -> UpsSight:
    """Return what one apcupsd says now; a sight that is not reachable when it says nothing usable."""
    try:
        async with asyncio.timeout(timeout_s):
            said = await _status(host, port)
    except TimeoutError:
        return unreachable(name, clock, Trouble.SILENT)
    except (OSError, UnicodeError):
        return unreachable(name, clock, Trouble.NO_SERVER)
    except (ValueError, EOFError):
        return unreachable(name, clock, Trouble.NOISE)
    return _sight(name, said, clock)


async def _status(host: str, port: int) -> dict[str, str]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(struct.pack(">H", 6) + b"status")
        await writer.drain()
        said: dict[str, str] = {}
        for _number in range(_LINES_AT_MOST):
            (length,) = struct.unpack(">H", await reader.readexactly(2))
            if length == 0:
                return said
            if length > _LINE_BYTES:
                raise ValueError(length)
            line = (await reader.readexactly(length)).decode("utf-8", "replace")
            key, _colon, value = line.partition(":")
            said[key.strip()] = value.strip()
        raise ValueError("no end")
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await writer.wait_closed()


def _sight(name: str, said: Mapping[str, str], clock: Clock) -> UpsSight:
    words = said.get("STATUS", "").split()
    if "COMMLOST" in words or not words:
        return unreachable(name, clock, Trouble.DRIVER if words else Trouble.NOISE)
    flags = tuple(flag for word in words if (flag := _FLAGS.get(word, "")))
    minutes = number(_first(said.get("TIMELEFT")), most=7 * 1440)
    return UpsSight(
        ups=name,
        name=name,
        at=clock.now(),
        reachable=bool(flags),
        flags=flags,
        charge_percent=number(_first(said.get("BCHARGE")), most=100),
        runtime_s=None if minutes is None else minutes * 60,
        load_percent=number(_first(said.get("LOADPCT")), most=1000),
        model=text(said.get("MODEL", "")),
        battery_date=text(said.get("BATTDATE", "")),
        test_result=text(said.get("SELFTEST", "")),
        trouble="" if flags else Trouble.NOISE,
    )


def _first(value: str | None) -> str | None:
    """Return the number of "40.0 Minutes"."""
    return value.split()[0] if value and value.split() else None
