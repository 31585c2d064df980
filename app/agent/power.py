"""The UPSes as the agent sees them: what they say goes into the records, and says what work may go on.

`PowerWatch` reads, records and judges; `Agent` asks it before anything begins, and stops and resumes as it says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from app.agent.hints import Calmly, UdevEvents
from app.agent.log import say
from app.agent.scheduler import call_guarded
from app.clock import Clock
from app.policy.machine import THIS_COMPUTER, Machine, Ups, UpsId, UpsKind
from app.policy.power_rules import PowerRules
from app.power.actor import (
    BatteryCritical,
    HeardAgain,
    Limits,
    OutageBegan,
    OutageEnded,
    PowerEvent,
    PowerState,
    Stance,
    WentSilent,
    Word,
    resumed,
    step,
)
from app.power.monitor import Passwords, UpsMonitor, no_passwords
from app.power.nut import probe
from app.records.facts import OutageCause, OutageId, OutageKind, UpsReading, UpsSight
from app.records.store import Records

UPS_TIMEOUT_S: Final = 2.0
PROBE_EVERY_S: Final = 60.0
IDLE_S: Final = 10.0
"""How often we look while there is nothing to lose."""
HEARD_S: Final = 30.0
"""The same where udev tells of every change: only in case that a driver does not."""
BUSY_S: Final = 2.0
BATTERY_S: Final = 1.0
FRESH_S: Final = 2.0
"""How old a reading may be when something begins."""
FRESH_WITHIN_S: Final = UPS_TIMEOUT_S + 0.5
"""How long is waited for a fresh one: a server that hangs must not hold up the copies."""
SUPPLY_SETTLE_S: Final = 0.1
SUPPLY_EVERY_S: Final = 1.0
_READING_EVERY: Final = timedelta(minutes=1)
_READING_ON_BATTERY: Final = timedelta(seconds=5)
_ON_BATTERY: Final = "OB"


def limits(rules: PowerRules) -> Limits:
    """Return the policy's rules as the actor counts."""
    return Limits(minimum_runtime_s=rules.minimum_runtime.total_seconds(), steady_s=rules.mains_steady.total_seconds())


class PowerWatch:
    """Reads the UPSes and knows what may happen on each device. `records` is used in one loop only."""

    def __init__(self, clock: Clock, records: Records, passwords: Passwords = no_passwords) -> None:
        self._clock = clock
        self._records = records
        self._monitor = UpsMonitor(clock, passwords)
        self._written: dict[str, UpsSight] = {}
        self._drawn: dict[str, UpsSight] = {}
        self._probe_at = 0.0
        self._stances: dict[str, Stance] = {}
        self._outages: dict[str, OutageId] = {}
        self._state = PowerState()
        self._begun = False
        self._looked_s: float | None = None
        """When the last look began."""
        self._wanted = asyncio.Event()
        self._next: asyncio.Future[None] | None = None
        """Done once the look that is under way, or the next one, is over."""
        self._watched = False
        self._calmly = Calmly(self._wanted.set, settle_s=SUPPLY_SETTLE_S, every_s=SUPPLY_EVERY_S)
        self._udev = UdevEvents("power_supply", self._calmly.hint)

    # --- what may happen ---------------------------------------------------------------------------------------

    @property
    def on_battery(self) -> bool:
        """This computer runs on battery, or did a moment ago: nothing begins here."""
        return self.stance() is not Stance.NORMAL

    def stance(self, target: str = "") -> Stance:
        """Return what may happen on a target: as much as this computer and the target itself allow."""
        own = self._stances.get(THIS_COMPUTER, Stance.NORMAL)
        return max(own, self._stances.get(target, Stance.NORMAL)) if target else own

    def holds(self, target: str) -> bool:
        """Tell whether nothing may begin on a target."""
        return self.stance(target) is not Stance.NORMAL

    @property
    def stopped(self) -> frozenset[str]:
        """The devices on which work must stop."""
        return frozenset(device for device, stance in self._stances.items() if stance is Stance.STOP)

    @property
    def held(self) -> frozenset[str]:
        """The devices on which nothing may begin."""
        return frozenset(device for device, stance in self._stances.items() if stance is not Stance.NORMAL)

    # --- looking -----------------------------------------------------------------------------------------------

    async def look(self, machine: Machine | None, rules: PowerRules) -> None:
        """Read the UPSes of the machine file; without any, those of a NUT server on this computer."""
        began_s = self._clock.monotonic()
        try:
            await self._look(machine, rules)
        finally:
            self._looked_s = began_s
            if self._next is not None:
                self._next.set_result(None)
                self._next = None

    async def _look(self, machine: Machine | None, rules: PowerRules) -> None:
        if not self._begun:
            self._take_up()
        upses = machine.upses if machine is not None else ()
        if upses:
            sights = await self._monitor.read(upses, timeout_s=UPS_TIMEOUT_S)
        elif self._clock.monotonic() >= self._probe_at:
            sights = await probe(clock=self._clock)
            if not sights:  # a computer without UPSes is asked less often
                self._probe_at = self._clock.monotonic() + PROBE_EVERY_S
        else:
            return
        self._take_in(sights, _protected(upses, sights), limits(rules))

    async def ensure_fresh(self) -> None:
        """Have what hangs in the air known before something begins: look again unless that was a moment ago.

        Returns after a while in any case; then what was known holds.
        """
        if not self._watched or (self._looked_s is not None and self._clock.monotonic() - self._looked_s <= FRESH_S):
            return
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        self._wanted.set()
        await asyncio.wait((self._next,), timeout=FRESH_WITHIN_S)

    def idle_pause_s(self, machine: Machine | None) -> float:
        """Return how often to look while there is nothing to lose."""
        upses = machine.upses if machine is not None else ()
        told = bool(upses) and all(ups.kind is UpsKind.BATTERY for ups in upses)
        return HEARD_S if told and self._udev.are_heard else IDLE_S

    @contextlib.asynccontextmanager
    async def watching(
        self, look: Callable[[], Awaitable[object]], pause_s: Callable[[], float]
    ) -> AsyncIterator[None]:
        """Look again and again, with the pause that suits the moment or when the kernel tells; at the end hang up."""

        async def keep_looking() -> None:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s()):
                        await self._wanted.wait()
                self._wanted.clear()
                await call_guarded("power", look)

        self._udev.start()
        self._watched = True
        task = asyncio.get_running_loop().create_task(keep_looking())
        try:
            yield
        finally:
            self._watched = False
            self._udev.stop()
            self._calmly.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._monitor.close()

    def _take_up(self) -> None:
        """Go on with the outages that an earlier agent saw begin."""
        self._begun = True
        still = [outage for outage in self._records.outages(limit=100) if outage.ended is None]
        power = {outage.subject: outage for outage in still if outage.kind is OutageKind.POWER}
        self._outages = {ups: outage.id for ups, outage in power.items()}
        self._state = resumed({ups: o.began for ups, o in power.items()}, now_s=self._clock.monotonic())

    def _take_in(self, sights: tuple[UpsSight, ...], protects: dict[str, tuple[str, ...]], bounds: Limits) -> None:
        self._state, events = step(
            self._state,
            [_word(sight) for sight in sights],
            now_s=self._clock.monotonic(),
            now=self._clock.now(),
            limits=bounds,
        )
        self._stances = self._state.stances(protects)
        self._write(sights)
        for event in events:
            self._record(event)

    def _write(self, sights: tuple[UpsSight, ...]) -> None:
        for sight in sights:
            known = self._written.get(sight.ups)
            if known is None or _changed(known, sight):
                self._records.see_ups(sight)
                self._written[sight.ups] = sight
        readings = [sight for sight in sights if sight.reachable and self._worth_drawing(sight)]
        self._records.note_readings([_reading(sight) for sight in readings])
        self._drawn.update({sight.ups: sight for sight in readings})

    def _worth_drawing(self, sight: UpsSight) -> bool:
        known = self._drawn.get(sight.ups)
        if known is None or (_ON_BATTERY in known.flags) != (_ON_BATTERY in sight.flags):
            return True
        every = _READING_ON_BATTERY if _ON_BATTERY in sight.flags else _READING_EVERY
        # Set back, the clock would otherwise keep us waiting until it is that late again.
        return not timedelta(0) <= sight.at - known.at < every

    def _record(self, event: PowerEvent) -> None:
        match event:
            case OutageBegan(ups, began):
                say("on-battery", ups=ups)
                self._outages[ups] = self._records.begin_outage(OutageKind.POWER, ups, OutageCause.MAINS, began)
            case OutageEnded():
                say("on-mains", ups=event.ups)
                outage = self._outages.pop(event.ups, None)
                if outage is not None:
                    self._records.end_outage(
                        outage,
                        event.ended,
                        critical=event.critical,
                        lowest_charge_percent=event.lowest_charge_percent,
                        lowest_runtime_s=event.lowest_runtime_s,
                    )
            case BatteryCritical(ups, runtime_s):
                say("battery-critical", ups=ups, runtime_s=runtime_s)
                self._records.emit("power-critical", ups)
            case WentSilent(ups):
                say("ups-silent", ups=ups)
                self._records.emit("ups-silent", ups)
            case HeardAgain(ups):
                say("ups-heard", ups=ups)
                self._records.emit("ups-heard", ups)


def _protected(upses: tuple[Ups, ...], sights: tuple[UpsSight, ...]) -> dict[str, tuple[str, ...]]:
    """Return what hangs on each UPS; one that nobody has recorded yet is taken to feed this computer."""
    if upses:
        return {ups.id: ups.protects for ups in upses}
    return {UpsId(sight.ups): (THIS_COMPUTER,) for sight in sights}


def _word(sight: UpsSight) -> Word:
    return Word(sight.ups, sight.reachable, sight.flags, sight.charge_percent, sight.runtime_s)


def _reading(sight: UpsSight) -> UpsReading:
    return UpsReading(
        sight.ups,
        sight.at,
        _ON_BATTERY in sight.flags,
        sight.charge_percent,
        sight.runtime_s,
        sight.load_percent,
    )


def _changed(known: UpsSight, sight: UpsSight) -> bool:
    """Tell whether a UPS says something new: numbers that only tremble wait a minute."""
    if not timedelta(0) <= sight.at - known.at < _READING_EVERY:
        return True
    steady = replace(sight, at=known.at, runtime_s=known.runtime_s, load_percent=known.load_percent)
    on_battery = _ON_BATTERY in sight.flags
    return steady != known or (on_battery and sight.runtime_s != known.runtime_s)
