"""The screens on a home that is full or read-only: they open, say what is wrong, refuse calmly, and go on with room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.clock import SystemClock
from app.i18n import language, set_language
from app.records.facts import RequestState
from app.records.store import Records
from app.tui.app import VangnetApp
from tests.fault.homes import SmallDisk, small_disk
from tests.tui.reading import wait_for

pytestmark = pytest.mark.rig


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    spoken = language()
    with small_disk(tmp_path_factory.mktemp("school")) as disk:
        assert disk.school.agent("--once") == 0
        yield disk
    set_language(spoken)


@pytest.fixture
def screens(disk: SmallDisk) -> VangnetApp:
    return VangnetApp(disk.school.home, SystemClock(), language="nl", start_agent=False)


async def test_screens_open_on_a_full_disk_refuse_what_must_be_written_and_go_on_with_room(
    disk: SmallDisk, screens: VangnetApp
) -> None:
    disk.fill()
    async with screens.run_test(size=(120, 40), notifications=True) as pilot:
        shown = await wait_for(pilot, "Let op: Vangnet kan niets opschrijven.")
        assert "is vol: er worden geen kopieën gemaakt" in shown
        assert "✔ in orde" in shown
        await pilot.press("n")  # a copy now
        await wait_for(pilot, "en probeer het opnieuw")
        await pilot.press("f2")  # it speaks, but cannot keep it
        await wait_for(pilot, "Careful: Vangnet cannot write anything down.")
        await pilot.press("f2")
        await pilot.press("4", "o")  # an answer of the director
        await pilot.pause()
        await pilot.press("1")
        await wait_for(pilot, "Let op: Vangnet kan niets opschrijven.")
        disk.make_room()
        await wait_for(pilot, "Bijna alles is veilig.", tries=400)
        await pilot.press("n")
        await wait_for(pilot, "Er wordt een kopie van alles gemaakt.")
    with Records.open(disk.school.home, SystemClock()) as records:
        [asked] = records.requests()
        assert asked.state is RequestState.WAITING
        assert not records.facts().answers


async def test_screens_open_on_a_disk_that_can_only_be_read(disk: SmallDisk, screens: VangnetApp) -> None:
    disk.forbid_writing()
    try:
        async with screens.run_test(size=(120, 40), notifications=True) as pilot:
            shown = await wait_for(pilot, "Let op: Vangnet kan niets opschrijven.")
            assert "kan niets geschreven worden" in shown
            await pilot.press("n")
            await wait_for(pilot, "doet dit.")
    finally:
        disk.allow_writing()
