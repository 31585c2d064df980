"""The bell: rung by whatever writes to the records, and by nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from app.agent.bell import Bell
from app.clock import FixedClock
from app.paths import Home
from app.records.facts import RequestKind
from app.records.store import Records

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


async def rings(bell: Bell, within_s: float) -> bool:
    """Tell whether it rings; a wait that lasts as long as it may is none."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    await bell.wait(within_s)
    return loop.time() - since < within_s


async def test_it_rings_for_a_request_and_not_for_other_files(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    with Records.open(home, FixedClock(NOW)) as ours, Records.open(home, FixedClock(NOW)) as clients:
        bell = Bell(home.database)
        bell.start()
        try:
            assert bell.works
            home.agent_log.write_text("a line\n")
            ours.facts(), clients.requests()
            assert not await rings(bell, 0.2)
            version = ours.data_version()
            clients.ask(RequestKind.BACKUP, by="test")
            assert await rings(bell, 30)
            assert ours.data_version() != version
            assert not await rings(bell, 0.2)
        finally:
            bell.stop()


async def test_what_was_written_while_nobody_waited_is_not_lost(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    with Records.open(home, FixedClock(NOW)) as clients:
        bell = Bell(home.database)
        bell.start()
        try:
            clients.ask(RequestKind.BACKUP, by="test")
            await asyncio.sleep(0.05)
            assert await rings(bell, 30)
        finally:
            bell.stop()


async def test_where_the_kernel_cannot_tell_it_says_so(tmp_path: Path) -> None:
    bell = Bell(tmp_path / "nowhere" / "vangnet.db")
    bell.start()
    assert not bell.works
    assert not await rings(bell, 0.05)
    bell.ring()
    assert await rings(bell, 30)
    bell.stop()
