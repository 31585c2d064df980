"""How much snapshots hold, counted in restic's ways (source: restic manual, "stats")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.repository.crypto import OVERHEAD
from app.repository.errors import RepositoryDamaged
from app.repository.finder import walk
from app.repository.index import Index
from app.repository.marking import Marks
from app.repository.model import BlobId, Cancel, Monitor, Node, NodeType, Snapshot
from app.repository.reading_lock import reading_lock
from app.repository.repository import Repository


class StatsMode(StrEnum):
    """What is counted."""

    RESTORE_SIZE = "restore-size"
    """All entries, as a restore of each snapshot would bring them; a hard-linked file once in each snapshot."""
    FILES_BY_CONTENTS = "files-by-contents"
    """Each content once, whatever the files are called."""
    BLOBS_PER_FILE = "blobs-per-file"
    """The blobs of each content, at the first path it is met; one that another content of the path has is left out."""
    RAW_DATA = "raw-data"
    """The blobs as they are stored, each once."""


@dataclass(frozen=True, slots=True)
class Stats:
    """The outcome. What a mode does not count is 0."""

    mode: StatsMode
    snapshots: int
    bytes: int
    files: int = 0
    blobs: int = 0
    plain_bytes: int = 0
    """In the mode raw-data: the blobs' size before compression."""


def stats(
    repository: Repository, snapshots: Sequence[Snapshot], mode: StatsMode, *, cancel: Cancel | None = None
) -> Stats:
    """Count what snapshots hold; raises RepositoryLocked, RepositoryDamaged when a tree cannot be read, Cancelled."""
    with reading_lock(repository):
        match mode:
            case StatsMode.RESTORE_SIZE:
                return _restore_size(repository, snapshots, cancel or Cancel())
            case StatsMode.FILES_BY_CONTENTS:
                return _files_by_contents(repository, snapshots, cancel or Cancel())
            case StatsMode.BLOBS_PER_FILE:
                return _blobs_per_file(repository, snapshots, cancel or Cancel())
            case StatsMode.RAW_DATA:
                return _raw_data(repository, snapshots, cancel or Cancel())


def _restore_size(repository: Repository, snapshots: Iterable[Snapshot], cancel: Cancel) -> Stats:
    count = files = total_bytes = 0
    for snapshot in snapshots:
        count += 1
        linked: set[tuple[int, int]] = set()
        for entry in walk(repository, snapshot):
            cancel.heed()
            node = entry.node
            files += 1
            if node.type is NodeType.FILE and node.links > 1 and node.inode:
                if (node.device_id, node.inode) in linked:
                    continue
                linked.add((node.device_id, node.inode))
            total_bytes += node.size
    return Stats(StatsMode.RESTORE_SIZE, count, total_bytes, files=files)


def _files_by_contents(repository: Repository, snapshots: Iterable[Snapshot], cancel: Cancel) -> Stats:
    count = total_bytes = 0
    seen: set[bytes] = set()
    for snapshot in snapshots:
        count += 1
        for entry in walk(repository, snapshot):
            cancel.heed()
            if entry.node.type is not NodeType.FILE:
                continue
            content = _content_id(entry.node)
            if content not in seen:
                seen.add(content)
                total_bytes += entry.node.size
    return Stats(StatsMode.FILES_BY_CONTENTS, count, total_bytes, files=len(seen))


def _content_id(node: Node) -> bytes:
    return hashlib.sha256(b"".join(node.content)).digest()


def _blobs_per_file(repository: Repository, snapshots: Iterable[Snapshot], cancel: Cancel) -> Stats:
    index = repository.index
    count = total_bytes = blobs = 0
    paths: set[bytes] = set()
    met: set[bytes] = set()
    contents: set[bytes] = set()
    for snapshot in snapshots:
        count += 1
        for entry in walk(repository, snapshot):
            cancel.heed()
            if entry.node.type is not NodeType.FILE or (content := _content_id(entry.node)) in contents:
                continue
            contents.add(content)
            if entry.node.content:
                paths.add(hashlib.sha256(entry.path).digest()[:16])
            for blob_id in entry.node.content:
                key = hashlib.sha256(blob_id + entry.path).digest()[:16]
                if key not in met:
                    met.add(key)
                    blobs += 1
                    total_bytes += _plain_bytes(index, blob_id)
    return Stats(StatsMode.BLOBS_PER_FILE, count, total_bytes, files=len(paths), blobs=blobs)


def _plain_bytes(index: Index, blob_id: BlobId) -> int:
    place = index.lookup(blob_id)
    if place is None:
        raise RepositoryDamaged(file="index", reason="blobs-not-listed", blob=blob_id.hex())
    return place.plain_length or place.length - OVERHEAD


def _raw_data(repository: Repository, snapshots: Sequence[Snapshot], cancel: Cancel) -> Stats:
    marks = Marks(repository, repository.index)
    marks.mark_below((snapshot.tree for snapshot in snapshots), monitor=Monitor(), cancel=cancel)
    blobs = total_bytes = plain_bytes = 0
    for _, place in marks.places():
        blobs += 1
        total_bytes += place.length
        plain_bytes += place.plain_length or place.length - OVERHEAD
    return Stats(StatsMode.RAW_DATA, len(snapshots), total_bytes, blobs=blobs, plain_bytes=plain_bytes)
