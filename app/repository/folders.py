"""The walk over the source's folders: what is unchanged keeps its tree, what is not gets a new one.

Folders are looked at depth first and end when all below them has ended. A folder whose signature and sub-folders are
as they were keeps its tree: nothing of it is read, not even from the repository.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from typing import Final, TypeGuard

import msgspec

from app.repository.ahead import Ahead
from app.repository.errors import RepositoryDamaged
from app.repository.index import BlobFinder
from app.repository.model import BlobId, FileProblem, NodeType
from app.repository.novelty import KNOWN, Novelty
from app.repository.reading import make_node, read_attributes
from app.repository.reading_plan import ReadingPlan
from app.repository.recorded import RecordedEntry, decode_recorded
from app.repository.repository import Repository
from app.repository.scan import Entry, Glance, Place, Scanner, entries_of, is_folder, reason_of, sign_place
from app.repository.state import NEVER, FolderState, SourceState
from app.repository.tally import ChangeCount, Tally
from app.repository.trees import assemble_tree, decode_tree, encode_node, encode_tree
from app.repository.unfinished import Unfinished

_GONE_FOLDERS_READ: Final = 2_000
"""How many trees of removed folders are read to count their files: enough to see that it were many."""


class _Folder(msgspec.Struct, eq=False):
    """A folder that has not ended yet."""

    number: int
    path: bytes
    name: bytes
    status: os.stat_result | None
    """None for one that was only glanced at."""
    parent: _Folder | None
    previous: BlobId | None
    """Its tree in the back-up before, if known."""
    place: Place | None = None
    """Set for a folder above the paths to back up: only what leads to them belongs to it."""
    waiting: int = 0
    """How many sub-folders and files have not ended."""
    signature: bytes = NEVER
    unchanged: bool = False
    """Its own entries are as they were; its sub-folders may still differ."""
    sorted_out: bool = False
    """Its entries have been looked at one by one."""
    had: set[bytes] = msgspec.field(default_factory=set)
    """The files to read that were there before, under the same name."""
    nodes: dict[bytes, str] = msgspec.field(default_factory=dict)
    subtrees: list[tuple[bytes, os.stat_result | None, BlobId]] = msgspec.field(default_factory=list)
    subtrees_unchanged: bool = True
    clean: bool = True
    """Nothing in it failed."""


class FolderWalk:
    """The folders of one back-up, from the root of the tree down."""

    def __init__(
        self,
        repository: Repository,
        scanner: Scanner,
        plan: ReadingPlan,
        tally: Tally,
        store_tree: Callable[[bytes], BlobId],
        *,
        state: SourceState,
        unfinished: Unfinished,
        one_file_system: bool,
        ahead: Ahead,
    ) -> None:
        self._repository = repository
        self._scanner = scanner
        self._plan = plan
        self._tally = tally
        self._store_tree = store_tree
        self._known = state.folders
        self._unfinished = unfinished
        self._ahead = ahead
        self._one_file_system = one_file_system
        self._unseen: list[_Folder] = []
        self._open: dict[int, _Folder] = {}
        self._next_number = 0
        self.changes = ChangeCount()
        self.seen = SourceState()
        self.root_tree: BlobId | None = None
        self.current = b""

    @property
    def is_done(self) -> bool:
        return self.root_tree is not None

    @property
    def has_unseen(self) -> bool:
        return bool(self._unseen)

    def begin(self, root: Place, previous: BlobId | None) -> None:
        """Start at the root of the tree, `previous` being the root tree of the back-up before."""
        place = None if root.is_target else root
        self._enter(root.path, root.name, root.status, None, previous, place)

    def look_at_next(self) -> None:
        """Look at one more folder."""
        folder = self._unseen.pop()
        self.current = folder.path
        if folder.place is not None:
            self._look_at_place(folder, folder.place)
        else:
            self._look_at_folder(folder)
        self._end_if_complete(folder)

    def put_file(self, number: int, name: bytes, node_json: str | None, novelty: Novelty = KNOWN) -> None:
        """Take in a file that was read, None when it could not be."""
        folder = self._open[number]
        self.changes.add(novelty, was_there=name in folder.had)
        if node_json is None:
            folder.clean = False
        else:
            folder.nodes[name] = node_json
        folder.waiting -= 1
        self._end_if_complete(folder)

    def so_far(self) -> Unfinished:
        """Return what the next run should know if this one does not come to its end."""
        return Unfinished(
            {path: state.tree for path, state in self.seen.folders.items()},
            {
                folder.path: [folder.nodes[name] for name in sorted(folder.nodes)]
                for folder in self._open.values()
                if folder.nodes
            },
        )

    # --- looking -----------------------------------------------------------------------------------------------

    def _enter(
        self,
        path: bytes,
        name: bytes,
        status: os.stat_result | None,
        parent: _Folder | None,
        previous: BlobId | None,
        place: Place | None = None,
    ) -> None:
        known = self._known.get(path)
        if known is not None:
            previous = BlobId(known.tree)
        folder = _Folder(self._next_number, path, name, status, parent, previous, place)
        self._next_number += 1
        self._open[folder.number] = folder
        self._unseen.append(folder)
        if parent is not None:
            parent.waiting += 1
        if place is None:
            self._tally.folders += 1

    def _look_at_place(self, folder: _Folder, place: Place) -> None:
        """Go on towards the paths to back up; what lies beside them does not belong to the back-up."""
        # The folder's own times are not looked at: they change with what lies beside the paths.
        folder.signature = sign_place(place)
        folder.unchanged = self._is_known(folder)
        before = {} if folder.unchanged else self._load_before(folder)
        for child in place.children:
            if is_folder(child.status):
                below = before.get(child.name)
                self._enter(
                    child.path,
                    child.name,
                    child.status,
                    folder,
                    below.subtree_id if below else None,
                    None if child.is_target else child,
                )
            else:
                self._count_one(child.status, reused=folder.unchanged)
        if not folder.unchanged:
            self._sort_out(folder, entries_of(place), before)

    def _look_at_folder(self, folder: _Folder) -> None:
        if self._is_mount_point(folder):
            folder.sorted_out = True
            return
        glance = self._ahead.get(folder.path)
        if glance is not None and self._take_glance(folder, glance):
            return
        try:
            listing = self._scanner.list(folder.path)
        except OSError as exc:
            self._tally.problems.append(FileProblem(folder.path, reason_of(exc)))
            self._give_up(folder)
            return
        folder.signature = listing.signature
        if listing.problems:
            self._tally.problems.extend(listing.problems)
            folder.clean = False
        folder.unchanged = self._is_known(folder)
        before = {} if folder.unchanged else self._load_before(folder)
        for name, status in listing.entries:
            if is_folder(status):
                below = before.get(name)
                path = os.path.join(folder.path, name)
                self._enter(path, name, status, folder, below.subtree_id if below else None)
            else:
                self._count_one(status, reused=folder.unchanged)
        if not folder.unchanged:
            self._count_removed(before, {name for name, _ in listing.entries})
            self._sort_out(folder, listing.entries, before)

    def _count_removed(self, before: dict[bytes, RecordedEntry], still_there: set[bytes]) -> None:
        """Count the files that are gone, those in folders that are gone among them."""
        gone = [entry for name, entry in before.items() if name not in still_there]
        looked_at = 0
        while gone:
            entry = gone.pop()
            if entry.type is NodeType.FILE:
                self.changes.removed += 1
            elif (subtree := entry.subtree_id) is not None and looked_at < _GONE_FOLDERS_READ:
                looked_at += 1
                gone.extend(self._load_previous(subtree).values())

    def _take_glance(self, folder: _Folder, glance: Glance) -> bool:
        """Be content with what was seen ahead, if that is what the folder was in the back-up before."""
        folder.signature, folders, files, size = glance
        folder.unchanged = self._is_known(folder)
        if folder.unchanged:
            prefix = folder.path if folder.path.endswith(b"/") else folder.path + b"/"
            for name in folders:
                self._enter(prefix + name, name, None, folder, None)
            self._count(files, size, reused=True)
        return folder.unchanged

    def _is_mount_point(self, folder: _Folder) -> bool:
        """Tell whether to leave a folder empty because another file system is mounted on it."""
        parent = folder.parent
        return (
            self._one_file_system
            and parent is not None
            and parent.place is None
            and _device_of(parent) != _device_of(folder)
        )

    def _give_up(self, folder: _Folder) -> None:
        """Leave out a folder that cannot be listed."""
        del self._open[folder.number]
        folder.sorted_out = True
        if folder.parent is None:
            self.root_tree = self._store_tree(assemble_tree(()))
            return
        folder.parent.waiting -= 1
        folder.parent.clean = False
        folder.parent.subtrees_unchanged = False
        folder.clean = False
        folder.waiting = -1
        self._end_if_complete(folder.parent)

    def _is_known(self, folder: _Folder) -> bool:
        """Tell whether a folder's own entries are as they were."""
        known = self._known.get(folder.path)
        return known is not None and known.signature == folder.signature and folder.clean

    def _count_one(self, status: os.stat_result, *, reused: bool) -> None:
        if stat.S_ISREG(status.st_mode):
            self._count(1, status.st_size, reused=reused)

    def _count(self, files: int, size: int, *, reused: bool) -> None:
        tally = self._tally
        tally.files += files
        tally.bytes += size
        if reused:
            tally.files_reused += files
            tally.bytes_reused += size

    # --- entries one by one ------------------------------------------------------------------------------------

    def _sort_out(self, folder: _Folder, entries: Iterable[Entry], before: dict[bytes, RecordedEntry]) -> None:
        folder.sorted_out = True
        self._sort_out_files(folder, [entry for entry in entries if not is_folder(entry[1])], before)

    def _sort_out_files(self, folder: _Folder, entries: list[Entry], before: dict[bytes, RecordedEntry]) -> None:
        to_read: list[tuple[bytes, int]] = []
        index: BlobFinder | None = None
        for name, status in entries:
            if not stat.S_ISREG(status.st_mode):
                self._put_special(folder, name, status)
                continue
            entry = before.get(name)
            encoded: str | None = None
            if entry is not None and entry.is_of(status):
                index = self._repository.index if index is None else index
                encoded = entry.encode(name, status) if entry.is_stored(index) else None
            if encoded is not None:
                folder.nodes[name] = encoded
                if not folder.unchanged:
                    self._tally.files_reused += 1
                    self._tally.bytes_reused += status.st_size
            else:
                to_read.append((name, status.st_size))
                if entry is not None and entry.type is NodeType.FILE:
                    folder.had.add(name)
        if to_read:
            folder.waiting += len(to_read)
            self._tally.files_read += len(to_read)
            self._plan.add_folder(folder.number, folder.path, to_read)

    def _put_special(self, folder: _Folder, name: bytes, status: os.stat_result) -> None:
        path = os.path.join(folder.path, name)
        try:
            target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else b""
            node = make_node(name, status, link_target=target, attributes=read_attributes(path))
        except OSError as exc:
            self._tally.problems.append(FileProblem(path, reason_of(exc)))
            folder.clean = False
        except KeyError:
            self._tally.problems.append(FileProblem(path, "unknown-kind"))
            folder.clean = False
        else:
            folder.nodes[name] = encode_node(node)

    def _load_before(self, folder: _Folder) -> dict[bytes, RecordedEntry]:
        """Return the entries of a folder as they were last seen, by a run that ended or by one that did not."""
        return self._load_previous(folder.previous) | self._unfinished.files(self._repository, folder.path)

    def _load_previous(self, tree: BlobId | None) -> dict[bytes, RecordedEntry]:
        """Return the entries of a tree of the back-up before; none when it cannot be read, so that all is read anew."""
        if tree is None:
            return {}
        try:
            return decode_recorded(self._repository.load_blob(tree, is_tree=True))
        except RepositoryDamaged:
            return {}

    # --- ending ------------------------------------------------------------------------------------------------

    def _end_if_complete(self, folder: _Folder | None) -> None:
        """End a folder with nothing left to wait for, and those above it that waited for nothing else."""
        while folder is not None and folder.waiting == 0:
            if folder.unchanged and folder.subtrees_unchanged and folder.previous is not None:
                tree = folder.previous
            else:
                if not folder.sorted_out:
                    self._sort_out_late(folder)
                    if folder.waiting:
                        return
                tree = self._make_tree(folder)
            folder = self._end(folder, tree)

    def _sort_out_late(self, folder: _Folder) -> None:
        """Look at an unchanged folder's entries after all, because a sub-folder has changed.

        Sub-folders that have come since are left to the next run: the signature is the one from before.
        """
        try:
            place = folder.place
            entries = entries_of(place) if place else self._scanner.list(folder.path).entries
        except OSError as exc:
            self._tally.problems.append(FileProblem(folder.path, reason_of(exc)))
            folder.clean = False
            entries = []
        self._sort_out(folder, entries, self._load_before(folder))

    def _leads_to_the_same(self, folder: _Folder) -> bool:
        """Tell whether a folder above the paths leads to just what it led to in the back-up before, as we write it."""
        if folder.previous is None:
            return False
        try:
            plain = self._repository.load_blob(folder.previous, is_tree=True)
            before = {node.name: node for node in decode_tree(plain)}
        except RepositoryDamaged:
            return False
        subtrees = {name: subtree for name, _, subtree in folder.subtrees}
        return (
            before.keys() == subtrees.keys() | folder.nodes.keys()
            and encode_tree(before.values()) == plain
            and all(
                node.subtree == subtrees[name] if name in subtrees else encode_node(node) == folder.nodes[name]
                for name, node in before.items()
            )
        )

    def _is_stored(self, tree: BlobId | None) -> TypeGuard[BlobId]:
        """Tell whether a tree of the back-up before is there still: a repair may have struck it off."""
        return tree is not None and (tree, True) in self._repository.index

    def _make_tree(self, folder: _Folder) -> BlobId:
        if (
            folder.place is not None
            and folder.previous is not None
            and self._leads_to_the_same(folder)
            # A state that is trusted vouches for its trees, and spares a run with nothing to do the whole index.
            and (self._known or self._is_stored(folder.previous))
        ):
            return folder.previous
        for name, status, subtree in folder.subtrees:
            path = os.path.join(folder.path, name)
            attributes: tuple[tuple[str, bytes], ...] = ()
            try:
                status = status or _status_of_folder(path)
                attributes = read_attributes(path)
            except OSError as exc:
                self._tally.problems.append(FileProblem(path, reason_of(exc)))
                folder.clean = False
                if status is None:
                    continue
            folder.nodes[name] = encode_node(make_node(name, status, subtree=subtree, attributes=attributes))
        plain = assemble_tree([folder.nodes[name] for name in sorted(folder.nodes)])
        if self._is_stored(folder.previous) and hashlib.sha256(plain).digest() == folder.previous:
            return folder.previous
        return self._store_tree(plain)

    def _end(self, folder: _Folder, tree: BlobId) -> _Folder | None:
        """Remember a folder's tree and hand it to the folder above, which is returned."""
        del self._open[folder.number]
        self.seen.folders[folder.path] = FolderState(folder.signature if folder.clean else NEVER, tree)
        parent = folder.parent
        if parent is None:
            self.root_tree = tree
            return None
        parent.subtrees.append((folder.name, folder.status, tree))
        if tree != folder.previous:
            parent.subtrees_unchanged = False
        parent.waiting -= 1
        return parent


def _device_of(folder: _Folder) -> int | None:
    """Return the file system that a folder lies on, None when it is gone."""
    if folder.status is not None:
        return folder.status.st_dev
    try:
        return os.lstat(folder.path).st_dev
    except OSError:
        return None


def _status_of_folder(path: bytes) -> os.stat_result:
    """Return a folder's status; raises OSError also for what is none any more."""
    status = os.lstat(path)
    if not is_folder(status):
        raise NotADirectoryError(errno.ENOTDIR, "no folder any more")
    return status
