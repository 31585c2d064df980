"""The values the engine speaks in, with restic's words (source: restic's design document).

Names and paths of users' files are `bytes`: they need not be UTF-8. Sizes are bytes, times are nanoseconds since
1970 in UTC (`_ns`) or aware `datetime`.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

import msgspec

from app.repository.errors import Cancelled

BlobId = NewType("BlobId", bytes)
"""SHA-256 of a blob's plain content, 32 bytes."""

PackId = NewType("PackId", bytes)
"""SHA-256 of a pack file as stored, 32 bytes."""

SnapshotId = NewType("SnapshotId", str)
"""SHA-256 of a snapshot file as stored, 64 hex digits."""


class NodeType(StrEnum):
    """What an entry of a tree is; the values are restic's."""

    FILE = "file"
    DIR = "dir"
    SYMLINK = "symlink"
    DEVICE = "dev"
    CHARDEVICE = "chardev"
    FIFO = "fifo"
    SOCKET = "socket"


class Node(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry of a folder as a snapshot holds it.

    `mode` is st_mode (the codec translates Go's bits); `content` lists the data blobs of a file; `subtree` is set
    for folders; `link_target` for symlinks; `extended_attributes` are (name, value) pairs sorted by name.
    """

    name: bytes
    type: NodeType
    mode: int
    mtime_ns: int
    atime_ns: int
    ctime_ns: int
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    inode: int = 0
    device_id: int = 0
    size: int = 0
    links: int = 1
    link_target: bytes = b""
    device: int = 0
    content: tuple[BlobId, ...] = ()
    subtree: BlobId | None = None
    extended_attributes: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One listed state of the source. `id` is the full hex id; `paths` are absolute."""

    id: SnapshotId
    time: datetime
    tree: BlobId
    paths: tuple[bytes, ...]
    hostname: str
    username: str
    tags: tuple[str, ...] = ()
    parent: SnapshotId | None = None
    program_version: str = ""
    utc_offset_s: int = 0
    """How far the clock that made it was ahead of UTC: `time` is in UTC, days are those of that clock."""
    original: SnapshotId | None = None
    """The snapshot it was copied or repaired from."""

    @property
    def short_id(self) -> str:
        return self.id[:8]


class FileProblem(msgspec.Struct, frozen=True):
    """One source file that could not be read or stored whole, and why (`reason`: errno name or a short code)."""

    path: bytes
    reason: str


class SourceChanges(msgspec.Struct, frozen=True):
    """How the files differed from the snapshot before. A file that was renamed is one removed and one new."""

    new: int
    changed: int
    """Of the same name, with a content that the repository did not have."""
    removed: int
    opaque_new: int
    opaque_changed: int
    """Of the new and of the changed ones: those that do not compress and begin like no known kind of file."""


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a back-up did. With `problems` it is incomplete and never a success."""

    snapshot: Snapshot
    files: int
    folders: int
    files_new_or_changed: int
    bytes_read: int
    """Bytes of file content read from the source in this run."""
    bytes_total: int
    """Bytes of all files in the snapshot."""
    bytes_added: int
    """Bytes that the repository grew by (packs as stored)."""
    blobs_added: int
    duration_s: float
    problems: tuple[FileProblem, ...] = ()
    changes: SourceChanges | None = None
    """None when there was no snapshot to compare with."""
    problems_unnamed: int = 0
    """How many more problems there were: a run names the first ten thousand."""

    @property
    def complete(self) -> bool:
        return not self.problems

    @property
    def problems_count(self) -> int:
        return len(self.problems) + self.problems_unnamed


class RestoreSummary(msgspec.Struct, frozen=True):
    """What a restore did."""

    files: int
    folders: int
    bytes_written: int
    duration_s: float
    skipped: tuple[bytes, ...] = ()
    """Paths left alone because of what was there already."""
    set_aside: tuple[bytes, ...] = ()
    """Paths of which the original is kept beside them, as NAME.original."""
    problems: tuple[FileProblem, ...] = ()
    problems_unnamed: int = 0
    """How many more problems there were: a run names the first ten thousand."""
    skipped_unnamed: int = 0
    """How many more paths were left alone: a run names the first ten thousand."""

    @property
    def complete(self) -> bool:
        return not self.problems

    @property
    def problems_count(self) -> int:
        return len(self.problems) + self.problems_unnamed

    @property
    def skipped_count(self) -> int:
        return len(self.skipped) + self.skipped_unnamed


class CheckProblem(msgspec.Struct, frozen=True):
    """One thing wrong in a repository: `file` as stored ("data/ab12…"), `reason`, and the snapshots it touches."""

    file: str
    reason: str
    snapshots: tuple[SnapshotId, ...] = ()


class CheckReport(msgspec.Struct, frozen=True):
    """What a check found; sound when `problems` is empty."""

    snapshots: int
    packs: int
    blobs: int
    bytes_read: int
    read_data: bool
    duration_s: float
    problems: tuple[CheckProblem, ...] = ()
    packs_read: int = 0
    """How many packs were read whole: all of them, or those of the subset."""

    @property
    def sound(self) -> bool:
        return not self.problems


class FoundEntry(msgspec.Struct, frozen=True):
    """An entry met while listing or searching: its absolute path in the snapshot, and its node."""

    snapshot: Snapshot
    path: bytes
    node: Node


class Phase(StrEnum):
    """What the engine is busy with."""

    OPENING = "opening"
    SCANNING = "scanning"
    STORING = "storing"
    FINISHING = "finishing"
    RESTORING = "restoring"
    CHECKING = "checking"
    PRUNING = "pruning"
    COPYING = "copying"
    REPAIRING = "repairing"
    PAUSED = "paused"


class Monitor(msgspec.Struct):
    """Counters that the engine writes and others poll, from any thread. Totals are 0 while not yet known."""

    phase: Phase = Phase.OPENING
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    current: bytes = b""
    problems: int = 0


class Cancel:
    """Asks the engine to stop, or to wait, at the next blob; from a signal handler, another thread or process.

    It lies in memory that a fork shares: the workers of a run see it at once. A run that waits keeps its lock.
    """

    __slots__ = ("_flags",)

    def __init__(self) -> None:
        self._flags = mmap.mmap(-1, mmap.PAGESIZE)

    def set(self) -> None:
        """Ask to stop; it cannot be taken back, and ends a pause."""
        self._flags[_STOP] = 1

    def is_set(self) -> bool:
        return self._flags[_STOP] != 0

    def pause(self) -> None:
        """Ask to wait until `resume`. A run that was asked for then begins by waiting."""
        self._flags[_WAIT] = 1

    def resume(self) -> None:
        self._flags[_WAIT] = 0

    def is_paused(self) -> bool:
        return self._flags[_WAIT] != 0 and not self.is_set()

    def heed(self, monitor: Monitor | None = None, *, meanwhile: Callable[[], None] | None = None) -> None:
        """Wait while paused, then raise Cancelled when asked to stop: what the engine calls between two blobs.

        The monitor says "paused" meanwhile; `meanwhile` is called every now and then.
        """
        if self._flags[_WAIT] and self.is_paused():
            phase = Phase.PAUSED if monitor is None else monitor.phase
            while self.is_paused():
                if monitor is not None:
                    monitor.phase = Phase.PAUSED
                if meanwhile is not None:
                    meanwhile()
                time.sleep(_LOOK_EVERY_S)
            if monitor is not None:
                monitor.phase = phase
        if self.is_set():
            raise Cancelled


_STOP, _WAIT = 0, 1
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """How to back up."""

    tags: tuple[str, ...] = ()
    hostname: str = ""
    """Defaults to this computer's name."""
    username: str = ""
    exclude: tuple[str, ...] = ()
    """restic's `--exclude` patterns: a name, a path, `*`, `?`, `[…]`, `**`; one after `!` takes back."""
    iexclude: tuple[str, ...] = ()
    """The same, with capitals and small letters alike."""
    exclude_if_present: tuple[str, ...] = ()
    """`FILENAME[:HEADER]`: leaves out all of a folder but this file, when that is in it and begins so."""
    exclude_caches: bool = False
    """Leave out what a CACHEDIR.TAG marks as a cache."""
    exclude_larger_than: int | None = None
    """Leave out files of more bytes than these."""
    one_file_system: bool = False
    parent: str | None = None
    """The snapshot to compare with, by its id or a prefix; the newest of the same paths and host by default."""
    force: bool = False
    """Read every file again, whatever the parent says (the yearly full back-up)."""
    resume: bool = False
    """With `force`: what a run that was cut off had read in this repository counts as read again."""
    time: datetime | None = None
    """The snapshot's time; the clock's now by default."""
    skip_if_unchanged: bool = False
    """Make no snapshot when all is as in the parent; the summary then names that one."""
    dry_run: bool = False
    """Read, compare, compress and count, but store nothing; the summary's snapshot is not listed."""
    verify_sealed: bool = False
    """Decrypt and compare every pack in memory before it is written."""


Overwrite = Literal["never", "always", "if-changed", "if-newer", "keep"]
"""What a restore does with what stands in an entry's place. Restored is: nothing; everything; what differs in size or
time of change; what is newer in the snapshot; what differs, and the original is kept as NAME.original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """What to restore and how careful to be."""

    paths: tuple[bytes, ...] = ()
    """Absolute paths inside the snapshot; everything when empty. A folder brings all below it."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    iinclude: tuple[str, ...] = ()
    """`include` and `exclude` with capitals and small letters alike."""
    iexclude: tuple[str, ...] = ()
    overwrite: Overwrite = "never"
    strip: bytes = b""
    """A leading folder that is left out of the restored paths (e.g. the data set's own folder)."""
    verify: bool = False
    """Read every restored file back and compare it with the blob ids."""
    dry_run: bool = False
    """Write nothing, only say what would be done."""
