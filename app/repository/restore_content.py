"""Bringing the content of files from packs into the target: what a worker process of a restore does."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.repository.blob_reader import READ_BYTES, READ_GAP, BlobReader
from app.repository.index import PackedBlob
from app.repository.model import BlobId, Cancel, Node
from app.repository.planned_entries import PlannedEntries, PlannedEntry
from app.repository.repository import Repository
from app.repository.restore_files import FileMaker, NewFile, Target, reads_back, write_content
from app.repository.restore_plan import EmptyFiles, ReadPlan, Segment, SmallFiles, plain_size

BLOB_DAMAGED = "blob-damaged"
NOT_AS_WRITTEN = "not-as-written"

_IN_ONE_GO_BYTES = 4 << 20
_SPARSE_FROM_BYTES = 128 << 10


@dataclass(slots=True)
class TaskOutcome:
    """What became of one task: entries by number; a failed one with its reason."""

    task: int
    done: list[int] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)
    bytes_written: int = 0


class Unrestorable(Exception):
    """A file cannot be brought back whole (`reason`)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ContentWriter:
    """Performs the read tasks of a restore, each in any process that inherited this object."""

    def __init__(
        self,
        repository: Repository,
        entries: PlannedEntries,
        target: Target,
        reads: ReadPlan,
        *,
        shared_names: Mapping[int, bytes],
        verify: bool,
        cancel: Cancel,
    ) -> None:
        """`shared_names`: the temporary names of files that several tasks write, by entry number."""
        self._index = repository.readable_index
        self._reader = BlobReader(repository)
        self._entries = entries
        self._target = target
        self._tasks = reads.tasks
        self._reads = reads
        self._order = reads.order
        self._maker = FileMaker()
        self._shared_names = shared_names
        self._verify = verify
        self._cancel = cancel

    def perform(self, number: int) -> TaskOutcome:
        """Perform one task; raises only what ends the whole restore (the repository went away, Cancelled)."""
        outcome = TaskOutcome(number)
        match self._tasks[number]:
            case SmallFiles() as task:
                self._bring_small_files(task, outcome)
            case EmptyFiles(first, last):
                for file in self._order[first:last]:
                    self._cancel.heed()
                    self._write_small_file(file, self._entries.node(file), b"", outcome)
            case Segment() as segment:
                self._bring_segment(segment, outcome)
        return outcome

    def _bring_small_files(self, task: SmallFiles, outcome: TaskOutcome) -> None:
        read = self._reader.read(task.pack, task.start, task.end)
        pack = task.pack.hex()
        offsets, lengths, plain_lengths = self._reads.offsets, self._reads.lengths, self._reads.plain_lengths
        last_id: BlobId | None = None
        content: bytes | memoryview | None = None
        for at in range(task.first, task.last):
            self._cancel.heed()
            file = self._order[at]
            node = self._entries.node(file)
            blob_id = node.content[0]
            if blob_id != last_id:  # copies of one file lie side by side in the task
                start = offsets[at] - task.start
                sealed = None if read is None else read[start : start + lengths[at]]
                content = self._reader.open_sealed(blob_id, sealed, plain_lengths[at], pack)
                last_id = blob_id
            self._write_small_file(file, node, content, outcome)

    def _write_small_file(
        self, file: int, node: Node, content: bytes | memoryview | None, outcome: TaskOutcome
    ) -> None:
        if content is None:
            outcome.failed.append((file, BLOB_DAMAGED))
            return
        number = self._entries.folder(file)
        try:
            folder = self._target.folder(number)
            if self._verify or len(content) > _IN_ONE_GO_BYTES or self._entries.replaces(file):
                self._write_carefully(folder, self._entries[file], content)
            else:
                self._maker.make(number, folder, node, content)
        except (Unrestorable, OSError, OverflowError) as exc:
            outcome.failed.append((file, reason_of(exc)))
        else:
            outcome.done.append(file)
            outcome.bytes_written += len(content)

    def _write_carefully(self, folder: int, entry: PlannedEntry, content: bytes | memoryview) -> None:
        with NewFile(folder, entry, hidden=len(content) > _IN_ONE_GO_BYTES) as new:
            sparse = len(content) >= _SPARSE_FROM_BYTES
            if sparse:
                os.ftruncate(new.fd, len(content))
            write_content(new.fd, content, 0, sparse=sparse)
            if content:
                self._verify_written(new.fd, [(entry.node.content[0], len(content))], 0)
            new.publish()

    def _bring_segment(self, segment: Segment, outcome: TaskOutcome) -> None:
        entry = self._entries[segment.file]
        if not segment.is_whole_file and segment.file not in self._shared_names:
            return  # it could not be made, and is named as a problem already
        try:
            folder = self._target.folder(entry.folder)
            if segment.is_whole_file:
                with NewFile(folder, entry, hidden=True) as new:
                    self._write_segment(new.fd, segment, outcome)
                    new.publish()
            else:
                name = self._shared_names[segment.file]
                fd = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                try:
                    self._write_segment(fd, segment, outcome)
                finally:
                    os.close(fd)
        except (Unrestorable, OSError, OverflowError) as exc:
            outcome.failed.append((segment.file, reason_of(exc)))
        else:
            if segment.is_whole_file:
                outcome.done.append(segment.file)

    def _write_segment(self, fd: int, segment: Segment, outcome: TaskOutcome) -> None:
        content = self._entries.content(segment.file, segment.first, segment.last)
        places = [self._place(blob_id) for blob_id in content]
        sizes = [plain_size(place) for place in places]
        if segment.is_whole_file:
            os.ftruncate(fd, sum(sizes))
        offset = segment.offset
        for plain in self._open_in_order(content, places):
            write_content(fd, plain, offset, sparse=True)
            offset += len(plain)
            outcome.bytes_written += len(plain)
        self._verify_written(fd, list(zip(content, sizes, strict=True)), segment.offset)

    def _open_in_order(self, content: Sequence[BlobId], places: Sequence[PackedBlob]) -> Iterator[bytes | memoryview]:
        """Open the blobs of a file one after another, neighbours in a pack with one read; each is valid for a turn."""
        first = 0
        while first < len(places):
            start, end = places[first].offset, places[first].offset + places[first].length
            last = first + 1
            while last < len(places) and _continues(places[first], places[last], end):
                end = places[last].offset + places[last].length
                last += 1
            read = self._reader.read(places[first].pack, start, end)
            for number in range(first, last):
                self._cancel.heed()
                plain = self._reader.open(content[number], places[number], read, start)
                if plain is None:
                    raise Unrestorable(BLOB_DAMAGED)
                yield plain
            first = last

    def _place(self, blob_id: BlobId) -> PackedBlob:
        place = self._index.lookup(blob_id)
        assert place is not None  # the plan left out files with unknown blobs
        return place

    def _verify_written(self, fd: int, blobs: Sequence[tuple[BlobId, int]], offset: int) -> None:
        if self._verify and not reads_back(fd, blobs, offset):
            raise Unrestorable(NOT_AS_WRITTEN)


def _continues(first: PackedBlob, place: PackedBlob, end: int) -> bool:
    return (
        place.pack == first.pack
        and 0 <= place.offset - end <= READ_GAP
        and place.offset + place.length - first.offset <= READ_BYTES
    )


def reason_of(error: Exception) -> str:
    """Return the code that names an error in a file's problem."""
    match error:
        case Unrestorable():
            return error.reason
        case OSError():
            return errno.errorcode.get(error.errno or 0, "EIO")
        case _:
            return "EOVERFLOW"
