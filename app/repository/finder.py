"""Looking into snapshots: list, walk, find a name, and the versions of one path.

Decoded trees are kept for a while by their id: snapshots of one source share nearly all of them.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from weakref import WeakKeyDictionary

from app.repository.errors import RepositoryDamaged, SnapshotNotFound
from app.repository.model import BlobId, FoundEntry, Node, NodeType, Snapshot
from app.repository.patterns import is_glob, translate_name
from app.repository.repository import Repository

MAX_DEPTH = 1000
"""How many folders deep we follow a snapshot; Linux' longest path has room for about twice that."""

MAX_PATH_BYTES = 8192
"""How long a path we follow a snapshot; Linux' longest is half of it."""

_CACHED_NODES = 100_000
_FREE_ENTRIES = 250_000
_SAME_AGAIN = 16
_FEW_AGAIN = 100
_MARKS = 1 << 20


class Unfolding:
    """Tells a snapshot that is large from one that was made to look so. For one walk.

    A tree may be named many times over: forty trees of two folders each, every one naming the next twice, unfold to a
    million million entries. Real folders carry inodes and times, so hardly two of them share a tree.
    """

    def __init__(self) -> None:
        self._entered = bytearray(_MARKS)  # one mark for many trees, should there be a million: cheaper than a set
        self._stored = 0
        self._met = 0

    @property
    def is_odd(self) -> bool:
        """Tell whether trees come again as they hardly do in real folders: perhaps there is no end to it."""
        return self._met > self._stored + self._stored // 4 + _FEW_AGAIN

    def enter(self, tree: BlobId, entries: int) -> None:
        """Note a folder that is entered; raises RepositoryDamaged ("too-many-entries") when it is too much."""
        mark = int.from_bytes(tree[:4], "little") % _MARKS
        if not self._entered[mark]:
            self._entered[mark] = 1
            self._stored += entries
        self._met += entries
        if self._met > _FREE_ENTRIES + _SAME_AGAIN * self._stored:
            raise RepositoryDamaged(file=tree.hex(), reason="too-many-entries")


class TreeCache:
    """Decoded trees of one repository, the most recently used ones kept. Safe for threads."""

    def __init__(self, *, most_nodes: int = _CACHED_NODES) -> None:
        self._most_nodes = most_nodes
        self._nodes = 0
        self._trees: OrderedDict[BlobId, tuple[Node, ...]] = OrderedDict()
        self._guard = threading.Lock()

    def load(self, repository: Repository, tree_id: BlobId) -> tuple[Node, ...]:
        """Return the entries of a folder; raises RepositoryDamaged."""
        with self._guard:
            if (nodes := self._trees.get(tree_id)) is not None:
                self._trees.move_to_end(tree_id)
                return nodes
        nodes = repository.load_tree(tree_id)
        with self._guard:
            if tree_id not in self._trees:
                self._trees[tree_id] = nodes
                self._nodes += len(nodes) + 1
            while self._nodes > self._most_nodes and len(self._trees) > 1:
                self._nodes -= len(self._trees.popitem(last=False)[1]) + 1
        return nodes


_caches: WeakKeyDictionary[Repository, TreeCache] = WeakKeyDictionary()


def load_tree(repository: Repository, tree_id: BlobId) -> tuple[Node, ...]:
    """Return the entries of a folder, from the cache where it has them; raises RepositoryDamaged."""
    return _caches.setdefault(repository, TreeCache()).load(repository, tree_id)


def entry_at(repository: Repository, snapshot: Snapshot, path: bytes) -> FoundEntry | None:
    """Return the entry at an absolute path, None where there is none (the root `/` has no entry of its own)."""
    found: Node | None = None
    tree: BlobId | None = snapshot.tree
    for name in _names(path):
        if tree is None:
            return None
        found = next((node for node in load_tree(repository, tree) if node.name == name), None)
        if found is None:
            return None
        tree = found.subtree
    return None if found is None else FoundEntry(snapshot, b"/" + b"/".join(_names(path)), found)


def ls(repository: Repository, snapshot: Snapshot, path: bytes = b"/") -> tuple[FoundEntry, ...]:
    """Return the entries of one folder, or the one entry of a path that is no folder.

    Raises SnapshotNotFound (`wanted`: the path) when the snapshot has no such path.
    """
    start, tree = _start(repository, snapshot, path)
    if tree is None:
        return () if start is None else (start,)
    above = b"" if start is None else start.path
    return tuple(FoundEntry(snapshot, above + b"/" + node.name, node) for node in load_tree(repository, tree))


def walk(repository: Repository, snapshot: Snapshot, path: bytes = b"/") -> Iterator[FoundEntry]:
    """Yield the entry at a path and all below it, a folder before what it holds, sorted by name.

    Raises SnapshotNotFound (`wanted`: the path) when the snapshot has no such path, RepositoryDamaged.
    """
    start, tree = _start(repository, snapshot, path)
    if start is not None:
        yield start
    if tree is not None:
        yield from _below(repository, snapshot, b"" if start is None else start.path, tree)


def find(repository: Repository, pattern: str, snapshots: Sequence[Snapshot] | None = None) -> Iterator[FoundEntry]:
    """Yield every version of the entries whose name matches, newest snapshot first, each version once.

    Raises RepositoryDamaged ("too-many-entries") for a snapshot that was made to have no end.
    A pattern without `*`, `?` or `[` matches any part of a name; upper and lower case are one. With a `/` in it, it
    is matched against the whole path. A folder that cannot be read is passed over: finding damage is the check's work.
    """
    matches = _matcher(pattern)
    searched: set[bytes] = set()
    told: set[tuple[object, ...]] = set()

    def is_new(path: bytes, tree: BlobId) -> bool:
        folder = _short(tree + path)
        if folder in searched:
            return False
        searched.add(folder)
        return True

    for snapshot in _newest_first(repository.snapshots() if snapshots is None else snapshots):
        for entry in _below(repository, snapshot, b"", snapshot.tree, enter=is_new, tolerant=True):
            if matches(entry.path) and (key := (_short(entry.path), *_version(entry.node))) not in told:
                told.add(key)
                yield entry


def versions(repository: Repository, path: bytes) -> tuple[FoundEntry, ...]:
    """Return the distinct versions of one absolute path over all snapshots, newest first.

    Each comes with the newest snapshot that holds it. Snapshots that cannot be read at this path are passed over.
    """
    found: dict[tuple[object, ...], FoundEntry] = {}
    for snapshot in _newest_first(repository.snapshots()):
        try:
            entry = entry_at(repository, snapshot, path)
        except RepositoryDamaged:
            continue
        if entry is not None:
            found.setdefault((entry.node.subtree, *_version(entry.node)), entry)
    return tuple(found.values())


def _version(node: Node) -> tuple[object, ...]:
    """Return what makes a version of an entry for a person: a folder is the same whatever happens inside it."""
    if node.type is NodeType.DIR:
        return (node.type,)
    return node.type, node.mtime_ns, node.size, node.content, node.link_target


def _short(text: bytes) -> bytes:
    """Return a hash in place of a text that may be long: a million of them are to be remembered."""
    return blake2b(text, digest_size=16).digest()


def _newest_first(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    return sorted(snapshots, key=lambda snapshot: (snapshot.time, snapshot.id), reverse=True)


def _names(path: bytes) -> list[bytes]:
    return [name for name in path.split(b"/") if name not in (b"", b".")]


def _start(
    repository: Repository, snapshot: Snapshot, path: bytes
) -> tuple[FoundEntry, BlobId | None] | tuple[None, BlobId]:
    """Return the entry and the tree to start from; there is no entry for the root."""
    if not _names(path):
        return None, snapshot.tree
    entry = entry_at(repository, snapshot, path)
    if entry is None:
        raise SnapshotNotFound(wanted=os.fsdecode(path), snapshot=snapshot.id)
    return entry, entry.node.subtree


def _below(
    repository: Repository,
    snapshot: Snapshot,
    path: bytes,
    tree: BlobId,
    *,
    enter: Callable[[bytes, BlobId], bool] = lambda _path, _tree: True,
    tolerant: bool = False,
) -> Iterator[FoundEntry]:
    """Yield all below a folder; `enter` may leave folders out, `tolerant` passes over unreadable ones."""
    unfolding = Unfolding()
    pending: list[tuple[bytes, Iterator[Node]]] = []
    folder: tuple[bytes, BlobId] | None = (path, tree)
    while folder is not None or pending:
        if folder is not None and enter(*folder):
            nodes: tuple[Node, ...] = ()
            try:
                nodes = _load_at_depth(repository, *folder, len(pending))
            except RepositoryDamaged:
                if not tolerant:
                    raise
            unfolding.enter(folder[1], len(nodes))
            pending.append((folder[0], iter(nodes)))
        folder = None
        if not pending:
            return
        above, left = pending[-1]
        node = next(left, None)
        if node is None:
            pending.pop()
            continue
        entry = FoundEntry(snapshot, above + b"/" + node.name, node)
        yield entry
        if node.subtree is not None:
            folder = entry.path, node.subtree


def _load_at_depth(repository: Repository, path: bytes, tree: BlobId, depth: int) -> tuple[Node, ...]:
    if depth >= MAX_DEPTH or len(path) > MAX_PATH_BYTES:
        raise RepositoryDamaged(file=tree.hex(), reason="too-deep")
    return load_tree(repository, tree)


def _matcher(pattern: str) -> Callable[[bytes], bool]:
    """Return what tells whether an absolute path matches."""
    expression = re.escape(pattern)
    if is_glob(pattern):
        raw = b".*".join(translate_name(part) for part in os.fsencode(pattern).split(b"**"))
        expression = os.fsdecode(raw)
    compiled = re.compile(expression, re.IGNORECASE | re.DOTALL)
    test = compiled.fullmatch if is_glob(pattern) else compiled.search
    if "/" in pattern:
        return lambda path: test(os.fsdecode(path)) is not None
    return lambda path: test(os.fsdecode(path[path.rfind(b"/") + 1 :])) is not None
