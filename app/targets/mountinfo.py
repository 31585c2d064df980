"""What is mounted where, and on which physical disks it lies (sources: proc_pid_mountinfo(5), sysfs block rules)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
_DEV_BLOCK = Path("/sys/dev/block")
_LIMIT_BYTES = 4 << 20
_ESCAPE = re.compile(rb"\\([0-7]{3})")
_STACK_DEPTH = 8
"""How many layers of mapped devices (LUKS on LVM on RAID) are followed down to disks."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo. `root` is the folder inside the file system that is mounted ("/" but for bind mounts)."""

    mount_point: Path
    root: str
    major: int
    minor: int
    fs_type: str
    source: str
    """What was mounted: a device node, a server's share, or a free word."""
    read_only: bool


def read_mounts(path: Path = MOUNTINFO) -> tuple[Mount, ...]:
    """Return what is mounted, in mount order: a later line hides an earlier one at the same place.

    Lines that do not parse are left out; an unreadable file gives an empty tuple.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT_BYTES)
    except OSError:
        return ()
    return tuple(mount for line in text.splitlines() if (mount := _parse(line)) is not None)


def mount_holding(path: Path, mounts: Iterable[Mount]) -> Mount | None:
    """Return the mount that an absolute, resolved path lies on."""
    best: Mount | None = None
    for mount in mounts:
        deeper = best is None or len(mount.mount_point.parts) >= len(best.mount_point.parts)
        if deeper and path.is_relative_to(mount.mount_point):
            best = mount
    return best


def visible_mount(device_node: str, device_number: int, mounts: Iterable[Mount]) -> Mount | None:
    """Return where a block device is mounted and can be seen; a mount of its root comes before a bind mount."""
    listed = tuple(mounts)
    wanted = (os.major(device_number), os.minor(device_number))
    found = [
        mount
        for position, mount in enumerate(listed)
        # btrfs shows a number of its own there, but still names the node.
        if ((mount.major, mount.minor) == wanted or mount.source == device_node)
        and not any(later.mount_point == mount.mount_point for later in listed[position + 1 :])
    ]
    return min(found, key=lambda mount: (mount.root != "/", len(mount.root)), default=None)


def physical_disks(mount: Mount | None) -> frozenset[str]:
    """Return the kernel names of the whole disks under a mount ("sda"); empty for shares and memory.

    Partitions lead to their disk; LUKS, LVM and RAID to the disks they are made of.
    """
    if mount is None:
        return frozenset()
    number = f"{mount.major}:{mount.minor}"
    if mount.major == 0:  # an anonymous device: btrfs, or no disk at all
        try:
            device = Path(mount.source).stat().st_rdev if mount.source.startswith("/dev/") else 0
        except OSError:
            device = 0
        if not device:
            return frozenset()
        number = f"{os.major(device)}:{os.minor(device)}"
    return _disks_under(_DEV_BLOCK / number, _STACK_DEPTH)


def _disks_under(entry: Path, depth: int) -> frozenset[str]:
    try:
        folder = entry.resolve(strict=True)
    except OSError:
        return frozenset()
    if (folder / "partition").exists():
        folder = folder.parent
    try:
        below = sorted((folder / "slaves").iterdir()) if depth else []
    except OSError:
        below = []
    if not below:
        return frozenset((folder.name,))
    return frozenset().union(*(_disks_under(slave, depth - 1) for slave in below))


def _parse(line: bytes) -> Mount | None:
    # 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    fields = line.split(b" ")
    try:
        dash = fields.index(b"-", 6)
        major, minor = fields[2].split(b":")
        fs_type, source, super_options = fields[dash + 1 : dash + 4]
        read_only = b"ro" in fields[5].split(b",") or b"ro" in super_options.split(b",")
        return Mount(
            mount_point=Path(_text(fields[4])),
            root=_text(fields[3]),
            major=int(major),
            minor=int(minor),
            fs_type=_text(fs_type),
            source=_text(source),
            read_only=read_only,
        )
    except (ValueError, IndexError):
        return None


def _text(field: bytes) -> str:
    """Undo the kernel's octal escapes (space, tab, newline, backslash, hash)."""
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes((int(match[1], 8) & 0xFF,)), field))
