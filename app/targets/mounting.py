"""Having a disk mounted, for whoever is about to use it and has no event loop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.records.facts import DriveSight
from app.targets.errors import DiskActionRefused, DiskServiceMissing

if TYPE_CHECKING:
    from app.targets.udisks import DiskFacts

Answer = TypeVar("Answer")


def mount_disk(drive: DriveSight) -> DriveSight:
    """Return the drive as mounted, mounting it where it is not. Raises DiskServiceMissing or DiskActionRefused."""
    if drive.mount_point:
        return drive
    if not drive.formatted:
        raise DiskActionRefused(device=drive.device, reason="no-file-system", detail=drive.holds)
    return dataclasses.replace(drive, mount_point=str(from_a_thread(_mount(drive.device))))


def from_a_thread(work: Coroutine[None, None, Answer]) -> Answer:
    """Carry out a coroutine to its end from code without a loop, also when the thread it is called in has one."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="udisks") as thread:
        return thread.submit(asyncio.run, work).result()


def unmount_disk(drive: DriveSight) -> None:
    """Unmount a drive wherever it is mounted, and switch it off where that can be done.

    Raises DiskServiceMissing or DiskActionRefused.
    """
    from app.targets.udisks import udisks

    async def act() -> None:
        async with udisks() as disks:
            await disks.unmount(drive.device)
            with contextlib.suppress(DiskActionRefused):
                await disks.power_off(drive.device)

    from_a_thread(act())


def disk_facts(device: str) -> DiskFacts | None:
    """Return what udisks knows of a disk; None where there is no udisks or it does not know this disk."""
    from app.targets.udisks import udisks

    async def ask() -> DiskFacts:
        async with udisks() as disks:
            return await disks.facts(device)

    try:
        return from_a_thread(ask())
    except (DiskServiceMissing, DiskActionRefused):
        return None


async def _mount(device: str) -> Path:
    from app.targets.udisks import udisks

    async with udisks() as disks:
        return await disks.mount(device)
