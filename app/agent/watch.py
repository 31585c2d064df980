"""What the agent sees: targets that are here or gone, disks that come and go, UPSes. It writes facts only."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from app.agent.log import say
from app.clock import Clock
from app.policy.machine import Machine, Target
from app.power.monitor import read_machine_upses
from app.power.nut import probe
from app.records.facts import DriveNote, DriveSight, TargetSight, UpsSight
from app.records.store import Records
from app.targets.drives import connected_drives
from app.targets.errors import TargetError, TargetNotThere
from app.targets.place import TargetConnection, connection

Note = tuple[DriveNote, tuple[tuple[str, str], ...]]

LOOK_TIMEOUT_S = 10.0
"""A NAS that does not answer within this is not there."""
UPS_TIMEOUT_S = 3.0
PROBE_EVERY_S = 60.0
_SPACE_STEP = 0.01
_RENEW_AFTER = timedelta(minutes=10)
_ON_BATTERY = "OB"


class TargetWatch:
    """Looks which targets are here. A place that hangs is waited for once, in a thread of its own."""

    def __init__(self, clock: Clock, records: Records) -> None:
        self._clock = clock
        self._records = records
        self._looking: dict[str, asyncio.Future[TargetConnection]] = {}
        self._written: dict[str, TargetSight] = {}
        self._looked = False
        self.connected: frozenset[str] = frozenset()
        """The targets that can be used now."""
        self.errors: dict[str, TargetError] = {}
        """Why each of the others cannot."""

    async def look(self, machine: Machine, drives: tuple[DriveSight, ...]) -> frozenset[str]:
        """Look at every target and record what changed; returns the ids of those that came since the last look."""
        found = await asyncio.gather(*(self._look_at(target, drives) for target in machine.targets))
        self.errors = {c.target.id: c.error for c in found if c.error is not None}
        now = self._clock.now()
        for sight in (c.sight(now) for c in found):
            known = self._written.get(sight.target)
            if known is None or _tells_news(known, sight):
                self._records.see_target(sight)
                self._written[sight.target] = sight
            if known is None or known.connected != sight.connected:
                say("target-here" if sight.connected else "target-gone", target=sight.target)
        before, self.connected = self.connected, frozenset(c.target.id for c in found if c.connected)
        first, self._looked = not self._looked, True
        return frozenset() if first else self.connected - before

    async def _look_at(self, target: Target, drives: tuple[DriveSight, ...]) -> TargetConnection:
        # A look that hung last time may hang still: its thread is waited for again, not doubled.
        looking = self._looking.get(target.id)
        if looking is None or looking.done():
            looking = _in_thread(lambda: connection(target, drives))
            self._looking[target.id] = looking
        done, _hanging = await asyncio.wait((looking,), timeout=LOOK_TIMEOUT_S)
        if not done:
            error = TargetNotThere(target=target.name, path=str(target.path), reason="gone")
            return TargetConnection(target, None, error)
        del self._looking[target.id]
        return looking.result()


def _in_thread(look: Callable[[], TargetConnection]) -> asyncio.Future[TargetConnection]:
    """Look in a thread that may hang for ever without holding up the end of this process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[TargetConnection] = loop.create_future()

    def settle(found: TargetConnection | Exception) -> None:
        if future.done():
            return
        if isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)

    def run() -> None:
        found: TargetConnection | Exception
        try:
            found = look()
        except Exception as exc:  # noqa: BLE001  handed to whoever waits
            found = exc
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=run, name="look-at-target", daemon=True).start()
    return future


def _tells_news(known: TargetSight, sight: TargetSight) -> bool:
    """Tell whether a sight is worth writing: it came or went, its free space changed, or the last word is old."""
    if known.connected != sight.connected or sight.since - known.since > _RENEW_AFTER:
        return True
    if known.free_bytes is None or sight.free_bytes is None:
        return known.free_bytes != sight.free_bytes
    return abs(known.free_bytes - sight.free_bytes) > _SPACE_STEP * (sight.total_bytes or 0)


class DriveBook:
    """Records the USB disks that are plugged in, and pushes an event for each that came or went."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: tuple[DriveSight, ...] | None = None
        self._notes: dict[str, Note] = {}

    @property
    def drives(self) -> tuple[DriveSight, ...]:
        return self._known or ()

    def see(self, drives: tuple[DriveSight, ...]) -> None:
        """Record what is plugged in now."""
        known, self._known = self._known, drives
        if known == drives:
            return
        self._write()
        if known is None:
            return
        for drive in _without(drives, known):
            self._push("drive-arrived", drive)
        for drive in _without(known, drives):
            self._push("drive-left", drive)

    def annotate(self, note_of: Callable[[DriveSight], Note]) -> None:
        """Record what is made of each disk that is plugged in."""
        self._notes = {drive.device: note_of(drive) for drive in self.drives}
        self._write()

    def _write(self) -> None:
        none: Note = (DriveNote.NONE, ())
        noted = ((drive, self._notes.get(drive.device, none)) for drive in self.drives)
        self._records.see_drives(tuple(replace(drive, note=note, note_data=data) for drive, (note, data) in noted))

    def look(self, machine: Machine | None) -> None:
        """Look for ourselves, where no watcher tells us."""
        self.see(connected_drives(machine))

    def _push(self, kind: str, drive: DriveSight) -> None:
        data = (("device", drive.device), ("label", drive.label), ("fs_uuid", drive.fs_uuid), ("target", drive.target))
        self._records.emit(kind, drive.target or drive.serial, data)
        say(kind, device=drive.device, target=drive.target or "-")


def _without(drives: Iterable[DriveSight], others: Iterable[DriveSight]) -> tuple[DriveSight, ...]:
    gone = {(other.device, other.fs_uuid, other.serial) for other in others}
    return tuple(drive for drive in drives if (drive.device, drive.fs_uuid, drive.serial) not in gone)


class PowerWatch:
    """Reads the UPSes. On battery holds from the first word of it until a UPS says that mains is back."""

    def __init__(self, clock: Clock, records: Records) -> None:
        self._clock = clock
        self._records = records
        self._written: dict[str, UpsSight] = {}
        self._on_battery: set[str] = set()
        self._probe_at = 0.0

    @property
    def on_battery(self) -> bool:
        return bool(self._on_battery)

    async def look(self, machine: Machine | None) -> None:
        """Read the UPSes of the machine file; without any, those of a NUT server on this computer."""
        if machine is not None and machine.upses:
            sights = await read_machine_upses(machine.upses, timeout_s=UPS_TIMEOUT_S, clock=self._clock)
        elif self._clock.monotonic() >= self._probe_at:
            sights = await probe(clock=self._clock)
            if not sights:  # a computer without UPSes is asked less often
                self._probe_at = self._clock.monotonic() + PROBE_EVERY_S
        else:
            return
        seen = {sight.ups for sight in sights}
        self._on_battery &= seen
        for sight in sights:
            self._judge(sight)
            known = self._written.get(sight.ups)
            if known is None or _changed(known, sight):
                self._records.see_ups(sight)
                self._written[sight.ups] = sight

    def _judge(self, sight: UpsSight) -> None:
        if not sight.reachable:
            return  # silence on battery is no sign that mains is back
        if _ON_BATTERY in sight.flags and sight.ups not in self._on_battery:
            self._on_battery.add(sight.ups)
            say("on-battery", ups=sight.ups, runtime_s=sight.runtime_s)
        elif _ON_BATTERY not in sight.flags and sight.ups in self._on_battery:
            self._on_battery.discard(sight.ups)
            say("on-mains", ups=sight.ups)


def _changed(known: UpsSight, sight: UpsSight) -> bool:
    """Tell whether a UPS says something new: numbers that only tremble wait a minute."""
    if sight.at - known.at >= timedelta(minutes=1):
        return True
    steady = replace(sight, at=known.at, runtime_s=known.runtime_s, load_percent=known.load_percent)
    on_battery = _ON_BATTERY in sight.flags
    return steady != known or (on_battery and sight.runtime_s != known.runtime_s)
