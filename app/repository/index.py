"""The index: which pack holds which blob (source: restic design, "Indexing").

In memory each blob is one record of 48 bytes in a table sorted by id (two tables: data and trees), so that a million
blobs take 48 MB and forked workers share them.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple, Protocol

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
_CROWD_BYTES = 64 << 10  # more ids than this with the same first bytes are somebody's choice
_U32 = (1 << 32) - 1


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
    try:
        index = _decoder.decode(data)
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=file, reason="not-an-index") from exc
    del data
    for pack in index.packs:
        yield PackContents(PackId(_binary_id(pack.id, file)), tuple(_entry(blob, file) for blob in pack.blobs))


def _entry(blob: _BlobJson, file: str) -> PackEntry:
    if blob.type not in ("data", "tree"):
        raise RepositoryDamaged(file=file, reason="blob-type")
    most = (TREE_LIMIT if blob.type == "tree" else MAX_BLOB) + OVERHEAD
    if not (OVERHEAD <= blob.length <= most and 0 <= blob.uncompressed_length <= most and 0 <= blob.offset <= _U32):
        raise RepositoryDamaged(file=file, reason="blob-place")
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


class _Table:
    """Records sorted by id, found through a fan of the first two bytes."""

    __slots__ = ("_fan", "_records")

    def __init__(self, buckets: Sequence[bytearray]) -> None:
        sorted_parts: list[bytes] = []
        counts = array("I", bytes(4 * (_FAN + 1)))
        size = _RECORD.size
        for bucket in buckets:
            # A set: two index files may list the same pack.
            records = sorted({bytes(bucket[at : at + size]) for at in range(0, len(bucket), size)})
            bucket.clear()
            sorted_parts.append(b"".join(records))
            for record in records:
                counts[(record[0] << 8 | record[1]) + 1] += 1
        self._fan = array("I", accumulate(counts))
        self._records = b"".join(sorted_parts)

    def __len__(self) -> int:
        return len(self._records) // _RECORD.size

    def find(self, blob_id: bytes) -> Iterator[int]:
        """Return where the records of an id start."""
        prefix = blob_id[0] << 8 | blob_id[1]
        size = _RECORD.size
        at, end = self._fan[prefix] * size, self._fan[prefix + 1] * size
        if end - at > _CROWD_BYTES:
            at, end = self._narrow(blob_id, at // size, end // size)
        while (at := self._records.find(blob_id, at, end)) >= 0:
            if at % size == 0:
                yield at
            at += 1

    def _narrow(self, blob_id: bytes, first: int, last: int) -> tuple[int, int]:
        """Return where the records of an id begin and end, among those from `first` to `last`."""
        size = _RECORD.size

        def id_of(number: int) -> bytes:
            return self._records[number * size : number * size + len(blob_id)]

        numbers = range(first, last)
        begin = bisect_left(numbers, blob_id, key=id_of)
        return (first + begin) * size, (first + bisect_right(numbers, blob_id, lo=begin, key=id_of)) * size

    def read(self, at: int) -> tuple[bytes, int, int, int, int]:
        record: tuple[bytes, int, int, int, int] = _RECORD.unpack_from(self._records, at)
        return record

    def __iter__(self) -> Iterator[tuple[bytes, int, int, int, int]]:
        return _RECORD.iter_unpack(self._records)


class StoredPack(msgspec.Struct, frozen=True, gc=False):
    """A pack that is durable at the backend: its JSON for the index, its size, how many blobs it holds."""

    index_json: str
    stored_bytes: int
    blobs: int
    members: int = 1
    """Of a mirror: the bits of the repositories that have it."""


class BlobFinder(Protocol):
    """What storing asks of an index."""

    def missing(self, blob_id: BlobId, is_tree: bool) -> int: ...

    def __contains__(self, key: tuple[BlobId, bool]) -> bool: ...


class Index:
    """Every blob that the repository's index files list. Immutable; safe for threads and forked processes."""

    def __init__(self, files: Iterable[Iterable[PackContents]] = ()) -> None:
        numbers: dict[PackId, int] = {}
        data = [bytearray() for _ in range(256)]
        trees = [bytearray() for _ in range(256)]
        for contents in files:
            for pack, entries in contents:
                number = numbers.setdefault(pack, len(numbers))
                for entry in entries:
                    bucket = trees if entry.is_tree else data
                    bucket[entry.id[0]] += _RECORD.pack(
                        entry.id, number, entry.offset, entry.length, entry.plain_length
                    )
        self._packs: tuple[PackId, ...] = tuple(numbers)
        self._data = _Table(data)
        self._trees = _Table(trees)

    def __len__(self) -> int:
        return len(self._data) + len(self._trees)

    @property
    def packs(self) -> tuple[PackId, ...]:
        """The packs that are listed."""
        return self._packs

    def lookup(self, blob_id: BlobId, is_tree: bool = False) -> PackedBlob | None:
        """Return where a blob is, None when it is nowhere."""
        table = self._trees if is_tree else self._data
        for at in table.find(blob_id):
            return self._place(table.read(at), is_tree)
        return None

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
        return next((self._trees if is_tree else self._data).find(blob_id), None) is not None

    def blobs(self) -> Iterator[tuple[BlobId, PackedBlob]]:
        """Yield every blob and its place, data first, sorted by id."""
        for table, is_tree in ((self._data, False), (self._trees, True)):
            for record in table:
                yield BlobId(record[0]), self._place(record, is_tree)

    def by_pack(self) -> dict[PackId, list[PackEntry]]:
        """Return the blobs of every pack, sorted by offset (for a check; takes memory for each blob)."""
        packs: dict[PackId, list[PackEntry]] = {pack: [] for pack in self._packs}
        for blob_id, place in self.blobs():
            packs[place.pack].append(PackEntry(blob_id, place.is_tree, place.offset, place.length, place.plain_length))
        for entries in packs.values():
            entries.sort(key=lambda entry: entry.offset)
        return packs

    def _place(self, record: tuple[bytes, int, int, int, int], is_tree: bool) -> PackedBlob:
        _, number, offset, length, plain_length = record
        return PackedBlob(self._packs[number], offset, length, plain_length, is_tree)
