"""Finding a place for copies again, and being sure that it is the one: nothing is written before that.

Identity is the file system's UUID (for a disk), the marker in the folder and the repository's id. An empty mount
folder, another disk in the same slot, a clone that became another target: each is told apart.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.errors import VangnetError
from app.paths import Home
from app.policy.machine import Target, TargetKind
from app.records.facts import DriveSight, TargetSight
from app.repository.backend.local import LocalBackend
from app.repository.backend.remote import Patience
from app.repository.errors import RepositoryNotFound
from app.repository.repository import Repository
from app.targets.drives import connected_drives
from app.targets.errors import (
    DiskActionRefused,
    DiskServiceMissing,
    MarkerDamaged,
    PlaceSecretMissing,
    TargetError,
    TargetNotThere,
    WrongDisk,
)
from app.targets.keys import KeyRing
from app.targets.look import look_at
from app.targets.marker import Marker, read_marker
from app.targets.mounting import mount_disk
from app.targets.prepare import prepare_target, recognise
from app.targets.remote import open_remote_target

__all__ = ["TargetConnection", "connection", "locate", "open_target", "prepare_target", "recognise"]

_GONE = frozenset((errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.ENOENT, errno.ENOMEDIUM))


@dataclass(frozen=True, slots=True)
class TargetConnection:
    """Whether a target is here now: its folder and space when it is, the error that says why when it is not."""

    target: Target
    folder: Path | None
    error: TargetError | None = None
    free_bytes: int | None = None
    total_bytes: int | None = None
    answers: bool = False
    """A place on a network has answered, and is the one."""

    @property
    def connected(self) -> bool:
        """It can be used now."""
        return self.folder is not None or self.answers

    @property
    def here(self) -> bool:
        """It is attached to this computer; a disk that is plugged in without being mounted is not out of reach."""
        return self.connected or (self.error is not None and self.error.data.get("reason") == "not-mounted")

    def sight(self, now: datetime) -> TargetSight:
        """Return this as the fact that records keep."""
        reason = ""
        if self.target.remote and self.error is not None:
            no_secret = isinstance(self.error, PlaceSecretMissing)
            reason = "no-secret" if no_secret else str(self.error.data.get("reason", self.error.code))
        return TargetSight(self.target.id, self.here, now, self.free_bytes, self.total_bytes, reason)


def connection(
    target: Target, drives: tuple[DriveSight, ...] | None = None, *, home: Home | None = None
) -> TargetConnection:
    """Look whether a target is here now; never raises for one that is not.

    A place on a network is reached with what lies in `home`; without it, it is not looked at and counts as not there.
    """
    if target.remote:
        seen = look_at(home, target)
        return TargetConnection(target, None, seen.error, seen.free_bytes, answers=seen.error is None)
    try:
        folder = locate(target, drives)
        space = os.statvfs(folder)
    except TargetError as error:
        return TargetConnection(target, None, error)
    except OSError:
        return TargetConnection(target, None, TargetNotThere(target=target.name, path=str(target.path), reason="gone"))
    return TargetConnection(target, folder, None, space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize)


def locate(target: Target, drives: tuple[DriveSight, ...] | None = None) -> Path:
    """Return the folder that holds a target's repository, its identity checked.

    A disk is found wherever it is mounted now. `drives` are the disks plugged in now, looked up when not given.
    Raises TargetNotThere, WrongDisk or MarkerDamaged.
    """
    if target.remote:
        raise TargetNotThere(target=target.name, path=target.where, reason="no-folder")
    if target.kind is TargetKind.USB:
        return _locate_on_disk(target, connected_drives() if drives is None else drives)
    with _gone_is_not_there(target, target.path):
        marker = _marker_in(target.path, target)
    if marker is None:
        raise TargetNotThere(target=target.name, path=str(target.path), reason="no-marker")
    _check_identity(target, marker, target.path)
    return target.path


def open_target(
    home: Home,
    target: Target,
    drives: tuple[DriveSight, ...] | None = None,
    *,
    remember: bool = False,
    patience: Patience | None = None,
) -> Repository:
    """Open a target's repository with the organisation's master key; a disk that is plugged in only is mounted first.

    Raises what `locate` raises, KeyRingMissing, WrongKey or RepositoryDamaged; for a place on a network what
    `open_remote_target` raises. With `remember`, what such a place has sent before is not asked for again: for who
    only adds to it. `patience` says how long such a place is waited for.
    """
    if target.remote:
        return open_remote_target(home, target, patience=patience, remember=remember)
    folder = _locate_mounted(target, drives)
    master = KeyRing.load(home).master
    try:
        repository = Repository.open(LocalBackend(folder), master=master)
    except RepositoryNotFound as exc:
        raise TargetNotThere(target=target.name, path=str(folder), reason="no-repository") from exc
    if repository.id != target.repository_id:
        raise WrongDisk(target=target.name, path=str(folder), reason="repository", found="", organisation="")
    return repository


def _locate_mounted(target: Target, drives: tuple[DriveSight, ...] | None) -> Path:
    """Locate a target; a disk that was let go after its last run, or that no desktop mounts, is mounted now."""
    try:
        return locate(target, drives)
    except TargetNotThere as error:
        device = error.data.get("device")
        if error.data.get("reason") != "not-mounted" or not device:
            raise
        here = connected_drives() if drives is None else drives
        try:
            mounted = tuple(mount_disk(drive) if drive.device == device else drive for drive in here)
        except (DiskServiceMissing, DiskActionRefused) as refusal:
            raise error from refusal
        # Its identity is checked after it was mounted, as for any other.
        return locate(target, mounted)


def _locate_on_disk(target: Target, drives: tuple[DriveSight, ...]) -> Path:
    candidates = [drive for drive in drives if target.fs_uuid and drive.fs_uuid == target.fs_uuid]
    if not candidates:
        raise TargetNotThere(target=target.name, path=str(target.path), reason="not-connected")
    # A disk and its clone, both plugged in: where the markers do not tell them apart, only the serial number can.
    found: list[tuple[DriveSight, Path | None]] = []
    refusals: list[VangnetError] = []
    for drive in candidates:
        try:
            found.append((drive, _checked_folder(target, Path(drive.mount_point)) if drive.mount_point else None))
        except TargetError as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    if len(found) > 1:
        found = [(drive, folder) for drive, folder in found if target.serial and drive.serial == target.serial]
        if len(found) != 1:
            raise WrongDisk(target=target.name, path=str(target.path), reason="ambiguous", found="", organisation="")
    drive, folder = found[0]
    if target.serial and drive.serial and drive.serial != target.serial:
        # A clone, or the same disk in another housing: only a person knows, and a copy on a clone is none on the disk.
        raise WrongDisk(target=target.name, path=str(target.path), reason="serial", found=drive.serial, organisation="")
    if folder is None:
        raise TargetNotThere(target=target.name, path=str(target.path), reason="not-mounted", device=drive.device)
    return folder


def _checked_folder(target: Target, mount_point: Path) -> Path:
    """Return the target's folder on a mounted disk, once the marker says that it is."""
    folder = mount_point / target.path
    with _gone_is_not_there(target, folder):
        if folder.exists() and not folder.resolve().is_relative_to(mount_point.resolve()):
            raise WrongDisk(target=target.name, path=str(folder), reason="outside", found="", organisation="")
        marker = _marker_in(folder, target)
    if marker is None:
        raise MarkerDamaged(target=target.name, path=str(folder), reason="missing")
    _check_identity(target, marker, folder)
    return folder


def _marker_in(folder: Path, target: Target) -> Marker | None:
    try:
        return read_marker(folder)
    except MarkerDamaged as exc:
        raise MarkerDamaged(target=target.name, **exc.data) from exc


def _check_identity(target: Target, marker: Marker, folder: Path) -> None:
    if marker.id != target.marker_id:
        reason = "marker"
    elif marker.repository_id != target.repository_id:
        reason = "repository"
    else:
        return
    raise WrongDisk(
        target=target.name, path=str(folder), reason=reason, found=marker.name, organisation=marker.organisation
    )


@contextmanager
def _gone_is_not_there(target: Target, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        reason = "gone" if exc.errno in _GONE else "unreadable"
        raise TargetNotThere(target=target.name, path=str(folder), reason=reason) from exc
