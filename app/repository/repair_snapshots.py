"""Listing damaged snapshots again without what is lost, so that all that is left of them can be restored.

A folder that cannot be read becomes an empty one. A file of which parts are missing is left out under its own name, so
that nobody takes it for whole; what is left of it is kept as NAME.damaged. Trees are changed in their JSON, so that
fields we do not know survive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from app.clock import Clock, SystemClock
from app.repository.backend.base import FileKind
from app.repository.crypto import OVERHEAD
from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.finder import MAX_PATH_BYTES
from app.repository.index_json import PackContents
from app.repository.marking import load_tree_json
from app.repository.model import BlobId, Cancel, FileProblem, Monitor, Phase, Snapshot, SnapshotId
from app.repository.relisting import load_document, save_document, with_original, with_tree
from app.repository.repacking import PackWriter
from app.repository.repository import Repository
from app.repository.trees import TREE_LIMIT, encode_tree, parse_blob_id, unquote_name

REPAIRED_TAG = "repaired"
DAMAGED_SUFFIX = ".damaged"

_Fields = dict[str, msgspec.Raw]


class _TreeJson(msgspec.Struct):
    nodes: list[_Fields] | None


_decoder = msgspec.json.Decoder(_TreeJson)


@dataclass(frozen=True, slots=True)
class RepairedSnapshot:
    """A damaged snapshot and the one that holds what is left of it."""

    damaged: SnapshotId
    repaired: SnapshotId


@dataclass(frozen=True, slots=True)
class SnapshotsRepair:
    """What became of damaged snapshots, or with `dry_run` would; whole ones are not named."""

    dry_run: bool
    repaired: tuple[RepairedSnapshot, ...]
    """With `dry_run` the second id is empty."""
    lost: tuple[SnapshotId, ...]
    """Snapshots of which not even the top folder can be read; they stay listed."""
    problems: tuple[FileProblem, ...]
    """What is lost: "folder-unreadable" or "parts-missing"; what several snapshots share is named once."""


def repair_snapshots(
    repository: Repository,
    snapshots: Sequence[Snapshot] | None = None,
    *,
    forget: bool = False,
    dry_run: bool = False,
    monitor: Monitor | None = None,
    cancel: Cancel | None = None,
    clock: Clock | None = None,
) -> SnapshotsRepair:
    """List every damaged snapshot again without what is lost, tagged "repaired"; with `forget` the old ones go.

    Folders are read; of files it is looked up whether the index names their parts (`repair_packs` strikes off those
    that cannot be read). Raises RepositoryLocked, RepositoryDamaged when the index is, Cancelled, the backend's errors.
    """
    monitor, cancel = monitor or Monitor(), cancel or Cancel()
    monitor.phase = Phase.REPAIRING
    with repository.lock(exclusive=not dry_run, clock=clock or SystemClock(), refresh_in_thread=True) as lock:
        repository.forget_index()
        chosen = repository.snapshots() if snapshots is None else snapshots
        mender = _Mender(repository, monitor, cancel)
        mended = [(snapshot, mender.mend(snapshot.tree)) for snapshot in chosen]
        lost = tuple(snapshot.id for snapshot, tree in mended if tree is None)
        changed = [(snapshot, tree) for snapshot, tree in mended if tree is not None and tree != snapshot.tree]
        repaired: list[RepairedSnapshot] = []
        if dry_run:
            repaired = [RepairedSnapshot(snapshot.id, SnapshotId("")) for snapshot, _ in changed]
        elif changed:
            mender.store()
            lock.ensure_held()
            repaired = [_relist(repository, snapshot, tree, forget=forget) for snapshot, tree in changed]
        repository.forget_index()
    monitor.problems = len(mender.problems)
    return SnapshotsRepair(dry_run, tuple(repaired), lost, tuple(dict.fromkeys(mender.problems)))


def _relist(repository: Repository, damaged: Snapshot, tree: BlobId, *, forget: bool) -> RepairedSnapshot:
    """List a snapshot again with another tree, unless an interrupted repair has done so already."""
    document = with_tree(with_original(load_document(repository, damaged.id), damaged.id), tree, tag=REPAIRED_TAG)
    alike = (snapshot.id for snapshot in repository.snapshots() if snapshot.tree == tree)
    there = next((other for other in alike if load_document(repository, other) == document), None)
    new = there or save_document(repository, document)
    if forget:
        repository.backend.remove(FileKind.SNAPSHOT, damaged.id)
    return RepairedSnapshot(damaged.id, new)


@dataclass(slots=True)
class _Folder:
    """A folder whose sub-folders are being mended."""

    tree: BlobId
    path: bytes
    nodes: list[_Fields]
    subtrees: list[tuple[bytes, BlobId]]
    looked_at: bool = field(default=False)


class _Mender:
    """Makes trees without what is lost. Each tree is mended once, however many snapshots share it."""

    def __init__(self, repository: Repository, monitor: Monitor, cancel: Cancel) -> None:
        self._repository = repository
        self._index = repository.index
        self._monitor = monitor
        self._cancel = cancel
        self._mended: dict[BlobId, BlobId | None] = {}
        self._new: dict[BlobId, bytes] = {}
        self.problems: list[FileProblem] = []

    def mend(self, root: BlobId) -> BlobId | None:
        """Return the tree to use instead, the same when it is whole, None when it cannot be read itself."""
        pending: list[tuple[BlobId, bytes] | _Folder] = [(root, b"")]
        while pending:
            self._cancel.heed(self._monitor)
            item = pending.pop()
            if isinstance(item, _Folder):
                self._finish(item)
                continue
            tree, path = item
            if tree in self._mended:
                continue
            folder = self._load(tree, path)
            if folder is None:
                self._mended[tree] = None
                self.problems.append(FileProblem(path or b"/", "folder-unreadable"))
                continue
            pending.append(folder)
            pending.extend((subtree, below) for below, subtree in folder.subtrees)
        return self._mended[root]

    def store(self) -> None:
        """Store the new trees and name them in the index."""
        written: list[PackContents] = []
        writer = PackWriter(self._repository, lambda contents, _size: written.append(contents))
        for tree, plain in self._new.items():
            if (tree, True) not in self._index:
                writer.add_plain(tree, True, plain)
        writer.flush()
        self._repository.save_index(written)

    def _load(self, tree: BlobId, path: bytes) -> _Folder | None:
        try:
            data = load_tree_json(self._repository, self._index, tree)
            nodes = _decoder.decode(data).nodes or []
            subtrees = [
                (_below(path, _name(node)), parse_blob_id(_text(node, "subtree")))
                for node in nodes
                if _text(node, "subtree")
            ]
        except (RepositoryDamaged, *UNDECODABLE):
            return None
        return _Folder(tree, path, nodes, subtrees)

    def _finish(self, folder: _Folder) -> None:
        try:
            nodes = [mended for node in folder.nodes for mended in self._mend_node(node, folder)]
            if nodes != folder.nodes:
                nodes.sort(key=_name)
        except UNDECODABLE:
            self._mended[folder.tree] = None
            self.problems.append(FileProblem(folder.path or b"/", "folder-unreadable"))
            return
        if nodes == folder.nodes:
            self._mended[folder.tree] = folder.tree
            return
        self._mended[folder.tree] = self._keep(msgspec.json.encode({"nodes": nodes}) + b"\n")

    def _mend_node(self, node: _Fields, folder: _Folder) -> list[_Fields]:
        """Return what takes an entry's place: itself, itself changed, or nothing."""
        if subtree := _text(node, "subtree"):
            mended = self._mended[parse_blob_id(subtree)]
            if mended is None:
                mended = self._keep(encode_tree(()))
            return [node] if mended.hex() == subtree else [{**node, "subtree": _raw(mended.hex())}]
        content = _content(node)
        whole = [text for text in content if (parse_blob_id(text), False) in self._index]
        if len(whole) == len(content):
            return [node]
        self.problems.append(FileProblem(folder.path + b"/" + _name(node), "parts-missing"))
        name = _text(node, "name") + DAMAGED_SUFFIX
        if not whole or any(_text(other, "name") == name for other in folder.nodes):
            return []
        size = sum(self._plain_bytes(parse_blob_id(text)) for text in whole)
        return [{**node, "name": _raw(name), "content": _raw(whole), "size": _raw(size)}]

    def _plain_bytes(self, blob_id: BlobId) -> int:
        place = self._index.lookup(blob_id)
        assert place is not None
        return place.plain_length or place.length - OVERHEAD

    def _keep(self, plain: bytes) -> BlobId:
        if len(plain) > TREE_LIMIT:
            raise RepositoryDamaged(file="tree", reason="tree-too-long")
        tree = BlobId(hashlib.sha256(plain).digest())
        self._new[tree] = plain
        return tree


def _below(path: bytes, name: bytes) -> bytes:
    """Return the path of what is in a folder; of one that is too long to exist the folder's, for a problem to name."""
    return path + b"/" + name if len(path) <= MAX_PATH_BYTES else path


def _content(node: _Fields) -> list[str]:
    if "content" not in node:
        return []
    return msgspec.json.decode(node["content"], type=list[str] | None) or []


def _text(node: _Fields, name: str) -> str:
    return msgspec.json.decode(node[name], type=str | None) or "" if name in node else ""


def _name(node: _Fields) -> bytes:
    return unquote_name(_text(node, "name"))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
