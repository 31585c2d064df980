"""The disks that travel, as the agent handles them: mounted when something is to be done there, and let go after it.

Facts come from udev (`watch`), acts go through udisks (`app.targets.udisks`); where that is missing, a disk that the
desktop has mounted is used as it is, and a person unmounts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from app.agent.log import say
from app.agent.watch import Note
from app.policy.machine import Machine, Target
from app.records.facts import DriveNote, DriveSight
from app.targets.errors import DiskActionRefused, DiskServiceMissing, MarkerDamaged, TargetError, WrongDisk

_NO_NOTE: Note = (DriveNote.NONE, ())
_Key = tuple[str, str]
_CAN_BE_SAID = ("code", "reason", "found", "organisation", "device")


@dataclass(slots=True)
class _Stay:
    """One disk of ours, from the moment it is plugged in until it leaves."""

    looked: bool = False
    """It was mounted once, so that its identity is known."""
    worked: bool = False
    """A run has ended on it since it was mounted."""
    release: bool = False
    """Somebody asked to have it let go, or it has done its work."""
    acting: bool = False
    refused: Note = field(default=_NO_NOTE)
    """Why it could not be mounted or unmounted."""
    let_go: bool = False
    mounted_by_us: bool = False

    @property
    def finished(self) -> bool:
        """There is nothing more to do here; one that could not be unmounted is tried again when somebody asks."""
        done = self.worked or self.mounted_by_us
        return self.release or (done and self.refused == _NO_NOTE)


class DiskKeeper:
    """Keeps the stays of our disks. Lives in one asyncio loop; `changed` is called when a note may have changed."""

    def __init__(self, changed: Callable[[], Awaitable[None]]) -> None:
        self._changed = changed
        self._stays: dict[_Key, _Stay] = {}
        self._acts: set[asyncio.Task[None]] = set()
        self._drives: tuple[DriveSight, ...] = ()
        self._machine: Machine | None = None

    @property
    def plugged_in(self) -> frozenset[str]:
        """The targets whose disk is plugged in, mounted or not."""
        ours = (self._target(drive) for drive in self._drives)
        return frozenset(target.id for target in ours if target is not None)

    def see(self, drives: tuple[DriveSight, ...], machine: Machine | None) -> None:
        """Take note of what is plugged in: a disk that left begins anew when it comes back."""
        self._machine = machine
        self._drives = drives
        here = {_key(drive) for drive in drives}
        self._stays = {key: stay for key, stay in self._stays.items() if key in here}
        for drive in drives:
            if self._target(drive) is None:
                continue
            stay = self._stays.setdefault(_key(drive), _Stay())
            if drive.mount_point:
                stay.looked = True
                if stay.let_go:  # somebody mounted it again
                    stay.let_go, stay.worked, stay.refused = False, False, _NO_NOTE

    def run_ended(self, target: str) -> None:
        """A run on this target has ended, however it ended."""
        for _drive, stay in self._of(target):
            stay.worked = True

    def release(self, target: str) -> None:
        """Let a disk go as soon as nothing is being done there (every disk of ours when `target` is empty)."""
        for drive, stay in self._of(target):
            stay.release, stay.refused = True, _NO_NOTE
            if not drive.mount_point:
                stay.let_go = True

    def tend(self, *, wanted: Collection[str], busy: Callable[[str], bool]) -> None:
        """Mount the disks that came or on which something is due (`wanted`), let go those that are done."""
        for drive, stay in self._of(""):
            target = self._target(drive)
            if target is None or stay.acting:
                continue
            working = busy(target.id)
            if not drive.mount_point:
                due = target.id in wanted and not (stay.release and not stay.worked)
                if (not stay.looked or due) and stay.refused == _NO_NOTE:
                    self._act(stay, self._mount(drive, stay))
            elif not working and target.id not in wanted and stay.finished:
                self._act(stay, self._unmount(drive, stay))

    def note(self, drive: DriveSight, *, errors: Mapping[str, TargetError], busy: Callable[[str], bool]) -> Note:
        """Say what is to be said of a disk that is plugged in."""
        target = self._target(drive)
        stay = self._stays.get(_key(drive))
        if target is None or stay is None:
            return _NO_NOTE
        error = errors.get(target.id)
        if isinstance(error, (WrongDisk, MarkerDamaged)):
            return DriveNote.WRONG, _said(error)
        if busy(target.id):
            return DriveNote.IN_USE, ()
        if stay.let_go and not drive.mount_point:
            return DriveNote.MAY_LEAVE, ()
        return stay.refused

    async def settled(self) -> None:
        """Wait until nothing is being mounted or unmounted."""
        while self._acts:
            await asyncio.wait(self._acts)

    # --- how it is done ----------------------------------------------------------------------------------------

    def _act(self, stay: _Stay, work: Awaitable[Note]) -> None:
        async def act() -> None:
            stay.acting = True
            try:
                stay.refused = await work
            except Exception as exc:  # noqa: BLE001  a disk's mistake must not end the agent
                say("disk-action-failed", logging.ERROR, error=type(exc).__name__)
                stay.refused = (DriveNote.NOT_MOUNTED, (("reason", "failed"),))
            finally:
                stay.acting = False
            await self._changed()

        stay.acting = True
        task = asyncio.get_running_loop().create_task(act())
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    async def _mount(self, drive: DriveSight, stay: _Stay) -> Note:
        from app.targets.udisks import udisks

        stay.looked = True
        try:
            async with udisks() as disks:
                place = await disks.mount(drive.device)
        except (DiskServiceMissing, DiskActionRefused) as error:
            say("disk-not-mounted", device=drive.device, code=error.code, reason=error.data.get("reason", "-"))
            return DriveNote.NOT_MOUNTED, _said(error)
        say("disk-mounted", device=drive.device, at=place)
        stay.let_go, stay.worked, stay.release, stay.mounted_by_us = False, False, False, True
        return _NO_NOTE

    async def _unmount(self, drive: DriveSight, stay: _Stay) -> Note:
        from app.targets.udisks import udisks

        try:
            async with udisks() as disks:
                await disks.unmount(drive.device)
                if stay.release:  # its light goes out: that is the clearest sign that it may be pulled out
                    with contextlib.suppress(DiskActionRefused):
                        await disks.power_off(drive.device)
        except (DiskServiceMissing, DiskActionRefused) as error:
            say("disk-not-unmounted", device=drive.device, code=error.code, reason=error.data.get("reason", "-"))
            stay.release = False
            return DriveNote.DONE_BUT_OPEN, _said(error)
        say("disk-may-leave", device=drive.device)
        stay.let_go, stay.worked, stay.release, stay.mounted_by_us = True, False, False, False
        return _NO_NOTE

    def _target(self, drive: DriveSight) -> Target | None:
        if self._machine is None or not drive.fs_uuid:
            return None
        return next((t for t in self._machine.targets if t.removable and t.fs_uuid == drive.fs_uuid), None)

    def _of(self, target: str) -> list[tuple[DriveSight, _Stay]]:
        found = []
        for drive in self._drives:
            ours = self._target(drive)
            stay = self._stays.get(_key(drive))
            if ours is not None and stay is not None and target in ("", ours.id):
                found.append((drive, stay))
        return found


def _key(drive: DriveSight) -> _Key:
    return drive.device, drive.fs_uuid


def _said(error: TargetError) -> tuple[tuple[str, str], ...]:
    data = {"code": error.code, **{key: str(value) for key, value in error.data.items()}}
    return tuple((key, data[key]) for key in _CAN_BE_SAID if data.get(key))
