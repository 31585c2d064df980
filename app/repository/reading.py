"""Reading source files: each becomes blobs and the JSON of its node."""

from __future__ import annotations

import errno
import grp
import mmap
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from app.repository.model import BlobId, Node, NodeType
from app.repository.novelty import KNOWN, Novelty
from app.repository.storing import BlobStore
from app.repository.trees import encode_file, node_type

if TYPE_CHECKING:
    from pyfastcdc import FastCDC as Chunker

SMALL_FILE = 512 << 10
"""Smaller files are one blob."""

_AVERAGE_CHUNK = 1 << 20
_LARGEST_CHUNK = 3 << 20
_BUFFER = 2 * _LARGEST_CHUNK
_HOLE = memoryview(mmap.mmap(-1, _LARGEST_CHUNK, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ))
_BLOCK = 512  # what st_blocks counts, whatever the file system
_TICK_NS = 10_000_000  # CONFIG_HZ=100, the slowest usual kernel
_COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE: what files are stamped with; the module has no name for it
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_NO_ATTRIBUTES = {errno.ENOTSUP, errno.ENODATA, errno.ENOSYS, errno.EACCES, errno.EPERM, errno.EINVAL}


class SourceChanged(Exception):
    """A file became something else between listing and opening, or kept changing while it was read."""


class FileReader:
    """Reads files into a blob store. For one thread; its buffer is reused.

    `on_bytes` hears how many bytes each blob brought; it may raise Cancelled.
    """

    def __init__(self, store: BlobStore, *, seed: int, on_bytes: Callable[[int], None]) -> None:
        self._store = store
        self._on_bytes = on_bytes
        self._seed = seed
        self._chunker: Chunker | None = None  # made at the first large file
        self._buffer: bytearray | None = None  # made at the first large file
        self._zeros_id: BlobId | None = None
        self.novelty: Novelty = KNOWN
        """Of the file that was read last."""

    def read(self, path: bytes) -> tuple[str, bool]:
        """Return the JSON of a file's node, and whether the file held still while it was read.

        One that changed is read a second time. The node carries the times from before the reading, so that the
        next back-up notices. Raises OSError when it cannot be read, SourceChanged when it is no longer a file.
        """
        self.novelty = KNOWN
        fd = open_quietly(path)
        try:
            for _ in range(2):
                before = _settled_status(fd)
                if not stat.S_ISREG(before.st_mode):
                    raise SourceChanged
                content, size = self._read_content(fd, before.st_size)
                after = os.fstat(fd)
                steady = size == before.st_size and _stamp(before) == _stamp(after)
                if steady:
                    break
                os.lseek(fd, 0, os.SEEK_SET)
            attributes = read_attributes(fd)
        finally:
            os.close(fd)
        node_json = encode_file(
            path[path.rfind(b"/") + 1 :],
            before,
            size=size,
            user=_user_name(before.st_uid),
            group=_group_name(before.st_gid),
            content=content,
            attributes=attributes,
        )
        return node_json, steady

    def _read_content(self, fd: int, expected: int) -> tuple[tuple[BlobId, ...], int]:
        if expected >= SMALL_FILE:
            return self._read_large(fd)
        # One byte more than expected tells a file that has grown; one that has grown large is read as such.
        data = _read_up_to(fd, expected + 1)
        if len(data) > expected:
            os.lseek(fd, 0, os.SEEK_SET)
            return self._read_large(fd)
        if not data:
            return (), 0
        blob_id = self._store.store(data)
        self.novelty = max(self.novelty, self._store.novelty)
        self._on_bytes(len(data))
        return (blob_id,), len(data)

    def _judge_first(self) -> None:
        """Keep what the first blob of a file was; a file that is read again is known by then."""
        self.novelty = max(self.novelty, self._store.novelty)

    def _read_large(self, fd: int) -> tuple[tuple[BlobId, ...], int]:
        blobs: list[BlobId] = []
        size = 0
        for chunk in self._chunks(fd):
            blobs.append(self._store_zeros() if chunk is _HOLE else self._store.store(chunk))
            if len(blobs) == 1 and chunk is not _HOLE:
                self._judge_first()
            size += len(chunk)
            self._on_bytes(len(chunk))
        return tuple(blobs), size

    def _store_zeros(self) -> BlobId:
        """Store the chunk of a hole: once is enough."""
        if self._zeros_id is None:
            self._zeros_id = self._store.store(_HOLE)
        return self._zeros_id

    def _chunks(self, fd: int) -> Iterator[memoryview]:
        """Cut a file; each chunk is valid until the next one is asked for.

        Where a chunk ends depends on nothing before its start, so a chunk that the buffer's end cut short is cut
        again from its start once the buffer has been refilled. Zeros are cut at the largest size, so what lies in a
        hole is known without reading it.
        """
        if self._buffer is None:
            self._buffer = bytearray(_BUFFER)
        chunker = self._chunker = self._chunker or make_chunker(self._seed)
        view = memoryview(self._buffer)
        at = filled = 0  # `at`: where in the file the buffer's first byte lies
        ended = False
        status = os.fstat(fd)
        has_holes = status.st_blocks * _BLOCK < status.st_size
        while not ended:
            if has_holes and (holes := _hole_bytes(fd, at) // _LARGEST_CHUNK):
                for _ in range(holes):
                    yield _HOLE
                at, filled = at + holes * _LARGEST_CHUNK, 0
            while filled < _BUFFER and not ended:
                count = os.preadv(fd, [view[filled:]], at + filled)
                ended = count == 0
                filled += count
            start = 0
            for chunk in chunker.cut_buf(view[:filled]) if filled else ():
                if not ended and filled - start < _LARGEST_CHUNK:
                    break
                yield view[start : start + chunk.length]
                start += chunk.length
            rest = filled - start
            view[:rest] = view[start:filled]
            at, filled = at + start, rest


def make_chunker(seed: int) -> Chunker:
    """Return what cuts large files; a repository's polynomial is its seed."""
    from pyfastcdc import FastCDC

    return FastCDC(_AVERAGE_CHUNK, min_size=SMALL_FILE, max_size=_LARGEST_CHUNK, normalized_chunking=1, seed=seed)


def _hole_bytes(fd: int, at: int) -> int:
    """Return how many bytes from here on are a hole, 0 where the file system cannot tell."""
    try:
        return os.lseek(fd, at, os.SEEK_DATA) - at
    except OSError as exc:
        return max(os.fstat(fd).st_size - at, 0) if exc.errno == errno.ENXIO else 0  # no data from here to the end


def _read_up_to(fd: int, most: int) -> bytes:
    data = os.read(fd, most)
    if len(data) < most - 1:  # a network file system may give less than there is
        while len(data) < most and (part := os.read(fd, most - len(data))):
            data += part
    return data


def open_quietly(path: bytes) -> int:
    """Open a file for reading without following a link, waiting for a fifo, or touching its access time."""
    try:
        return os.open(path, _OPEN | os.O_NOATIME)
    except PermissionError:  # only its owner may leave the access time alone
        return os.open(path, _OPEN)


def _settled_status(fd: int) -> os.stat_result:
    """Return a file's status once its change time lies in the past.

    The kernel stamps files with a clock that ticks every few milliseconds: a change after our reading but in the same
    tick would leave the same stamp, and never be noticed.
    """
    status = os.fstat(fd)
    age_ns = time.clock_gettime_ns(_COARSE_CLOCK) - status.st_ctime_ns
    if abs(age_ns) < _TICK_NS:  # newer kernels stamp a little ahead of this clock
        time.sleep(_TICK_NS / 1e9)
        status = os.fstat(fd)
    return status


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def make_node(
    name: bytes,
    status: os.stat_result,
    *,
    content: tuple[BlobId, ...] = (),
    size: int = 0,
    subtree: BlobId | None = None,
    link_target: bytes = b"",
    attributes: tuple[tuple[str, bytes], ...] = (),
) -> Node:
    """Return the node of an entry from its status; raises KeyError for a kind that no tree can hold.

    The access time is left out (it is the modification time), as restic does: it would make every tree differ.
    """
    type_ = node_type(status.st_mode)
    is_device = type_ in (NodeType.DEVICE, NodeType.CHARDEVICE)
    return Node(
        name=name,
        type=type_,
        mode=status.st_mode,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        uid=status.st_uid,
        gid=status.st_gid,
        user=_user_name(status.st_uid),
        group=_group_name(status.st_gid),
        inode=status.st_ino,
        device_id=status.st_dev,
        size=size,
        links=status.st_nlink,
        link_target=link_target,
        device=status.st_rdev if is_device else 0,
        content=content,
        subtree=subtree,
        extended_attributes=attributes,
    )


def read_attributes(file: int | bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the extended attributes of an open file or of a path (its own, not a link's target), sorted by name.

    What cannot be read of them is left out; a place without them has none.
    """
    try:
        names = os.listxattr(file) if isinstance(file, int) else os.listxattr(file, follow_symlinks=False)
    except OSError as exc:
        if exc.errno in _NO_ATTRIBUTES:
            return ()
        raise
    if not names:
        return ()
    return tuple([(name, value) for name in sorted(names) if (value := _attribute(file, name)) is not None])


def _attribute(file: int | bytes, name: str) -> bytes | None:
    try:
        return os.getxattr(file, name) if isinstance(file, int) else os.getxattr(file, name, follow_symlinks=False)
    except OSError as exc:
        if exc.errno in _NO_ATTRIBUTES:
            return None
        raise


@lru_cache(maxsize=1024)
def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache(maxsize=1024)
def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
