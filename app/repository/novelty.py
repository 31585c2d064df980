"""Whether the content of a file is new to the repository, and whether it looks as if somebody had encrypted it.

Judged by the first blob of a file alone: encrypting spoils its beginning, and the compressor has looked at it anyway.
"""

from __future__ import annotations

from typing import Final, Literal

from app.repository.crypto import Plain

Novelty = Literal[0, 1, 2]
KNOWN: Final = 0
"""The repository had it already: a file that was moved, or touched."""
FRESH: Final = 1
OPAQUE: Final = 2
"""It does not compress, and begins like no kind of file that is compressed by itself."""

_SMALLEST: Final = 256
"""Shorter texts may not compress either."""
_HARDLY: Final = 0.95
_BEGINNINGS: Final = (
    b"PK\x03\x04", b"PK\x05\x06", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"%PDF", b"\x1f\x8b", b"BZh", b"\xfd7zXZ",
    b"7z\xbc\xaf", b"Rar!", b"RIFF", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"OggS", b"fLaC",
    b"\x1aE\xdf\xa3", b"\x28\xb5\x2f\xfd", b"\xd0\xcf\x11\xe0", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\xba",
    b"\x00\x00\x01\xb3", b"wOFF", b"wOF2", b"MSCF", b"BM", b"\xff\x4f\xff\x51", b"\xff\x0a", b"!<arch>", b"MZ",
    b"\x7fELF", b"SQLite format 3",
)  # fmt: skip
_LONGEST: Final = max(map(len, _BEGINNINGS))


def novelty(plain: Plain, packed_bytes: int) -> Novelty:
    """Judge a blob that is new to the repository, and its size once compressed."""
    if len(plain) < _SMALLEST or packed_bytes < len(plain) * _HARDLY:
        return FRESH
    head = bytes(memoryview(plain)[:_LONGEST])
    # Films, photos of telephones and the like name their kind after a length.
    return FRESH if head.startswith(_BEGINNINGS) or head[4:8] == b"ftyp" else OPAQUE
