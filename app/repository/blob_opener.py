"""Opening blobs as they lie in packs: decrypt, decompress, compare with the id that their plain content must have."""

from __future__ import annotations

import hashlib
import threading

from app.repository import zstd
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId
from app.repository.pack import MAX_BLOB
from app.repository.trees import TREE_LIMIT

LONGEST_BLOB = max(MAX_BLOB, TREE_LIMIT)
_begin_hash = hashlib.sha256().copy  # half the cost of a new one: OpenSSL looks the method up only once


class BlobOpener:
    """Opens many blobs of one repository, cheaply. For one thread."""

    __slots__ = ("_decompress", "_open")

    def __init__(self, master: MasterKey) -> None:
        self._open = master.opener().open
        self._decompress = zstd.Decompressor().decompress

    def open(
        self, blob_id: BlobId, sealed: bytes | memoryview, plain_length: int, *, pack: str = ""
    ) -> bytes | memoryview:
        """Return the plain content of a blob as it lies in a pack, valid until the next one is opened.

        Raises RepositoryDamaged (`file`) when it is not what its id says.
        """
        label = "data/" + pack
        plain: bytes | memoryview = self._open(sealed, file=label)
        if plain_length:
            if plain_length > LONGEST_BLOB:
                raise RepositoryDamaged(file=label, reason="blob-too-long")
            plain = self._decompress(plain, limit=plain_length, file=label)
            if len(plain) != plain_length:  # a restore makes files as long as the index says
                raise RepositoryDamaged(file=label, reason="blob-length", blob=blob_id.hex())
        digest = _begin_hash()
        digest.update(plain)
        if digest.digest() != blob_id:
            raise RepositoryDamaged(file=label, reason="blob-hash", blob=blob_id.hex())
        return plain


class ThreadTools(threading.local):
    """What opens blobs, for each thread its own."""

    def __init__(self) -> None:
        self._opener: BlobOpener | None = None

    def blob_opener(self, master: MasterKey) -> BlobOpener:
        if self._opener is None:
            self._opener = BlobOpener(master)
        return self._opener
