"""The USB and iSCSI disks that are here now, and a watcher that tells when that changes.

Facts only: nothing here mounts, writes or decides. udev is trusted for what a device is (source: udev(7),
60-persistent-storage.rules): a disk in an enclosure says ID_BUS=ata there, so the USB bridge counts too.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import re
import select
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.policy.machine import Machine, TargetKind
from app.records.facts import DriveSight
from app.targets.mountinfo import MOUNTINFO, Mount, read_mounts, visible_mount
from app.udev import context

if TYPE_CHECKING:
    import pyudev  # 50 ms to import: done where udev is asked

SETTLE_S = 0.2
"""How long a burst of events is waited out: a stick with partitions arrives in several."""
_SETTLE_AT_MOST_S = 0.6
_EVENTS_AT_ONCE = 256
_SECTOR_BYTES = 512
_TEXT_LIMIT = 120
_UDEV_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")

OnChange = Callable[[tuple[DriveSight, ...]], Awaitable[None]]


def connected_drives(machine: Machine | None = None) -> tuple[DriveSight, ...]:
    """Return every USB partition (or whole disk) with a file system, sorted by device; empty where there is no udev.

    With a machine, each that carries a target's file-system UUID says which target that is. Needs no rights.
    """
    mounts = read_mounts()
    targets = {t.fs_uuid: t.id for t in machine.targets if t.kind is TargetKind.USB} if machine else {}
    found = (_sight(device, mounts) for device in _block_devices())
    drives = [_with_target(drive, targets) for drive in found if drive is not None]
    return tuple(sorted(drives, key=lambda drive: drive.device))


def file_system_of(path: Path) -> tuple[str, str]:
    """Return (UUID, type) of the file system on the block device that a path lies on, as udev knows them.

    Both empty for what is no block device or where there is no udev.
    """
    import pyudev

    try:
        number = path.stat().st_dev
        device = pyudev.Devices.from_device_number(context(), "block", number)
        properties = _properties(device)
    except (pyudev.DeviceNotFoundError, OSError, ImportError, ValueError):
        return "", ""
    return properties.get("ID_FS_UUID", ""), properties.get("ID_FS_TYPE", "")


class DriveWatcher:
    """Calls back with the drives, within a second, whenever one arrives, leaves, is mounted or unmounted.

    Lives in one asyncio loop: `await start()`, later `stop()`. The callback runs in that loop, one at a time; what it
    raises goes to the loop's exception handler and the watch goes on.
    """

    def __init__(self, on_change: OnChange, machine: Machine | None = None) -> None:
        self._on_change = on_change
        self._machine = machine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._monitor: pyudev.Monitor | None = None
        self._mounts: _MountChanges | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._first_event_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._last: tuple[DriveSight, ...] = ()

    async def start(self) -> tuple[DriveSight, ...]:
        """Begin to watch; return what is there now. Without udev this watches mounts only."""
        import pyudev

        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(ImportError, OSError):
            monitor = pyudev.Monitor.from_netlink(context(), "udev")
            monitor.filter_by("block")
            monitor.start()
            self._monitor = monitor
            self._loop.add_reader(monitor.fileno(), self._drain_events)
        with contextlib.suppress(OSError):
            self._mounts = _MountChanges()
            self._loop.add_reader(self._mounts.fileno(), self._mounts_changed)
        self._last = connected_drives(self._machine)
        return self._last

    def retarget(self, machine: Machine | None) -> None:
        """Name the targets of another machine file from now on."""
        self._machine = machine
        self._look_soon()

    async def stop(self) -> None:
        """Stop watching; no callback comes after this."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        self._loop = None
        if self._monitor is not None:
            loop.remove_reader(self._monitor.fileno())
            self._monitor = None
        if self._mounts is not None:
            loop.remove_reader(self._mounts.fileno())
            self._mounts.close()
            self._mounts = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _drain_events(self) -> None:
        # Only that something happened matters: what is there now is read afresh, so lost events do no harm.
        assert self._monitor is not None
        for _event in range(_EVENTS_AT_ONCE):
            try:
                if self._monitor.poll(timeout=0) is None:
                    break
            except OSError:  # the socket's buffer ran over; the next look tells the truth
                break
        self._look_soon()

    def _mounts_changed(self) -> None:
        assert self._mounts is not None
        self._mounts.acknowledge()
        self._look_soon()

    def _look_soon(self) -> None:
        if self._loop is None:
            return
        now = self._loop.time()
        if self._first_event_at is None:
            self._first_event_at = now
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(
            min(now + SETTLE_S, self._first_event_at + _SETTLE_AT_MOST_S), self._start_looking
        )

    def _start_looking(self) -> None:
        self._timer = None
        self._first_event_at = None
        if self._task is not None and not self._task.done():
            self._again = True
            return
        assert self._loop is not None
        self._task = self._loop.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._again = False
            drives = connected_drives(self._machine)
            if drives != self._last:
                self._last = drives
                await self._tell(drives)
            if not self._again:
                return

    async def _tell(self, drives: tuple[DriveSight, ...]) -> None:
        try:
            await self._on_change(drives)
        except Exception as exc:  # noqa: BLE001  a callback's mistake must not end the watch
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a drive callback failed", "exception": exc})


class _MountChanges:
    """A file descriptor that becomes readable when something is mounted or unmounted."""

    # mountinfo is always readable; a change shows as priority data (proc(5)), which only an epoll of our own
    # can ask for.
    def __init__(self) -> None:
        self._file = MOUNTINFO.open("rb")
        self._epoll = select.epoll()
        self._epoll.register(self._file.fileno(), select.EPOLLPRI)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def acknowledge(self) -> None:
        self._epoll.poll(0)

    def close(self) -> None:
        self._epoll.close()
        self._file.close()


def _block_devices() -> Iterator[pyudev.Device]:

    try:
        yield from context().list_devices(subsystem="block")
    except (ImportError, OSError):  # no libudev on this system, or no /sys
        return


def _properties(device: pyudev.Device) -> dict[str, str]:
    # pyudev reads lazily and drops what is not UTF-8 only by raising.
    found: dict[str, str] = {}
    for name in device.properties:
        with contextlib.suppress(KeyError, UnicodeDecodeError):
            found[name] = device.properties[name]
    return found


def _sight(device: pyudev.Device, mounts: tuple[Mount, ...]) -> DriveSight | None:
    import pyudev

    try:
        properties = _properties(device)
        sectors = int(device.attributes.get("size") or b"0")
        node, number = device.device_node, device.device_number
    except (pyudev.DeviceNotFoundError, OSError, ValueError, KeyError):  # it left while we looked
        return None
    if not node or not sectors or not _comes_and_goes(properties) or properties.get("ID_FS_USAGE") != "filesystem":
        return None
    mount = visible_mount(node, number, mounts)
    return DriveSight(
        device=node,
        serial=_first(properties, "ID_SERIAL_SHORT", "ID_USB_SERIAL_SHORT", "ID_SERIAL"),
        vendor=_first(properties, "ID_VENDOR_ENC", "ID_VENDOR", "ID_USB_VENDOR"),
        model=_first(properties, "ID_MODEL_ENC", "ID_MODEL", "ID_USB_MODEL"),
        label=_first(properties, "ID_FS_LABEL_ENC", "ID_FS_LABEL"),
        fs_uuid=_first(properties, "ID_FS_UUID"),
        fs_type=_first(properties, "ID_FS_TYPE"),
        size_bytes=sectors * _SECTOR_BYTES,
        mount_point=os.fspath(mount.mount_point) if mount else "",
    )


def _comes_and_goes(properties: Mapping[str, str]) -> bool:
    """Tell whether a disk is plugged in (USB) or logged in to (iSCSI): both are known by their file system only."""
    path = properties.get("ID_PATH", "")
    usb = properties.get("ID_BUS") == "usb" or "ID_USB_DRIVER" in properties or "-usb-" in path
    return usb or "-iscsi-" in path


def _first(properties: Mapping[str, str], *names: str) -> str:
    """Return the first property that says something, unescaped, printable and of bounded length."""
    for name in names:
        text = _readable(properties.get(name, ""), escaped=name.endswith("_ENC"))
        if text:
            return text
    return ""


def _readable(text: str, *, escaped: bool) -> str:
    if escaped:
        # udev escapes bytes, so é is \xc3\xa9: gather bytes first, decode after.
        raw = _UDEV_ESCAPE.sub(lambda match: chr(0xDC00 + int(match[1], 16)), text)
        text = b"".join(
            bytes((ord(c) - 0xDC00,)) if 0xDC00 <= ord(c) <= 0xDCFF else c.encode(errors="replace") for c in raw
        ).decode(errors="replace")
    kept = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return kept.strip()[:_TEXT_LIMIT]


def _with_target(drive: DriveSight, targets: Mapping[str, str]) -> DriveSight:
    target = targets.get(drive.fs_uuid, "") if drive.fs_uuid else ""
    if not target:
        return drive
    return dataclasses.replace(drive, target=target)
