"""The guided test of an alternative line: the main line is unplugged, work must go on, the main line comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final

from app.clock import Clock
from app.policy.lines import Line
from app.power.lines import LineProbe, Reach, probe_lines
from app.records.facts import LineTest, LineTestHow

WAIT_S: Final = 300.0
"""How long people have for each step."""
_LOOK_EVERY_S: Final = 2.0

Probing = Callable[[tuple[Line, ...]], Awaitable[tuple[LineProbe, ...]]]


class Step(StrEnum):
    """What a person is asked to do, or sees happen."""

    UNPLUG = "unplug"
    TAKEN_OVER = "taken-over"
    PLUG_IN = "plug-in"
    BACK = "back"
    NOT_TAKEN_OVER = "not-taken-over"
    NOT_BACK = "not-back"


async def try_failover(
    lines: tuple[Line, ...],
    alternative: Line,
    *,
    by: str,
    clock: Clock,
    on_step: Callable[[Step], None],
    probing: Probing = probe_lines,
    wait_s: float = WAIT_S,
    look_every_s: float = _LOOK_EVERY_S,
) -> LineTest:
    """Guide somebody through the test; it is passed when the computer reached the internet over the alternative.

    Nothing is recorded here.
    """

    async def until(wanted: Callable[[LineProbe], bool]) -> LineProbe | None:
        deadline_s = clock.monotonic() + wait_s
        while True:
            probes = await probing(lines)
            found = next(probe for probe in probes if probe.line == alternative.id)
            if wanted(found):
                return found
            if clock.monotonic() >= deadline_s:
                return None
            await asyncio.sleep(look_every_s)

    on_step(Step.UNPLUG)
    taken = await until(lambda probe: probe.in_use and probe.reach is Reach.INTERNET)
    on_step(Step.TAKEN_OVER if taken else Step.NOT_TAKEN_OVER)
    on_step(Step.PLUG_IN)
    back = await until(lambda probe: not probe.in_use)
    on_step(Step.BACK if back else Step.NOT_BACK)
    return LineTest(
        line=alternative.id,
        at=clock.now(),
        how=LineTestHow.FAILOVER,
        passed=taken is not None,
        latency_ms=taken.latency_ms if taken is not None else None,
        by=by,
        remark="" if back is not None else Step.NOT_BACK,
    )
