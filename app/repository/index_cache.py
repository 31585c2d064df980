"""The index as it was last put together, kept on this computer: the next back-up maps it and decodes only what is new.

A file beside the scan states, for one repository. It counts while every index file it was made of is still there, and
only if it is whole; index files that have come since are added to it. Lost or stale, it costs time and nothing else.
Only back-ups use it: who checks, restores or prunes reads the repository's own index files.

Layout: check sum of all that follows (16) ‖ lengths of the head, of the data records and of the tree records
(3 × u64, little-endian) ‖ head (MessagePack: names of the index files, packs, fans) ‖ padding ‖ data records ‖
padding ‖ tree records. The records begin at whole pages, so that they can be mapped.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.repository.blob_table import FAN_BYTES, RECORD_BYTES, TableParts
from app.repository.decoding import UNDECODABLE
from app.repository.index import Index
from app.repository.model import PackId

_CHECK_BYTES = 16
_LENGTHS = struct.Struct("<QQQ")
_AT_ONCE = 1 << 20
_PAGE = mmap.ALLOCATIONGRANULARITY
_HEAD_LIMIT = 256 << 20


class _Head(msgspec.Struct, array_like=True):
    names: list[str]
    packs: list[bytes]
    data_fan: bytes
    trees_fan: bytes


_decoder = msgspec.msgpack.Decoder(_Head)


def path_of(folder: Path | str, repository_id: str) -> Path:
    """Return the file for one repository; its name begins with `kept_names.key_of` it."""
    return Path(folder) / f"{hashlib.sha256(repository_id.encode()).hexdigest()[:32]}.index"


def load(path: Path) -> tuple[frozenset[str], Index] | None:
    """Return an index and the names of the files it was made of; None when there is none, or it is not whole."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _load(fd)
    except (OSError, ValueError, OverflowError, struct.error, *UNDECODABLE):
        return None
    finally:
        os.close(fd)


def _load(fd: int) -> tuple[frozenset[str], Index] | None:
    check = os.pread(fd, _CHECK_BYTES, 0)
    if check != _check_of(fd):
        return None
    head_bytes, data_bytes, trees_bytes = _LENGTHS.unpack(os.pread(fd, _LENGTHS.size, _CHECK_BYTES))
    head_at = _CHECK_BYTES + _LENGTHS.size
    head = _decoder.decode(os.pread(fd, min(head_bytes, _HEAD_LIMIT), head_at))
    data_at = _page_after(head_at + head_bytes)
    data = _mapped(fd, data_at, data_bytes, head.data_fan)
    trees = _mapped(fd, _page_after(data_at + data_bytes), trees_bytes, head.trees_fan)
    packs = tuple([PackId(pack) for pack in head.packs])
    return frozenset(head.names), Index.of_parts(packs, data, trees)


def _mapped(fd: int, at: int, length: int, fan: bytes) -> TableParts:
    if len(fan) != FAN_BYTES or length % RECORD_BYTES:
        raise ValueError("not a table")
    if not length:
        return fan, mmap.mmap(-1, 1), 0
    return fan, mmap.mmap(fd, length, mmap.MAP_PRIVATE, mmap.PROT_READ, offset=at), length


def _check_of(fd: int) -> bytes:
    """Return the check sum of a file; read bit by bit, for what is mapped counts as our memory."""
    digest = hashlib.blake2b(digest_size=_CHECK_BYTES)
    at = _CHECK_BYTES
    while part := os.pread(fd, _AT_ONCE, at):
        digest.update(part)
        at += len(part)
    return digest.digest()


def save(path: Path, names: frozenset[str], index: Index) -> None:
    """Replace what is kept; one that cannot be kept costs only time."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(fd, "wb") as file:
                digest = hashlib.blake2b(digest_size=_CHECK_BYTES)
                file.write(bytes(_CHECK_BYTES))
                for part in _parts(names, index):
                    digest.update(part)
                    file.write(part)
                file.seek(0)
                file.write(digest.digest())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _parts(names: frozenset[str], index: Index) -> Iterator[bytes | memoryview]:
    (data_fan, data), (trees_fan, trees) = index.parts()
    head = msgspec.msgpack.encode(_Head(sorted(names), list(index.packs), data_fan, trees_fan))
    yield _LENGTHS.pack(len(head), len(data), len(trees))
    yield head
    end = _CHECK_BYTES + _LENGTHS.size + len(head)
    yield bytes(_page_after(end) - end)
    yield data
    yield bytes(-len(data) % _PAGE)
    yield trees


def _page_after(at: int) -> int:
    return -(-at // _PAGE) * _PAGE
