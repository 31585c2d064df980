"""Looks for files and their versions in the copies on the targets that are connected now."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.jobs.copies import open_connected
from app.jobs.installation import Installation
from app.repository.model import FoundEntry, NodeType, Snapshot

_SET_TAG = "set:"
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FileHit:
    """A file or folder that was found in a newest copy. `data_set` is empty for copies that are not ours."""

    path: Path
    data_set: str
    target: str
    snapshot: str
    copied_at: datetime
    modified_at: datetime
    size: int
    folder: bool


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a file: the newest copy that holds it, on each of `targets`."""

    path: Path
    data_set: str
    targets: tuple[str, ...]
    snapshot: str
    """On the first of `targets`."""
    copied_at: datetime
    modified_at: datetime
    size: int
    folder: bool


def find_files(installation: Installation, pattern: str) -> tuple[FileHit, ...]:
    """Return what matches a name pattern (`*`, `?`, `[…]`) in the newest copy of each data set, sorted by path.

    Where several targets hold a path, the newest copy speaks for it.
    """
    newest: dict[Path, FileHit] = {}
    for target, repository in open_connected(installation):
        latest = _newest_of_each_set(repository.snapshots())
        for entry in repository.find(pattern, latest):
            hit = _hit(entry, target.id)
            known = newest.get(hit.path)
            if known is None or hit.copied_at > known.copied_at:
                newest[hit.path] = hit
    return tuple(newest[path] for path in sorted(newest))


def versions(installation: Installation, path: Path) -> tuple[FileVersion, ...]:
    """Return the distinct versions of a path (absolute, as it was) on the connected targets, newest first."""
    merged: dict[tuple[object, ...], FileVersion] = {}
    for target, repository in open_connected(installation):
        for entry in repository.versions(os.fsencode(path)):
            hit = _hit(entry, target.id)
            # All targets share one master key and one way of cutting, so equal contents have equal blob ids.
            key = (hit.data_set, entry.node.mtime_ns, entry.node.content, entry.node.subtree)
            known = merged.get(key)
            merged[key] = _version(hit) if known is None else _joined(known, hit)
    return tuple(sorted(merged.values(), key=lambda version: version.copied_at, reverse=True))


def _newest_of_each_set(snapshots: tuple[Snapshot, ...]) -> tuple[Snapshot, ...]:
    """Return the newest snapshot of each data set; foreign ones count by their paths."""
    newest: dict[tuple[str, tuple[bytes, ...]], Snapshot] = {}
    for snapshot in snapshots:  # oldest first
        data_set = _data_set(snapshot)
        newest[data_set, () if data_set else snapshot.paths] = snapshot
    return tuple(newest.values())


def _data_set(snapshot: Snapshot) -> str:
    return next((tag.removeprefix(_SET_TAG) for tag in snapshot.tags if tag.startswith(_SET_TAG)), "")


def _hit(entry: FoundEntry, target: str) -> FileHit:
    return FileHit(
        path=Path(os.fsdecode(entry.path)),
        data_set=_data_set(entry.snapshot),
        target=target,
        snapshot=entry.snapshot.id,
        copied_at=entry.snapshot.time.astimezone(UTC),
        modified_at=_moment(entry.node.mtime_ns),
        size=entry.node.size,
        folder=entry.node.type is NodeType.DIR,
    )


def _moment(mtime_ns: int) -> datetime:
    try:
        return datetime.fromtimestamp(mtime_ns // _NANOSECONDS, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)  # a time outside the years 1 to 9999, as broken clocks leave


def _version(hit: FileHit) -> FileVersion:
    return FileVersion(
        path=hit.path,
        data_set=hit.data_set,
        targets=(hit.target,),
        snapshot=hit.snapshot,
        copied_at=hit.copied_at,
        modified_at=hit.modified_at,
        size=hit.size,
        folder=hit.folder,
    )


def _joined(known: FileVersion, hit: FileHit) -> FileVersion:
    """Return a version known from one target with another copy of it added; the newest copy leads."""
    if hit.copied_at > known.copied_at:
        others = tuple(target for target in known.targets if target != hit.target)
        return replace(_version(hit), targets=(hit.target, *others))
    return known if hit.target in known.targets else replace(known, targets=(*known.targets, hit.target))
