"""A large file that several workers read at once: cut here, read and stored part by part there."""

from __future__ import annotations

import os
from collections.abc import Iterator

from app.repository.cutting import HOLE, LARGEST_CHUNK, Cutter
from app.repository.model import BlobId
from app.repository.novelty import KNOWN, Novelty
from app.repository.reading import describe_file, open_quietly, read_attributes, settled_status, stamp_of
from app.repository.reading_plan import LargeFile
from app.repository.worker import FilePart, PartDone, ReadFile

_PART_BYTES = 4 << 20
_PART_CHUNKS = 4096  # a part, and its outcome, must fit into a pipe: a hole of a terabyte is many chunks of no bytes


class SplitFile:
    """One file on its way through the workers. For one thread; to be closed.

    Its chunks are those that one worker would have made of it. The cutter belongs to it until it has no more parts.
    """

    def __init__(self, number: int, file: LargeFile, cutter: Cutter) -> None:
        """Raises OSError when the file cannot be read, SourceChanged when it is no longer one."""
        self.file = file
        self._number = number
        self._path = os.path.join(file.path, file.name)
        self._fd = open_quietly(self._path)
        self._blobs: dict[int, tuple[BlobId, ...]] = {}
        self._size = self._parts_cut = self._parts_taken = self._parts_done = 0
        self._novelty: Novelty = KNOWN
        self._is_spoiled = False
        try:
            self._status = settled_status(self._fd)
            self._parts = self._cut(cutter)
            self._next_part = next(self._parts, None)
        except BaseException:
            self.close()
            raise

    @property
    def has_parts(self) -> bool:
        """Tell whether there is more to be handed out."""
        return self._next_part is not None

    @property
    def is_done(self) -> bool:
        return self._next_part is None and self._parts_done == self._parts_taken

    def take_part(self) -> FilePart:
        """Return the next part to be read; there must be one."""
        part = self._next_part
        assert part is not None
        self._parts_taken += 1
        try:
            self._next_part = None if self._is_spoiled else next(self._parts, None)
        except OSError:
            self._is_spoiled = True
            self._next_part = None
        return part

    def put(self, done: PartDone) -> None:
        """Take in what became of a part."""
        self._parts_done += 1
        if done.blobs is None:
            self._is_spoiled = True
            self._next_part = None
        else:
            self._blobs[done.number] = done.blobs
        if done.number == 0:
            self._novelty = done.novelty

    def outcome(self) -> ReadFile | None:
        """Return what came of a file that is done, None when it must be read anew as a whole."""
        if self._is_spoiled:
            return None
        try:
            is_steady = self._size == self._status.st_size and stamp_of(os.fstat(self._fd)) == stamp_of(self._status)
            attributes = read_attributes(self._fd)
        except OSError:
            return None
        if not is_steady:
            return None
        content = tuple([blob for number in range(self._parts_taken) for blob in self._blobs[number]])
        node_json = describe_file(self._path, self._status, self._size, content, attributes)
        return self.file.folder, self.file.name, node_json, self._novelty

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _cut(self, cutter: Cutter) -> Iterator[FilePart]:
        lengths: list[int] = []
        offset = filled = 0
        for chunk in cutter.chunks(self._fd):
            lengths.append(0 if chunk is HOLE else len(chunk))
            filled += lengths[-1]
            self._size += lengths[-1] or LARGEST_CHUNK
            if filled >= _PART_BYTES or len(lengths) >= _PART_CHUNKS:
                yield self._part(offset, lengths)
                offset, filled, lengths = self._size, 0, []
        if lengths:
            yield self._part(offset, lengths)

    def _part(self, offset: int, lengths: list[int]) -> FilePart:
        part = FilePart(self._number, self._parts_cut, self._path, stamp_of(self._status), offset, tuple(lengths))
        self._parts_cut += 1
        return part
