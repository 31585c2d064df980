"""The internet lines as the agent sees them: probed now and then; a failure or a switch-over is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from app.agent.log import say
from app.clock import Clock
from app.policy.lines import Line, LineRole
from app.power.lines import LineProbe, Reach, probe_lines
from app.records.facts import (
    LineSight,
    LineTest,
    LineTestHow,
    Outage,
    OutageCause,
    OutageKind,
)
from app.records.store import Records

PROBE_EVERY_S: Final = 300.0
PROBE_AGAIN_S: Final = 20.0
"""After a probe that says something else than the one before."""
_IN_A_ROW: Final = 2
"""So many probes must say the same before it is believed: a router that starts anew is no failure."""
_PROOF_EVERY: Final = timedelta(days=30)
_BY: Final = "vangnet"

Probing = Callable[[tuple[Line, ...]], Awaitable[tuple[LineProbe, ...]]]


class LineWatch:
    """Probes the lines of the machine file. `records` is used in one loop only."""

    def __init__(self, clock: Clock, records: Records, probing: Probing = probe_lines) -> None:
        self._clock = clock
        self._records = records
        self._probing = probing
        self._next_at = 0.0
        self._heard: dict[str, tuple[OutageCause | None, int]] = {}
        """What is wrong with each line by its last probes, and how often in a row they said so."""

    async def look(self, lines: tuple[Line, ...]) -> None:
        """Probe all lines when it is time for it."""
        if not lines or self._clock.monotonic() < self._next_at:
            return
        probes = await self._probing(lines)
        self._take_in(lines, probes)
        sure = all(times >= _IN_A_ROW for _cause, times in self._heard.values())
        self._next_at = self._clock.monotonic() + (PROBE_EVERY_S if sure else PROBE_AGAIN_S)

    def _take_in(self, lines: tuple[Line, ...], probes: tuple[LineProbe, ...]) -> None:
        now = self._clock.now()
        using = {probe.line for probe in probes if probe.in_use}
        lasting = {o.subject: o for o in self._records.outages(limit=100) if _open_line(o)}
        for line, probe in zip(lines, probes, strict=True):
            self._records.see_line(LineSight(line.id, now, probe.up, now, probe.latency_ms, probe.in_use))
            cause = _wrong(line, probe, lines, using)
            before, times = self._heard.get(line.id, (cause, 0))
            times = times + 1 if cause == before else 1
            self._heard[line.id] = (cause, times)
            if times >= _IN_A_ROW:
                self._record(line, cause, lasting.get(line.id))
            if line.role is LineRole.ALTERNATIVE and probe.reach is Reach.INTERNET:
                self._prove(line, probe)

    def _record(self, line: Line, cause: OutageCause | None, lasting: Outage | None) -> None:
        now = self._clock.now()
        if cause is not None and lasting is None:
            say("line-failed", line=line.id, cause=cause)
            self._records.begin_outage(OutageKind.LINE, line.id, cause, now)
        elif cause is None and lasting is not None:
            say("line-back", line=line.id)
            self._records.end_outage(lasting.id, now)

    def _prove(self, line: Line, probe: LineProbe) -> None:
        """Record once a month that the alternative line works: the checklist asks for it."""
        now = self._clock.now()
        newest = max((t.at for t in self._records.facts().line_tests if t.line == line.id and t.passed), default=None)
        if newest is None or now - newest >= _PROOF_EVERY:
            self._records.record_line_test(
                LineTest(line.id, now, LineTestHow.PROBE, passed=True, latency_ms=probe.latency_ms, by=_BY)
            )


def _open_line(outage: Outage) -> bool:
    return outage.kind is OutageKind.LINE and outage.ended is None


def _wrong(line: Line, probe: LineProbe, lines: tuple[Line, ...], using: set[str]) -> OutageCause | None:
    """Say what is wrong with a line: nothing answers, or the computer goes over the alternative instead of it."""
    if not probe.up:
        return OutageCause.LINE_DOWN
    others = {other.id for other in lines if other.role is LineRole.ALTERNATIVE}
    if line.role is LineRole.MAIN and not probe.in_use and using & others:
        return OutageCause.SWITCHED_OVER
    return None
