"""Copying snapshots from one repository to another.

Between repositories that share the master key, blobs move as they are sealed: verified, but neither opened nor
compressed again. The order is that of a back-up: packs, then the index, then the snapshots.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.clock import Clock, SystemClock
from app.repository.errors import BackendError, RepositoryDamaged, RepositoryError
from app.repository.index_json import PackContents
from app.repository.locks import Lock
from app.repository.marking import Marks
from app.repository.model import Cancel, Monitor, PackId, Phase, Snapshot, SnapshotId
from app.repository.pack import PackEntry
from app.repository.reading_lock import reading_lock
from app.repository.relisting import Document, likeness, load_document, origin, save_document, with_origin
from app.repository.repacking import IndexWriter, PackWriter, read_sealed
from app.repository.repository import Repository

_CHECKPOINT_EVERY_S = 45.0
_BLOBS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class CopiedSnapshot:
    """A snapshot and its copy."""

    source: SnapshotId
    copy: SnapshotId


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy did. Sizes are bytes as stored at the destination."""

    copied: tuple[CopiedSnapshot, ...]
    skipped: tuple[SnapshotId, ...]
    """Those that the destination had already."""
    blobs_copied: int
    bytes_added: int
    duration_s: float


def copy(
    source: Repository,
    destination: Repository,
    snapshots: Sequence[Snapshot] | None = None,
    *,
    monitor: Monitor | None = None,
    cancel: Cancel | None = None,
    clock: Clock | None = None,
) -> CopyReport:
    """Copy snapshots (all by default) that the destination does not have; they keep everything but their id.

    A copy names its `original`, so that it is known again. Raises RepositoryLocked, RepositoryDamaged when the source
    does not hold all of a snapshot, Cancelled and the backends' errors; what was copied by then is used next time.
    """
    clock = clock or SystemClock()
    monitor, cancel = monitor or Monitor(), cancel or Cancel()
    started_s = clock.monotonic()
    monitor.phase = Phase.COPYING
    with reading_lock(source), destination.lock(clock=clock, refresh_in_thread=True) as lock:
        chosen = source.snapshots() if snapshots is None else tuple(snapshots)
        wanted, skipped = _sort_out(source, destination, chosen)
        run = _Run(source, destination, lock, monitor, cancel, clock)
        copied = run.perform(wanted)
    return CopyReport(copied, skipped, run.blobs_copied, run.bytes_added, clock.monotonic() - started_s)


def _sort_out(
    source: Repository, destination: Repository, snapshots: Iterable[Snapshot]
) -> tuple[list[tuple[Snapshot, Document]], tuple[SnapshotId, ...]]:
    """Part the snapshots to copy from those that are there already."""
    there = set()
    for snapshot in destination.snapshots():
        document = load_document(destination, snapshot.id)
        there.add((origin(document, snapshot.id), likeness(document)))
    wanted: list[tuple[Snapshot, Document]] = []
    skipped: list[SnapshotId] = []
    for snapshot in snapshots:
        document = load_document(source, snapshot.id)
        key = origin(document, snapshot.id), likeness(document)
        if key in there:
            skipped.append(snapshot.id)
        else:
            wanted.append((snapshot, document))
        there.add(key)
    return wanted, tuple(skipped)


class _Run:
    """A copy under way."""

    def __init__(
        self, source: Repository, destination: Repository, lock: Lock, monitor: Monitor, cancel: Cancel, clock: Clock
    ) -> None:
        self._source = source
        self._destination = destination
        self._lock = lock
        self._monitor = monitor
        self._cancel = cancel
        self._clock = clock
        self._shares_key = source.master == destination.master
        self._index = IndexWriter(destination)
        self._listed_at_s = clock.monotonic()
        self._writer = PackWriter(destination, self._note_stored)
        self.blobs_copied = 0
        self.bytes_added = 0

    def perform(self, wanted: Sequence[tuple[Snapshot, Document]]) -> tuple[CopiedSnapshot, ...]:
        if not wanted:
            return ()
        # What the other side held may have changed since it was last read.
        self._source.forget_index()
        self._destination.forget_index()
        marks = Marks(self._source, self._source.index)
        marks.mark_below((snapshot.tree for snapshot, _ in wanted), monitor=self._monitor, cancel=self._cancel)
        try:
            for pack, entries in self._missing_blobs(marks):
                self._copy_blobs(pack, entries)
            self._writer.flush()
        except RepositoryError:
            with contextlib.suppress(BackendError):
                self._index.flush()  # what is stored need not be copied again
            raise
        finally:
            self._destination.forget_index()
        self._index.flush()
        self._lock.ensure_held()
        return tuple(
            CopiedSnapshot(snapshot.id, save_document(self._destination, with_origin(document, snapshot.id)))
            for snapshot, document in wanted
        )

    def _missing_blobs(self, marks: Marks) -> Iterator[tuple[PackId, list[PackEntry]]]:
        """Yield what the destination lacks, by the source's packs, so that each is read once and in order."""
        there = self._destination.index
        counts: dict[PackId, int] = {}
        for blob_id, place in marks.places():
            if (blob_id, place.is_tree) not in there:
                counts[place.pack] = counts.get(place.pack, 0) + 1
                self._monitor.bytes_total += place.length
        for packs in _batches(counts):
            by_pack: dict[PackId, list[PackEntry]] = {pack: [] for pack in packs}
            for blob_id, place in marks.places():
                if place.pack in by_pack and (blob_id, place.is_tree) not in there:
                    by_pack[place.pack].append(
                        PackEntry(blob_id, place.is_tree, place.offset, place.length, place.plain_length)
                    )
            for pack, entries in by_pack.items():
                yield pack, sorted(entries, key=lambda entry: entry.offset)

    def _copy_blobs(self, pack: PackId, entries: Sequence[PackEntry]) -> None:
        for entry, sealed in read_sealed(self._source, pack, entries):
            self._cancel.heed(self._monitor)
            if sealed is not None and self._may_move(entry) and self._is_as_sealed(sealed):
                self._writer.add_sealed(entry.id, entry.is_tree, sealed, entry.plain_length)
            else:
                plain = self._open(pack, entry, sealed)
                self._writer.add_plain(entry.id, entry.is_tree, plain)
            self.blobs_copied += 1
            self._monitor.bytes_done += entry.length

    def _may_move(self, entry: PackEntry) -> bool:
        return self._shares_key and (self._destination.version > 1 or not entry.plain_length)

    def _is_as_sealed(self, sealed: memoryview) -> bool:
        try:
            self._source.master.verify(sealed)
        except RepositoryDamaged:
            return False
        return True

    def _open(self, pack: PackId, entry: PackEntry, sealed: memoryview | None) -> bytes:
        if sealed is not None:
            with contextlib.suppress(RepositoryDamaged):
                return self._source.open_blob(entry.id, sealed, entry.plain_length, pack=pack.hex())
        return self._source.load_blob(entry.id, entry.is_tree)  # any other place that holds it will do

    def _note_stored(self, contents: PackContents, stored_bytes: int) -> None:
        self.bytes_added += stored_bytes
        self._index.add(contents)
        if self._clock.monotonic() - self._listed_at_s > _CHECKPOINT_EVERY_S:
            self._index.flush()
            self._listed_at_s = self._clock.monotonic()


def _batches(counts: dict[PackId, int]) -> Iterator[set[PackId]]:
    """Yield packs with so few blobs together that listing them takes little memory."""
    batch: set[PackId] = set()
    blobs = 0
    for pack, count in counts.items():
        if batch and blobs + count > _BLOBS_AT_ONCE:
            yield batch
            batch, blobs = set(), 0
        batch.add(pack)
        blobs += count
    if batch:
        yield batch
