"""How a home is read and written: one thread of its own keeps the connection to the records, so that screens never wait
for a disk. What may take long runs in others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from app.records.room import unwritable
from app.tui.reader import PictureReader

if TYPE_CHECKING:
    from app.clock import Clock
    from app.jobs.installation import Installation
    from app.paths import Home
    from app.records.store import Records

Answer = TypeVar("Answer")


class HomeBase:
    """The ways to one home's records and files; the parts of its source build on them."""

    def __init__(self, home: Home, clock: Clock, *, by: str = "") -> None:
        self._home = home
        self._clock = clock
        self._by = by or "screens"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="screens-records")
        self._reader = PictureReader(home, clock)

    async def close(self) -> None:
        await self._with_records(self._reader.close)
        self._thread.shutdown(wait=False)

    async def _with_records(self, work: Callable[[], Answer]) -> Answer:
        def guarded() -> Answer:
            with unwritable(self._home):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    async def _read(self, work: Callable[[Records], Answer]) -> Answer:
        return await self._with_records(lambda: work(self._reader.records()))

    async def _write(self, work: Callable[[Records], Answer]) -> Answer:
        def write() -> Answer:
            try:
                return work(self._reader.records())
            finally:
                self._reader.forget()

        return await self._with_records(write)

    async def _beside(self, work: Callable[[Installation, Records], Answer]) -> Answer:
        """Do something that may take long, without the connection that the screens look through."""

        def act() -> Answer:
            from app.jobs.installation import Installation

            installation = Installation.load(self._home, self._clock)
            with unwritable(self._home), installation.records() as records:
                return work(installation, records)

        try:
            return await asyncio.to_thread(act)
        finally:
            await self._with_records(self._reader.forget)

    async def _loaded(self) -> Installation:
        return await self._with_records(self._reader.installation)

    def _installation(self) -> Installation:
        return self._reader.installation()
