"""Where blobs are, as records of 48 bytes in a table sorted by id: a million blobs take 48 MB, which forks share."""

from __future__ import annotations

import mmap
import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from app.repository.pack import PackEntry

RECORD = struct.Struct("<32sIIII")

RECORD_BYTES = RECORD.size
_FAN = 1 << 16
FAN_BYTES = 4 * (_FAN + 1)
_CROWD_RECORDS = 1365
_CROWD_BYTES = _CROWD_RECORDS * RECORD_BYTES  # more ids than this with the same first bytes are somebody's choice

TableParts = tuple[bytes, mmap.mmap, int]
"""A fan, records, and how many bytes those take."""

BlobRecord = tuple[bytes, int, int, int, int]
"""A blob's id, the number of its pack, its offset, length and plain length there: a `PackedBlob` in the raw."""

BUCKETS = 16
BUCKET_SHIFT = 4
"""From a byte to the bits that choose a bucket."""

FRESH_BYTES = 32 << 10
"""When a bucket's fresh records are to be settled."""


def encode_records(entries: Iterable[PackEntry]) -> bytes:
    """Return the records of a pack's blobs, in which its number is still missing."""
    pack = RECORD.pack
    return b"".join([pack(entry.id, 0, entry.offset, entry.length, entry.plain_length) for entry in entries])


class Bucket:
    """A growing heap of records, in mapped memory: what is freed there goes back to the system at once."""

    __slots__ = ("_filled", "_kept", "fresh")

    def __init__(self) -> None:
        self.fresh = bytearray()
        self._kept: mmap.mmap | None = None
        self._filled = 0

    def __len__(self) -> int:
        return self._filled + len(self.fresh)

    def settle(self) -> None:
        """Move the fresh records to where they take no more room than they need."""
        end = len(self)
        if self._kept is None:
            self._kept = mmap.mmap(-1, 2 * FRESH_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if end > len(self._kept):
            self._kept.resize(end + end // 2)  # address space only: no page is there before it is written
        self._kept[self._filled : end] = bytes(self.fresh)
        self._filled = end
        self.fresh.clear()

    def empty(self) -> list[bytes]:
        """Give up all records, each once, sorted."""
        self.settle()
        assert self._kept is not None
        size = RECORD_BYTES
        # A set: two index files may list the same pack.
        records = sorted({self._kept[at : at + size] for at in range(0, self._filled, size)})
        self._kept.close()
        self._kept, self._filled = None, 0
        return records


def _count(records: Sequence[bytes], counts: array[int]) -> None:
    """Note how many records begin with each two bytes; the records are sorted."""
    at = 0
    while at < len(records):
        prefix = records[at][0] << 8 | records[at][1]
        end = bisect_left(records, (prefix + 1).to_bytes(3, "big")[1:], at) if prefix < _FAN - 1 else len(records)
        counts[prefix + 1] += end - at
        at = end


def _raised(fan: array[int], prefixes: Sequence[int]) -> array[int]:
    """Return a fan to whose counts records with these first two bytes were added, sorted."""
    steps: list[bytes] = []
    done = 0
    for number, prefix in enumerate(prefixes):
        steps.append(number.to_bytes(4, sys.byteorder) * (prefix + 1 - done))
        done = prefix + 1
    steps.append(len(prefixes).to_bytes(4, sys.byteorder) * (len(fan) - done))
    # One addition of two very long numbers adds all counts at once: none of them overflows into the next.
    total = int.from_bytes(fan.tobytes(), sys.byteorder) + int.from_bytes(b"".join(steps), sys.byteorder)
    return array("I", total.to_bytes(4 * len(fan), sys.byteorder))


class BlobTable:
    """Records sorted by id, found through a fan of the first two bytes."""

    __slots__ = ("_end", "_fan", "_records")

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        """Take the records, gathered by the first bits of their ids; the buckets are emptied one by one."""
        size = RECORD_BYTES
        counts = array("I", bytes(4 * (_FAN + 1)))
        # Mapped memory of the final size: joining parts would hold everything twice.
        room = mmap.mmap(-1, max(sum(map(len, buckets)), 1), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        filled = 0
        for bucket in buckets:
            records = bucket.empty()
            room[filled : filled + len(records) * size] = b"".join(records)
            filled += len(records) * size
            _count(records, counts)
        self._fan = array("I", accumulate(counts))
        self._records = room
        self._end = filled

    def __len__(self) -> int:
        return self._end // RECORD_BYTES

    @classmethod
    def mapped(cls, fan: bytes, records: mmap.mmap, end: int) -> BlobTable:
        """Return the table of what `parts` gave; the records may lie in a file."""
        table = cls.__new__(cls)
        table._fan = array("I", fan)
        table._records = records
        table._end = end
        return table

    def parts(self) -> tuple[bytes, memoryview]:
        """Return the fan and the records."""
        return self._fan.tobytes(), memoryview(self._records)[: self._end]

    def joined(self, more: BlobTable) -> BlobTable:
        """Return a table of these records and some more, each once."""
        if not len(more):
            return self
        size = RECORD_BYTES
        room = mmap.mmap(-1, self._end + more._end, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        prefixes: list[int] = []
        at = filled = 0
        for start in range(0, more._end, size):
            record = more._records[start : start + size]
            begin, end = self._narrow(record, *self._same_beginning(record))
            if begin < end:
                continue  # two index files list the same pack
            room[filled : filled + begin - at] = self._records[at:begin]
            filled += begin - at
            at = begin
            room[filled : filled + size] = record
            filled += size
            prefixes.append(record[0] << 8 | record[1])
        room[filled : filled + self._end - at] = self._records[at : self._end]
        table = BlobTable.__new__(BlobTable)
        table._fan = _raised(self._fan, prefixes)
        table._records = room
        table._end = filled + self._end - at
        return table

    def _same_beginning(self, blob_id: bytes) -> tuple[int, int]:
        """Return the numbers of the records that share an id's first two bytes: from, to."""
        prefix = blob_id[0] << 8 | blob_id[1]
        return self._fan[prefix], self._fan[prefix + 1]

    def find(self, blob_id: bytes) -> Iterator[int]:
        """Return where the records of an id start."""
        prefix = blob_id[0] << 8 | blob_id[1]
        size = RECORD_BYTES
        at, end = self._fan[prefix] * size, self._fan[prefix + 1] * size
        if end - at > _CROWD_BYTES:
            at, end = self._narrow(blob_id, at // size, end // size)
        few = self._records[at:end]  # a search in mapped memory itself goes byte by byte
        found = -1
        while (found := few.find(blob_id, found + 1)) >= 0:
            if found % size == 0:
                yield at + found

    def _narrow(self, blob_id: bytes, first: int, last: int) -> tuple[int, int]:
        """Return where the records of an id begin and end, among those from `first` to `last`."""
        size = RECORD_BYTES

        def id_of(number: int) -> bytes:
            return self._records[number * size : number * size + len(blob_id)]

        numbers = range(first, last)
        begin = bisect_left(numbers, blob_id, key=id_of)
        return (first + begin) * size, (first + bisect_right(numbers, blob_id, lo=begin, key=id_of)) * size

    def first(self, blob_id: bytes) -> BlobRecord | None:
        """Return the first record of an id: what `find` and `read` give, at half the cost."""
        prefix = blob_id[0] << 8 | blob_id[1]
        size = RECORD_BYTES
        at, end = self._fan[prefix] * size, self._fan[prefix + 1] * size
        if end - at > _CROWD_BYTES:
            at, end = self._narrow(blob_id, at // size, end // size)
        few = self._records[at:end]
        found = few.find(blob_id)
        while found % size and found >= 0:
            found = few.find(blob_id, found + 1)
        if found < 0:
            return None
        record: BlobRecord = RECORD.unpack_from(few, found)
        return record

    def read(self, at: int) -> BlobRecord:
        record: BlobRecord = RECORD.unpack_from(self._records, at)
        return record

    def __iter__(self) -> Iterator[BlobRecord]:
        for at in range(0, self._end, _CROWD_RECORDS * RECORD_BYTES):
            yield from RECORD.iter_unpack(self._records[at : min(at + _CROWD_RECORDS * RECORD_BYTES, self._end)])
