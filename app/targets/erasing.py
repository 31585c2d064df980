"""Erasing a disk: only what is surely nobody's, only when its name was typed, never while the power may fail."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil

from app.policy.machine import Target
from app.records.facts import DriveSight
from app.targets.errors import DiskNotToBeErased
from app.targets.mountinfo import Mount, mount_holding, physical_disks, read_mounts
from app.targets.mounting import from_a_thread
from app.targets.udisks import FileSystem

LABEL_LIMIT: Final = {"ext4": 16, "exfat": 11}
"""In bytes of UTF-8 for ext4, in characters for exFAT (sources: mke2fs(8), mkfs.exfat(8)); longer ones are cut."""
_SYSTEM: Final = ("/", "/boot", "/boot/efi", "/usr", "/var", "/home", "/root", "/tmp")  # noqa: S108  only looked at
_SWAPS: Final = Path("/proc/swaps")
_SYS_BLOCK: Final = Path("/sys/class/block")


def disk_title(drive: DriveSight) -> str:
    """Return the name by which a person knows a disk, and that is typed to have it erased."""
    return drive.label or " ".join(drive.model.replace("_", " ").split()) or drive.device


def erase(
    drive: DriveSight,
    *,
    typed: str,
    file_system: FileSystem,
    targets: tuple[Target, ...],
    sources: tuple[Path, ...],
    own: tuple[Path, ...],
    on_battery: bool,
) -> None:
    """Make an empty file system on a disk, named as it was. `own` are Vangnet's folders.

    Raises DiskNotToBeErased before anything is touched, DiskServiceMissing or DiskActionRefused.
    """
    if typed.strip() != disk_title(drive):
        raise DiskNotToBeErased(device=drive.device, reason="name-not-typed", wanted=disk_title(drive))
    check_erasable(drive, targets=targets, sources=sources, own=own, on_battery=on_battery)
    label = _fitting(drive.label or "VANGNET", file_system)

    async def act() -> None:
        from app.targets.udisks import udisks

        async with udisks() as disks:
            await disks.unmount(drive.device)
            await disks.erase_and_format(drive.device, file_system, label)

    from_a_thread(act())


def check_erasable(
    drive: DriveSight,
    *,
    targets: tuple[Target, ...],
    sources: tuple[Path, ...],
    own: tuple[Path, ...],
    on_battery: bool,
) -> None:
    """Raise DiskNotToBeErased unless this disk may be erased now."""
    if on_battery or _on_laptop_battery():
        raise DiskNotToBeErased(device=drive.device, reason="on-battery")
    known = next((t for t in targets if t.fs_uuid and t.fs_uuid == drive.fs_uuid), None)
    if known is not None:
        raise DiskNotToBeErased(device=drive.device, reason="target", found=known.name)
    disk = whole_disk(drive.device)
    if disk is None:
        raise DiskNotToBeErased(device=drive.device, reason="gone")
    mounts = read_mounts()
    if disk in _disks_of((*map(Path, _SYSTEM), *own), mounts) | _swap_disks():
        raise DiskNotToBeErased(device=drive.device, reason="system")
    if disk in _disks_of(sources, mounts):
        raise DiskNotToBeErased(device=drive.device, reason="holds-data")
    others = [m for m in mounts if m.source != drive.device and disk in physical_disks(m)]
    if others or _is_built_on(drive.device):
        raise DiskNotToBeErased(device=drive.device, reason="several-parts")


def whole_disk(device: str) -> str | None:
    """Return the kernel's name of the disk that a device is (a part of); None when it is not there."""
    try:
        entry = (_SYS_BLOCK / Path(device).name).resolve(strict=True)
    except OSError:
        return None
    return entry.parent.name if (entry / "partition").exists() else entry.name


def _disks_of(paths: tuple[Path, ...], mounts: tuple[Mount, ...]) -> frozenset[str]:
    resolved = (path.resolve() for path in paths)
    return frozenset[str]().union(*(physical_disks(mount_holding(path, mounts)) for path in resolved))


def _swap_disks() -> frozenset[str]:
    try:
        lines = _SWAPS.read_text().splitlines()[1:]
    except OSError:
        return frozenset()
    devices = (line.split()[0] for line in lines if line.startswith("/dev/"))
    return frozenset(disk for device in devices if (disk := whole_disk(device)) is not None)


def _is_built_on(device: str) -> bool:
    """Tell whether something is built on a device or a part of it: an encrypted volume, LVM, RAID."""
    entry = _SYS_BLOCK / Path(device).name
    try:
        parts = [part for part in entry.iterdir() if (part / "partition").exists()]
        return any(any((block / "holders").iterdir()) for block in (entry, *parts))
    except OSError:
        return False


def _on_laptop_battery() -> bool:
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False


def _fitting(label: str, file_system: FileSystem) -> str:
    limit = LABEL_LIMIT[file_system]
    if file_system == "ext4":
        return label.encode()[:limit].decode(errors="ignore")
    return label[:limit]
