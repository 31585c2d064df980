"""Reading many blobs from packs: one read for blobs that lie close together, and a second try for each alone."""

from __future__ import annotations

from app.repository.backend.base import FileKind
from app.repository.damage import is_damage
from app.repository.errors import BackendError, RepositoryDamaged
from app.repository.index import PackedBlob
from app.repository.model import BlobId, PackId
from app.repository.repository import Repository

READ_BYTES = 1 << 20
"""How much is read at once at most (one blob may be longer)."""

READ_GAP = 256 << 10
"""Unwanted bytes between two wanted blobs that are cheaper to read than to skip."""


class BlobReader:
    """Opens blobs of one repository; never gives out a byte that is not verified by the blob's id."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._open = repository.view_blob

    def read(self, pack: PackId, start: int, end: int) -> memoryview | None:
        """Return the bytes of a pack from `start` to `end`, None when they cannot be read."""
        try:
            return memoryview(self._repository.backend.load_range(FileKind.PACK, pack.hex(), start, end - start))
        except (BackendError, RepositoryDamaged) as exc:
            if not is_damage(self._repository, exc):
                raise
            return None

    def open(
        self, blob_id: BlobId, place: PackedBlob, read: memoryview | None, start: int
    ) -> bytes | memoryview | None:
        """Return a blob's content from bytes that `read` gave from `start` on, None when it is damaged.

        What is not whole there is looked for at every other place that the index knows. A view is valid until the
        next blob is opened.
        """
        sealed = None if read is None else read[place.offset - start : place.offset - start + place.length]
        return self.open_sealed(blob_id, sealed, place.plain_length, place.pack.hex())

    def open_sealed(
        self, blob_id: BlobId, sealed: memoryview | None, plain_length: int, pack: str
    ) -> bytes | memoryview | None:
        """Do what `open` does with a blob as it was read from a pack (by its name)."""
        if sealed is not None:
            try:
                return self._open(blob_id, sealed, plain_length, pack=pack)
            except RepositoryDamaged:
                pass  # the blob alone, and its other places, are still to be tried
        try:
            return self._repository.load_blob(blob_id)
        except (BackendError, RepositoryDamaged) as exc:
            if not is_damage(self._repository, exc):
                raise
            return None
