"""A repository in a folder: a USB disk, an internal disk, a mounted share (source: restic design, "Repository Layout").

Nothing is ever seen half under its final name: temporary file, fsync, rename, fsync of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from app.repository.backend import direct
from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.naming import SWEPT, is_name, is_temporary, label, path_of, temporary_name
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendUnavailable,
    FileMissing,
    RepositoryDamaged,
)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_GONE = {errno.EIO, errno.ENOTCONN, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN, errno.EHOSTDOWN}
_GONE |= {errno.ETIMEDOUT, errno.ENOMEDIUM, errno.ENOTDIR}
# What a file system answers that knows no fsync of folders, or none at all (exFAT, SMB, FUSE).
_NO_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM}

# What refers to other files is gone for good before those may go: else a power cut could bring it back without them.
_REFERRING = {FileKind.SNAPSHOT, FileKind.INDEX}


class LocalBackend:
    """Keeps the files under one folder; packs in 256 sub-folders named by their first byte."""

    shared_by_fork = True

    def __init__(self, root: str | bytes | os.PathLike[str]) -> None:
        self._root = os.path.abspath(os.fsencode(root))

    @property
    def location(self) -> str:
        return os.fsdecode(self._root).encode(errors="replace").decode()

    def create(self) -> None:
        with self._mapped("create"):
            above = list(_above_what_is_missing(self._root))
            for kind in FileKind:
                if kind is not FileKind.CONFIG:
                    os.makedirs(self._folder(kind), mode=0o700, exist_ok=True)
            for number in range(256):
                os.makedirs(self._folder(FileKind.PACK, f"{number:02x}"), mode=0o700, exist_ok=True)
            for folder in (self._folder(FileKind.PACK), self._root, *above):
                _sync_folder(folder)

    def exists(self, kind: FileKind, name: str = "") -> bool:
        with self._mapped("exists", kind, name):
            try:
                return stat.S_ISREG(os.stat(self._path(kind, name)).st_mode)
            except FileNotFoundError:
                return False

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        with self._mapped("load", kind, name), self._opened(kind, name) as (fd, size):
            if size > limit:
                raise RepositoryDamaged(file=label(kind, name), reason="too-long")
            return _read_exactly(fd, 0, size, kind, name)

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        # Without the context managers of the others: a restore or a check comes here for every folder.
        try:
            fd = os.open(self._path(kind, name), _TO_READ)
            try:
                status = os.fstat(fd)
                if not stat.S_ISREG(status.st_mode):
                    raise RepositoryDamaged(file=label(kind, name), reason="not-a-file")
                if offset + length > status.st_size:  # before memory for that length is taken
                    raise RepositoryDamaged(file=label(kind, name), reason="too-short")
                return _read_exactly(fd, offset, length, kind, name)
            finally:
                os.close(fd)
        except OSError as exc:
            raise self._error(exc, "load", kind, name) from exc

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        path = self._path(kind, name)
        with self._mapped("save", kind, name):
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_size == len(data):
                    return
            temporary = os.path.join(os.path.dirname(path), temporary_name().encode())
            try:
                self._write(temporary, data, durable=kind is not FileKind.LOCK)
                os.rename(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            # A lock need not survive a power cut: its holder would not either.
            if kind is not FileKind.LOCK:
                self._sync_name(kind, path)

    def remove(self, kind: FileKind, name: str) -> None:
        path = self._path(kind, name)
        with self._mapped("remove", kind, name):
            os.unlink(path)
            if kind in _REFERRING:
                _sync_folder(os.path.dirname(path))

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        with self._mapped("list", kind):
            if kind is FileKind.CONFIG:
                entries = [(b"", self._path(kind, ""))]
            elif kind is FileKind.PACK:
                entries = [(name, os.path.join(self._folder(kind), name)) for name in os.listdir(self._folder(kind))]
            else:
                entries = [(b"", self._folder(kind))]
            found = [info for _, path in entries for info in _list_folder(path, kind)]
        yield from found

    def free_bytes(self) -> int | None:
        with self._mapped("free"):
            space = os.statvfs(self._root)
            return space.f_bavail * space.f_frsize

    def close(self) -> None:
        """Nothing is held open between calls."""

    def remove_leftovers(self) -> int:
        freed = 0
        with self._mapped("remove"):
            for kind in SWEPT:
                for folder, _, names in os.walk(self._folder(kind)):
                    for name in names:
                        if is_temporary(os.fsdecode(name)):
                            path = os.path.join(folder, name)
                            freed += os.stat(path).st_size
                            os.unlink(path)
        return freed

    # --- inside ---

    @contextlib.contextmanager
    def _opened(self, kind: FileKind, name: str) -> Iterator[tuple[int, int]]:
        """Lend a descriptor of a file and its size."""
        fd = os.open(self._path(kind, name), _TO_READ)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise RepositoryDamaged(file=label(kind, name), reason="not-a-file")
            yield fd, status.st_size
        finally:
            os.close(fd)

    def _folder(self, kind: FileKind, *names: str) -> bytes:
        return os.path.join(self._root, kind.value.encode(), *(name.encode() for name in names))

    def _path(self, kind: FileKind, name: str) -> bytes:
        return os.path.join(self._root, path_of(kind, name).encode())

    def _sync_name(self, kind: FileKind, path: bytes) -> None:
        """Make a file's new name durable; take it away again when that fails, for the caller counts it as not there."""
        try:
            _sync_folder(os.path.dirname(path))
        except OSError:
            if kind is not FileKind.CONFIG:  # the one that takes the place of another
                with contextlib.suppress(OSError):
                    os.unlink(path)
            raise

    def _write(self, path: bytes, data: bytes | bytearray | memoryview, *, durable: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            fd = os.open(path, flags, 0o600)
        except FileNotFoundError:
            # The sub-folder of a pack may be missing (other tools make them as needed); the root may not.
            if not os.path.isdir(self._folder(FileKind.PACK)):
                raise
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            _sync_folder(self._folder(FileKind.PACK))
            fd = os.open(path, flags, 0o600)
        try:
            with memoryview(data) as view:
                written = 0
                if len(view) >= direct.WORTH_IT and direct.pays_at(os.fstat(fd).st_dev, os.path.dirname(path)):
                    written = direct.write_direct(fd, view)
                while written < len(view):
                    written += os.write(fd, view[written:])
            if durable:
                _sync(fd)
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _mapped(self, operation: str, kind: FileKind | None = None, name: str = "") -> Iterator[None]:
        """Turn the system's errors into ours: the one border."""
        try:
            yield
        except OSError as exc:
            raise self._error(exc, operation, kind, name) from exc

    def _error(self, exc: OSError, operation: str, kind: FileKind | None, name: str) -> BackendError:
        reason = errno.errorcode.get(exc.errno or 0, "EIO")
        data: dict[str, object] = {"location": self.location, "operation": operation, "reason": reason}
        if kind is not None:
            data["file"] = label(kind, name)
        if exc.errno in _FULL:
            free = None
            with contextlib.suppress(OSError):
                free = os.statvfs(self._root).f_bavail * os.statvfs(self._root).f_frsize
            return BackendFull(**data, free_bytes=free)
        if exc.errno == errno.EROFS or (exc.errno in (errno.EACCES, errno.EPERM) and operation != "load"):
            return BackendReadOnly(**data)
        if exc.errno == errno.ENOENT:
            here = os.path.isdir(self._root) if kind is FileKind.CONFIG else self._is_laid_out()
            if here and operation in ("load", "remove"):
                return FileMissing(**data)
            return BackendUnavailable(**data)
        if exc.errno in _GONE:
            return BackendUnavailable(**data)
        return BackendError(**data)

    def _is_laid_out(self) -> bool:
        """Tell whether the repository's folders are there: an empty mount folder is not a repository with no files."""
        return os.path.isdir(self._folder(FileKind.PACK))


# On somebody else's stick a pipe may stand there: it would have us wait for ever.
_TO_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def _above_what_is_missing(path: bytes) -> Iterator[bytes]:
    """Yield the folders that get a new entry when a folder is made, from the lowest up."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
        yield path


def _list_folder(path: bytes, kind: FileKind) -> list[FileInfo]:
    if kind is FileKind.CONFIG:
        return [FileInfo("", os.stat(path).st_size)] if os.path.isfile(path) else []
    infos: list[FileInfo] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = os.fsdecode(entry.name)
                if is_name(name) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):  # another process has just removed it
                        infos.append(FileInfo(name, entry.stat(follow_symlinks=False).st_size))
    except NotADirectoryError:
        if kind is not FileKind.PACK:
            raise
    return infos


def _read_exactly(fd: int, offset: int, length: int, kind: FileKind, name: str) -> bytes:
    parts: list[bytes] = []
    while length > 0:
        part = os.pread(fd, min(length, 1 << 30), offset)
        if not part:
            raise RepositoryDamaged(file=label(kind, name), reason="too-short")
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _sync(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as exc:
        if exc.errno not in _NO_FSYNC:
            raise


def _sync_folder(path: bytes) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _sync(fd)
    finally:
        os.close(fd)
