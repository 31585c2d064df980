"""Disks that are plugged in and that nobody knows: which of them a person is asked about."""

from __future__ import annotations

from typing import Final

from app.records.facts import Attestation, DriveSight

_IGNORED: Final = "no-backup-disk:"


def ignoring(drive: DriveSight) -> str:
    """Return the subject of the statement that this disk is not for copies."""
    return _IGNORED + (drive.fs_uuid or drive.serial or drive.device)


def is_ignored(drive: DriveSight, attestations: tuple[Attestation, ...]) -> bool:
    """Tell whether somebody has said that a disk is not for copies."""
    return any(a.subject == ignoring(drive) for a in attestations)


def unknown_disks(drives: tuple[DriveSight, ...], attestations: tuple[Attestation, ...]) -> tuple[DriveSight, ...]:
    """Return the disks that are no place of ours and of which nobody said that they are not to be."""
    return tuple(d for d in drives if not d.target and not is_ignored(d, attestations))
