"""Cutting large files into chunks where their content says so, so that what was inserted moves no other cut."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyfastcdc import FastCDC as Chunker

SMALL_FILE: Final = 512 << 10
"""Smaller files are one blob."""

LARGEST_CHUNK: Final = 3 << 20

HOLE: Final = memoryview(mmap.mmap(-1, LARGEST_CHUNK, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ))
"""What stands for a chunk of zeros that need not be read; it is known by being this very object."""

_AVERAGE_CHUNK = 1 << 20
_BUFFER = 2 * LARGEST_CHUNK
_BLOCK = 512  # what st_blocks counts, whatever the file system


class Cutter:
    """Cuts one file after another. For one thread; its buffer is reused.

    A repository's polynomial is the seed: in one repository the same content is always cut alike.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._chunker: Chunker | None = None  # made, as the buffer, for the first file
        self._buffer: bytearray | None = None

    def chunks(self, fd: int) -> Iterator[memoryview]:
        """Cut a file; each chunk is valid until the next one is asked for.

        Where a chunk ends depends on nothing before its start, so a chunk that the buffer's end cut short is cut
        again from its start once the buffer has been refilled. Zeros are cut at the largest size, so what lies in a
        hole is known without reading it.
        """
        if self._buffer is None:
            self._buffer = bytearray(_BUFFER)
        chunker = self._chunker = self._chunker or _make_chunker(self._seed)
        view = memoryview(self._buffer)
        at = filled = 0  # `at`: where in the file the buffer's first byte lies
        ended = False
        status = os.fstat(fd)
        has_holes = status.st_blocks * _BLOCK < status.st_size
        while not ended:
            if has_holes and (holes := _hole_bytes(fd, at) // LARGEST_CHUNK):
                for _ in range(holes):
                    yield HOLE
                at, filled = at + holes * LARGEST_CHUNK, 0
            while filled < _BUFFER and not ended:
                count = os.preadv(fd, [view[filled:]], at + filled)
                ended = count == 0
                filled += count
            start = 0
            for chunk in chunker.cut_buf(view[:filled]) if filled else ():
                if not ended and filled - start < LARGEST_CHUNK:
                    break
                yield view[start : start + chunk.length]
                start += chunk.length
            rest = filled - start
            view[:rest] = view[start:filled]
            at, filled = at + start, rest


def _make_chunker(seed: int) -> Chunker:
    """Return what cuts large files; a repository's polynomial is its seed."""
    from pyfastcdc import FastCDC

    return FastCDC(_AVERAGE_CHUNK, min_size=SMALL_FILE, max_size=LARGEST_CHUNK, normalized_chunking=1, seed=seed)


def _hole_bytes(fd: int, at: int) -> int:
    """Return how many bytes from here on are a hole, 0 where the file system cannot tell."""
    try:
        return os.lseek(fd, at, os.SEEK_DATA) - at
    except OSError as exc:
        return max(os.fstat(fd).st_size - at, 0) if exc.errno == errno.ENXIO else 0  # no data from here to the end
