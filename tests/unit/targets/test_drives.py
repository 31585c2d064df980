from __future__ import annotations

import threading

import pytest
import pyudev

from app import udev
from app.records.facts import DriveSight
from app.targets import drives
from app.targets.drive_watch import DriveWatcher
from app.targets.drives import connected_drives


@pytest.fixture
def no_libudev(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ImportError("no libudev")

    monkeypatch.setattr(pyudev, "Context", missing)
    monkeypatch.setattr(udev, "_of_thread", threading.local())  # an earlier test may have left this thread's context


@pytest.mark.usefixtures("no_libudev")
def test_system_without_libudev_has_no_drives() -> None:
    assert connected_drives() == ()


@pytest.mark.usefixtures("no_libudev")
async def test_watcher_starts_and_stops_without_udev() -> None:
    async def never(_drives: tuple[DriveSight, ...]) -> None:
        raise AssertionError("nothing changed")

    watcher = DriveWatcher(never)
    try:
        assert await watcher.start() == ()
    finally:
        await watcher.stop()


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (r"SCHIJF\x20A", "SCHIJF A"),
        (r"caf\xc3\xa9", "café"),
        (r"\x1b\x5b2Jgotcha", "[2Jgotcha"),
        (r"bad\xff", "bad\ufffd"),
        ("x" * 500, "x" * 120),
        (r"\x20\x20", ""),
    ],
)
def test_names_from_devices_become_printable_and_bounded(raw: str, shown: str) -> None:
    assert drives._readable(raw, escaped=True) == shown
