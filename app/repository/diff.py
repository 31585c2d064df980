"""What changed between two snapshots, entry by entry; equal sub-trees are not even read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from app.repository.errors import RepositoryDamaged
from app.repository.finder import MAX_DEPTH, MAX_PATH_BYTES, Unfolding, load_tree
from app.repository.marking import Marks
from app.repository.model import BlobId, Cancel, Monitor, Node, NodeType, Snapshot
from app.repository.reading_lock import reading_lock
from app.repository.repository import Repository


class Change(StrEnum):
    """What became of an entry; the values are restic's marks."""

    ADDED = "+"
    REMOVED = "-"
    MODIFIED = "M"
    """A file with other content, a link with another target."""
    TYPE = "T"
    METADATA = "U"
    """Only owner, mode, times or attributes differ."""


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """An entry that differs: its absolute path, and its node on either side (None where there is none)."""

    path: bytes
    change: Change
    before: Node | None
    after: Node | None

    @property
    def is_folder(self) -> bool:
        node = self.after or self.before
        return node is not None and node.type is NodeType.DIR


@dataclass(frozen=True, slots=True)
class DiffReport:
    """All that differs, sorted by path. Stored bytes are those of blobs that only one of the two needs."""

    entries: tuple[ChangedEntry, ...]
    stored_bytes_added: int
    stored_bytes_removed: int

    def count(self, change: Change, *, folders: bool) -> int:
        """Return how many files, or folders, changed in this way."""
        return sum(entry.change is change and entry.is_folder is folders for entry in self.entries)

    @property
    def bytes_added(self) -> int:
        """The size of the files that are new or have other content."""
        return sum(entry.after.size for entry in self.entries if entry.after and entry.change is not Change.METADATA)

    @property
    def bytes_removed(self) -> int:
        """The size that the files had which are gone or have other content."""
        return sum(entry.before.size for entry in self.entries if entry.before and entry.change is not Change.METADATA)


def diff(
    repository: Repository,
    before: Snapshot,
    after: Snapshot,
    *,
    metadata: bool = False,
    cancel: Cancel | None = None,
) -> DiffReport:
    """Compare two snapshots; with `metadata` entries of which only that differs are told too.

    Raises RepositoryLocked, RepositoryDamaged when a tree cannot be read, Cancelled.
    """
    cancel = cancel or Cancel()
    with reading_lock(repository):
        entries = tuple(changes(repository, before.tree, after.tree, metadata=metadata))
        index = repository.index
        marks = [Marks(repository, index), Marks(repository, index)]
        for mark, snapshot in zip(marks, (before, after), strict=True):
            mark.mark_below([snapshot.tree], monitor=Monitor(), cancel=cancel)
        added = removed = 0
        for number, (_, place) in enumerate(index.blobs()):
            had, has = marks[0].marked[number], marks[1].marked[number]
            added += place.length * (has > had)
            removed += place.length * (had > has)
    return DiffReport(entries, added, removed)


def changes(
    repository: Repository, before: BlobId | None, after: BlobId | None, *, metadata: bool, path: bytes = b""
) -> Iterator[ChangedEntry]:
    """Yield what differs between two trees, a folder before what it holds, sorted by name.

    Raises RepositoryDamaged ("too-many-entries", "too-deep") for trees that were made to have no end.
    """
    differing = _Differing(repository)
    pending = [iter(differing.entries(before, after, path))]
    while pending:
        pair = next(pending[-1], None)
        if pair is None:
            pending.pop()
            continue
        name, old, new = pair
        if change := _compare(old, new, metadata=metadata):
            yield ChangedEntry(name, change, old, new)
        old_tree = old.subtree if old else None
        new_tree = new.subtree if new else None
        if old_tree != new_tree:
            if len(pending) >= MAX_DEPTH or len(name) > MAX_PATH_BYTES:
                raise RepositoryDamaged(file=(new_tree or old_tree or b"").hex(), reason="too-deep")
            pending.append(iter(differing.entries(old_tree, new_tree, name)))


class _Differing:
    """Looks at two snapshots folder by folder; for one comparison."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._unfolding = Unfolding(), Unfolding()

    def entries(
        self, before: BlobId | None, after: BlobId | None, path: bytes
    ) -> list[tuple[bytes, Node | None, Node | None]]:
        """Return the entries of two folders that are not equal, side by side."""
        if before == after:
            return []
        old, new = (
            self._load(tree, unfolding) for tree, unfolding in zip((before, after), self._unfolding, strict=True)
        )
        return _side_by_side(old, new, path)

    def _load(self, tree: BlobId | None, unfolding: Unfolding) -> dict[bytes, Node]:
        if tree is None:
            return {}
        nodes = load_tree(self._repository, tree)
        unfolding.enter(tree, len(nodes))
        return {node.name: node for node in nodes}


def _side_by_side(
    old: dict[bytes, Node], new: dict[bytes, Node], path: bytes
) -> list[tuple[bytes, Node | None, Node | None]]:
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [(path + b"/" + name, old.get(name), new.get(name)) for name in names]


def _compare(old: Node | None, new: Node | None, *, metadata: bool) -> Change | None:
    if old is None:
        return Change.ADDED
    if new is None:
        return Change.REMOVED
    if old.type is not new.type:
        return Change.TYPE
    if old.type is NodeType.FILE and old.content != new.content:
        return Change.MODIFIED
    if old.type is NodeType.SYMLINK and old.link_target != new.link_target:
        return Change.MODIFIED
    if metadata and replace(old, subtree=None) != replace(new, subtree=None):
        return Change.METADATA
    return None
