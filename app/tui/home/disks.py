"""How a home looks at disks, sets them up and lets them go.

Each act has a connection of its own, because a disk that is slow to mount must not hold up the screens.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.tui.home.base import HomeBase

if TYPE_CHECKING:
    from app.jobs.lost_computer import PlaceWithoutKey
    from app.records.facts import DriveSight
    from app.records.store import Records
    from app.secret import Secret
    from app.setup.disks import DiskLook, NewDisk
    from app.targets.udisks import FileSystem


class HomeDisks(HomeBase):
    """The part of a home's source that is about disks."""

    async def drives(self) -> tuple[DriveSight, ...]:
        from app.targets.drives import connected_drives

        return await asyncio.to_thread(connected_drives)

    async def look_at_disk(self, drive: DriveSight) -> DiskLook:
        from app.setup.disks import look_at_disk

        return await self._beside(lambda installation, records: look_at_disk(installation, records, drive))

    async def add_disk(self, drive: DriveSight, new: NewDisk) -> None:
        from app.setup.disks import add_disk

        await self._beside(lambda installation, records: add_disk(installation, records, drive, new, by=self._by))

    async def erase_disk(self, drive: DriveSight, *, typed: str, file_system: FileSystem) -> DriveSight:
        from app.setup.disks import erase_disk

        return await self._beside(
            lambda installation, records: erase_disk(
                installation, records, drive, typed=typed, file_system=file_system, by=self._by
            )
        )

    async def ignore_disk(self, drive: DriveSight) -> None:
        from app.setup.disks import ignore_disk

        await self._write(lambda records: ignore_disk(self._installation(), records, drive, by=self._by))

    async def accept_housing(self, target: str) -> None:
        from app.setup.disks import accept_housing

        await self._beside(lambda installation, records: accept_housing(installation, records, target, by=self._by))

    async def hand_over(self, target: str, *, holder: str, site: str) -> None:
        from app.setup.disks import hand_over

        def act(records: Records) -> None:
            hand_over(self._installation(), records, target, holder=holder, site=site, by=self._by)

        await self._write(act)

    async def declare_lost(self, by: str) -> tuple[PlaceWithoutKey, ...]:
        from app.jobs.lost_computer import declare_lost

        return await self._beside(lambda installation, records: declare_lost(installation, records, by=by))

    async def change_login(self, target: str, *, user: str, secret: Secret) -> None:
        from app.setup.network import change_login

        await self._beside(
            lambda installation, records: change_login(
                installation, records, target, user=user, secret=secret, by=self._by
            )
        )
