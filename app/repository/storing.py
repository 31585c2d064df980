"""Storing blobs: hash, leave out what is there already, compress, seal into packs, write the packs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import zstandard

from app.repository import zstd
from app.repository.blob_table import encode_records
from app.repository.crypto import Plain
from app.repository.errors import RepositoryDamaged
from app.repository.index import BlobFinder, StoredPack
from app.repository.index_json import PackContents, encode_pack
from app.repository.model import BlobId
from app.repository.novelty import FRESH, KNOWN, Novelty, novelty
from app.repository.pack import FinishedPack, PackBuilder
from app.repository.repository import Repository

PACK_BYTES = 8 << 20
"""How much a pack gathers: each worker holds one in memory, and larger ones were no faster."""

_begin_hash = hashlib.sha256().copy  # half the cost of a new one: OpenSSL looks the method up only once


class BlobStore:
    """Stores blobs of one kind. For one thread; made after a fork.

    `is_first` is asked for each blob that the index does not have, and answers whether it is ours to store.
    `on_stored` hears of every pack once it is durable.
    """

    def __init__(
        self,
        repository: Repository,
        index: BlobFinder,
        *,
        is_tree: bool,
        is_first: Callable[[BlobId], bool],
        on_stored: Callable[[StoredPack], None],
        verify: bool = False,
    ) -> None:
        self._repository = repository
        self._index = index
        self._is_tree = is_tree
        self._is_first = is_first
        self._on_stored = on_stored
        self._verify = verify
        self.novelty: Novelty = KNOWN
        """Of the data blob that was stored last."""
        self._builders: dict[int, PackBuilder] = {}
        compressor = zstandard.ZstdCompressor(level=zstd.LEVEL, write_checksum=False)
        self._compress = compressor.compress if repository.version > 1 else None

    def store(self, plain: Plain) -> BlobId:
        """Return the id of a blob that is stored, or will be with the pack being filled."""
        digest = _begin_hash()
        digest.update(plain)
        blob_id = BlobId(digest.digest())
        missing = self._index.missing(blob_id, self._is_tree)
        if not missing or not self._is_first(blob_id):
            self.novelty = KNOWN
            return blob_id
        length = len(plain)
        packed = plain if self._compress is None else self._compress(plain)
        packed_length = len(packed)
        if not self._is_tree:
            self.novelty = FRESH if self._compress is None else novelty(plain, packed_length)
        builder = self._builders.get(missing)
        if builder is None:  # an empty one is false
            builder = self._new_builder(missing)
        if packed_length < length:
            builder.add(blob_id, packed, length)
        else:
            builder.add(blob_id, plain, 0)
        if builder.is_full:
            self._write(builder, missing)
        return blob_id

    def flush(self) -> None:
        """Write the packs being filled that hold anything."""
        for missing, builder in self._builders.items():
            if len(builder):
                self._write(builder, missing)

    def _new_builder(self, missing: int) -> PackBuilder:
        """Begin packs for the blobs that these repositories (bits) lack; there is one unless this is a mirror."""
        builder = PackBuilder(self._repository.master.sealer(), target_bytes=PACK_BYTES, is_tree=self._is_tree)
        self._builders[missing] = builder
        return builder

    def _write(self, builder: PackBuilder, missing: int) -> None:
        pack = builder.finish()
        try:
            if self._verify:
                self._verify_pack(pack)
            members = self._repository.save_pack(pack.id.hex(), pack.data, missing)
            encoded = encode_pack(PackContents(pack.id, pack.entries))
            records = encode_records(pack.entries)
            blobs = len(pack.entries)
            stored = StoredPack(encoded, len(pack.data), blobs, members, pack.id, records, self._is_tree)
        finally:
            pack.data.release()
        builder.clear()
        self._on_stored(stored)

    def _verify_pack(self, pack: FinishedPack) -> None:
        """Open every blob again: a memory or processor fault must not reach the disk."""
        for entry in pack.entries:
            sealed = pack.data[entry.offset : entry.offset + entry.length]
            try:
                self._repository.open_blob(entry.id, sealed, entry.plain_length, pack=pack.id.hex())
            except RepositoryDamaged as exc:
                raise RepositoryDamaged(file=f"data/{pack.id.hex()}", reason="sealed-wrongly") from exc
            finally:
                sealed.release()
