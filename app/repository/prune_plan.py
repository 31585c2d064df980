"""What a prune will do: which packs go, which are packed anew, which stay. Looks at everything, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from app.repository import storing
from app.repository.backend.base import FileKind
from app.repository.crypto import OVERHEAD
from app.repository.errors import BackendError, RepositoryDamaged
from app.repository.index import Index, PackedBlob
from app.repository.marking import Marks
from app.repository.model import BlobId, Cancel, Monitor, PackId
from app.repository.pack import PackEntry
from app.repository.repository import Repository

_HEADER_ENTRY_BYTES = 37
_COMPRESSED_HEADER_ENTRY_BYTES = 41
_FRAME_BYTES = OVERHEAD + 4


@dataclass(frozen=True, slots=True)
class MaxUnused:
    """How much unneeded data may stay: a share of what remains (0.05 is restic's), bytes, or both None: any amount."""

    share: float | None = 0.05
    bytes: int | None = None

    def limit(self, needed_bytes: int) -> float:
        """Return the most unneeded bytes beside this many needed ones."""
        if self.bytes is not None:
            return self.bytes
        if self.share is None or self.share >= 1:
            return float("inf")
        return needed_bytes * self.share / (1 - self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepackOptions:
    """Which packs are packed anew."""

    max_unused: MaxUnused = MaxUnused()
    max_repack_bytes: int | None = None
    """How many bytes of packs at most."""
    repack_small: bool = False
    """Those too that waste nothing but are small, when there are several: a disk of many runs has many."""


@dataclass(slots=True)
class PackUse:
    """What one pack holds. Sizes are those in the index, which leave out a pack's header."""

    needed_bytes: int = 0
    unneeded_bytes: int = 0
    header_bytes: int = _FRAME_BYTES
    has_trees: bool = False
    has_data: bool = False

    @property
    def pack_bytes(self) -> int:
        """Return the size that the pack's file must have."""
        return self.needed_bytes + self.unneeded_bytes + self.header_bytes

    def count(self, place: PackedBlob, *, needed: bool) -> None:
        self.count_bytes(place.length, place.plain_length, needed=needed)
        self.has_trees |= place.is_tree
        self.has_data |= not place.is_tree

    def count_bytes(self, length: int, plain_length: int, *, needed: bool) -> None:
        if needed:
            self.needed_bytes += length
        else:
            self.unneeded_bytes += length
        self.header_bytes += _COMPRESSED_HEADER_ENTRY_BYTES if plain_length else _HEADER_ENTRY_BYTES


@dataclass(slots=True)
class PrunePlan:
    """The packs by what becomes of them."""

    kept_blobs: bytearray
    """1 for each place of a needed blob that counts, in the order of `index.blobs()`."""
    uses: dict[PackId, PackUse]
    unindexed: dict[PackId, int] = field(default_factory=dict)
    """Packs that no index names, with their sizes: what an interrupted run has left."""
    unneeded: list[PackId] = field(default_factory=list)
    repack: list[PackId] = field(default_factory=list)
    """In the order to be done: what frees the most first."""
    missing: list[PackId] = field(default_factory=list)
    """Packs that an index names, that nothing needs, and that are not there."""


def make_plan(
    repository: Repository,
    index: Index,
    roots: Iterable[BlobId],
    *,
    options: RepackOptions,
    monitor: Monitor,
    cancel: Cancel,
) -> PrunePlan:
    """Decide what becomes of every pack.

    Raises RepositoryDamaged when a tree cannot be read, or a needed blob or pack is not where it should be.
    """
    marks = Marks(repository, index)
    marks.mark_below(roots, monitor=monitor, cancel=cancel)
    stored = {PackId(bytes.fromhex(info.name)): info.size for info in repository.backend.list(FileKind.PACK)}
    uses = {pack: PackUse() for pack in index.packs}
    plan = PrunePlan(marks.marked, uses)
    _count(plan, index, _Duplicates(repository, stored, uses), monitor, cancel)
    plan.unindexed = {pack: size for pack, size in stored.items() if pack not in uses}
    candidates = []
    for pack, use in uses.items():
        if not use.needed_bytes:
            (plan.unneeded if pack in stored else plan.missing).append(pack)
            continue
        _refuse_if_damaged(pack, use, stored)
        if use.unneeded_bytes or (use.has_data and use.has_trees):
            candidates.append(pack)
    if options.repack_small:
        candidates += _small(uses.keys() - candidates - set(plan.unneeded) - set(plan.missing), uses)
    plan.repack = _choose(candidates, uses, options)
    return plan


def _refuse_if_damaged(pack: PackId, use: PackUse, stored: Mapping[PackId, int]) -> None:
    if pack not in stored:
        raise RepositoryDamaged(file=f"data/{pack.hex()}", reason="pack-missing")
    if stored[pack] != use.pack_bytes:
        raise RepositoryDamaged(file=f"data/{pack.hex()}", reason="pack-size")


def _count(plan: PrunePlan, index: Index, duplicates: _Duplicates, monitor: Monitor, cancel: Cancel) -> None:
    """Count what each pack holds; of a blob that is stored more than once only one place is needed."""
    several: list[tuple[int, BlobId, list[PackedBlob]]] = []
    number = 0
    for (blob_id, is_tree), group in groupby(index.blobs(), key=lambda found: (found[0], found[1].is_tree)):
        del is_tree
        places = [place for _, place in group]
        needed = bool(plan.kept_blobs[number])
        if len(places) > 1 and needed:
            several.append((number, blob_id, places))
        else:
            for place in places:
                plan.uses[place.pack].count(place, needed=needed)
        number += len(places)
    for number, blob_id, places in several:
        cancel.heed(monitor)
        chosen = duplicates.choose(blob_id, places)
        plan.kept_blobs[number] = 0
        plan.kept_blobs[number + chosen] = 1
        for at, place in enumerate(places):
            plan.uses[place.pack].count(place, needed=at == chosen)


class _Duplicates:
    """Chooses which place of a blob that is stored more than once is to be kept.

    The others may go for good, so the one chosen is read and verified first.
    """

    def __init__(self, repository: Repository, stored: Mapping[PackId, int], uses: Mapping[PackId, PackUse]) -> None:
        self._repository = repository
        self._stored = stored
        self._uses = uses

    def choose(self, blob_id: BlobId, places: list[PackedBlob]) -> int:
        """Return the number of a place that holds the blob whole; raises RepositoryDamaged when none does."""
        for number in sorted(range(len(places)), key=lambda number: self._merit(places[number]), reverse=True):
            if places[number].pack in self._stored and self._is_whole(blob_id, places[number]):
                return number
        raise RepositoryDamaged(file=f"data/{places[0].pack.hex()}", reason="blob-damaged", blob=blob_id.hex())

    def _merit(self, place: PackedBlob) -> tuple[bool, int]:
        """Rank a place: a pack that is in use anyway, and of one kind of blob, is likeliest to stay."""
        use = self._uses[place.pack]
        return not (use.has_data and use.has_trees), use.needed_bytes

    def _is_whole(self, blob_id: BlobId, place: PackedBlob) -> bool:
        pack = place.pack.hex()
        try:
            sealed = self._repository.backend.load_range(FileKind.PACK, pack, place.offset, place.length)
            self._repository.open_blob(blob_id, sealed, place.plain_length, pack=pack)
        except RepositoryDamaged:
            return False
        except BackendError:
            # A bad sector or a pulled-out disk: the latter shows at the next step, the former leaves another place.
            return False
        return True


def _least_bytes() -> int:
    """Return how large a pack must be to be no small one (source: restic's `--repack-small`, 80 %)."""
    return storing.PACK_BYTES * 4 // 5


def _small(packs: Iterable[PackId], uses: Mapping[PackId, PackUse]) -> list[PackId]:
    """Return packs that are wholly needed and could be fewer: the small ones of a kind, when there are several."""
    small = sorted(pack for pack in packs if uses[pack].pack_bytes < _least_bytes())
    found: list[PackId] = []
    for has_trees in (True, False):
        of_kind = [pack for pack in small if uses[pack].has_trees is has_trees]
        if len(of_kind) > 1:
            found += of_kind
    return found


def _choose(candidates: list[PackId], uses: Mapping[PackId, PackUse], options: RepackOptions) -> list[PackId]:
    """Return which packs to pack anew: those with trees always, others until little enough is wasted.

    Small ones that waste nothing come last.
    """

    def wasted_share(pack: PackId) -> float:
        return uses[pack].unneeded_bytes / (uses[pack].needed_bytes + uses[pack].unneeded_bytes)

    limit = options.max_unused.limit(sum(use.needed_bytes for use in uses.values()))
    waste = sum(uses[pack].unneeded_bytes for pack in candidates)
    chosen: list[PackId] = []
    chosen_bytes = 0
    for pack in sorted(
        candidates,
        key=lambda pack: (not uses[pack].unneeded_bytes, not uses[pack].has_trees, -wasted_share(pack), pack),
    ):
        use = uses[pack]
        if not use.has_trees and waste <= limit and not (options.repack_small and use.pack_bytes < _least_bytes()):
            continue
        if options.max_repack_bytes is not None and chosen_bytes + use.pack_bytes > options.max_repack_bytes:
            continue
        chosen.append(pack)
        chosen_bytes += use.pack_bytes
        waste -= use.unneeded_bytes
    return chosen


def entries_to_keep(plan: PrunePlan, index: Index, packs: Iterable[PackId]) -> dict[PackId, list[PackEntry]]:
    """Return the needed blobs of some packs, sorted by offset."""
    kept: dict[PackId, list[PackEntry]] = {pack: [] for pack in packs}
    for blob_id, place in _kept(plan, index):
        if place.pack in kept:
            kept[place.pack].append(PackEntry(blob_id, place.is_tree, place.offset, place.length, place.plain_length))
    for entries in kept.values():
        entries.sort(key=lambda entry: entry.offset)
    return kept


def _kept(plan: PrunePlan, index: Index) -> Iterator[tuple[BlobId, PackedBlob]]:
    for number, found in enumerate(index.blobs()):
        if plan.kept_blobs[number]:
            yield found
