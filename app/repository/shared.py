"""What the processes of one back-up share: counters, the stop flag, and who stores which blob.

All of it lies in anonymous memory that is mapped before the fork, so it goes away with the processes.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from app.repository.errors import Cancelled
from app.repository.model import BlobId

MOST_WORKERS = 8
_PAGE = 4096
_STOP = 0
_BYTES = 1
_FILES = _BYTES + MOST_WORKERS
ARCHIVER = MOST_WORKERS
"""The number under which the archiver itself counts files."""

_KEY = 16  # bytes of a blob id that stand for it: two that agree in 128 bits cannot be made on purpose
_PARTS = struct.Struct("<QQQ8x").unpack
_SMALLEST_LEVEL = 1 << 14
_LEVELS = 8


class Board:
    """Counters that each worker writes in its own place, and a flag that stops them all.

    `heed` is what a worker calls between two blobs besides: `Cancel.heed`, or what the archiver does when it is the
    worker itself.
    """

    def __init__(self, heed: Callable[[], None]) -> None:
        self._heed = heed
        self._memory = mmap.mmap(-1, _PAGE)
        self._words = memoryview(self._memory).cast("Q")

    def stop(self) -> None:
        self._words[_STOP] = 1

    def raise_if_stopped(self) -> None:
        """Raise Cancelled when the run is to stop; wait while it is paused."""
        if self._words[_STOP]:
            raise Cancelled
        self._heed()

    def add_bytes(self, worker: int, count: int) -> None:
        self._words[_BYTES + worker] += count

    def add_file(self, worker: int) -> None:
        self._words[_FILES + worker] += 1

    @property
    def bytes_done(self) -> int:
        return sum(self._words[_BYTES : _BYTES + MOST_WORKERS])

    @property
    def files_done(self) -> int:
        return sum(self._words[_FILES : _FILES + MOST_WORKERS + 1])

    def close(self) -> None:
        self._words.release()
        self._memory.close()


class Claims:
    """A shared set of blob ids: who claims one first stores it, the others need not.

    Several hash tables, each twice the size of the one before; the next is touched when the last is three quarters
    full, so memory grows with the number of new blobs. Past all of them (three million) every claim is granted: a
    blob may then be stored twice, which costs space and nothing else.
    """

    def __init__(self, *, between_processes: bool) -> None:
        self._lock = _lock_between_processes() if between_processes else nullcontext()
        self._memory = mmap.mmap(-1, _PAGE)
        self._counts = memoryview(self._memory).cast("Q")
        self._tables = [mmap.mmap(-1, (_SMALLEST_LEVEL << level) * _KEY) for level in range(_LEVELS)]
        # Two words for each slot. The first one of no key that is in use is 0.
        self._levels = [
            (level, memoryview(table).cast("Q"), (_SMALLEST_LEVEL << level) - 1)
            for level, table in enumerate(self._tables)
        ]

    def claim(self, blob_id: BlobId) -> bool:
        """Return whether the caller is the first, and so has to store the blob."""
        first, second, spread = _PARTS(blob_id)
        first = first or 1  # 0 means that a slot is free
        counts = self._counts
        with self._lock:
            for level, words, mask in self._levels:
                slot = spread & mask
                while found := words[2 * slot]:
                    if found == first and words[2 * slot + 1] == second:
                        return False
                    slot = (slot + 1) & mask
                if counts[level] <= mask * 3 // 4:
                    # The second word first: who dies in between leaves the slot free.
                    words[2 * slot + 1] = second
                    words[2 * slot] = first
                    counts[level] += 1
                    return True
        return True

    def close(self) -> None:
        self._counts.release()
        self._memory.close()
        for _, words, _ in self._levels:
            words.release()
        for table in self._tables:
            table.close()


def _lock_between_processes() -> AbstractContextManager[object]:
    import multiprocessing  # costs as much as looking at a thousand files, and a run with nothing to read needs none

    return multiprocessing.get_context("fork").Lock()
