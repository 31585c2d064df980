"""What becomes of that which stands where a restore is to put something: left, replaced, or kept under another name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Self

from app.repository.model import Node, NodeType, Overwrite
from app.repository.restore_files import Target, exists

ASIDE_SUFFIX = b".original"
_NAME_LIMIT = 255
_MOST_ASIDES = 10_000
# What a file system answers that knows no second name for a file (exFAT, SMB), or for a folder.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EMLINK, errno.EACCES}


class Room(Enum):
    """What may be done where an entry is to come."""

    FREE = "free"
    REPLACE = "replace"
    LEAVE = "leave"
    """What stands there stays, and the entry is skipped."""


def judge(there: os.stat_result, node: Node, overwrite: Overwrite, read_target: Callable[[], bytes]) -> Room:
    """Tell whether what stands in an entry's place is to give way (source: restic manual, "Restoring in-place").

    `read_target` returns the target of the link that stands there; it may raise OSError.
    """
    match overwrite:
        case "always":
            return Room.REPLACE
        case "if-newer":
            return Room.REPLACE if node.mtime_ns > there.st_mtime_ns else Room.LEAVE
        case "if-changed" | "keep":
            return Room.LEAVE if _is_unchanged(there, node, read_target) else Room.REPLACE
        case _:
            return Room.LEAVE


def _is_unchanged(there: os.stat_result, node: Node, read_target: Callable[[], bytes]) -> bool:
    if stat.S_IFMT(there.st_mode) != stat.S_IFMT(node.mode):
        return False
    match node.type:
        case NodeType.FILE:
            return there.st_size == node.size and there.st_mtime_ns == node.mtime_ns
        case NodeType.SYMLINK:
            return read_target() == node.link_target
        case _:
            return there.st_rdev == node.device


@dataclass(frozen=True, slots=True)
class _Aside:
    folder: int
    name: bytes
    kept_as: bytes
    path: bytes


class Overwriting:
    """Makes room in a target, entry by entry, before anything is written there. For one process.

    An original that is kept gets its second name first: at no moment is it without one. A context manager: what was
    not replaced after all has only its own name again.
    """

    def __init__(self, overwrite: Overwrite, target: Target) -> None:
        self._overwrite = overwrite
        self._target = target
        self._asides: list[_Aside] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()

    def settle(self) -> tuple[bytes, ...]:
        """End it; return the paths of the entries whose original is kept beside them now."""
        kept = [aside.path for aside in self._asides if self._is_kept(aside)]
        self._asides.clear()
        return tuple(kept)

    def make_room(self, folder: int, node: Node, path: bytes) -> Room:
        """Tell what may be done where an entry is to come, in the folder with this number; raises OSError."""
        try:
            there = os.stat(node.name, dir_fd=self._target.folder(folder), follow_symlinks=False)
        except FileNotFoundError:
            return Room.FREE
        room = judge(there, node, self._overwrite, partial(self._target_of, folder, node.name))
        if room is Room.REPLACE and self._overwrite == "keep":
            return self._set_aside(folder, node.name, path)
        return room

    def _target_of(self, folder: int, name: bytes) -> bytes:
        return os.readlink(name, dir_fd=self._target.folder(folder))

    def _set_aside(self, folder: int, name: bytes, path: bytes) -> Room:
        fd = self._target.folder(folder)
        for number in range(1, _MOST_ASIDES):
            kept_as = _aside_name(name, number)
            if exists(fd, kept_as):
                continue
            try:
                os.link(name, kept_as, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
            except FileExistsError:
                continue
            except OSError as exc:
                if exc.errno not in _NO_LINKS:
                    raise
                os.rename(name, kept_as, src_dir_fd=fd, dst_dir_fd=fd)
                self._asides.append(_Aside(folder, name, kept_as, path))
                return Room.FREE
            self._asides.append(_Aside(folder, name, kept_as, path))
            return Room.REPLACE
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _is_kept(self, aside: _Aside) -> bool:
        """Tell whether something else has an original's name now; if not, take its second name back."""
        try:
            return self._take_back(aside)
        except OSError:
            return True

    def _take_back(self, aside: _Aside) -> bool:
        fd = self._target.folder(aside.folder)
        kept = os.stat(aside.kept_as, dir_fd=fd, follow_symlinks=False)
        try:
            now = os.stat(aside.name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(aside.kept_as, aside.name, src_dir_fd=fd, dst_dir_fd=fd)
            return False
        if (now.st_dev, now.st_ino) != (kept.st_dev, kept.st_ino):
            return True
        os.unlink(aside.kept_as, dir_fd=fd)
        return False


def _aside_name(name: bytes, number: int) -> bytes:
    suffix = ASIDE_SUFFIX if number == 1 else ASIDE_SUFFIX + b"-%d" % number
    return name[: _NAME_LIMIT - len(suffix)] + suffix
