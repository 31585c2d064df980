"""Whether copies can go to a place, found out without writing anything there but one test file that is removed."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.policy.machine import TargetKind
from app.targets.drives import file_system_of
from app.targets.mountinfo import Mount, mount_holding, physical_disks, read_mounts

MIN_FREE_BYTES = 16 << 20
"""Less than this is no place for copies, whatever they are."""
FAT_FILE_LIMIT_BYTES = (4 << 30) - 1
_FAT = frozenset(("vfat", "msdos", "fat"))


class PlaceProblemCode(StrEnum):
    """What can be wrong with a place, or worth knowing about it."""

    NO_FOLDER = "no-folder"
    """Neither the folder nor any folder it could be made in is there."""
    NOT_A_FOLDER = "not-a-folder"
    NOT_MOUNTED = "not-mounted"
    """A USB disk's place that lies on no mounted disk of its own."""
    INSIDE_SOURCE = "inside-source"
    """It is one of the folders that are backed up, or lies in one."""
    HOLDS_SOURCE = "holds-source"
    """A folder that is backed up lies in it."""
    SAME_DEVICE = "same-device"
    """It is on the same disk as what is backed up: both are lost together."""
    READ_ONLY = "read-only"
    NOT_WRITABLE = "not-writable"
    TOO_LITTLE_SPACE = "too-little-space"
    FILE_SIZE_LIMIT = "file-size-limit"
    """FAT32: no file of 4 GiB or more. The copies stay below it; files of people on this disk may not."""
    TIGHT_SPACE = "tight-space"
    """It holds the copies of today, but not those of a year."""
    NO_PERMISSIONS = "no-permissions"
    """A file system that knows no owners: whoever holds the disk can delete the copies, not read them."""
    SAME_SITE = "same-site"
    """It stands in the building of the data, and no other place is elsewhere."""
    WORN = "worn"
    FAILING = "failing"
    """The disk says of itself that it is worn, or about to fail."""


@dataclass(frozen=True, slots=True)
class PlaceProblem:
    """One thing about a place, with the data its text needs (paths, byte counts)."""

    code: PlaceProblemCode
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """What was found: with `problems` the place is refused, `warnings` are for people to weigh.

    `free_bytes` is what an ordinary user may still write. `fs_type` as the kernel or udev calls it ("ext4").
    """

    problems: tuple[PlaceProblem, ...]
    warnings: tuple[PlaceProblem, ...]
    free_bytes: int
    total_bytes: int
    fs_type: str
    read_only: bool

    @property
    def suitable(self) -> bool:
        return not self.problems


def examine_place(
    path: Path,
    sources: tuple[Path, ...],
    *,
    kind: TargetKind = TargetKind.FOLDER,
    need_bytes: int = 0,
) -> PlaceReport:
    """Tell whether copies of `sources` can go to the folder `path` (absolute; it need not exist yet).

    `need_bytes` is the space the copies will want. For a folder "same device" is a warning, for a USB disk a problem.
    """
    existing = _nearest_existing(path)
    if existing is None:
        return _refused(PlaceProblemCode.NO_FOLDER, path)
    if not existing.is_dir():
        return _refused(PlaceProblemCode.NOT_A_FOLDER, existing)
    mounts = read_mounts()
    mount = mount_holding(existing, mounts)
    space = os.statvfs(existing)
    free_bytes = space.f_bavail * space.f_frsize
    read_only = bool(space.f_flag & os.ST_RDONLY)
    fs_type = _fs_type(existing, mount)
    problems = [*_overlap(existing, path, sources), *_writing(existing, read_only)]
    warnings: list[PlaceProblem] = []
    if free_bytes < max(need_bytes, MIN_FREE_BYTES) and not read_only:
        data = (("free_bytes", str(free_bytes)), ("need_bytes", str(max(need_bytes, MIN_FREE_BYTES))))
        problems.append(PlaceProblem(PlaceProblemCode.TOO_LITTLE_SPACE, data))
    same = _same_device(existing, mount, sources, mounts)
    if kind is TargetKind.USB:
        problems.extend(same)
        if mount is None or mount.mount_point == Path("/"):
            problems.append(PlaceProblem(PlaceProblemCode.NOT_MOUNTED, (("path", str(path)),)))
    else:
        warnings.extend(same)
    if fs_type in _FAT:
        warnings.append(PlaceProblem(PlaceProblemCode.FILE_SIZE_LIMIT, (("limit_bytes", str(FAT_FILE_LIMIT_BYTES)),)))
    return PlaceReport(
        tuple(problems), tuple(warnings), free_bytes, space.f_blocks * space.f_frsize, fs_type, read_only
    )


def _refused(code: PlaceProblemCode, path: Path) -> PlaceReport:
    return PlaceReport((PlaceProblem(code, (("path", str(path)),)),), (), 0, 0, "", False)


def _nearest_existing(path: Path) -> Path | None:
    """Return the path, links followed, or the folder nearest above it that is there."""
    for candidate in (path, *path.parents):
        try:
            return candidate.resolve(strict=True)
        except OSError:
            continue
    return None


def _fs_type(existing: Path, mount: Mount | None) -> str:
    if mount is None:
        return ""
    if mount.fs_type == "fuseblk":  # exFAT and NTFS through FUSE: only udev knows which
        return file_system_of(existing)[1] or mount.fs_type
    return mount.fs_type


def _overlap(existing: Path, wanted: Path, sources: tuple[Path, ...]) -> list[PlaceProblem]:
    """Compare by device and inode, so that links and bind mounts do not hide that two folders are one."""
    above_place = _identities(existing)
    place = above_place[0] if above_place and existing == _resolved(wanted) else None
    problems = []
    for source in sources:
        above_source = _identities(_resolved(source))
        if not above_source or not _resolved(source).exists():
            continue
        data = (("path", str(wanted)), ("source", str(source)))
        if above_source[0] in above_place:
            problems.append(PlaceProblem(PlaceProblemCode.INSIDE_SOURCE, data))
        elif place is not None and place in above_source:
            problems.append(PlaceProblem(PlaceProblemCode.HOLDS_SOURCE, data))
    return problems


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except OSError:  # a loop of links
        return path


def _identities(path: Path) -> list[tuple[int, int]]:
    """Return (device, inode) of a folder and of each one above it that can be seen, the nearest first."""
    found = []
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            status = folder.stat()
            found.append((status.st_dev, status.st_ino))
    return found


def _same_device(
    existing: Path, mount: Mount | None, sources: tuple[Path, ...], mounts: tuple[Mount, ...]
) -> list[PlaceProblem]:
    device = existing.stat().st_dev
    disks = physical_disks(mount)
    problems = []
    for source in sources:
        there = _nearest_existing(source)
        if there is None:
            continue
        shared = disks & physical_disks(mount_holding(there, mounts))
        if shared or there.stat().st_dev == device:
            data = (("source", str(source)), ("disk", ", ".join(sorted(shared))))
            problems.append(PlaceProblem(PlaceProblemCode.SAME_DEVICE, data))
    return problems


def _writing(existing: Path, read_only: bool) -> list[PlaceProblem]:
    """Find out by writing: permissions, ACLs, shares and full quotas all answer only to that."""
    if read_only:
        return [PlaceProblem(PlaceProblemCode.READ_ONLY, (("path", str(existing)),))]
    trial = existing / f".vangnet-{secrets.token_hex(6)}.tmp"
    try:
        with trial.open("xb") as file:
            file.write(b"\0" * 512)
        trial.unlink()
    except OSError as exc:
        with contextlib.suppress(OSError):
            trial.unlink()
        reason = os.strerror(exc.errno) if exc.errno else "?"
        return [PlaceProblem(PlaceProblemCode.NOT_WRITABLE, (("path", str(existing)), ("detail", reason)))]
    return []
