"""The structure of a repository: does every snapshot lead to blobs that the index knows?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from app.repository.backend.base import FileKind
from app.repository.damage import is_damage
from app.repository.errors import BackendError, RepositoryDamaged
from app.repository.index import Index, PackedBlob
from app.repository.model import BlobId, Cancel, Node, Snapshot, SnapshotId
from app.repository.repository import Repository
from app.repository.trees import decode_tree

Blob = tuple[BlobId, bool]
"""A blob's id and whether it is a tree: data and trees with one id are two blobs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, and the blobs it takes away."""

    file: str
    reason: str
    blobs: frozenset[Blob] = frozenset()


@dataclass(slots=True)
class StructureFindings:
    """What a walk over all trees found: blobs that no index lists, and trees that are listed but no trees."""

    not_listed: set[Blob] = field(default_factory=set)
    damaged_trees: set[BlobId] = field(default_factory=set)

    def as_findings(self, index: Index) -> Iterator[Finding]:
        """Yield the findings: one for all that is not listed, one for each pack with damaged trees."""
        if self.not_listed:
            yield Finding("index", "blobs-not-listed", frozenset(self.not_listed))
        by_pack: dict[str, set[Blob]] = {}
        for tree in self.damaged_trees:
            for place in index.lookup_all(tree, is_tree=True):
                by_pack.setdefault(f"data/{place.pack.hex()}", set()).add((tree, True))
        for file, blobs in sorted(by_pack.items()):
            yield Finding(file, "tree-damaged", frozenset(blobs))


def walk_structure(repository: Repository, index: Index, roots: Iterable[BlobId], cancel: Cancel) -> StructureFindings:
    """Walk every tree below the roots once, and look up every blob that its files name."""
    found = StructureFindings()
    pending = list(roots)
    seen: set[BlobId] = set(pending)
    while pending:
        cancel.heed()
        tree = pending.pop()
        if (tree, True) not in index:
            found.not_listed.add((tree, True))
            continue
        nodes = load_tree(repository, index, tree)
        if nodes is None:
            found.damaged_trees.add(tree)
            continue
        for node in nodes:
            for blob in node.content:
                if index.record(blob) is None:
                    found.not_listed.add((blob, False))
            if node.subtree is not None and node.subtree not in seen:
                seen.add(node.subtree)
                pending.append(node.subtree)
    return found


def load_tree(repository: Repository, index: Index, tree: BlobId) -> tuple[Node, ...] | None:
    """Return the entries of a tree, None when it is damaged; raises when the place went away.

    The index is the one that could be read: the repository's own refuses to be when one of its files is damaged.
    """
    first = index.lookup(tree, is_tree=True)
    for place in () if first is None else chain((first,), _further(index, tree, first)):
        pack = place.pack.hex()
        try:
            sealed = repository.backend.load_range(FileKind.PACK, pack, place.offset, place.length)
            plain = repository.open_blob(tree, sealed, place.plain_length, pack=pack)
            return decode_tree(plain, file=tree.hex())
        except (RepositoryDamaged, BackendError) as exc:
            if not is_damage(repository, exc):
                raise
    return None


def _further(index: Index, tree: BlobId, first: PackedBlob) -> Iterator[PackedBlob]:
    """Yield the other places of a tree, which are looked up only when the first will not do."""
    yield from (place for place in index.lookup_all(tree, is_tree=True) if place != first)


def touched_snapshots(
    repository: Repository,
    index: Index,
    findings: Sequence[Finding],
    snapshots: Sequence[Snapshot],
    cancel: Cancel,
) -> list[tuple[SnapshotId, ...]]:
    """Return for each finding the snapshots that need one of its blobs, in the snapshots' order."""
    by_blob: dict[Blob, set[int]] = {}
    for number, finding in enumerate(findings):
        for blob in finding.blobs:
            by_blob.setdefault(blob, set()).add(number)
    touched: list[list[SnapshotId]] = [[] for _ in findings]
    if by_blob:
        reached = _Reached(repository, index, by_blob, cancel)
        for snapshot in snapshots:
            for number in reached.from_tree(snapshot.tree):
                touched[number].append(snapshot.id)
    return [tuple(ids) for ids in touched]


class _Reached:
    """Which findings each tree leads to; every tree is read once, however many snapshots share it."""

    def __init__(self, repository: Repository, index: Index, by_blob: dict[Blob, set[int]], cancel: Cancel) -> None:
        self._repository = repository
        self._index = index
        self._by_blob = by_blob
        self._cancel = cancel
        self._known: dict[BlobId, frozenset[int]] = {}
        self._sets: dict[frozenset[int], frozenset[int]] = {}

    def from_tree(self, root: BlobId) -> frozenset[int]:
        pending: list[tuple[BlobId, set[int] | None, list[BlobId]]] = [(root, None, [])]
        while pending:
            self._cancel.heed()
            tree, own, below = pending.pop()
            if tree in self._known:
                continue
            if own is None:
                own, below = self._look_at(tree)
                pending.append((tree, own, below))
                pending.extend((child, None, []) for child in below if child not in self._known)
                continue
            for child in below:
                own |= self._known[child]
            numbers = frozenset(own)
            self._known[tree] = self._sets.setdefault(numbers, numbers)  # most trees lead to the same few
        return self._known[root]

    def _look_at(self, tree: BlobId) -> tuple[set[int], list[BlobId]]:
        numbers = set(self._by_blob.get((tree, True), ()))
        below: list[BlobId] = []
        for node in load_tree(self._repository, self._index, tree) or ():
            for blob in node.content:
                numbers |= self._by_blob.get((blob, False), set())
            if node.subtree is not None:
                below.append(node.subtree)
        return numbers, below
