"""Looking at the source while a key is derived, from both ends: a forked helper at the front, this process at the back.

What is seen is a glance at each folder: enough for one whose own entries are as they were. It is only ever compared
with what the back-up before saw; whatever is missing or different is looked at by the back-up itself.
"""

from __future__ import annotations

import contextlib
import marshal
import mmap
import os
import signal
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from app.repository.scan import Glance, Scanner, is_folder

if TYPE_CHECKING:
    from typing import Self

_MOST_GLANCES = 20_000
_ROOTS = 24  # parts of the source that are dealt out
_FRAME = struct.Struct("<IQ")  # number of the part, bytes that follow
_FREE, _OURS, _HELPERS = 0, 1, 2


class Ahead:
    """Glances by path; `get` waits for one that the helper is about to send. For one thread; to be closed."""

    def __init__(self) -> None:
        self._glances: dict[bytes, Glance] = {}
        self._roots: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._taken: mmap.mmap | None = None
        self._helper = 0
        self._pipe = -1

    def __len__(self) -> int:
        return len(self._glances)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._glances)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def get(self, path: bytes) -> Glance | None:
        """Return the glance at a folder, None when there is none and will be none."""
        if (number := self._numbers.get(path)) is not None:
            self._await(number)
        return self._glances.pop(path, None)

    def look(self, scanner: Scanner, paths: Sequence[bytes], *, until: Callable[[], bool], with_helper: bool) -> None:
        """Look at the folders of the paths for as long as `until` is false."""
        folders: list[tuple[bytes, int]] = []
        for path in sorted({os.path.abspath(path) for path in paths}):
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                if is_folder(status):
                    folders.append((path, status.st_dev))
        if with_helper:
            folders = self._deal_out(scanner, folders, until)
        for number in reversed(range(len(folders))):
            if until() or not self._take(number, _OURS):
                break
            _look_below(scanner, folders[number], self._glances, until)

    def close(self) -> None:
        """End the helper, if there is one."""
        self._numbers.clear()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        if self._helper:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._helper, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._helper, 0)
            self._helper = 0

    # --- the helper --------------------------------------------------------------------------------------------

    def _deal_out(
        self, scanner: Scanner, folders: list[tuple[bytes, int]], until: Callable[[], bool]
    ) -> list[tuple[bytes, int]]:
        """Look at the uppermost folders, fork a helper for what lies below them, and return that."""
        while folders and len(folders) < _ROOTS and not until():
            below: list[tuple[bytes, int]] = []
            for folder in folders:
                below += _look_at(scanner, folder, self._glances)
            folders = sorted(below)
        if len(folders) < 2:
            return folders
        self._numbers = {path: number for number, (path, _) in enumerate(folders)}
        self._taken = mmap.mmap(-1, len(folders))
        self._pipe, theirs = os.pipe()
        parent = os.getpid()
        self._helper = os.fork()
        if self._helper == 0:
            os.close(self._pipe)
            _help(scanner, folders, self._taken, theirs, parent)
        os.close(theirs)
        return folders

    def _take(self, number: int, who: int) -> bool:
        """Take a part; two who take the same one at the same moment both look at it, which does no harm."""
        if self._taken is None:
            return True
        if self._taken[number] != _FREE:
            return False
        self._taken[number] = who
        return True

    def _await(self, number: int) -> None:
        """Take in what the helper sends until it has sent this part, should it be the helper's."""
        if self._taken is None or self._take(number, _OURS):
            return
        while self._taken[number] == _HELPERS and self._pipe >= 0:
            frame = _read(self._pipe, _FRAME.size)
            sent, length = _FRAME.unpack(frame) if len(frame) == _FRAME.size else (number, -1)
            body = _read(self._pipe, length) if length >= 0 else b""
            if len(body) != length:  # it died: the back-up looks for itself
                self.close()
                return
            self._glances.update(marshal.loads(body))  # noqa: S302  from our own fork
            self._taken[sent] = _OURS


def _look_at(scanner: Scanner, folder: tuple[bytes, int], into: dict[bytes, Glance]) -> list[tuple[bytes, int]]:
    """Take a glance at a folder; return the folders in it, but for those on other file systems.

    Folders that cannot be listed whole are left to the back-up itself.
    """
    path, device = folder
    try:
        listing = scanner.list(path)
    except OSError:
        return []
    if listing.problems:
        return []
    files = size = 0
    names: list[bytes] = []
    below: list[tuple[bytes, int]] = []
    prefix = path if path.endswith(b"/") else path + b"/"
    for name, status in listing.entries:
        kind = status.st_mode & 0o170000
        if kind == stat.S_IFREG:
            files += 1
            size += status.st_size
        elif kind == stat.S_IFDIR:
            names.append(name)
            if status.st_dev == device:
                below.append((prefix + name, device))
    into[path] = (listing.signature, tuple(names), files, size)
    return below


def _look_below(
    scanner: Scanner, folder: tuple[bytes, int], into: dict[bytes, Glance], until: Callable[[], bool]
) -> None:
    """Take glances at a folder and all below it, in the order of a back-up."""
    waiting = [folder]
    while waiting and len(into) < _MOST_GLANCES and not until():
        waiting += _look_at(scanner, waiting.pop(), into)


def _help(scanner: Scanner, folders: list[tuple[bytes, int]], taken: mmap.mmap, pipe: int, parent: int) -> None:
    """The whole life of the helper; never returns. It imports nothing: another thread may have held a lock on that."""
    try:
        for number, folder in enumerate(folders):
            if taken[number] != _FREE or os.getppid() != parent:
                break
            taken[number] = _HELPERS
            glances: dict[bytes, Glance] = {}
            _look_below(scanner, folder, glances, lambda: False)
            body = marshal.dumps(glances)
            _write(pipe, _FRAME.pack(number, len(body)) + body)
    except BaseException:  # noqa: BLE001  the end of a process: the back-up looks for itself
        os._exit(1)
    os._exit(0)


def _read(pipe: int, length: int) -> bytes:
    parts: list[bytes] = []
    while length > 0 and (part := os.read(pipe, min(length, 1 << 20))):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
