"""A folder on a disk that fails on order, as a real file system (FUSE): errors, short writes, slowness, a journal.

Run as a program it serves one mount: `faultfs.py ROOT MOUNT CONTROL JOURNAL`. What lies in ROOT is seen at MOUNT.
CONTROL is JSON (`Order`), read again whenever it changes. JOURNAL takes what was asked of the disk, in order (`Event`),
from the moment the order says `journal`: from it a test knows what a power cut would have left.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

Operation = Literal["open", "create", "read", "write", "fsync", "rename", "unlink", "readdir", "mkdir", "fsyncdir"]


@dataclass(frozen=True, slots=True)
class Order:
    """What goes wrong: `operations` on paths that match fail with an errno, past `after_bytes` and `after_calls`.

    Without an errno nothing fails. `delay_s` holds them up. `short` has every write take only a part.
    """

    operations: tuple[Operation, ...] = ()
    error: str = ""
    path: str = ""
    after_bytes: int = 0
    after_calls: int = 0
    delay_s: float = 0.0
    short: bool = False
    journal: bool = False


class Event(NamedTuple):
    """One thing that the disk was asked for; `file` is a number that a file keeps under whatever name."""

    what: Literal["base", "create", "mkdir", "write", "truncate", "fsync", "rename", "unlink", "rmdir", "fsyncdir"]
    path: str = ""
    file: int = 0
    offset: int = 0
    data: bytes = b""
    new_path: str = ""


class FaultyFolder:
    """A served folder: `folder` may fail, `beneath` is the same without faults."""

    def __init__(self, base: Path) -> None:
        self.beneath = base / "beneath"
        self.folder = base / "disk"
        self._control = base / "control.json"
        self._journal = base / "journal"
        for folder in (self.beneath, self.folder):
            folder.mkdir(parents=True)
        self.heal()
        places = (self.beneath, self.folder, self._control, self._journal)
        self._server = subprocess.Popen([sys.executable, __file__, *map(str, places)])
        deadline = time.monotonic() + 10
        while not self.folder.is_mount():
            assert self._server.poll() is None, "faultfs did not start (PyPI mfusepy, Debian fuse3, as root)"
            assert time.monotonic() < deadline, "faultfs did not mount"
            time.sleep(0.02)

    def order(self, order: Order) -> None:
        """Have something go wrong from now on; counts start anew."""
        temporary = self._control.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(order)))
        temporary.rename(self._control)

    def heal(self) -> None:
        """Work as usual again."""
        self.order(Order())

    @contextlib.contextmanager
    def failing(self, order: Order) -> Iterator[None]:
        self.order(order)
        try:
            yield
        finally:
            self.heal()

    def events(self) -> list[Event]:
        """Return the journal so far."""
        found = []
        with self._journal.open("rb") as journal, contextlib.suppress(EOFError):
            while True:
                found.append(Event(*pickle.load(journal)))
        return found

    def kill(self) -> None:
        """End the server at once: the mount is dead from then on."""
        self._server.kill()
        self._server.wait(5)

    def clean_up(self) -> None:
        subprocess.run(["fusermount3", "-u", "-z", str(self.folder)], check=False, capture_output=True)
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait(5)


def serve(root: str, mount: str, control: str, journal_path: str) -> None:
    """Serve a folder until it is unmounted."""
    import mfusepy as fuse

    with open(journal_path, "wb") as journal:
        # One thread: the journal is in the order of what happened.
        fuse.FUSE(_make_server(fuse.Operations, Path(root), Path(control), journal), mount, foreground=True,
                  nothreads=True, attr_timeout=0, entry_timeout=0)  # fmt: skip


def _make_server(operations: type, root: Path, control: Path, journal: BinaryIO) -> object:
    import mfusepy as fuse

    class Server(operations):  # type: ignore[misc]  # the wheel's class is known only here
        """Passes on to the folder beneath, keeps the journal, and fails as ordered."""

        use_ns = True

        def __init__(self) -> None:
            self._order = Order()
            self._control_seen = 0
            self._bytes = self._calls = 0
            self._files: dict[str, int] = {}
            self._open: dict[int, int] = {}
            self._next_file = 1

        # --- orders and journal ---

        def _beneath(self, path: str) -> str:
            return f"{root}{path}"

        def _meet(self, operation: Operation, path: str, size: int = 0) -> None:
            order = self._read_order()
            if operation not in order.operations or not re.search(order.path, path):
                return
            time.sleep(order.delay_s)
            self._bytes += size
            self._calls += 1
            if order.error and self._bytes >= order.after_bytes and self._calls > order.after_calls:
                raise fuse.FuseOSError(getattr(errno, order.error))

        def _read_order(self) -> Order:
            changed = control.stat().st_mtime_ns
            if changed != self._control_seen:
                was = self._order.journal
                self._control_seen = changed
                self._order = Order(**json.loads(control.read_text()))
                self._bytes = self._calls = 0
                if self._order.journal and not was:
                    self._begin_journal()
            return self._order

        def _begin_journal(self) -> None:
            for folder, _, names in os.walk(root):
                at = folder.removeprefix(str(root))
                self._note(Event("base", at or "/"))
                for name in names:
                    path = f"{at}/{name}"
                    self._note(Event("base", path, self._file_of(path), 0, Path(folder, name).read_bytes()))

        def _note(self, event: Event) -> None:
            if self._order.journal:
                pickle.dump(tuple(event), journal)
                journal.flush()

        def _file_of(self, path: str) -> int:
            if path not in self._files:
                self._files[path] = self._next_file
                self._next_file += 1
            return self._files[path]

        # --- files ---

        def create(self, path: str, mode: int, fi: object = None) -> int:
            self._meet("create", path)
            fd = os.open(self._beneath(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)
            self._files.pop(path, None)
            self._open[fd] = self._file_of(path)
            self._note(Event("create", path, self._open[fd]))
            return fd

        def open(self, path: str, flags: int) -> int:
            self._meet("open", path)
            fd = os.open(self._beneath(path), flags & ~(os.O_NOATIME | os.O_NOFOLLOW | os.O_DIRECT))
            self._open[fd] = self._file_of(path)
            return fd

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            self._meet("read", path, size)
            return os.pread(fh, size, offset)

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            self._meet("write", path, len(data))
            if self._order.short and len(data) > 1:
                data = data[: len(data) // 2 + 1]
            written = os.pwrite(fh, data, offset)
            self._note(Event("write", path, self._open[fh], offset, data[:written]))
            return written

        def truncate(self, path: str, length: int, fh: int | None = None) -> int:
            os.truncate(self._beneath(path), length)
            self._note(Event("truncate", path, self._file_of(path), length))
            return 0

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            self._meet("fsync", path)
            self._note(Event("fsync", path, self._open[fh]))
            return 0

        def flush(self, path: str, fh: int) -> int:
            return 0

        def release(self, path: str, fh: int) -> int:
            self._open.pop(fh, None)
            os.close(fh)
            return 0

        # --- folders ---

        def readdir(self, path: str, fh: int) -> list[str]:
            self._meet("readdir", path)
            return [".", "..", *os.listdir(self._beneath(path))]

        def mkdir(self, path: str, mode: int) -> int:
            self._meet("mkdir", path)
            os.mkdir(self._beneath(path), mode)
            self._note(Event("mkdir", path))
            return 0

        def rmdir(self, path: str) -> int:
            os.rmdir(self._beneath(path))
            self._note(Event("rmdir", path))
            return 0

        def rename(self, old: str, new: str) -> int:
            self._meet("rename", old)
            os.rename(self._beneath(old), self._beneath(new))
            self._note(Event("rename", old, self._file_of(old), new_path=new))
            self._files[new] = self._files.pop(old)
            return 0

        def unlink(self, path: str) -> int:
            self._meet("unlink", path)
            os.unlink(self._beneath(path))
            self._note(Event("unlink", path, self._file_of(path)))
            del self._files[path]
            return 0

        def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
            self._meet("fsyncdir", path)
            self._note(Event("fsyncdir", path))
            return 0

        # --- attributes ---

        def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
            status = os.lstat(self._beneath(path))
            names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks", "st_ino")
            times = {f"st_{name}": getattr(status, f"st_{name}_ns") for name in ("atime", "mtime", "ctime")}
            return {name: getattr(status, name) for name in names} | times

        def chmod(self, path: str, mode: int) -> int:
            os.chmod(self._beneath(path), mode)
            return 0

        def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
            if times is None:
                os.utime(self._beneath(path))
            else:
                os.utime(self._beneath(path), ns=times)
            return 0

        def statfs(self, path: str) -> dict[str, int]:
            space = os.statvfs(self._beneath(path))
            names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize")
            return {name: getattr(space, name) for name in (*names, "f_namemax")}

    return Server()


if __name__ == "__main__":
    serve(*sys.argv[1:5])
