"""Pack files: many sealed blobs and a sealed header that lists them (source: restic design, "Pack Format").

A pack is sealed blobs ‖ sealed header ‖ length of the sealed header (u32, little-endian). A header entry is
type (u8: 0 data, 1 tree, 2 compressed data, 3 compressed tree) ‖ length as stored (u32) ‖ plain length (u32, only
for compressed) ‖ blob id (32 bytes).
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import struct
from collections.abc import Iterable

import msgspec

from app.repository.crypto import OVERHEAD, MasterKey, Plain, Sealer
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId, PackId

MAX_BLOB = 64 << 20
"""The most plain bytes of one blob we accept from a repository (restic's chunks end at 8 MiB, trees may be longer)."""

MAX_PACK = 512 << 20
"""The most bytes of a pack file we accept from a repository."""

_LENGTH = struct.Struct("<I")
_BARE = struct.Struct("<BI32s")
_COMPRESSED = struct.Struct("<BII32s")
_HEADER_LIMIT = 32 << 20
_SPARE = 4 << 20  # room for one of our largest chunks and a header


class PackEntry(msgspec.Struct, frozen=True, gc=False):
    """A blob inside a pack: `length` bytes as stored from `offset`; `plain_length` is 0 when not compressed."""

    id: BlobId
    is_tree: bool
    offset: int
    length: int
    plain_length: int = 0


class FinishedPack(msgspec.Struct, frozen=True, gc=False):
    """A pack that is ready to be written: its id, its bytes (valid until the builder is used again), its blobs."""

    id: PackId
    data: memoryview
    entries: tuple[PackEntry, ...]


class PackBuilder:
    """Gathers blobs of one kind in one reusable buffer. For one thread."""

    def __init__(self, sealer: Sealer, *, target_bytes: int, is_tree: bool) -> None:
        self._sealer = sealer
        self._target_bytes = target_bytes
        self._is_tree = is_tree
        # Private anonymous memory: its pages cost nothing until a pack grows into them, and it can be resized.
        self._buffer = mmap.mmap(-1, target_bytes + _SPARE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._view = memoryview(self._buffer)
        self._used = 0
        self._entries: list[PackEntry] = []

    @property
    def is_full(self) -> bool:
        return self._used >= self._target_bytes

    def __len__(self) -> int:
        """Return the number of blobs gathered."""
        return len(self._entries)

    def add(self, blob_id: BlobId, stored: Plain, plain_length: int) -> int:
        """Seal a blob into the pack, `plain_length` being 0 when `stored` is not compressed; return its size."""
        self._make_room(len(stored) + OVERHEAD)
        length = self._sealer.seal_into(self._view, self._used, stored)
        self._list(blob_id, length, plain_length)
        return length

    def add_sealed(self, blob_id: BlobId, sealed: Plain, plain_length: int) -> None:
        """Take in a blob as it lies in another pack that was sealed with the same key."""
        self._make_room(len(sealed))
        self._buffer[self._used : self._used + len(sealed)] = sealed
        self._list(blob_id, len(sealed), plain_length)

    def _list(self, blob_id: BlobId, length: int, plain_length: int) -> None:
        self._entries.append(PackEntry(blob_id, self._is_tree, self._used, length, plain_length))
        self._used += length

    def finish(self) -> FinishedPack:
        """Add the header; the builder then starts anew with `clear`."""
        header = self._sealer.seal(encode_header(self._entries))
        tail = header + encode_length(len(header))
        self._make_room(len(tail))
        end = self._used + len(tail)
        self._buffer[self._used : end] = tail
        data = memoryview(self._buffer)[:end]
        return FinishedPack(PackId(hashlib.sha256(data).digest()), data, tuple(self._entries))

    def _make_room(self, count: int) -> None:
        if self._used + count > len(self._view):
            self._resize(self._used + count + _SPARE)

    def _resize(self, size: int) -> None:
        self._view.release()
        try:
            self._buffer.resize(size)
        finally:
            self._view = memoryview(self._buffer)

    def clear(self) -> None:
        """Forget what was gathered; the finished pack's data must have been released or written by then."""
        self._used = 0
        self._entries = []
        if len(self._view) > self._target_bytes + _SPARE:  # it held a tree as no other
            with contextlib.suppress(BufferError):
                self._resize(self._target_bytes + _SPARE)


def encode_header(entries: Iterable[PackEntry]) -> bytes:
    """Return the plain header of a pack that holds these blobs, one behind the other."""
    return b"".join([_encode_entry(entry.id, entry.is_tree, entry.length, entry.plain_length) for entry in entries])


def encode_length(length: int) -> bytes:
    """Return what stands behind a sealed header of this length."""
    return _LENGTH.pack(length)


def _encode_entry(blob_id: BlobId, is_tree: bool, length: int, plain_length: int) -> bytes:
    if plain_length:
        return _COMPRESSED.pack(is_tree + 2, length, plain_length, blob_id)
    return _BARE.pack(is_tree, length, blob_id)


def header_length(tail: bytes, pack_size: int, *, file: str = "") -> int:
    """Return the sealed header's length from the last 4 bytes of a pack; raises RepositoryDamaged out of bounds."""
    if len(tail) != _LENGTH.size:
        raise RepositoryDamaged(file=file, reason="too-short")
    (length,) = _LENGTH.unpack(tail)
    if not OVERHEAD < length <= min(pack_size - _LENGTH.size, _HEADER_LIMIT):
        raise RepositoryDamaged(file=file, reason="pack-header-length")
    return int(length)


def parse_header(master: MasterKey, sealed: Plain, pack_size: int, *, file: str = "") -> tuple[PackEntry, ...]:
    """Return the blobs of a pack from its sealed header; raises RepositoryDamaged when they do not fill the pack."""
    plain = master.open(sealed, file=file)
    entries: list[PackEntry] = []
    at = offset = 0
    while at < len(plain):
        kind = plain[at]
        entry = _COMPRESSED if kind in (2, 3) else _BARE
        if kind > 3 or at + entry.size > len(plain):
            raise RepositoryDamaged(file=file, reason="pack-header-entry")
        plain_length = 0
        if kind in (2, 3):
            _, length, plain_length, blob_id = _COMPRESSED.unpack_from(plain, at)
        else:
            _, length, blob_id = _BARE.unpack_from(plain, at)
        entries.append(PackEntry(BlobId(blob_id), kind in (1, 3), offset, length, plain_length))
        offset += length
        at += entry.size
    if offset + len(sealed) + _LENGTH.size != pack_size:
        raise RepositoryDamaged(file=file, reason="pack-header-sum")
    return tuple(entries)


def read_header(master: MasterKey, pack: Plain, *, file: str = "") -> tuple[PackEntry, ...]:
    """Return the blobs of a pack that is held whole in memory."""
    view = memoryview(pack)
    if len(view) < _LENGTH.size:
        raise RepositoryDamaged(file=file, reason="too-short")
    length = header_length(bytes(view[-_LENGTH.size :]), len(view), file=file)
    return parse_header(master, view[-length - _LENGTH.size : -_LENGTH.size], len(view), file=file)
