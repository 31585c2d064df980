"""From a disk that arrives to the question on the screen: the real udev, the real agent, the real screens."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.i18n import language, set_language
from app.tui.app import VangnetApp
from app.tui.screens.disk_dialogs import IsNewDisk
from tests.e2e.installation import lasting_agent, make_installation
from tests.rig.usb import UsbRig

pytestmark = [pytest.mark.rig, pytest.mark.slow, pytest.mark.alone]
DEMANDED_S = 1.0
TRIES = 3


async def test_the_question_is_on_the_screen_within_a_second(tmp_path: Path, usb: UsbRig) -> None:
    school = make_installation(tmp_path / "school")
    spoken = language()
    took: list[float] = []
    try:
        with lasting_agent(school):
            app = VangnetApp(school.home, SystemClock(), language="en", start_agent=False)
            async with app.run_test(size=(100, 30)) as pilot:
                await _copies_made(app)
                for number in range(TRIES):
                    stick = usb.make_stick(label=f"NEW{number}")
                    plugged = await asyncio.to_thread(usb.plug_in, stick, settle=False)
                    arrived = time.monotonic()
                    while not _asked_about(app, stick.label):
                        assert time.monotonic() - arrived < 30, "the question never came"
                        await asyncio.sleep(0.01)
                    took.append(time.monotonic() - arrived)
                    await pilot.press("escape")
                    await asyncio.to_thread(usb.unplug, plugged)
                    await _gone(app, stick.label)
    finally:
        set_language(spoken)
    # The best of a few: this machine has other things to do as well.
    print("arrival to question, s:", [round(t, 2) for t in took])
    assert min(took) <= DEMANDED_S, took


async def _copies_made(app: VangnetApp) -> None:
    """Wait until the first copies are done, so that nothing else is asked of the machine."""
    for _ in range(600):
        picture = app.picture
        if picture is not None and picture.runs and not picture.running:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the first copies were never made")


def _asked_about(app: VangnetApp, label: str) -> bool:
    """Tell whether the question is there; disks of tests that run beside this one are waved away."""
    if not isinstance(app.screen, IsNewDisk):
        return False
    if app.screen.drive.label == label:
        return True
    app.screen.dismiss(None)
    return False


async def _gone(app: VangnetApp, label: str) -> None:
    for _ in range(600):
        if app.picture is not None and all(drive.label != label for drive in app.picture.facts.drives):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the disk never left the screen")
