"""The real source of the screens: the records and the files of one home, and the programs started beside them."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.paths import Home
from app.records.presence import agent_pid
from app.records.room import room_trouble, unwritable
from app.tui.home.people import HomeDirector, HomeTasks, HomeTold
from app.tui.home.power import HomePower
from app.tui.home.setup import HomeSetup
from app.tui.other_copies import OtherComputer, OtherView
from app.tui.restore_process import restore_in_process

if TYPE_CHECKING:
    from app.clock import Clock
    from app.jobs.browse import FileHit, FileVersion
    from app.jobs.other_copies import OtherPlace
    from app.policy.model import Language
    from app.records.facts import Request, RequestId, RequestKind
    from app.secret import Secret
    from app.tui.picture import Picture, RestoreResult, RestoreWish


class HomeSource(HomeSetup, HomePower, HomeTasks, HomeDirector, HomeTold):
    """Implements `app.tui.source.Source` for a home."""

    def __init__(self, home: Home, clock: Clock, *, by: str = "") -> None:
        super().__init__(home, clock, by=by)
        self._other = OtherComputer(home, clock)

    async def look(self) -> Picture:
        return await self._with_records(self._reader.look)

    async def settle(self) -> None:
        await asyncio.sleep(0.02)

    async def start_agent(self) -> bool:
        if await self._with_records(lambda: agent_pid(self._home)) is not None:
            return False
        if room_trouble(self._home.data) is not None:
            return False  # it would end at once; the screens say why, and begin it when there is room
        command = [*_own_program(self._home), "agent"]
        with unwritable(self._home):
            self._home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._home.agent_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A session of its own: the agent goes on when the terminal with the screens is closed.
            await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                start_new_session=True,
            )
        finally:
            os.close(handle)
        return True

    async def remember(self, language: Language, theme: str) -> None:
        from app.policy.write import write_machine

        def write() -> None:
            machine = self._installation().machine
            chosen = replace(machine, language=language, theme=theme)
            if chosen != machine:
                write_machine(self._home.machine_file, chosen)

        await self._with_records(write)

    # Asking the agent

    async def ask(self, kind: RequestKind, *, data_set: str = "", target: str = "") -> RequestId:
        return await self._write(lambda records: records.ask(kind, data_set=data_set, target=target, by=self._by))

    async def request(self, request: RequestId) -> Request:
        return await self._read(lambda records: records.request(request))

    # Getting files back

    async def find(self, words: str) -> tuple[FileHit, ...]:
        from app.jobs.browse import find_files

        return await asyncio.to_thread(find_files, await self._loaded(), search_pattern(words))

    async def versions(self, path: Path) -> tuple[FileVersion, ...]:
        from app.jobs.browse import versions

        return await asyncio.to_thread(versions, await self._loaded(), path)

    async def restore(self, wish: RestoreWish) -> RestoreResult:
        return await restore_in_process(_own_program(self._home), wish)

    # The copies of another computer

    async def open_other(self, place: OtherPlace, key: Secret) -> OtherView:
        return await self._other.open(place, key)

    async def restore_other(self, data_set: str, at: datetime, to: Path) -> RestoreResult:
        return await self._other.restore(_own_program(self._home), data_set, at, to)

    async def take_over(self, by: str) -> tuple[Path, ...]:
        return await self._other.take_over(by)


def search_pattern(words: str) -> str:
    """Turn what a person types into a pattern: the words in this order, anything between them."""
    parts = words.split()
    return "*" + "*".join(parts) + "*" if parts else "*"


def _own_program(home: Home) -> tuple[str, ...]:
    """Return the command line that starts this program for the same home."""
    # `--home` keeps everything below one folder; a home in the XDG folders is found without it.
    one_folder = home == Home.in_folder(home.config)
    return (sys.executable, "-m", "app", *(("--home", str(home.config)) if one_folder else ()))
