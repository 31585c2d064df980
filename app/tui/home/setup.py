"""How a home is set up: looking at folders, places and UPSes, keeping the draft, and making it real."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.policy.machine import RemotePlace, TargetKind
from app.tui.folders import FolderLook, look_at_folder
from app.tui.home.disks import HomeDisks

if TYPE_CHECKING:
    from app.policy.model import Policy
    from app.power.discovery import Discovery
    from app.secret import Secret
    from app.setup.answers import SetupAnswers
    from app.setup.apply import Step
    from app.setup.network import ServerLook
    from app.setup.recovery_sheet import RecoverySheet
    from app.targets.discovery import FoundServer
    from app.targets.suitability import PlaceReport


class HomeSetup(HomeDisks):
    """The part of a home's source that the wizard asks; it asks about disks too."""

    async def set_up(self) -> bool:
        # One look at a directory entry: not worth a thread, and it is asked before the first paint.
        return self._home.machine_file.exists() and self._home.policy_file.exists()

    async def template(self) -> Policy:
        from app.policy.load import template_policy

        return await asyncio.to_thread(template_policy)

    async def look_at_data(self, path: Path) -> FolderLook:
        return await asyncio.to_thread(look_at_folder, path)

    async def find_upses(self) -> Discovery:
        from app.power.discovery import discover

        return await discover(clock=self._clock)

    async def look_at_place(self, path: Path, sources: tuple[Path, ...]) -> PlaceReport:
        from app.targets.suitability import examine_place

        return await asyncio.to_thread(examine_place, path, sources, kind=TargetKind.FOLDER)

    async def find_servers(self) -> tuple[FoundServer, ...]:
        from app.targets.discovery import find_servers

        return await asyncio.to_thread(find_servers)

    async def look_at_server(self, place: RemotePlace, secret: Secret | None) -> ServerLook:
        from app.setup.network import look_at_server

        return await asyncio.to_thread(look_at_server, place, secret)

    async def keep_place_secret(self, place: str, secret: Secret) -> str:
        from app.targets.remote import store_secret

        return await asyncio.to_thread(store_secret, self._home, place, secret)

    async def load_draft(self) -> SetupAnswers | None:
        from app.setup.draft import load_draft

        return await asyncio.to_thread(load_draft, self._home)

    async def save_draft(self, answers: SetupAnswers) -> None:
        from app.setup.draft import save_draft

        await asyncio.to_thread(save_draft, self._home, answers)

    async def apply(self, answers: SetupAnswers, on_step: Callable[[Step, str], None]) -> Secret:
        from app.setup.apply import apply_setup

        drives = await self.drives()
        result = await asyncio.to_thread(
            apply_setup, self._home, answers, clock=self._clock, drives=drives, on_step=on_step
        )
        return result.recovery_key

    async def save_sheet(self, sheet: RecoverySheet, folder: Path) -> Path:
        from app.i18n import _
        from app.setup.recovery_sheet import save_sheet

        name = _("Recovery sheet Vangnet")
        for number in range(1, 100):
            path = folder / (f"{name}.txt" if number == 1 else f"{name} ({number}).txt")
            try:
                await asyncio.to_thread(save_sheet, sheet, path)
            except FileExistsError:
                continue
            return path
        raise FileExistsError(17, os.strerror(17), str(folder / name))
