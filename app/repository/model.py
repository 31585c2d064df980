"""The values the engine speaks in, with restic's words (source: restic's design document).

Names and paths of users' files are `bytes`: they need not be UTF-8. Sizes are bytes, times are nanoseconds since
1970 in UTC (`_ns`) or aware `datetime`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

import msgspec

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


class Node(msgspec.Struct, frozen=True, gc=False):
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


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One source file that could not be read or stored whole, and why (`reason`: errno name or a short code)."""

    path: bytes
    reason: str


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

    @property
    def complete(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """What a restore did."""

    files: int
    folders: int
    bytes_written: int
    duration_s: float
    skipped: tuple[bytes, ...] = ()
    """Paths left alone because something was there already and overwriting was not asked for."""
    problems: tuple[FileProblem, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class CheckProblem:
    """One thing wrong in a repository: `file` as stored ("data/ab12…"), `reason`, and the snapshots it touches."""

    file: str
    reason: str
    snapshots: tuple[SnapshotId, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; sound when `problems` is empty."""

    snapshots: int
    packs: int
    blobs: int
    bytes_read: int
    read_data: bool
    duration_s: float
    problems: tuple[CheckProblem, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class FoundEntry:
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


@dataclass(slots=True)
class Monitor:
    """Counters that the engine writes and others poll, from any thread. Totals are 0 while not yet known."""

    phase: Phase = Phase.OPENING
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    current: bytes = b""
    problems: int = 0


@dataclass(slots=True)
class Cancel:
    """Asks the engine to stop at the next blob; safe to set from a signal handler or another thread."""

    _event: threading.Event = field(default_factory=threading.Event)

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """How to back up."""

    tags: tuple[str, ...] = ()
    hostname: str = ""
    """Defaults to this computer's name."""
    username: str = ""
    exclude: tuple[str, ...] = ()
    """restic's `--exclude` patterns: a name, a path, `*`, `?`, `[…]`, `**`."""
    one_file_system: bool = False
    force: bool = False
    """Read every file again, whatever the parent says (the yearly full back-up)."""
    time: datetime | None = None
    """The snapshot's time; the clock's now by default."""
    verify_sealed: bool = False
    """Decrypt and compare every pack in memory before it is written."""


Overwrite = Literal["never", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """What to restore and how careful to be."""

    paths: tuple[bytes, ...] = ()
    """Absolute paths inside the snapshot; everything when empty. A folder brings all below it."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    overwrite: Overwrite = "never"
    strip: bytes = b""
    """A leading folder that is left out of the restored paths (e.g. the data set's own folder)."""
    verify: bool = False
    """Read every restored file back and compare it with the blob ids."""
