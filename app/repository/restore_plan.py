"""What a restore will do: the folders and entries that are wanted, and the reads that bring their content.

Small files are gathered pack by pack, large ones read file by file. All that a folder itself holds is planned in one
step; a restore writes the first folders while the others are still being planned.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from app.repository.blob_reader import READ_BYTES, READ_GAP
from app.repository.blob_table import BlobRecord
from app.repository.crypto import OVERHEAD
from app.repository.errors import RepositoryDamaged
from app.repository.finder import MAX_DEPTH, MAX_PATH_BYTES, Unfolding
from app.repository.index import Index, PackedBlob
from app.repository.model import (
    BlobId,
    Cancel,
    FileProblem,
    Monitor,
    Node,
    NodeType,
    PackId,
    RestoreOptions,
    Snapshot,
)
from app.repository.pack import MAX_BLOB
from app.repository.patterns import EitherCase
from app.repository.planned_entries import PlannedEntries, PlannedEntry
from app.repository.problems import Problems
from app.repository.repository import Repository

TARGET_ITSELF = -1
"""The parent of a folder that stands for the target folder itself."""

_SEGMENT_BYTES = 32 << 20
_LONGEST = MAX_BLOB + OVERHEAD
_FILES_AT_ONCE = 1000
_OFFSET = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """A folder to be made in the folder with the number `parent`; `path` is absolute in the snapshot."""

    parent: int
    path: bytes
    node: Node | None


@dataclass(slots=True)
class RestorePlan:
    """Folders come before what they hold; numbers are positions in the tuples."""

    folders: list[PlannedFolder] = field(default_factory=list)
    entries: PlannedEntries = field(default_factory=PlannedEntries)
    problems: Problems = field(default_factory=Problems)
    unfolding: Unfolding = field(default_factory=Unfolding)

    def path_of(self, entry: PlannedEntry) -> bytes:
        """Return an entry's absolute path in the snapshot."""
        return self.folders[entry.folder].path.rstrip(b"/") + b"/" + entry.node.name


@dataclass(slots=True)
class _Frame:
    """A folder of the snapshot that is being walked; its place in the plan is made when something needs it."""

    path: bytes
    node: Node | None
    above: _Frame | None
    folders: Iterator[Node] = field(default_factory=lambda: iter(()))
    number: int | None = None


class _Selection:
    """Which paths of a snapshot are wanted."""

    def __init__(self, options: RestoreOptions) -> None:
        strip = _clean(options.strip)
        paths = options.paths or ((options.strip,) if strip else ())
        self.roots = {_clean(path) for path in paths}
        if b"" in self.roots:
            self.roots = set()
        self._ancestors = {parent for root in self.roots for parent in _parents(root)}
        self._strip = strip
        self._include = EitherCase(options.include, options.iinclude)
        self._exclude = EitherCase(options.exclude, options.iexclude)
        self.is_everything = not (self.roots or self._include or self._exclude)

    def is_target_itself(self, folder: bytes) -> bool:
        return folder == b"" or folder == self._strip or self._strip.startswith(folder + b"/")

    def wants(self, path: bytes) -> bool:
        inside = not self.roots or path in self.roots or any(parent in self.roots for parent in _parents(path))
        return inside and (not self._include or self._include.matches(path)) and not self._exclude.matches(path)

    def enters(self, path: bytes) -> bool:
        """Tell whether something wanted may lie in a folder."""
        if self._exclude.matches(path):
            return False
        return (
            not self.roots
            or path in self._ancestors
            or path in self.roots
            or any(parent in self.roots for parent in _parents(path))
        )


def _clean(path: bytes) -> bytes:
    names = [name for name in path.split(b"/") if name not in (b"", b".")]
    return b"/" + b"/".join(names) if names else b""


def _parents(path: bytes) -> Iterator[bytes]:
    while (at := path.rfind(b"/")) > 0:
        path = path[:at]
        yield path
    yield b""


def plan_restore(
    plan: RestorePlan,
    repository: Repository,
    snapshot: Snapshot,
    options: RestoreOptions,
    monitor: Monitor,
    cancel: Cancel,
) -> Iterator[None]:
    """Walk a snapshot and add what is wanted of it to a plan; what cannot be read is named in the plan's problems.

    Each step is a folder with all entries that are no folders: what stands in one folder is planned in one step.
    Raises RepositoryDamaged ("too-many-entries") for a snapshot that was made to have no end.
    """
    selection = _Selection(options)
    missing = set(selection.roots)
    frame: _Frame | None = _Frame(b"", None, None)
    assert frame is not None
    _plan_folder(repository, plan, selection, frame, snapshot.tree, missing)
    depth = 1
    while frame is not None:
        cancel.heed(monitor)
        node = next(frame.folders, None)
        if node is None:
            frame, depth = frame.above, depth - 1
            continue
        path = frame.path + b"/" + node.name
        if not selection.enters(path):
            continue
        if depth >= MAX_DEPTH or len(path) > MAX_PATH_BYTES or node.subtree is None:
            plan.problems.append(FileProblem(path, "too-deep" if node.subtree else "tree-damaged"))
            continue
        frame, depth = _Frame(path, node, frame), depth + 1
        if selection.wants(path):
            _number(plan, selection, frame)
        _plan_folder(repository, plan, selection, frame, node.subtree, missing)
        yield
    plan.problems.extend(FileProblem(path, "not-in-snapshot") for path in sorted(missing))


def _plan_folder(
    repository: Repository,
    plan: RestorePlan,
    selection: _Selection,
    frame: _Frame,
    tree: BlobId,
    missing: set[bytes],
) -> None:
    """Plan all in a folder that is no folder, and set those that are aside in the frame."""
    nodes: tuple[Node, ...] = ()
    try:
        nodes = repository.load_tree(tree)
    except RepositoryDamaged:
        plan.problems.append(FileProblem(frame.path or b"/", "tree-damaged"))
    plan.unfolding.enter(tree, len(nodes))
    append, folder = plan.entries.append, NodeType.DIR
    frame.folders = iter([node for node in nodes if node.type is folder])
    if not selection.is_everything:
        missing.difference_update([frame.path + b"/" + node.name for node in nodes])
        nodes = tuple([node for node in nodes if selection.wants(frame.path + b"/" + node.name)])
    number = frame.number
    for node in nodes:
        if node.type is not folder:
            if number is None:
                number = _number(plan, selection, frame)
            append(number, node)


def _number(plan: RestorePlan, selection: _Selection, frame: _Frame) -> int:
    """Return the number of a folder in the plan, adding it and the folders above it when they are not yet there."""
    waiting: list[_Frame] = []
    at: _Frame | None = frame
    while at is not None and at.number is None:
        waiting.append(at)
        at = at.above
    for folder in reversed(waiting):
        parent = TARGET_ITSELF
        if folder.above is not None and not selection.is_target_itself(folder.path):
            assert folder.above.number is not None
            parent = folder.above.number
        folder.number = len(plan.folders)
        plan.folders.append(PlannedFolder(parent, folder.path or b"/", folder.node))
    assert frame.number is not None
    return frame.number


# --- what to read ----------------------------------------------------------------------------------------------


class SmallFiles(NamedTuple):
    """Files of one blob each, whose blobs lie close together in a pack from `start` to `end`: order[first:last]."""

    pack: PackId
    start: int
    end: int
    first: int
    last: int


class EmptyFiles(NamedTuple):
    """Files without content: order[first:last]."""

    first: int
    last: int


class Segment(NamedTuple):
    """A part of a file of many blobs: content[first:last], from `offset` in the file."""

    file: int
    first: int
    last: int
    offset: int
    is_whole_file: bool


ReadTask = SmallFiles | EmptyFiles | Segment


@dataclass(slots=True)
class ReadPlan:
    """The tasks of a part of a restore; `missing` are entries whose blobs the index does not know."""

    tasks: list[ReadTask] = field(default_factory=list)
    order: array[int] = field(default_factory=lambda: array("I"))
    """The numbers of the small and the empty files, in the order in which they are brought."""
    offsets: array[int] = field(default_factory=lambda: array("I"))
    lengths: array[int] = field(default_factory=lambda: array("I"))
    plain_lengths: array[int] = field(default_factory=lambda: array("I"))
    """Where in its pack the blob of each small file lies, in that order too."""
    missing: list[int] = field(default_factory=list)
    segments: dict[int, int] = field(default_factory=dict)
    """The number of segments of each file that has more than one."""
    sizes: dict[int, int] = field(default_factory=dict)
    """The size in bytes of those files, by their blobs."""
    bytes_total: int = 0

    @property
    def is_something(self) -> bool:
        return bool(self.tasks or self.missing)


def plain_size(place: PackedBlob) -> int:
    """Return how many bytes a blob has when opened."""
    return place.plain_length or place.length - OVERHEAD


def plan_reads(plan: ReadPlan, entries: PlannedEntries, numbers: Iterable[int], index: Index) -> None:
    """Add to a plan how to bring the content of the files with these numbers."""
    empty: list[int] = []
    small = _SmallReads(index)
    for number in numbers:
        blob_id = entries.only_blob(number)
        content = entries.content(number) if blob_id is None else (BlobId(blob_id),)
        if len(content) == 1:
            record = index.record(content[0])
            if record is None or record[3] > _LONGEST:
                plan.missing.append(number)
                continue
            plan.bytes_total += record[4] or record[3] - OVERHEAD
            small.add(number, record)
            continue
        places = [index.lookup(blob_id) for blob_id in content]
        known = [place for place in places if place is not None and place.length <= _LONGEST]
        if len(known) != len(places):
            plan.missing.append(number)
            continue
        plan.bytes_total += sum(map(plain_size, known))
        if not known:
            empty.append(number)
        else:
            _plan_segments(plan, number, known)
    small.plan(plan)
    for at in range(0, len(empty), _FILES_AT_ONCE):
        first = len(plan.order)
        plan.order.extend(empty[at : at + _FILES_AT_ONCE])
        for places_of_none in (plan.offsets, plan.lengths, plan.plain_lengths):
            places_of_none.extend([0] * (len(plan.order) - first))
        plan.tasks.append(EmptyFiles(first, len(plan.order)))


def _plan_segments(plan: ReadPlan, number: int, places: list[PackedBlob]) -> None:
    cuts = [(0, 0)]
    at = filled = 0
    for position, place in enumerate(places, 1):
        at += plain_size(place)
        filled += plain_size(place)
        if filled >= _SEGMENT_BYTES and position < len(places):
            cuts.append((position, at))
            filled = 0
    ends = [first for first, _ in cuts[1:]] + [len(places)]
    if len(cuts) > 1:
        plan.segments[number] = len(cuts)
        plan.sizes[number] = at
    plan.tasks.extend(
        Segment(number, first, last, offset, is_whole_file=len(cuts) == 1)
        for (first, offset), last in zip(cuts, ends, strict=True)
    )


class _SmallReads:
    """Where the files of one blob lie, to be sorted by pack and place: 20 bytes for each."""

    def __init__(self, index: Index) -> None:
        self._packs = index.packs
        self._places = array("Q")  # the pack's number, then the offset in it
        self._lengths = array("I")
        self._plain_lengths = array("I")
        self._files = array("I")

    def add(self, file: int, record: BlobRecord) -> None:
        _, pack, offset, length, plain_length = record
        self._places.append(pack << 32 | offset)
        self._lengths.append(length)
        self._plain_lengths.append(plain_length)
        self._files.append(file)

    def plan(self, plan: ReadPlan) -> None:
        """Cut the wanted blobs into reads: the whole pack at once when it is small or mostly wanted."""
        places, lengths = self._places, self._lengths
        order = sorted(range(len(places)), key=places.__getitem__)
        first = len(plan.order)
        plan.order.extend([self._files[at] for at in order])
        plan.offsets.extend([places[at] & _OFFSET for at in order])
        plan.lengths.extend([lengths[at] for at in order])
        plan.plain_lengths.extend([self._plain_lengths[at] for at in order])
        group, group_end = 0, 0  # where the group begins in the order, and where its last blob ends
        for position, at in enumerate(order):
            place, end = places[at], places[at] + lengths[at]
            begin = places[order[group]]
            if position > group and (
                place >> 32 != begin >> 32
                or place - group_end > READ_GAP
                or end - begin > READ_BYTES
                or position - group >= _FILES_AT_ONCE
            ):
                plan.tasks.append(self._task(begin, group_end, first + group, first + position))
                group, group_end = position, 0
            group_end = max(group_end, end)
        if order:
            plan.tasks.append(self._task(places[order[group]], group_end, first + group, first + len(order)))

    def _task(self, begin: int, end: int, first: int, last: int) -> SmallFiles:
        start = begin & _OFFSET
        return SmallFiles(self._packs[begin >> 32], start, start + end - begin, first, last)
