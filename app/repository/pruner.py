"""Pruning: removing what no snapshot needs any more. The only part of the engine that removes data.

Under an exclusive lock, in an order that makes a stop at any moment harmless: new packs are durable before an index
names them, the new index before an old one goes, and a pack goes only when no index names it. Packs of which nothing is
needed go first, so that a full disk gets room; the rest is packed anew in rounds that fit into the space there is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.clock import Clock, SystemClock
from app.repository.backend.base import FileKind
from app.repository.damage import is_damage
from app.repository.errors import (
    BackendError,
    BackendFull,
    FileMissing,
    RepositoryDamaged,
    RepositoryError,
)
from app.repository.index_files import IndexFiles
from app.repository.index_json import PackContents
from app.repository.locks import Lock, refuse_if_locked
from app.repository.model import Cancel, CheckProblem, Monitor, PackId, Phase
from app.repository.pack import PackEntry
from app.repository.prune_plan import MaxUnused, PrunePlan, RepackOptions, entries_to_keep, make_plan
from app.repository.repacking import PackWriter, read_sealed
from app.repository.repository import Repository
from app.repository.storing import PACK_BYTES

__all__ = ["MaxUnused", "PruneReport", "prune"]

_ROUND_BYTES = 512 << 20
_LEAST_ROUND_BYTES = 2 * PACK_BYTES
_CONFIRM_EVERY = 64  # removals between two looks at our own lock


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What a prune did, or with `dry_run` would do. Sizes are bytes as stored."""

    dry_run: bool
    snapshots: int
    packs_before: int
    packs_removed: int
    """Packs of which nothing was needed; those that no index named are counted too."""
    packs_repacked: int
    packs_unindexed: int
    """Packs that no index named."""
    bytes_before: int
    bytes_freed: int
    bytes_repacked: int
    bytes_unneeded_left: int
    duration_s: float
    stopped_for_space: bool = False
    """Not everything could be packed anew: there was no room for it. The repository is sound."""
    problems: tuple[CheckProblem, ...] = ()
    """Packs with unreadable blobs; they stay as they are."""


def prune(
    repository: Repository,
    *,
    max_unused: MaxUnused | None = None,
    max_repack_bytes: int | None = None,
    repack_small: bool = False,
    dry_run: bool = False,
    monitor: Monitor | None = None,
    cancel: Cancel | None = None,
    clock: Clock | None = None,
) -> PruneReport:
    """Remove what no snapshot needs, and pack anew what is mostly unneeded; with `repack_small` small packs too.

    Raises RepositoryLocked; RepositoryDamaged when what snapshots need cannot be told or is not all there, or when no
    snapshot is listed at all (then nothing is touched); Cancelled and the backend's errors, after which the
    repository is sound and the next prune carries on. One thread.
    """
    clock = clock or SystemClock()
    monitor, cancel = monitor or Monitor(), cancel or Cancel()
    started_s = clock.monotonic()
    monitor.phase = Phase.PRUNING
    with _locked(repository, exclusive=not dry_run, clock=clock) as lock:
        # An index from before we held the lock may name packs that are gone by now.
        repository.forget_index()
        snapshots = repository.snapshots()
        files = IndexFiles(repository)
        if not snapshots and len(files.index):
            raise RepositoryDamaged(file="snapshots", reason="none-listed")
        plan = make_plan(
            repository,
            files.index,
            (snapshot.tree for snapshot in snapshots),
            options=RepackOptions(
                max_unused=max_unused or MaxUnused(), max_repack_bytes=max_repack_bytes, repack_small=repack_small
            ),
            monitor=monitor,
            cancel=cancel,
        )
        run = _Run(repository, files, plan, lock, monitor, cancel)
        if not dry_run:
            try:
                run.perform()
            finally:
                repository.forget_index()
    return run.report(len(snapshots), clock.monotonic() - started_s, dry_run=dry_run)


@contextlib.contextmanager
def _locked(repository: Repository, *, exclusive: bool, clock: Clock) -> Iterator[Lock]:
    """Hold a lock; on a disk too full for one, first make room for it."""
    with contextlib.ExitStack() as stack:
        lock = repository.lock(exclusive, clock=clock, refresh_in_thread=True)
        try:
            stack.enter_context(lock)
        except BackendFull:
            if not exclusive or not _remove_unnamed_packs(repository, clock):
                raise
            stack.enter_context(lock)
        yield lock


def _remove_unnamed_packs(repository: Repository, clock: Clock) -> bool:
    """Remove what an interrupted back-up left, without a lock of our own; return whether anything went.

    The order makes it safe: a back-up that wrote one of the packs we list either still holds its lock, or has named
    it in the index before it let go of that.
    """
    packs = [info.name for info in repository.backend.list(FileKind.PACK)]
    refuse_if_locked(repository, clock.now())
    files = IndexFiles(repository)
    unnamed = [name for name in packs if not files.names(PackId(bytes.fromhex(name)))]
    for name in unnamed:
        with contextlib.suppress(FileMissing):
            repository.backend.remove(FileKind.PACK, name)
    return bool(unnamed)


@dataclass(slots=True)
class _Outcome:
    packs_repacked: int = 0
    bytes_repacked: int = 0
    bytes_written: int = 0
    bytes_removed: int = 0
    stopped_for_space: bool = False
    problems: list[CheckProblem] = field(default_factory=list)


class _Run:
    """A prune under way."""

    def __init__(
        self, repository: Repository, files: IndexFiles, plan: PrunePlan, lock: Lock, monitor: Monitor, cancel: Cancel
    ) -> None:
        self._repository = repository
        self._files = files
        self._plan = plan
        self._lock = lock
        self._monitor = monitor
        self._cancel = cancel
        self._done = _Outcome()
        self._gone: set[PackId] = set(plan.missing)
        self._sizes = {pack: use.pack_bytes for pack, use in plan.uses.items()} | plan.unindexed
        self._sizes |= dict.fromkeys(plan.missing, 0)

    def perform(self) -> None:
        self._monitor.files_done = 0
        self._monitor.bytes_total = sum(self._sizes[pack] for pack in self._plan.repack)
        self._done.bytes_removed += self._repository.backend.remove_leftovers()
        self._remove_packs(self._plan.unindexed)
        self._drop([*self._plan.unneeded, *self._plan.missing])
        for packs in self._rounds():
            try:
                self._repack(packs)
            except BackendFull:
                self._done.stopped_for_space = True
                break
        self._files.merge_small(before_removal=self._lock.ensure_held)

    # --- removing ----------------------------------------------------------------------------------------------

    def _drop(self, packs: Sequence[PackId]) -> None:
        """Have the index forget packs, then remove them."""
        if not packs:
            return
        unnamed = self._files.drop(packs, before_removal=self._lock.ensure_held)
        if len(unnamed) < len(packs):
            # What has been freed by now may be room enough for the files that could not be written.
            self._remove_packs(sorted(unnamed))
            rest = [pack for pack in packs if pack not in unnamed]
            unnamed = self._files.drop(rest, before_removal=self._lock.ensure_held)
            self._done.stopped_for_space |= len(unnamed) < len(rest)
        self._remove_packs(sorted(unnamed))

    def _remove_packs(self, packs: Iterable[PackId]) -> None:
        for number, pack in enumerate(packs):
            if number % _CONFIRM_EVERY == 0:
                self._lock.ensure_held()
            self._cancel.heed(self._monitor)
            with contextlib.suppress(FileMissing):
                self._repository.backend.remove(FileKind.PACK, pack.hex())
                self._done.bytes_removed += self._sizes[pack]
            self._gone.add(pack)

    # --- packing anew ------------------------------------------------------------------------------------------

    def _rounds(self) -> Iterator[list[PackId]]:
        """Yield packs to do together: as many as the space allows for their needed blobs beside the old packs."""
        waiting = list(self._plan.repack)
        waiting.reverse()
        while waiting:
            room = self._room()
            packs: list[PackId] = []
            needed = 0
            while waiting and (not packs or needed + self._plan.uses[waiting[-1]].needed_bytes <= room):
                needed += self._plan.uses[waiting[-1]].needed_bytes
                packs.append(waiting.pop())
            yield packs

    def _room(self) -> int:
        free = self._repository.backend.free_bytes()
        return _ROUND_BYTES if free is None else min(_ROUND_BYTES, free // 2 - _LEAST_ROUND_BYTES)

    def _repack(self, packs: Sequence[PackId]) -> None:
        """Move the needed blobs of some packs into new ones, and remove the old."""
        written: list[tuple[PackContents, int]] = []
        writer = PackWriter(self._repository, lambda contents, size: written.append((contents, size)))
        moved: list[PackId] = []
        try:
            for pack, entries in entries_to_keep(self._plan, self._files.index, packs).items():
                if self._move(pack, entries, writer):
                    moved.append(pack)
            writer.flush()
            self._files.add(contents for contents, _ in written)
        except RepositoryError:
            # Nothing names what we wrote (a save that fails leaves no file): give the space back.
            for contents, _ in written:
                with contextlib.suppress(BackendError):
                    if not self._files.names(contents.pack):
                        self._repository.backend.remove(FileKind.PACK, contents.pack.hex())
            raise
        self._done.bytes_written += sum(size for _, size in written)
        self._done.packs_repacked += len(moved)
        self._done.bytes_repacked += sum(self._sizes[pack] for pack in moved)
        fresh = {contents.pack for contents, _ in written}
        self._drop([pack for pack in moved if pack not in fresh])

    def _move(self, pack: PackId, entries: Sequence[PackEntry], writer: PackWriter) -> bool:
        """Copy blobs into new packs, each verified; return False when one is damaged: then the pack has to stay."""
        for entry, sealed in read_sealed(self._repository, pack, entries):
            self._cancel.heed(self._monitor)
            try:
                if sealed is None:
                    raise RepositoryDamaged(file=f"data/{pack.hex()}", reason="unreadable")
                self._repository.open_blob(entry.id, sealed, entry.plain_length, pack=pack.hex())
            except RepositoryError as exc:
                if not is_damage(self._repository, exc):
                    raise
                self._done.problems.append(CheckProblem(f"data/{pack.hex()}", "blob-damaged"))
                self._monitor.problems += 1
                return False
            writer.add_sealed(entry.id, entry.is_tree, sealed, entry.plain_length)
        self._monitor.bytes_done += self._sizes[pack]
        self._monitor.files_done += 1
        return True

    # --- telling -----------------------------------------------------------------------------------------------

    def report(self, snapshots: int, duration_s: float, *, dry_run: bool) -> PruneReport:
        plan, done = self._plan, self._done
        gone = [*plan.unneeded, *plan.unindexed]
        left = set(plan.uses) - (self._gone if not dry_run else {*plan.unneeded, *plan.repack})
        if dry_run:
            removed = sum(self._sizes[pack] for pack in [*gone, *plan.repack])
            rewritten = sum(self._sizes[pack] - plan.uses[pack].unneeded_bytes for pack in plan.repack)
            done.bytes_removed, done.bytes_written = removed, rewritten
            done.packs_repacked = len(plan.repack)
            done.bytes_repacked = sum(self._sizes[pack] for pack in plan.repack)
        return PruneReport(
            dry_run=dry_run,
            snapshots=snapshots,
            packs_before=len(self._sizes) - len(plan.missing),
            packs_removed=len(gone),
            packs_repacked=done.packs_repacked,
            packs_unindexed=len(plan.unindexed),
            bytes_before=sum(self._sizes.values()),
            bytes_freed=done.bytes_removed - done.bytes_written,
            bytes_repacked=done.bytes_repacked,
            bytes_unneeded_left=sum(plan.uses[pack].unneeded_bytes for pack in left),
            duration_s=duration_s,
            stopped_for_space=done.stopped_for_space,
            problems=tuple(done.problems),
        )
