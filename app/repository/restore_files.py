"""Making files below a target folder, and never anywhere else.

Every step goes through the descriptor of the folder it happens in, opened without following links, so neither a
hostile snapshot nor a link that stands in the target leads out of it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Self

from app.repository.model import BlobId, Node, NodeType
from app.repository.planned_entries import PlannedEntry
from app.repository.restore_plan import TARGET_ITSELF, PlannedFolder

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_OPEN = 128
_MOST_KNOWN = 1024
_PERMISSIONS = 0o777
_PRIVATE = 0o600
_SPARSE_FROM_BYTES = 128 << 10
_ZEROS = bytes(64 << 10)

# What a file system answers that cannot keep an owner, a mode or an attribute: the place's limit, not a problem
# of the file, whose content is whole.
_CANNOT_KEEP = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


class FolderState(Enum):
    """How a planned folder was met in the target."""

    MADE = "made"
    FOUND = "found"
    BLOCKED = "blocked"
    """Something that is no folder stands there, or a folder above is blocked."""


class Target:
    """The target folder and the planned folders below it, each opened when needed. For one process and thread.

    A forked process may go on with its copy.
    """

    def __init__(self, root: bytes, folders: Sequence[PlannedFolder]) -> None:
        os.makedirs(root, exist_ok=True)
        self._root = os.open(root, _OPEN_FOLDER)  # the target itself may be reached through a link: it was chosen
        self._folders = folders
        self._open: OrderedDict[int, int] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in (*self._open.values(), self._root):
            os.close(fd)
        self._open.clear()

    def folder(self, number: int) -> int:
        """Return the descriptor of a folder, valid until other folders have been asked for; raises OSError."""
        if (known := self._open.get(number)) is not None:
            return known
        chain: list[int] = []
        while number not in self._open and self._folders[number].parent != TARGET_ITSELF:
            chain.append(number)
            number = self._folders[number].parent
        fd = self._root if self._folders[number].parent == TARGET_ITSELF else self._open[number]
        for below in reversed(chain):
            fd = os.open(_name(self._folders[below]), _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=fd)
            self._open[below] = fd
            if len(self._open) > _MOST_OPEN:
                os.close(self._open.popitem(last=False)[1])
        return fd

    def make_folder(self, number: int) -> FolderState:
        """Make a folder, whose parent is there; raises OSError."""
        folder = self._folders[number]
        if folder.parent == TARGET_ITSELF:
            return FolderState.FOUND
        try:
            os.mkdir(_name(folder), 0o700, dir_fd=self.folder(folder.parent))
        except FileExistsError:
            try:
                self.folder(number)
            except OSError as exc:
                if exc.errno in (errno.ELOOP, errno.ENOTDIR):
                    return FolderState.BLOCKED
                raise
            return FolderState.FOUND
        return FolderState.MADE

    def finish_folder(self, number: int) -> None:
        """Give a folder its attributes, after all it holds; raises OSError."""
        node = self._folders[number].node
        if node is not None and self._folders[number].parent != TARGET_ITSELF:
            set_attributes(self.folder(number), node)


def _name(folder: PlannedFolder) -> bytes:
    return folder.path[folder.path.rfind(b"/") + 1 :]


class NewFile:
    """A file that is being written; nobody sees it under its name until `publish`, unless it is made in one go.

    A context manager: what is left without having been published is removed.
    """

    def __init__(self, folder: int, entry: PlannedEntry, *, hidden: bool, temporary: bytes = b"") -> None:
        """Make the file in an open folder; `hidden` under a temporary name. Raises OSError."""
        self._folder = folder
        self._entry = entry
        self._name = temporary or (temporary_name() if hidden or entry.replaces else entry.node.name)
        self._published = False
        self.fd = os.open(self._name, _CREATE, _PRIVATE, dir_fd=folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.fd >= 0:
            os.close(self.fd)
        if not self._published:
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._folder)

    def publish(self) -> None:
        """Set the attributes and give the file its name; raises OSError."""
        set_attributes(self.fd, self._entry.node)
        os.close(self.fd)
        self.fd = -1
        publish(self._folder, self._name, self._entry)
        self._published = True


class FileMaker:
    """Makes small files in one go, with as few calls to the system as their attributes allow.

    A new file mostly has the right owner and mode already; one look at the first of its kind in a folder tells.
    For one process and thread.
    """

    def __init__(self) -> None:
        self._is_root = os.geteuid() == 0
        self._owner = os.geteuid(), os.getegid()
        self._as_made: dict[tuple[int, int], bool] = {}  # by folder and mode: is a new file what was asked for?

    def make(self, number: int, folder: int, node: Node, content: bytes | memoryview) -> None:
        """Make a file that stands in nobody's way, in the open folder with this number; raises OSError."""
        mode = stat.S_IMODE(node.mode)
        is_ours = not self._is_root or (node.uid, node.gid) == self._owner
        # Until it has its owner nobody else may read it; and writing takes a set-uid bit away.
        is_plain = is_ours and mode <= _PERMISSIONS and not node.extended_attributes
        fd = os.open(node.name, _CREATE, mode if is_plain else _PRIVATE, dir_fd=folder)
        try:
            try:
                write_small(fd, content)
                if is_plain and self._is_as_asked(number, fd, mode):
                    _set_times(fd, node)
                else:
                    set_attributes(fd, node)
            finally:
                os.close(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(node.name, dir_fd=folder)
            raise

    def _is_as_asked(self, number: int, fd: int, mode: int) -> bool:
        known = self._as_made.get((number, mode))
        if known is None:
            made = os.fstat(fd)
            known = stat.S_IMODE(made.st_mode) == mode
            known = known and (not self._is_root or (made.st_uid, made.st_gid) == self._owner)
            if len(self._as_made) >= _MOST_KNOWN:
                self._as_made.clear()
            self._as_made[number, mode] = known
        return known


def publish(folder: int, name: bytes, entry: PlannedEntry) -> None:
    """Give a finished file its own name; raises FileExistsError rather than replace what may not be replaced."""
    if name == entry.node.name:
        return
    if not entry.replaces and exists(folder, entry.node.name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(name, entry.node.name, src_dir_fd=folder, dst_dir_fd=folder)


def temporary_name() -> bytes:
    """Return a name that nothing else has."""
    return b".vangnet-" + secrets.token_hex(8).encode() + b".part"


def exists(folder: int, name: bytes) -> bool:
    """Tell whether something, a broken link included, has this name in an open folder."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def make_special(folder: int, entry: PlannedEntry) -> None:
    """Make a symlink, fifo or device with its attributes in an open folder; raises OSError."""
    node = entry.node
    with _new_name(folder, entry) as name:
        match node.type:
            case NodeType.SYMLINK:
                os.symlink(node.link_target, name, dir_fd=folder)
            case NodeType.FIFO:
                os.mkfifo(name, 0o600, dir_fd=folder)
            case NodeType.DEVICE | NodeType.CHARDEVICE:
                os.mknod(name, stat.S_IFMT(node.mode) | 0o600, node.device, dir_fd=folder)
            case _:
                raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        _set_special_attributes(folder, node, name)


def make_link(source: int, name: bytes, folder: int, link: PlannedEntry) -> None:
    """Give a file in one open folder a further name in another; raises OSError."""
    with _new_name(folder, link) as new:
        os.link(name, new, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)


@contextlib.contextmanager
def _new_name(folder: int, entry: PlannedEntry) -> Iterator[bytes]:
    """Lend a name to make an entry under: its own, or a temporary one when it then replaces what stands there."""
    if not entry.replaces:
        yield entry.node.name
        return
    name = temporary_name()
    try:
        yield name
        publish(folder, name, entry)
    finally:
        with contextlib.suppress(FileNotFoundError):  # there still after an error, or as a link to the same file
            os.unlink(name, dir_fd=folder)


def _set_special_attributes(folder: int, node: Node, name: bytes) -> None:
    if os.geteuid() == 0:
        with _TOLERATED:
            os.chown(name, node.uid, node.gid, dir_fd=folder, follow_symlinks=False)
    # Extended attributes know no folder descriptor; the kernel's own name for it comes to the same.
    path = b"/proc/self/fd/%d/%b" % (folder, name)
    for attribute, value in node.extended_attributes:
        with _TOLERATED:
            os.setxattr(path, attribute, value, follow_symlinks=False)
    if node.type is not NodeType.SYMLINK:
        with _TOLERATED:
            os.chmod(name, stat.S_IMODE(node.mode), dir_fd=folder)
    _set_times(name, node, folder=folder)


def set_attributes(fd: int, node: Node) -> None:
    """Give an open file or folder its owner (as root), extended attributes, mode and times; raises OSError.

    In this order: a new owner clears set-uid bits and capabilities, and a read-only mode refuses attributes.
    """
    if os.geteuid() == 0:
        with _TOLERATED:
            os.fchown(fd, node.uid, node.gid)
    for attribute, value in node.extended_attributes:
        with _TOLERATED:
            os.setxattr(fd, attribute, value)
    with _TOLERATED:
        os.fchmod(fd, stat.S_IMODE(node.mode))
    _set_times(fd, node)


def _set_times(file: int | bytes, node: Node, *, folder: int | None = None) -> None:
    times_ns = (node.atime_ns, node.mtime_ns)
    try:
        if isinstance(file, int):
            os.utime(file, ns=times_ns)
        else:
            os.utime(file, ns=times_ns, dir_fd=folder, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _CANNOT_KEEP:
            raise


class _Tolerance:
    """Passes over the errors of a place that cannot keep something; far cheaper than a generator, four times a file."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, OSError) and error.errno in _CANNOT_KEEP


_TOLERATED = _Tolerance()


# --- content ---------------------------------------------------------------------------------------------------


def write_content(fd: int, content: bytes | memoryview, offset: int, *, sparse: bool) -> None:
    """Write at an offset; with `sparse`, runs of zeros are left as they are in a file of its full size already."""
    if not sparse or not _may_hold_zeros(content):
        _write_all(fd, memoryview(content), offset)
        return
    content = bytes(content)
    view, block, start = memoryview(content), len(_ZEROS), None
    for at in range(0, len(content), block):
        if content.startswith(_ZEROS[: len(content) - at], at):
            if start is not None:
                _write_all(fd, view[start:at], offset + start)
                start = None
        elif start is None:
            start = at
    if start is not None:
        _write_all(fd, view[start:], offset + start)


def write_small(fd: int, content: bytes | memoryview) -> None:
    """Write all of a new file; runs of zeros become holes."""
    if len(content) >= _SPARSE_FROM_BYTES and _may_hold_zeros(content):
        os.ftruncate(fd, len(content))
        write_content(fd, content, 0, sparse=True)
    elif content and (written := os.write(fd, content)) < len(content):
        _write_all(fd, memoryview(content)[written:], written)


def _may_hold_zeros(content: bytes | memoryview) -> bool:
    """Tell whether any whole block of zeros can be in a text: one such holds each of some bytes a block apart."""
    return not all(content[len(_ZEROS) - 1 :: len(_ZEROS)])


def _write_all(fd: int, view: memoryview, offset: int) -> None:
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def reads_back(fd: int, blobs: Sequence[tuple[BlobId, int]], offset: int) -> bool:
    """Tell whether a file holds these blobs (id, size) from an offset on, read from the disk rather than memory."""
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    for blob_id, size in blobs:
        if hashlib.sha256(os.pread(fd, size, offset)).digest() != blob_id:
            return False
        offset += size
    return True
