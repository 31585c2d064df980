"""Snapshots: one small file for each listed state of the source (source: restic design, "Snapshots")."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.model import Snapshot, SnapshotId
from app.repository.trees import format_ns, parse_blob_id, parse_ns

SNAPSHOT_LIMIT = 16 << 20
"""The most plain bytes of a snapshot file we accept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)


class _SnapshotJson(msgspec.Struct, omit_defaults=True):
    time: str
    tree: str
    paths: list[str]
    hostname: str = ""
    username: str = ""
    uid: int = 0
    gid: int = 0
    excludes: list[str] | None = None
    tags: list[str] | None = None
    parent: str | None = None
    program_version: str = ""
    original: str | None = None


_decoder = msgspec.json.Decoder(_SnapshotJson)


def encode_snapshot(snapshot: Snapshot, *, excludes: tuple[str, ...] = ()) -> bytes:
    """Return a snapshot's JSON; its `id` is not part of it. A path that is no UTF-8 is written with U+FFFD."""
    return msgspec.json.encode(
        _SnapshotJson(
            time=_format_time(snapshot),
            tree=snapshot.tree.hex(),
            paths=[readable_path(path) for path in snapshot.paths],
            hostname=snapshot.hostname,
            username=snapshot.username,
            uid=os.getuid(),
            gid=os.getgid(),
            excludes=list(excludes) or None,
            tags=list(snapshot.tags) or None,
            parent=snapshot.parent,
            program_version=snapshot.program_version,
            original=snapshot.original,
        )
    )


def decode_snapshot(snapshot_id: str, data: bytes) -> Snapshot:
    """Read a snapshot's JSON; raises RepositoryDamaged when it is none."""
    try:
        snapshot = _decoder.decode(data)
        tree = parse_blob_id(snapshot.tree)
        # A snapshot can claim any time; a day is left at both ends for the zone it is told in.
        time = min(max(_EPOCH + timedelta(microseconds=parse_ns(snapshot.time) // 1000), _FIRST), _LAST)
    except (*UNDECODABLE, OverflowError) as exc:
        raise RepositoryDamaged(file=f"snapshots/{snapshot_id}", reason="not-a-snapshot") from exc
    return Snapshot(
        id=SnapshotId(snapshot_id),
        time=time,
        tree=tree,
        paths=tuple(path.encode() for path in snapshot.paths),
        hostname=snapshot.hostname,
        username=snapshot.username,
        tags=tuple(snapshot.tags or ()),
        parent=SnapshotId(snapshot.parent) if snapshot.parent else None,
        program_version=snapshot.program_version,
        utc_offset_s=_offset_s(snapshot.time),
        original=SnapshotId(snapshot.original) if snapshot.original else None,
    )


def _format_time(snapshot: Snapshot) -> str:
    """Return the time in the snapshot's own zone: restic counts days and weeks in it when it forgets."""
    ns = (snapshot.time - _EPOCH) // timedelta(microseconds=1) * 1000
    minutes = snapshot.utc_offset_s // 60
    if minutes == 0:
        return format_ns(ns)
    sign, (hours, minutes_left) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"{format_ns(ns + minutes * 60 * 1_000_000_000).removesuffix('Z')}{sign}{hours:02}:{minutes_left:02}"


def _offset_s(time: str) -> int:
    """Return the zone of a time that `parse_ns` accepted, in seconds ahead of UTC; less than a day either way."""
    if time.endswith("Z"):
        return 0
    offset = int(time[-5:-3]) * 3600 + int(time[-2:]) * 60
    return (-1 if time[-6] == "-" else 1) * min(offset, 86_399)


def readable_path(path: bytes) -> str:
    """Return a path as a snapshot's JSON holds it: what is no UTF-8 becomes U+FFFD."""
    return path.decode(errors="replace")
