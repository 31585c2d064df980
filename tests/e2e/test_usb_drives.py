"""USB disks as the real udev tells of them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from app.records.facts import DriveSight
from app.targets import drive_watch
from app.targets.drive_watch import DriveWatcher
from app.targets.drives import connected_drives
from tests.rig.usb import PluggedIn, UsbRig

pytestmark = pytest.mark.rig


def seen(plugged: PluggedIn, drives: tuple[DriveSight, ...] | None = None) -> DriveSight | None:
    found = connected_drives() if drives is None else drives
    return next((drive for drive in found if drive.device == str(plugged.partition)), None)


@pytest.mark.parametrize("file_system", ["ext4", "vfat", "exfat"])
def test_a_stick_is_seen_with_all_that_tells_it_apart(usb: UsbRig, file_system: str) -> None:
    stick = usb.make_stick(file_system, label="SCHIJF A")  # type: ignore[arg-type]  # the parameters are the literals
    plugged = usb.plug_in(stick, serial="4C530001", ID_VENDOR="SanDisk", ID_MODEL="Ultra")
    drive = seen(plugged)
    assert drive is not None
    assert (drive.serial, drive.vendor, drive.model) == ("4C530001", "SanDisk", "Ultra")
    assert (drive.label, drive.fs_uuid, drive.fs_type) == ("SCHIJF A", stick.uuid, file_system)
    assert drive.size_bytes == 48 << 20
    assert drive.mount_point == ""
    usb.unplug(plugged)
    assert seen(plugged) is None


def test_a_disk_in_an_enclosure_counts_as_usb(usb: UsbRig) -> None:
    # 60-persistent-storage.rules asks such a disk itself: ID_BUS is "ata" then.
    plugged = usb.plug_in(usb.make_stick(), ID_BUS="ata", ID_USB_DRIVER="uas")
    assert seen(plugged) is not None


def test_an_iscsi_disk_is_a_place_to_offer(usb: UsbRig, tmp_path: Path) -> None:
    # As 60-persistent-storage.rules and the kernel tell of one: no USB anywhere, the server in its path.
    path = "ip-192.168.1.20:3260-iscsi-iqn.2026-11.be.delinde:nas-lun-1"
    stick = usb.make_stick(label="NAS")
    plugged = usb.plug_in(stick, serial="36001405", ID_BUS="scsi", ID_USB_DRIVER="", ID_PATH=path, ID_VENDOR="SYNOLOGY")
    usb.mount(plugged, tmp_path / "nas")
    drive = seen(plugged)
    assert drive is not None
    assert (drive.fs_uuid, drive.vendor, drive.serial) == (stick.uuid, "SYNOLOGY", "36001405")
    assert drive.mount_point == str(tmp_path / "nas")


def test_an_internal_disk_is_no_usb_disk(usb: UsbRig) -> None:
    plugged = usb.plug_in(usb.make_stick(), ID_BUS="ata", ID_USB_DRIVER="")
    assert seen(plugged) is None


def test_mount_point_follows_the_stick_also_with_spaces(usb: UsbRig, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "media" / "Schijf A\tgroen")
    drive = seen(plugged)
    assert drive is not None
    assert drive.mount_point == str(tmp_path / "media" / "Schijf A\tgroen")
    usb.unmount(plugged)
    drive = seen(plugged)
    assert drive is not None
    assert drive.mount_point == ""


def test_exfat_through_fuse_is_seen_where_it_is_mounted(usb: UsbRig, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick("exfat"))
    usb.mount(plugged, tmp_path / "mnt")
    drive = seen(plugged)
    assert drive is not None
    assert drive.mount_point == str(tmp_path / "mnt")


class Watch:
    """A running watcher, and what it told, with the moment at which it did."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[float, tuple[DriveSight, ...]]] = asyncio.Queue()
        self.watcher = DriveWatcher(self._tell)

    async def _tell(self, drives: tuple[DriveSight, ...]) -> None:
        await self.told.put((time.monotonic(), drives))

    async def until(self, plugged: PluggedIn, *, there: bool, mounted: str | None = None) -> float:
        """Wait for the callback that says so; return its moment."""
        async with asyncio.timeout(5):
            while True:
                at, drives = await self.told.get()
                drive = seen(plugged, drives)
                if (drive is not None) == there and (mounted is None or (drive and drive.mount_point == mounted)):
                    return at


@pytest.mark.alone
async def test_arrival_mounting_and_leaving_are_told_within_a_second(usb: UsbRig, tmp_path: Path) -> None:
    stick = usb.make_stick()
    watch = Watch()
    await watch.watcher.start()
    try:
        plugged = await asyncio.to_thread(usb.plug_in, stick, settle=False)
        at = time.monotonic()
        assert await watch.until(plugged, there=True) - at < 1

        await asyncio.to_thread(usb.mount, plugged, tmp_path / "mnt")
        at = time.monotonic()
        assert await watch.until(plugged, there=True, mounted=str(tmp_path / "mnt")) - at < 1

        await asyncio.to_thread(usb.unplug, plugged)
        at = time.monotonic()
        assert await watch.until(plugged, there=False) - at < 1
    finally:
        await watch.watcher.stop()


@pytest.mark.alone
async def test_a_stick_pulled_out_while_mounted_is_told(usb: UsbRig, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "mnt")
    watch = Watch()
    before = await watch.watcher.start()
    assert seen(plugged, before) is not None
    try:
        await asyncio.to_thread(usb.yank, plugged)
        at = time.monotonic()
        assert await watch.until(plugged, there=False) - at < 1
    finally:
        await watch.watcher.stop()


async def test_a_stick_that_is_back_before_anyone_looked_is_told(usb: UsbRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive_watch, "SETTLE_S", 2.0)
    monkeypatch.setattr(drive_watch, "_SETTLE_AT_MOST_S", 60.0)
    plugged = usb.plug_in(usb.make_stick())
    watch = Watch()
    assert seen(plugged, await watch.watcher.start()) is not None
    try:
        await asyncio.to_thread(usb.unplug, plugged)
        again = await asyncio.to_thread(usb.plug_in, plugged.stick)
        async with asyncio.timeout(30):  # all is as it was, but the agent may have seen it leave in between
            _at, drives = await watch.told.get()
        assert seen(again, drives) is not None
    finally:
        await watch.watcher.stop()


async def test_nothing_is_told_after_the_watch_was_stopped(usb: UsbRig) -> None:
    watch = Watch()
    await watch.watcher.start()
    await watch.watcher.stop()
    await asyncio.to_thread(usb.plug_in, usb.make_stick())
    await asyncio.sleep(0.8)
    assert watch.told.empty()


async def test_a_failing_callback_does_not_end_the_watch(usb: UsbRig) -> None:
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["message"]))
    told: asyncio.Queue[tuple[DriveSight, ...]] = asyncio.Queue()

    async def fail_once(drives: tuple[DriveSight, ...]) -> None:
        await told.put(drives)
        raise RuntimeError("a mistake in a callback")

    watcher = DriveWatcher(fail_once)
    await watcher.start()
    try:
        plugged = await asyncio.to_thread(usb.plug_in, usb.make_stick())
        async with asyncio.timeout(5):
            while seen(plugged, await told.get()) is None:
                pass
        await asyncio.to_thread(usb.unplug, plugged)
        async with asyncio.timeout(5):
            while seen(plugged, await told.get()) is not None:
                pass
    finally:
        await watcher.stop()
    assert "a drive callback failed" in reported
