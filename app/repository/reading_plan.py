"""Which files are still to be read, in batches worth sending to a worker."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from app.repository.worker import Batch, FolderPart

_BATCH_BYTES = 2 << 20
_BATCH_FILES = 256
_BATCH_NAMES = 32 << 10  # bytes of names: a batch must fit into a pipe, or two processes could wait for each other
_MOST_WAITING = 20_000
_FEW_FILES = 64
_FEW_BYTES = 1 << 20
_SHARED_BYTES = 16 << 20
"""A file of fewer bytes is read by one worker: sharing it costs cutting it where its chunks are not stored."""
_SHARED_AT_ONCE_BYTES = 256 << 20
"""While there is more to look at, cutting keeps the archiver from that: only a file that takes long is worth it."""


class LargeFile(NamedTuple):
    """A file to be read that fills a batch by itself."""

    folder: int
    path: bytes
    name: bytes
    size: int

    @property
    def batch(self) -> Batch:
        return Batch((FolderPart(self.folder, self.path, (self.name,)),), 1)


class ReadingPlan:
    """A queue of batches: large files go alone and first, small ones together by folder."""

    def __init__(self) -> None:
        self._large: deque[LargeFile] = deque()
        self._small: deque[tuple[Batch, int]] = deque()  # with their bytes
        self._parts: list[FolderPart] = []
        self._files = self._bytes = self._names = 0
        self._waiting = 0
        self._bytes_planned = self._bytes_handed_out = 0
        self._closed = False

    @property
    def is_long(self) -> bool:
        """Tell whether enough waits to be read, so that looking further would only take memory."""
        return self._waiting >= _MOST_WAITING

    @property
    def is_short(self) -> bool:
        """Tell whether all that there is to read would be done sooner than workers are forked."""
        return self._closed and self._waiting <= _FEW_FILES and self._bytes_planned <= _FEW_BYTES

    @property
    def workers_needed(self) -> int:
        """Return how many workers would have something to do, should it be known."""
        if not self._closed:
            return _MOST_WAITING
        return len(self._small) + sum([max(file.size // _SHARED_BYTES, 1) for file in self._large])

    @property
    def has_batch(self) -> bool:
        return bool(self._large or self._small)

    def add_folder(self, folder: int, path: bytes, files: list[tuple[bytes, int]]) -> None:
        """Plan the files (name, size) of a folder."""
        self._waiting += len(files)
        self._bytes_planned += sum(size for _, size in files)
        names: list[bytes] = []
        for name, size in files:
            if size >= _BATCH_BYTES:
                self._large.append(LargeFile(folder, path, name, size))
                continue
            names.append(name)
            self._files += 1
            self._bytes += size
            self._names += len(name)
            if self._is_full:
                self._end_part(folder, path, names)
                names = []
                self._end_batch()
        self._end_part(folder, path, names)
        if self._closed or self._is_full:
            self._end_batch()

    def close(self) -> None:
        """Let the last batch go although it is not full: no more is to come."""
        self._closed = True
        self._end_batch()

    def next_batch(self) -> Batch:
        """Take the next batch."""
        if self._large:
            return self._take_large().batch
        batch, size = self._small.popleft()
        self._bytes_handed_out += size
        return batch

    def next_shared(self, workers: int) -> LargeFile | None:
        """Take the next file, should it be so large that one worker would still read it when the others are done."""
        least = _SHARED_BYTES if self._closed else _SHARED_AT_ONCE_BYTES
        if workers < 2 or not self._large or self._large[0].size < least:
            return None
        if self._large[0].size * workers <= self._bytes_planned - self._bytes_handed_out:
            return None
        return self._take_large()

    def _take_large(self) -> LargeFile:
        file = self._large.popleft()
        self._bytes_handed_out += file.size
        return file

    def mark_done(self, files: int) -> None:
        self._waiting -= files

    @property
    def _is_full(self) -> bool:
        return self._bytes >= _BATCH_BYTES or self._files >= _BATCH_FILES or self._names >= _BATCH_NAMES

    def _end_part(self, folder: int, path: bytes, names: list[bytes]) -> None:
        if names:
            self._parts.append(FolderPart(folder, path, tuple(names)))
            self._names += len(path)

    def _end_batch(self) -> None:
        if self._parts:
            self._small.append((Batch(tuple(self._parts), self._files), self._bytes))
        self._parts = []
        self._files = self._bytes = self._names = 0
