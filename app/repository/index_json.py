"""An index file's JSON: which packs hold which blobs (source: restic design, "Indexing")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from app.repository.crypto import OVERHEAD
from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId, PackId
from app.repository.pack import MAX_BLOB, PackEntry
from app.repository.trees import TREE_LIMIT

MAX_BLOBS_A_FILE = 40_000
"""How many blobs we list in one index file."""

INDEX_FILE_LIMIT = 256 << 20
"""The most plain bytes of an index file we accept."""

_LONGEST = {"data": MAX_BLOB + OVERHEAD, "tree": TREE_LIMIT + OVERHEAD}
_U32 = (1 << 32) - 1


class BlobJson(msgspec.Struct, gc=False):
    """One blob as an index file lists it; its id is hexadecimal."""

    id: str
    type: str
    offset: int
    length: int
    uncompressed_length: int = 0


class PackJson(msgspec.Struct):
    """One pack as an index file lists it."""

    id: str
    blobs: list[BlobJson]


class _IndexJson(msgspec.Struct):
    packs: list[PackJson]
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
    packs = decode_packs(data, file)
    del data
    for pack in packs:
        yield PackContents(PackId(binary_id(pack.id, file)), tuple(_entry(blob, file) for blob in pack.blobs))


def decode_packs(data: bytes, file: str) -> list[PackJson]:
    """Read an index file's JSON as it is written; nothing in it is verified but its shape."""
    try:
        return _decoder.decode(data).packs
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=file, reason="not-an-index") from exc


def _entry(blob: BlobJson, file: str) -> PackEntry:
    ensure_place(blob, file)
    return PackEntry(
        BlobId(binary_id(blob.id, file)), blob.type == "tree", blob.offset, blob.length, blob.uncompressed_length
    )


def binary_id(text: str, file: str) -> bytes:
    """Return the 32 bytes of an id; raises RepositoryDamaged when it is none."""
    try:
        raw = bytes.fromhex(text)
    except ValueError as exc:
        raise RepositoryDamaged(file=file, reason="not-an-id") from exc
    if len(raw) != 32 or len(text) != 64:
        raise RepositoryDamaged(file=file, reason="not-an-id")
    return raw


def ensure_place(blob: BlobJson, file: str) -> None:
    """Raise RepositoryDamaged when a blob's kind, offset or lengths cannot be."""
    most = _LONGEST.get(blob.type)
    if most is None:
        raise RepositoryDamaged(file=file, reason="blob-type")
    if not (OVERHEAD <= blob.length <= most and 0 <= blob.uncompressed_length <= most and 0 <= blob.offset <= _U32):
        raise RepositoryDamaged(file=file, reason="blob-place")
