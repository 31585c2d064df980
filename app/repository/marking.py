"""Marking what snapshots need: one byte for each blob of an index, and nothing else in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from app.repository.backend.base import FileKind
from app.repository.damage import is_damage
from app.repository.decoding import UNDECODABLE
from app.repository.errors import BackendError, RepositoryDamaged
from app.repository.index import Index, PackedBlob
from app.repository.model import BlobId, Cancel, Monitor
from app.repository.repository import Repository
from app.repository.trees import parse_blob_id


class _NodeJson(msgspec.Struct, gc=False):
    content: list[str] | None = None
    subtree: str | None = None


class _TreeJson(msgspec.Struct):
    nodes: list[_NodeJson] | None


_decoder = msgspec.json.Decoder(_TreeJson)


class Marks:
    """The blobs of an index that trees lead to. For one thread."""

    def __init__(self, repository: Repository, index: Index) -> None:
        self._repository = repository
        self._index = index
        self.marked = bytearray(len(index))
        """1 at the first place of every blob that is needed, in the order of `index.blobs()`."""

    def mark_below(self, roots: Iterable[BlobId], *, monitor: Monitor, cancel: Cancel) -> None:
        """Mark some trees and all below them; each tree is read once however often this is called.

        Raises RepositoryDamaged when a tree cannot be read, or a blob is in no index: nobody knows then what is
        needed. Raises Cancelled.
        """
        pending = [root for root in roots if self._mark(root, is_tree=True)]
        while pending:
            cancel.heed(monitor)
            tree = pending.pop()
            content, subtrees = references(load_tree_json(self._repository, self._index, tree), file=tree.hex())
            for blob_id in content:
                self._mark(blob_id, is_tree=False)
            pending.extend([subtree for subtree in subtrees if self._mark(subtree, is_tree=True)])
            monitor.files_done += 1

    def _mark(self, blob_id: BlobId, *, is_tree: bool) -> bool:
        """Mark a blob; return whether it was not marked before."""
        number = self._index.number(blob_id, is_tree)
        if number is None:
            raise RepositoryDamaged(file="index", reason="blobs-not-listed", blob=blob_id.hex())
        if self.marked[number]:
            return False
        self.marked[number] = 1
        return True

    def places(self) -> Iterator[tuple[BlobId, PackedBlob]]:
        """Yield every marked blob and its first place, data first, sorted by id."""
        for number, found in enumerate(self._index.blobs()):
            if self.marked[number]:
                yield found


def load_tree_json(repository: Repository, index: Index, tree: BlobId) -> bytes:
    """Return a tree's JSON from any place that holds it whole; raises RepositoryDamaged when none does."""
    places = index.lookup_all(tree, is_tree=True)
    for place in places:
        pack = place.pack.hex()
        try:
            sealed = repository.backend.load_range(FileKind.PACK, pack, place.offset, place.length)
            return repository.open_blob(tree, sealed, place.plain_length, pack=pack)
        except (RepositoryDamaged, BackendError) as exc:
            if not is_damage(repository, exc):
                raise
    if not places:
        raise RepositoryDamaged(file="index", reason="blobs-not-listed", blob=tree.hex())
    raise RepositoryDamaged(file=f"data/{places[0].pack.hex()}", reason="tree-damaged", blob=tree.hex())


def references(data: bytes, *, file: str) -> tuple[list[BlobId], list[BlobId]]:
    """Return the data blobs and the trees that a tree names; raises RepositoryDamaged when it is none."""
    content: list[BlobId] = []
    subtrees: list[BlobId] = []
    try:
        for node in _decoder.decode(data).nodes or ():
            content.extend([parse_blob_id(text) for text in node.content or ()])
            if node.subtree:
                subtrees.append(parse_blob_id(node.subtree))
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=file, reason="not-a-tree") from exc
    return content, subtrees
