"""The index: which pack holds which blob, of all that a repository's index files list."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import NamedTuple, Protocol, Self

import msgspec

from app.repository.blob_table import (
    BUCKET_SHIFT,
    BUCKETS,
    FRESH_BYTES,
    RECORD,
    RECORD_BYTES,
    BlobRecord,
    BlobTable,
    Bucket,
    TableParts,
)
from app.repository.index_json import BlobJson, PackContents, binary_id, decode_packs, ensure_place
from app.repository.model import BlobId, PackId
from app.repository.pack import PackEntry

PLACES_TRIED = 20
"""In how many places a blob is looked for; each costs a read."""


class PackedBlob(NamedTuple):
    """Where a blob is: `length` bytes as stored from `offset`; `plain_length` is 0 when not compressed."""

    pack: PackId
    offset: int
    length: int
    plain_length: int
    is_tree: bool


class IndexBuilder:
    """Takes in index files one by one and makes an index of them. For one thread; of no use after `tables`.

    With `base` what it takes in comes to what is in that index.
    """

    def __init__(self, base: Index | None = None) -> None:
        self._base = base
        self._numbers: dict[PackId, int] = {} if base is None else {pack: at for at, pack in enumerate(base.packs)}
        self._data = [Bucket() for _ in range(BUCKETS)]  # by the first bits of the blobs' ids
        self._trees = [Bucket() for _ in range(BUCKETS)]

    def add(self, contents: PackContents) -> None:
        pack, entries = contents
        number = self._numbers.setdefault(pack, len(self._numbers))
        for entry in entries:
            bucket = self._trees if entry.is_tree else self._data
            record = RECORD.pack(entry.id, number, entry.offset, entry.length, entry.plain_length)
            bucket[record[0] >> BUCKET_SHIFT].fresh += record
        self._settle()

    def add_file(self, data: bytes, *, file: str = "", leave_out: Container[PackId] = ()) -> None:
        """Take in an index file's JSON; raises RepositoryDamaged after the packs before the damaged one.

        The same as adding what `decode_index` yields, at half the cost: a repository may list millions of blobs.
        """
        packs = decode_packs(data, file)
        del data
        for pack in packs:
            pack_id = PackId(binary_id(pack.id, file))
            if pack_id in leave_out:
                continue
            number = self._numbers.get(pack_id, len(self._numbers))
            records = [_pack_record(blob, number, file) for blob in pack.blobs]
            for blob, record in zip(pack.blobs, records, strict=True):
                (self._trees if blob.type == "tree" else self._data)[record[0] >> BUCKET_SHIFT].fresh += record
            self._numbers[pack_id] = number
        self._settle()

    def add_records(self, pack: PackId, records: bytes, *, is_tree: bool) -> None:
        """Take in the blobs of a pack as `encode_records` gave them."""
        number = self._numbers.setdefault(pack, len(self._numbers)).to_bytes(4, "little")
        buckets = self._trees if is_tree else self._data
        for at in range(0, len(records), RECORD_BYTES):
            bucket = buckets[records[at] >> BUCKET_SHIFT]
            bucket.fresh += records[at : at + 32] + number + records[at + 36 : at + RECORD_BYTES]
        self._settle()

    def _settle(self) -> None:
        for buckets in (self._data, self._trees):
            for bucket in buckets:
                if len(bucket.fresh) >= FRESH_BYTES:
                    bucket.settle()

    def tables(self) -> tuple[tuple[PackId, ...], BlobTable, BlobTable]:
        """Return the packs by number, the table of data blobs and that of trees."""
        data, trees = BlobTable(self._data), BlobTable(self._trees)
        if self._base is not None:
            data, trees = self._base._data.joined(data), self._base._trees.joined(trees)
        return tuple(self._numbers), data, trees


def _pack_record(blob: BlobJson, number: int, file: str) -> bytes:
    ensure_place(blob, file)
    return RECORD.pack(binary_id(blob.id, file), number, blob.offset, blob.length, blob.uncompressed_length)


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
        index._packs, index._data, index._trees = packs, BlobTable.mapped(*data), BlobTable.mapped(*trees)
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
            return before + at // RECORD_BYTES
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

    def __init__(self, packs: Sequence[PackId], data: BlobTable, trees: BlobTable) -> None:
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
        blob_id, _pack, offset, length, plain_length = table.read(at * RECORD_BYTES)
        return PackEntry(BlobId(blob_id), is_tree, offset, length, plain_length)
