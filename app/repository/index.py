"""The index: which pack holds which blob (source: restic design, "Indexing").

In memory each blob is one record of 48 bytes in a table sorted by id (two tables: data and trees), so that a million
blobs take 48 MB and forked workers share them.
"""

from __future__ import annotations

import mmap
import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import NamedTuple, Protocol, Self

import msgspec

from app.repository.crypto import OVERHEAD
from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId, PackId
from app.repository.pack import MAX_BLOB, PackEntry
from app.repository.trees import TREE_LIMIT

MAX_BLOBS_A_FILE = 40_000
"""How many blobs we list in one index file."""

PLACES_TRIED = 20
"""In how many places a blob is looked for; each costs a read."""

INDEX_FILE_LIMIT = 256 << 20
"""The most plain bytes of an index file we accept."""

_RECORD = struct.Struct("<32sIIII")  # id, pack number, offset, length, plain length
_FAN = 1 << 16
RECORD_BYTES = _RECORD.size
FAN_BYTES = 4 * (_FAN + 1)
_CROWD_RECORDS = 1365
_CROWD_BYTES = _CROWD_RECORDS * _RECORD.size  # more ids than this with the same first bytes are somebody's choice
_U32 = (1 << 32) - 1
_LONGEST = {"data": MAX_BLOB + OVERHEAD, "tree": TREE_LIMIT + OVERHEAD}


TableParts = tuple[bytes, mmap.mmap, int]
"""A fan, records, and how many bytes those take."""

BlobRecord = tuple[bytes, int, int, int, int]
"""A blob's id, the number of its pack, its offset, length and plain length there: a `PackedBlob` in the raw."""


class PackedBlob(NamedTuple):
    """Where a blob is: `length` bytes as stored from `offset`; `plain_length` is 0 when not compressed."""

    pack: PackId
    offset: int
    length: int
    plain_length: int
    is_tree: bool


class _BlobJson(msgspec.Struct, gc=False):
    id: str
    type: str
    offset: int
    length: int
    uncompressed_length: int = 0


class _PackJson(msgspec.Struct):
    id: str
    blobs: list[_BlobJson]


class _IndexJson(msgspec.Struct):
    packs: list[_PackJson]
    supersedes: list[str] | None = None


_decoder = msgspec.json.Decoder(_IndexJson)


class PackContents(NamedTuple):
    """One pack as an index lists it."""

    pack: PackId
    entries: tuple[PackEntry, ...]


def join_packs(encoded_packs: Iterable[str]) -> bytes:
    """Return the JSON of an index file from packs that `encode_pack` made."""
    return f'{{"packs":[{",".join(encoded_packs)}]}}'.encode()


def encode_pack(contents: PackContents) -> str:
    """Return the JSON of one pack inside an index file."""
    blobs = ",".join([_encode_entry(entry) for entry in contents.entries])
    return f'{{"id":"{contents.pack.hex()}","blobs":[{blobs}]}}'


def _encode_entry(entry: PackEntry) -> str:
    plain_length = f',"uncompressed_length":{entry.plain_length}' if entry.plain_length else ""
    kind = "tree" if entry.is_tree else "data"
    return f'{{"id":"{entry.id.hex()}","type":"{kind}","offset":{entry.offset},"length":{entry.length}{plain_length}}}'


def decode_index(data: bytes, *, file: str = "") -> Iterator[PackContents]:
    """Read an index file's JSON; raises RepositoryDamaged when it is none."""
    index = _decode_json(data, file)
    del data
    for pack in index.packs:
        yield PackContents(PackId(_binary_id(pack.id, file)), tuple(_entry(blob, file) for blob in pack.blobs))


def _decode_json(data: bytes, file: str) -> _IndexJson:
    try:
        return _decoder.decode(data)
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=file, reason="not-an-index") from exc


def _entry(blob: _BlobJson, file: str) -> PackEntry:
    _check_place(blob, file)
    return PackEntry(
        BlobId(_binary_id(blob.id, file)), blob.type == "tree", blob.offset, blob.length, blob.uncompressed_length
    )


def _binary_id(text: str, file: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError as exc:
        raise RepositoryDamaged(file=file, reason="not-an-id") from exc
    if len(raw) != 32 or len(text) != 64:
        raise RepositoryDamaged(file=file, reason="not-an-id")
    return raw


_BUCKETS = 16
_BUCKET_SHIFT = 4  # from a byte to the bits that choose a bucket
_FRESH_BYTES = 32 << 10


class _Bucket:
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
            self._kept = mmap.mmap(-1, 2 * _FRESH_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if end > len(self._kept):
            self._kept.resize(end + end // 2)  # address space only: no page is there before it is written
        self._kept[self._filled : end] = bytes(self.fresh)
        self._filled = end
        self.fresh.clear()

    def empty(self) -> list[bytes]:
        """Give up all records, each once, sorted."""
        self.settle()
        assert self._kept is not None
        size = _RECORD.size
        # A set: two index files may list the same pack.
        records = sorted({self._kept[at : at + size] for at in range(0, self._filled, size)})
        self._kept.close()
        self._kept, self._filled = None, 0
        return records


class IndexBuilder:
    """Takes in index files one by one and makes an index of them. For one thread; of no use after `tables`.

    With `base` what it takes in comes to what is in that index.
    """

    def __init__(self, base: Index | None = None) -> None:
        self._base = base
        self._numbers: dict[PackId, int] = {} if base is None else {pack: at for at, pack in enumerate(base.packs)}
        self._data = [_Bucket() for _ in range(_BUCKETS)]  # by the first bits of the blobs' ids
        self._trees = [_Bucket() for _ in range(_BUCKETS)]

    def add(self, contents: PackContents) -> None:
        pack, entries = contents
        number = self._numbers.setdefault(pack, len(self._numbers))
        for entry in entries:
            bucket = self._trees if entry.is_tree else self._data
            record = _RECORD.pack(entry.id, number, entry.offset, entry.length, entry.plain_length)
            bucket[record[0] >> _BUCKET_SHIFT].fresh += record
        self._settle()

    def add_file(self, data: bytes, *, file: str = "", leave_out: Container[PackId] = ()) -> None:
        """Take in an index file's JSON; raises RepositoryDamaged after the packs before the damaged one.

        The same as adding what `decode_index` yields, at half the cost: a repository may list millions of blobs.
        """
        packs = _decode_json(data, file).packs
        del data
        for pack in packs:
            pack_id = PackId(_binary_id(pack.id, file))
            if pack_id in leave_out:
                continue
            number = self._numbers.get(pack_id, len(self._numbers))
            records = [_pack_record(blob, number, file) for blob in pack.blobs]
            for blob, record in zip(pack.blobs, records, strict=True):
                (self._trees if blob.type == "tree" else self._data)[record[0] >> _BUCKET_SHIFT].fresh += record
            self._numbers[pack_id] = number
        self._settle()

    def add_records(self, pack: PackId, records: bytes, *, is_tree: bool) -> None:
        """Take in the blobs of a pack as `encode_records` gave them."""
        number = self._numbers.setdefault(pack, len(self._numbers)).to_bytes(4, "little")
        buckets = self._trees if is_tree else self._data
        for at in range(0, len(records), _RECORD.size):
            bucket = buckets[records[at] >> _BUCKET_SHIFT]
            bucket.fresh += records[at : at + 32] + number + records[at + 36 : at + _RECORD.size]
        self._settle()

    def _settle(self) -> None:
        for buckets in (self._data, self._trees):
            for bucket in buckets:
                if len(bucket.fresh) >= _FRESH_BYTES:
                    bucket.settle()

    def tables(self) -> tuple[tuple[PackId, ...], _Table, _Table]:
        """Return the packs by number, the table of data blobs and that of trees."""
        data, trees = _Table(self._data), _Table(self._trees)
        if self._base is not None:
            data, trees = self._base._data.joined(data), self._base._trees.joined(trees)
        return tuple(self._numbers), data, trees


def encode_records(entries: Iterable[PackEntry]) -> bytes:
    """Return the records of a pack's blobs, in which its number is still missing."""
    pack = _RECORD.pack
    return b"".join([pack(entry.id, 0, entry.offset, entry.length, entry.plain_length) for entry in entries])


def _pack_record(blob: _BlobJson, number: int, file: str) -> bytes:
    length, plain_length, offset, text = blob.length, blob.uncompressed_length, blob.offset, blob.id
    most = _LONGEST.get(blob.type, 0)
    if not (OVERHEAD <= length <= most and 0 <= plain_length <= most and 0 <= offset <= _U32):
        _check_place(blob, file)  # says what is wrong
    raw = _binary_id(text, file)
    return _RECORD.pack(raw, number, offset, length, plain_length)


def _check_place(blob: _BlobJson, file: str) -> None:
    most = _LONGEST.get(blob.type)
    if most is None:
        raise RepositoryDamaged(file=file, reason="blob-type")
    if not (OVERHEAD <= blob.length <= most and 0 <= blob.uncompressed_length <= most and 0 <= blob.offset <= _U32):
        raise RepositoryDamaged(file=file, reason="blob-place")


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


class _Table:
    """Records sorted by id, found through a fan of the first two bytes."""

    __slots__ = ("_end", "_fan", "_records")

    def __init__(self, buckets: Sequence[_Bucket]) -> None:
        """Take the records, gathered by the first bits of their ids; the buckets are emptied one by one."""
        size = _RECORD.size
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
        return self._end // _RECORD.size

    @classmethod
    def mapped(cls, fan: bytes, records: mmap.mmap, end: int) -> _Table:
        """Return the table of what `parts` gave; the records may lie in a file."""
        table = cls.__new__(cls)
        table._fan = array("I", fan)
        table._records = records
        table._end = end
        return table

    def parts(self) -> tuple[bytes, memoryview]:
        """Return the fan and the records."""
        return self._fan.tobytes(), memoryview(self._records)[: self._end]

    def joined(self, more: _Table) -> _Table:
        """Return a table of these records and some more, each once."""
        if not len(more):
            return self
        size = _RECORD.size
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
        table = _Table.__new__(_Table)
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
        size = _RECORD.size
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
        size = _RECORD.size

        def id_of(number: int) -> bytes:
            return self._records[number * size : number * size + len(blob_id)]

        numbers = range(first, last)
        begin = bisect_left(numbers, blob_id, key=id_of)
        return (first + begin) * size, (first + bisect_right(numbers, blob_id, lo=begin, key=id_of)) * size

    def first(self, blob_id: bytes) -> BlobRecord | None:
        """Return the first record of an id: what `find` and `read` give, at half the cost."""
        prefix = blob_id[0] << 8 | blob_id[1]
        size = _RECORD.size
        at, end = self._fan[prefix] * size, self._fan[prefix + 1] * size
        if end - at > _CROWD_BYTES:
            at, end = self._narrow(blob_id, at // size, end // size)
        few = self._records[at:end]
        found = few.find(blob_id)
        while found % size and found >= 0:
            found = few.find(blob_id, found + 1)
        if found < 0:
            return None
        record: BlobRecord = _RECORD.unpack_from(few, found)
        return record

    def read(self, at: int) -> BlobRecord:
        record: BlobRecord = _RECORD.unpack_from(self._records, at)
        return record

    def __iter__(self) -> Iterator[BlobRecord]:
        for at in range(0, self._end, _CROWD_RECORDS * _RECORD.size):
            yield from _RECORD.iter_unpack(self._records[at : min(at + _CROWD_RECORDS * _RECORD.size, self._end)])


class StoredPack(msgspec.Struct, frozen=True, gc=False):
    """A pack that is durable at the backend: its JSON for the index, its size, how many blobs it holds."""

    index_json: str
    stored_bytes: int
    blobs: int
    members: int = 1
    """Of a mirror: the bits of the repositories that have it."""
    id: PackId = PackId(b"")
    records: bytes = b""
    """Its blobs as `encode_records` gives them; all of one kind."""
    is_tree: bool = False


class BlobFinder(Protocol):
    """What storing asks of an index."""

    def missing(self, blob_id: BlobId, is_tree: bool) -> int: ...

    def __contains__(self, key: tuple[BlobId, bool]) -> bool: ...


class Index:
    """Every blob that the repository's index files list. Immutable; safe for threads and forked processes."""

    def __init__(self, files: Iterable[Iterable[PackContents]] = ()) -> None:
        builder = IndexBuilder()
        for contents in files:
            for pack in contents:
                builder.add(pack)
        self._packs, self._data, self._trees = builder.tables()

    @classmethod
    def built(cls, builder: IndexBuilder) -> Self:
        """Return the index of all that a builder took in."""
        index = cls.__new__(cls)
        index._packs, index._data, index._trees = builder.tables()
        return index

    @classmethod
    def of_parts(cls, packs: tuple[PackId, ...], data: TableParts, trees: TableParts) -> Self:
        """Return the index of what `parts` gave; the records may lie in a file."""
        index = cls.__new__(cls)
        index._packs, index._data, index._trees = packs, _Table.mapped(*data), _Table.mapped(*trees)
        return index

    def parts(self) -> tuple[tuple[bytes, memoryview], tuple[bytes, memoryview]]:
        """Return the fan and the records of the data blobs, and those of the trees."""
        return self._data.parts(), self._trees.parts()

    def __len__(self) -> int:
        return len(self._data) + len(self._trees)

    @property
    def packs(self) -> tuple[PackId, ...]:
        """The packs that are listed."""
        return self._packs

    def lookup(self, blob_id: BlobId, is_tree: bool = False) -> PackedBlob | None:
        """Return where a blob is, None when it is nowhere."""
        record = self.record(blob_id, is_tree)
        return None if record is None else self._place(record, is_tree)

    def record(self, blob_id: BlobId, is_tree: bool = False) -> BlobRecord | None:
        """Return where a blob is as the table has it: `lookup` for who asks of a million files."""
        return (self._trees if is_tree else self._data).first(blob_id)

    def lookup_all(
        self, blob_id: BlobId, is_tree: bool = False, *, most: int | None = PLACES_TRIED
    ) -> tuple[PackedBlob, ...]:
        """Return the places that hold a blob (a blob may be stored twice), `most` of them at most."""
        table = self._trees if is_tree else self._data
        return tuple(self._place(table.read(at), is_tree) for at in islice(table.find(blob_id), most))

    def number(self, blob_id: BlobId, is_tree: bool = False) -> int | None:
        """Return where in the order of `blobs()` a blob comes first, None when it is nowhere.

        One byte for each number then tells something of every blob, where a set of ids would take a hundred.
        """
        table, before = (self._trees, len(self._data)) if is_tree else (self._data, 0)
        for at in table.find(blob_id):
            return before + at // _RECORD.size
        return None

    def missing(self, blob_id: BlobId, is_tree: bool) -> int:
        """Return 0 when a blob is stored, 1 when it is not: the bits of the repositories that lack it."""
        return 0 if (blob_id, is_tree) in self else 1

    def __contains__(self, key: tuple[BlobId, bool]) -> bool:
        """Tell whether (blob id, is_tree) is stored."""
        blob_id, is_tree = key
        return (self._trees if is_tree else self._data).first(blob_id) is not None

    def blobs(self) -> Iterator[tuple[BlobId, PackedBlob]]:
        """Yield every blob and its place, data first, sorted by id."""
        for table, is_tree in ((self._data, False), (self._trees, True)):
            for record in table:
                yield BlobId(record[0]), self._place(record, is_tree)

    def by_pack(self) -> PackListing:
        """Return the blobs of every pack, sorted by offset; they are made when asked for."""
        return PackListing(self._packs, self._data, self._trees)

    def _place(self, record: BlobRecord, is_tree: bool) -> PackedBlob:
        _, number, offset, length, plain_length = record
        return PackedBlob(self._packs[number], offset, length, plain_length, is_tree)


class PackListing(Mapping[PackId, Sequence[PackEntry]]):
    """The blobs of each pack: four bytes for each, which forked workers share, where objects would take 250."""

    def __init__(self, packs: Sequence[PackId], data: _Table, trees: _Table) -> None:
        self._numbers = {pack: number for number, pack in enumerate(packs)}
        self._data = data
        self._trees = trees
        counts = array("I", bytes(4 * (len(packs) + 1)))
        for table in (data, trees):
            for record in table:
                counts[record[1] + 1] += 1
        self._starts = array("I", accumulate(counts))
        self._order = array("I", bytes(4 * self._starts[-1]))
        free = self._starts[:]
        for position, record in enumerate(chain(data, trees)):
            pack = record[1]
            self._order[free[pack]] = position
            free[pack] += 1

    def __getitem__(self, pack: PackId) -> list[PackEntry]:
        number = self._numbers[pack]
        entries = [self._entry(at) for at in self._order[self._starts[number] : self._starts[number + 1]]]
        entries.sort(key=lambda entry: entry.offset)
        return entries

    def __iter__(self) -> Iterator[PackId]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _entry(self, position: int) -> PackEntry:
        is_tree = position >= len(self._data)
        table, at = (self._trees, position - len(self._data)) if is_tree else (self._data, position)
        blob_id, _pack, offset, length, plain_length = table.read(at * _RECORD.size)
        return PackEntry(BlobId(blob_id), is_tree, offset, length, plain_length)
