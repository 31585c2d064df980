"""Reading source files: each becomes blobs and the JSON of its node."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from app.repository.cutting import HOLE, LARGEST_CHUNK, SMALL_FILE, Cutter
from app.repository.model import BlobId, Node, NodeType
from app.repository.novelty import KNOWN, Novelty
from app.repository.storing import BlobStore
from app.repository.trees import encode_file, node_type

_TICK_NS = 10_000_000  # CONFIG_HZ=100, the slowest usual kernel
_COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE: what files are stamped with; the module has no name for it
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_NO_ATTRIBUTES = {errno.ENOTSUP, errno.ENODATA, errno.ENOSYS, errno.EACCES, errno.EPERM, errno.EINVAL}

FileStamp = tuple[int, int, int, int, int]
"""What a file that has not changed agrees in: device, inode, size, time of modification and of change."""


class SourceChanged(Exception):
    """A file became something else between listing and opening, or kept changing while it was read."""


class FileReader:
    """Reads files into a blob store. For one thread; its buffer is reused.

    `on_bytes` hears how many bytes each blob brought; it may raise Cancelled.
    """

    def __init__(self, store: BlobStore, *, seed: int, on_bytes: Callable[[int], None]) -> None:
        self._store = store
        self._on_bytes = on_bytes
        self._cutter = Cutter(seed)
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
                before = settled_status(fd)
                content, size = self._read_content(fd, before.st_size)
                after = os.fstat(fd)
                steady = size == before.st_size and stamp_of(before) == stamp_of(after)
                if steady:
                    break
                os.lseek(fd, 0, os.SEEK_SET)
            attributes = read_attributes(fd)
        finally:
            os.close(fd)
        return describe_file(path, before, size, content, attributes), steady

    def read_chunks(
        self, path: bytes, stamp: FileStamp, offset: int, lengths: Sequence[int]
    ) -> tuple[tuple[BlobId, ...], Novelty]:
        """Store chunks that lie one behind the other in a file; a length of 0 is a hole of the largest size.

        Return their blobs and the novelty of the first. Raises OSError when the file cannot be read, SourceChanged when
        it no longer has this stamp.
        """
        blobs: list[BlobId] = []
        first: Novelty = KNOWN
        fd = open_quietly(path)
        try:
            if stamp_of(os.fstat(fd)) != stamp:
                raise SourceChanged
            for length in lengths:
                if length:
                    blobs.append(self._store.store(_read_at(fd, offset, length)))
                else:
                    blobs.append(self._store_zeros())
                if len(blobs) == 1 and length:
                    first = self._store.novelty
                offset += length or LARGEST_CHUNK
                self._on_bytes(length or LARGEST_CHUNK)
        finally:
            os.close(fd)
        return tuple(blobs), first

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
        for chunk in self._cutter.chunks(fd):
            blobs.append(self._store_zeros() if chunk is HOLE else self._store.store(chunk))
            if len(blobs) == 1 and chunk is not HOLE:
                self._judge_first()
            size += len(chunk)
            self._on_bytes(len(chunk))
        return tuple(blobs), size

    def _store_zeros(self) -> BlobId:
        """Store the chunk of a hole: once is enough."""
        if self._zeros_id is None:
            self._zeros_id = self._store.store(HOLE)
        return self._zeros_id


def describe_file(
    path: bytes,
    status: os.stat_result,
    size: int,
    content: tuple[BlobId, ...],
    attributes: tuple[tuple[str, bytes], ...],
) -> str:
    """Return the JSON of the node of a file that was read."""
    return encode_file(
        path[path.rfind(b"/") + 1 :],
        status,
        size=size,
        user=_user_name(status.st_uid),
        group=_group_name(status.st_gid),
        content=content,
        attributes=attributes,
    )


def _read_at(fd: int, offset: int, length: int) -> bytes:
    data = os.pread(fd, length, offset)
    while len(data) < length:
        part = os.pread(fd, length - len(data), offset + len(data))
        if not part:
            raise SourceChanged
        data += part
    return data


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


def settled_status(fd: int) -> os.stat_result:
    """Return a file's status once its change time lies in the past; raises SourceChanged when it is no file.

    The kernel stamps files with a clock that ticks every few milliseconds: a change after our reading but in the same
    tick would leave the same stamp, and never be noticed.
    """
    status = os.fstat(fd)
    age_ns = time.clock_gettime_ns(_COARSE_CLOCK) - status.st_ctime_ns
    if abs(age_ns) < _TICK_NS:  # newer kernels stamp a little ahead of this clock
        time.sleep(_TICK_NS / 1e9)
        status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise SourceChanged
    return status


def stamp_of(status: os.stat_result) -> FileStamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


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
