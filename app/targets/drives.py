"""The USB and iSCSI disks that are here now.

Facts only: nothing here mounts, writes or decides. udev is trusted for what a device is (source: udev(7),
60-persistent-storage.rules): a disk in an enclosure says ID_BUS=ata there, so the USB bridge counts too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.policy.machine import Machine, TargetKind
from app.records.facts import DriveSight
from app.targets.mountinfo import Mount, read_mounts, visible_mount
from app.udev import context

if TYPE_CHECKING:
    import pyudev  # 50 ms to import: done where udev is asked

_SECTOR_BYTES = 512
_TEXT_LIMIT = 120
_UDEV_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")


def connected_drives(machine: Machine | None = None) -> tuple[DriveSight, ...]:
    """Return every USB partition (or whole disk) with a file system, and every USB disk without any; sorted by device.

    With a machine, each that carries a target's file-system UUID says which target that is. Needs no rights. Empty
    where there is no udev.
    """
    mounts = read_mounts()
    targets = {t.fs_uuid: t.id for t in machine.targets if t.kind is TargetKind.USB} if machine else {}
    blocks = tuple(block for block in map(_block, _block_devices()) if block is not None)
    drives = [_with_target(_sight(block, mounts), targets) for block in blocks if block.usage == "filesystem"]
    drives += [_unformatted(disk, what) for disk in blocks if (what := _without_file_system(disk, blocks)) is not None]
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


@dataclass(frozen=True, slots=True)
class _Block:
    """A block device that comes and goes: what udev says of it."""

    node: str
    number: int
    path: str
    """In sysfs; that of a partition begins with its disk's."""
    size_bytes: int
    properties: Mapping[str, str]

    @property
    def usage(self) -> str:
        """What udev found on it: "filesystem", "crypto", "raid" … or nothing."""
        return self.properties.get("ID_FS_USAGE", "")

    def is_part_of(self, disk: _Block) -> bool:
        return self.path.startswith(f"{disk.path}/")

    def reads(self, attribute: str) -> str:
        """Return an attribute of the kernel's, empty where it has none."""
        try:
            return Path(self.path, attribute).read_text().strip()
        except OSError:
            return ""

    def is_built_on(self) -> bool:
        """Tell whether an opened encrypted volume, LVM or RAID uses it now."""
        try:
            return any(Path(self.path, "holders").iterdir())
        except OSError:
            return False


def _block(device: pyudev.Device) -> _Block | None:
    import pyudev

    try:
        properties = _properties(device)
        sectors = int(device.attributes.get("size") or b"0")
        node, number = device.device_node, device.device_number
    except (pyudev.DeviceNotFoundError, OSError, ValueError, KeyError):  # it left while we looked
        return None
    if not node or not sectors or not _comes_and_goes(properties):
        return None
    return _Block(node, number, device.sys_path, sectors * _SECTOR_BYTES, properties)


def _without_file_system(disk: _Block, blocks: tuple[_Block, ...]) -> str | None:
    """Return what is on a disk that holds no file system, "" for nothing at all; None for any other device.

    A disk with a partition table and no partition is left out: its partitions may be on their way.
    """
    about = disk.properties
    if about.get("DEVTYPE") != "disk" or disk.usage == "filesystem" or "ID_CDROM" in about:
        return None
    if about.get("ID_TYPE", "disk") != "disk" or disk.reads("ro") != "0":
        return None
    parts = [block for block in blocks if block.is_part_of(disk)]
    table = about.get("ID_PART_TABLE_TYPE", "")
    if any(part.usage == "filesystem" for part in parts) or any(block.is_built_on() for block in (disk, *parts)):
        return None
    # Of a partition that udev has not looked at yet, nothing is known.
    if bool(table) != bool(parts) or not all("USEC_INITIALIZED" in block.properties for block in (disk, *parts)):
        return None
    signatures = (block.properties.get("ID_FS_TYPE", "") for block in (*parts, disk))
    return _readable(next(filter(None, signatures), table), escaped=False)


def _sight(block: _Block, mounts: tuple[Mount, ...]) -> DriveSight:
    properties = block.properties
    mount = visible_mount(block.node, block.number, mounts)
    return dataclasses.replace(
        _unformatted(block, ""),
        label=_first(properties, "ID_FS_LABEL_ENC", "ID_FS_LABEL"),
        fs_uuid=_first(properties, "ID_FS_UUID"),
        fs_type=_first(properties, "ID_FS_TYPE"),
        mount_point=os.fspath(mount.mount_point) if mount else "",
    )


def _unformatted(block: _Block, holds: str) -> DriveSight:
    properties = block.properties
    return DriveSight(
        device=block.node,
        serial=_first(properties, "ID_SERIAL_SHORT", "ID_USB_SERIAL_SHORT", "ID_SERIAL"),
        vendor=_first(properties, "ID_VENDOR_ENC", "ID_VENDOR", "ID_USB_VENDOR"),
        model=_first(properties, "ID_MODEL_ENC", "ID_MODEL", "ID_USB_MODEL"),
        label="",
        fs_uuid="",
        fs_type="",
        size_bytes=block.size_bytes,
        mount_point="",
        holds=holds,
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
