"""zstd with bounds: what comes out is never longer than the reader expects."""

from __future__ import annotations

import zstandard

from app.repository.errors import RepositoryDamaged

LEVEL = 1
_frame_content_size = zstandard.frame_content_size


def compress(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=False).compress(plain)


class Decompressor:
    """Decompresses many frames with one context. For one thread."""

    __slots__ = ("_context", "_decompress")

    def __init__(self) -> None:
        self._context = zstandard.ZstdDecompressor()
        self._decompress = self._context.decompress

    def decompress(self, packed: bytes | memoryview, *, limit: int, file: str = "") -> bytes:
        """Return the plain text; raises RepositoryDamaged when it is no zstd or longer than `limit` bytes.

        Works for frames with and without their size in the header (restic writes both).
        """
        try:
            size = _frame_content_size(packed)
            if size > limit:
                raise RepositoryDamaged(file=file, reason="too-long")
            if size >= 0:
                return self._decompress(packed)
            # No size in the frame: read with a bound instead of trusting it.
            with self._context.stream_reader(packed) as reader:
                plain = reader.read(limit + 1)
        except zstandard.ZstdError as exc:
            raise RepositoryDamaged(file=file, reason="zstd") from exc
        if len(plain) > limit:
            raise RepositoryDamaged(file=file, reason="too-long")
        return plain


def decompress(packed: bytes | memoryview, *, limit: int, file: str = "") -> bytes:
    """Decompress one frame; see `Decompressor.decompress`."""
    return Decompressor().decompress(packed, limit=limit, file=file)
