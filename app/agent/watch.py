"""What the agent sees: targets that are here or gone, disks that come and go. It writes facts only."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from app.agent.log import say
from app.clock import Clock
from app.paths import Home
from app.policy.machine import Machine, Target
from app.records.facts import DriveNote, DriveSight, TargetSight
from app.records.store import Records
from app.targets.drives import connected_drives
from app.targets.errors import TargetError, TargetNotThere
from app.targets.place import TargetConnection, connection

Note = tuple[DriveNote, tuple[tuple[str, str], ...]]

LOOK_TIMEOUT_S = 10.0
"""A NAS that does not answer within this is not there."""
REMOTE_EVERY_S = 600.0
"""How often a place on a network is looked at while it answers: each look is a process and a login there."""
REMOTE_RETRY_S = 55.0
"""How soon after a first failure; twice as long after each further one."""
_SPACE_STEP = 0.01
_RENEW_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _RemoteSight:
    """What the last look at a place on a network found, and when the next is due."""

    found: TargetConnection
    due_s: float
    failures: int


class TargetWatch:
    """Looks which targets are here. A place that hangs is waited for once, in a thread of its own.

    A place on a network is looked at now and then only, less often while it does not answer, and at once when the
    network changes or somebody asks for something.
    """

    def __init__(self, clock: Clock, records: Records, home: Home | None = None) -> None:
        self._clock = clock
        self._records = records
        self._home = home
        self._remote: dict[str, _RemoteSight] = {}
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

    def look_afresh(self) -> None:
        """Have the places on a network looked at the next time, whenever they were last."""
        self._remote = {target: replace(sight, due_s=0.0) for target, sight in self._remote.items()}

    async def _look_at(self, target: Target, drives: tuple[DriveSight, ...]) -> TargetConnection:
        if not target.remote:
            return await self._look_in_thread(target, drives)
        known, now_s = self._remote.get(target.id), self._clock.monotonic()
        if known is not None and known.found.target == target and now_s < known.due_s:
            return known.found
        found = await self._look_in_thread(target, drives)
        failures = 0 if found.connected else (known.failures + 1 if known is not None else 1)
        pause_s = REMOTE_EVERY_S if found.connected else min(REMOTE_EVERY_S, REMOTE_RETRY_S * 2 ** (failures - 1))
        self._remote[target.id] = _RemoteSight(found, self._clock.monotonic() + pause_s, failures)
        return found

    async def _look_in_thread(self, target: Target, drives: tuple[DriveSight, ...]) -> TargetConnection:
        # A look that hung last time may hang still: its thread is waited for again, not doubled. What one saw that
        # began before we were asked may be old by now: we look again.
        earlier = self._looking.get(target.id)
        if earlier is not None and not await _ends_in_time(earlier):
            return _hangs(target)
        looking = _in_thread(lambda: connection(target, drives, home=self._home))
        self._looking[target.id] = looking
        if not await _ends_in_time(looking):
            return _hangs(target)
        if self._looking.get(target.id) is looking:
            del self._looking[target.id]
        return looking.result()


async def _ends_in_time(look: asyncio.Future[TargetConnection]) -> bool:
    done, _hanging = await asyncio.wait((look,), timeout=LOOK_TIMEOUT_S)
    return bool(done)


def _hangs(target: Target) -> TargetConnection:
    reason = "no-answer" if target.remote else "gone"
    return TargetConnection(target, None, TargetNotThere(target=target.name, path=target.where, reason=reason))


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
    """Tell whether a sight is worth writing: it came or went, its free space or what keeps it away changed, or the last
    word is old."""
    if (known.connected, known.reason) != (sight.connected, sight.reason) or sight.since - known.since > _RENEW_AFTER:
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
