"""What the UPSes say, asked from NUT servers over the network (source: NUT's "Network protocol information", RFC 9271).

Reading only: no command is ever sent to a UPS. Whatever goes wrong on the way — no server, a wrong name, a driver that
died, noise on the wire — ends as a sight that is not reachable, never as an exception.
"""

from __future__ import annotations

import asyncio
import math
import re
import unicodedata
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from app.clock import Clock, SystemClock
from app.policy.machine import Ups
from app.records.facts import UpsSight

if TYPE_CHECKING:
    from aionut import AIONUTClient

DEFAULT_PORT = 3493
_UPSES_AT_MOST = 16
_FLAGS_AT_MOST = 16
_TEXT_LIMIT = 80
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FLAG = re.compile(r"[A-Z][A-Z0-9-]{0,15}")
_FAILURES = (
    OSError,  # TimeoutError is one too
    ValueError,  # bytes that are no ASCII, a line too long
    EOFError,  # the connection ended in the middle of a list
    IndexError,
    asyncio.LimitOverrunError,  # a list that does not end within the reader's 64 KiB
)


async def read_upses(
    host: str,
    port: int = DEFAULT_PORT,
    *,
    timeout_s: float = 5.0,
    clock: Clock,
    names: tuple[str, ...] | None = None,
) -> tuple[UpsSight, ...]:
    """Return what the UPSes of one server say now, within `timeout_s` in all; `ups` is the name at the server.

    With `names` there is one sight for each, in that order. Without, every UPS that the server lists, sorted by name;
    none when it does not answer.
    """
    from aionut import AIONUTClient, NUTError  # 0.1 s to import: only for those who ask a UPS

    client = AIONUTClient(host=host, port=port, timeout=timeout_s)
    sights: dict[str, UpsSight] = {}
    listed: tuple[str, ...] = names or ()
    try:
        async with asyncio.timeout(timeout_s):
            if names is None:
                found = await client.list_ups()
                listed = tuple(sorted(name for name in found if _NAME.fullmatch(name)))[:_UPSES_AT_MOST]
            for name in listed:
                sights[name] = await _read_one(client, name, clock)
    except (NUTError, *_FAILURES):
        pass
    finally:
        client.shutdown()
        await asyncio.sleep(0)  # lets the transport close before the loop may
    return tuple(sights.get(name) or _unreachable(name, clock) for name in listed)


async def read_machine_upses(upses: tuple[Ups, ...], *, timeout_s: float = 5.0, clock: Clock) -> tuple[UpsSight, ...]:
    """Return one sight for each UPS of the machine file, in its order; `ups` and `name` are the machine file's.

    Servers are asked side by side.
    """

    def server(ups: Ups) -> tuple[str, int]:
        return ups.host, ups.port

    groups = [(key, tuple(members)) for key, members in groupby(sorted(upses, key=server), key=server)]
    answers = await asyncio.gather(
        *(
            read_upses(host, port, timeout_s=timeout_s, clock=clock, names=tuple(ups.ups for ups in members))
            for (host, port), members in groups
        )
    )
    by_id = {
        ups.id: UpsSight(
            ups.id,
            ups.name,
            sight.at,
            sight.reachable,
            sight.flags,
            sight.charge_percent,
            sight.runtime_s,
            sight.load_percent,
            sight.model,
        )
        for (_server, members), sights in zip(groups, answers, strict=True)
        for ups, sight in zip(members, sights, strict=True)
    }
    return tuple(by_id[ups.id] for ups in upses)


async def probe(
    host: str = "127.0.0.1", port: int = DEFAULT_PORT, *, timeout_s: float = 1.0, clock: Clock | None = None
) -> tuple[UpsSight, ...]:
    """Look for a NUT server, by default on this computer; empty when there is none."""
    return await read_upses(host, port, timeout_s=timeout_s, clock=clock or SystemClock())


async def _read_one(client: AIONUTClient, name: str, clock: Clock) -> UpsSight:
    from aionut import NUTError

    if not _NAME.fullmatch(name):  # it would become part of a command on the wire
        return _unreachable(name, clock)
    try:
        variables: Mapping[str, str] = await client.list_vars(name)
    except NUTError:  # ERR UNKNOWN-UPS, DRIVER-NOT-CONNECTED, DATA-STALE: others may still answer
        return _unreachable(name, clock)
    return _sight(name, variables, clock)


def _sight(name: str, variables: Mapping[str, str], clock: Clock) -> UpsSight:
    flags = tuple(flag for flag in variables.get("ups.status", "").split() if _FLAG.fullmatch(flag))
    maker = _text(variables.get("device.mfr") or variables.get("ups.mfr") or "")
    model = _text(variables.get("device.model") or variables.get("ups.model") or "")
    return UpsSight(
        ups=name,
        name=name,
        at=clock.now(),
        reachable=bool(flags),  # a UPS always has a status; an answer without one tells nothing
        flags=flags[:_FLAGS_AT_MOST],
        charge_percent=_number(variables.get("battery.charge"), most=100),
        runtime_s=_number(variables.get("battery.runtime"), most=7 * 86400),
        load_percent=_number(variables.get("ups.load"), most=1000),
        model=model if not maker or model.startswith(maker) else f"{maker} {model}".strip(),
    )


def _unreachable(name: str, clock: Clock) -> UpsSight:
    return UpsSight(ups=name, name=name, at=clock.now(), reachable=False)


def _number(text: str | None, *, most: float) -> float | None:
    """Return a number between 0 and `most`; None for anything else that a UPS may say."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= most else None


def _text(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()[:_TEXT_LIMIT]
