"""Backing up: look at the source, read what may have changed, store it, and list the result as a snapshot.

The order that makes an interruption harmless: packs are durable before an index names them, the index before a tree's
snapshot. A run that is cut short leaves packs that a partial index names, so the next run does not store them again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from app.clock import Clock
from app.repository.ahead import Ahead
from app.repository.damage_note import distrusting
from app.repository.earlier import Earlier, find_earlier
from app.repository.errors import Cancelled, SourceNotFound
from app.repository.exclusion import exclusion_of
from app.repository.folders import FolderWalk
from app.repository.index import StoredPack
from app.repository.locks import Lock
from app.repository.model import (
    BackupOptions,
    BackupSummary,
    BlobId,
    Cancel,
    FileProblem,
    Monitor,
    Phase,
    Snapshot,
    SnapshotId,
)
from app.repository.reading_plan import ReadingPlan
from app.repository.repository import Repository, this_host, this_user
from app.repository.scan import Place, Scanner, is_folder, plant
from app.repository.shared import Board, Claims
from app.repository.snapshots import readable_path
from app.repository.state import SourceState, size_of_states
from app.repository.storing import BlobStore
from app.repository.tally import Tally
from app.repository.worker import BatchDone, Duty

if TYPE_CHECKING:
    from app.repository.readers import Readers

PROGRAM = "vangnet"
CHECKPOINT_EVERY_S = 45.0
CHECKPOINT_BLOBS = 40_000
_TICK_S = 0.1
_FOLDERS_AT_ONCE = 16
_MANY_FOLDERS_BYTES = 48 << 10
"""A state of so many bytes tells of some hundreds of folders: a helper that looks at half of them is worth its fork."""


def backup(
    repository: Repository,
    paths: Sequence[bytes],
    *,
    options: BackupOptions,
    monitor: Monitor,
    cancel: Cancel,
    state_dir: Path | str | None,
    clock: Clock,
    ahead: Ahead | None = None,
) -> BackupSummary:
    """Back up paths into a new snapshot; `ahead` is what `look_ahead` saw just now.

    A file that cannot be read or stored whole is a problem in the summary, and the run goes on. Raises SourceNotFound
    when none of the paths is there or one of them goes away meanwhile, Cancelled when asked to stop,
    RepositoryLocked, WorkerDied and the backend's errors; after any of these there is no new snapshot and the
    repository is sound. With `dry_run` all is done but to store anything. One thread, which forks.
    """
    started_s = clock.monotonic()
    started_at = clock.now()
    if options.dry_run:
        from app.repository.dry_run import pretend

        repository = pretend(repository)
    root, absolute, missing = plant(paths)
    if not root.children and not root.is_target:
        raise SourceNotFound(paths=tuple(readable_path(path) for path in absolute))
    options = replace(options, hostname=options.hostname or this_host(), username=options.username or this_user())
    with (
        repository.lock(clock=clock) as lock,
        distrusting(repository, state_dir) as is_damaged,
        _keeping_index(repository, None if options.dry_run else state_dir),
    ):
        before = find_earlier(repository, absolute, options, state_dir)
        if is_damaged:
            before = replace(before, state=SourceState())
        if options.dry_run:
            before = replace(before, state_file=None)
        seen = Ahead() if ahead is None else ahead
        with contextlib.closing(_Run(repository, lock, options, monitor, cancel, clock, before, seen)) as run:
            tree = run.carry_out(root, missing)
            _ensure_still_there(root)
            lock.ensure_held()
            if options.skip_if_unchanged and _is_as(before.parent, tree, repository):
                before.save(replace(run.walk.seen, snapshot=before.parent.id, indexes=repository.index_names()))
                return run.summarize(before.parent, clock.monotonic() - started_s)
            snapshot = repository.save_snapshot(
                Snapshot(
                    id=SnapshotId(""),
                    time=options.time or started_at,
                    utc_offset_s=_local_offset_s(options.time or started_at),
                    tree=tree,
                    paths=absolute,
                    hostname=options.hostname,
                    username=options.username,
                    tags=options.tags,
                    parent=before.parent.id if before.parent else None,
                    program_version=PROGRAM,
                ),
                excludes=options.exclude,
            )
            before.save(replace(run.walk.seen, snapshot=snapshot.id, indexes=repository.index_names()))
            repository.keep_first_index()
            return run.summarize(snapshot, clock.monotonic() - started_s)


@contextlib.contextmanager
def _keeping_index(repository: Repository, folder: Path | str | None) -> Iterator[None]:
    """Have the index of each repository of a mirror kept on this computer."""
    with contextlib.ExitStack() as stack:
        for store in repository.stores:
            stack.enter_context(store.keeping_index(folder))
        yield


def look_ahead(
    paths: Sequence[bytes], *, options: BackupOptions, state_dir: Path | str | None, until: Callable[[], bool]
) -> Ahead:
    """Look at the source before there is a repository to compare it with, for as long as `until` is false.

    For those who wait for a key to be derived; a helper may go on longer. The caller closes what is returned. A source
    that seems never to have been backed up is not looked at.
    """
    ahead = Ahead()
    if options.force or state_dir is None or not (kept := size_of_states(state_dir)):
        return ahead
    with_helper = kept > _MANY_FOLDERS_BYTES and len(os.sched_getaffinity(0)) > 1
    try:
        ahead.look(_scanner(options), paths, until=until, with_helper=with_helper)
    except BaseException:
        ahead.close()
        raise
    return ahead


def _scanner(options: BackupOptions) -> Scanner:
    return Scanner(exclusion_of(options))


def _is_as(parent: Snapshot | None, tree: BlobId, repository: Repository) -> TypeGuard[Snapshot]:
    """Tell whether a run found all as in its parent; of a mirror, everybody must have that parent."""
    return parent is not None and parent.tree == tree and repository.has_snapshot(parent.id)


def _ensure_still_there(root: Place) -> None:
    """Raise SourceNotFound when a folder to back up went away meanwhile: a disk pulled out is no empty folder."""
    gone: list[bytes] = []
    places = [root]
    while places:
        place = places.pop()
        places.extend(place.children)
        if place.is_target and is_folder(place.status):
            try:
                same = os.lstat(place.path).st_dev == place.status.st_dev
            except OSError:
                same = False
            if not same:
                gone.append(place.path)
    if gone:
        raise SourceNotFound(paths=tuple(readable_path(path) for path in sorted(gone)))


class _Run:
    """One back-up under way."""

    def __init__(
        self,
        repository: Repository,
        lock: Lock,
        options: BackupOptions,
        monitor: Monitor,
        cancel: Cancel,
        clock: Clock,
        before: Earlier,
        ahead: Ahead,
    ) -> None:
        self._repository = repository
        self._lock = lock
        self._options = options
        self._monitor = monitor
        self._cancel = cancel
        self._clock = clock
        self._before = before
        self._in_this_thread = not repository.backend.shared_by_fork
        self._board = Board(self._heed_at_work)
        self._claims: Claims | None = None
        self._readers: Readers | None = None
        self._trees: BlobStore | None = None
        self._tree_ids: set[BlobId] = set()
        self._unlisted: list[StoredPack] = []
        self._unlisted_since_s = clock.monotonic()
        self._bytes_added = 0
        self._blobs_added = 0
        self._tally = Tally()
        self._plan = ReadingPlan()
        self.walk = FolderWalk(
            repository,
            _scanner(options),
            self._plan,
            self._tally,
            self._store_tree,
            state=before.state,
            unfinished=before.unfinished,
            one_file_system=options.one_file_system,
            ahead=ahead,
        )

    def carry_out(self, root: Place, missing: Iterable[FileProblem]) -> BlobId:
        """Do all but listing the snapshot; return the root tree. All it needs is durable then."""
        self._tally.problems.extend(missing)
        self._monitor.phase = Phase.SCANNING
        try:
            self._look_and_read(root)
            self._monitor.phase = Phase.FINISHING
            self._show_progress()
            self._flush()
            self._repository.let_leave(self._make_checkpoint)
        except Cancelled:
            self._keep_what_is_done()
            raise
        assert self.walk.root_tree is not None
        return self.walk.root_tree

    def summarize(self, snapshot: Snapshot, duration_s: float) -> BackupSummary:
        tally = self._tally
        return BackupSummary(
            snapshot=snapshot,
            files=tally.files,
            folders=tally.folders,
            files_new_or_changed=tally.files_read,
            bytes_read=self._board.bytes_done,
            bytes_total=tally.bytes,
            bytes_added=self._bytes_added,
            blobs_added=self._blobs_added,
            duration_s=duration_s,
            changes=None if self._before.parent is None else self.walk.changes.summary(),
            problems=tally.problems.named(),
            problems_unnamed=tally.problems.unnamed,
        )

    def close(self) -> None:
        """End the workers and give back the shared memory."""
        if self._readers is not None:
            self._readers.close()
        if self._claims is not None:
            self._claims.close()
        if self._blobs_added:
            self._repository.forget_index()
        self._board.close()

    # --- the loop ----------------------------------------------------------------------------------------------

    def _look_and_read(self, root: Place) -> None:
        """Look at folders while the workers read; the scan waits when they are far behind."""
        before = self._before
        self.walk.begin(root, None if before.parent is None else before.parent.tree)
        self._tick()
        while not self.walk.is_done:
            scanning = self.walk.has_unseen and not self._plan.is_long
            if scanning:
                self._look_at_some()
            self._hand_out()
            if self._readers is not None:
                self._take_in(0.0 if scanning else _TICK_S)
            self._tick()

    def _look_at_some(self) -> None:
        for _ in range(_FOLDERS_AT_ONCE):
            self.walk.look_at_next()
            if not self.walk.has_unseen:
                self._plan.close()
                self._show_totals()
                return

    def _hand_out(self) -> None:
        if self._readers is None and self._plan.has_batch:
            self._readers = self._make_readers()
            self._monitor.phase = Phase.STORING
        if self._readers is not None:
            self._readers.hand_out()

    def _take_in(self, timeout_s: float) -> None:
        assert self._readers is not None
        for message in self._readers.collect(timeout_s):
            self._hear(message)

    def _hear(self, message: BatchDone | StoredPack) -> None:
        if isinstance(message, BatchDone):
            self._tally.problems.extend(message.problems)
            self._plan.mark_done(len(message.files))
            for folder, name, node_json, novelty in message.files:
                self.walk.put_file(folder, name, node_json, novelty)
        else:
            self._note_stored(message)

    def _tick(self) -> None:
        self._heed()
        self._stay_alive()
        if self._unlisted and self._clock.monotonic() - self._unlisted_since_s > CHECKPOINT_EVERY_S:
            self._make_checkpoint()

    def _heed(self) -> None:
        """Wait while paused, raise Cancelled when asked to stop."""
        self._cancel.heed(self._monitor, meanwhile=self._while_paused)

    def _heed_at_work(self) -> None:
        """Do the same between two blobs: forked workers only wait; in this thread it is us who keep the lock."""
        if self._in_this_thread:
            self._heed()
        else:
            self._cancel.heed()

    def _while_paused(self) -> None:
        """Name in the index what is stored by now: a pause may end with the power."""
        if self._readers is not None and not self._in_this_thread:
            self._take_in(0.0)
        if self._unlisted:
            self._make_checkpoint()
        self._stay_alive()

    def _stay_alive(self) -> None:
        self._lock.refresh()
        self._repository.let_leave(self._make_checkpoint)
        self._show_progress()

    def _show_progress(self) -> None:
        monitor = self._monitor
        monitor.files_done = self._tally.files_reused + self._board.files_done
        monitor.bytes_done = self._tally.bytes_reused + self._board.bytes_done
        monitor.problems = len(self._tally.problems)
        monitor.current = self.walk.current

    def _show_totals(self) -> None:
        self._monitor.files_total = self._tally.files
        self._monitor.bytes_total = self._tally.bytes

    # --- storing -----------------------------------------------------------------------------------------------

    def _make_readers(self) -> Readers:
        """Make the readers: at the first file to read, after the index is in memory."""
        from app.repository.readers import Readers
        from app.repository.workers import ForkedWorkers, InlineWorkers, worker_count

        repository = self._repository
        self._in_this_thread = self._in_this_thread or self._plan.is_short
        self._claims = Claims(between_processes=not self._in_this_thread)
        duty = Duty(repository, repository.index, self._board, self._claims, self._options.verify_sealed)
        count = 1 if self._in_this_thread else min(worker_count(), self._plan.workers_needed)
        workers = InlineWorkers(duty) if self._in_this_thread else ForkedWorkers(duty, count)
        return Readers(workers, count, self._plan, self._board, seed=repository.polynomial)

    def _store_tree(self, plain: bytes) -> BlobId:
        if self._trees is None:
            self._trees = BlobStore(
                self._repository,
                self._repository.index,
                is_tree=True,
                is_first=self._is_first_tree,
                on_stored=self._note_stored,
                verify=self._options.verify_sealed,
            )
        return self._trees.store(plain)

    def _is_first_tree(self, tree_id: BlobId) -> bool:
        if tree_id in self._tree_ids:
            return False
        self._tree_ids.add(tree_id)
        return True

    def _note_stored(self, pack: StoredPack) -> None:
        if not self._unlisted:
            self._unlisted_since_s = self._clock.monotonic()
        self._unlisted.append(pack)
        self._bytes_added += pack.stored_bytes
        self._blobs_added += pack.blobs
        if sum(pack.blobs for pack in self._unlisted) >= CHECKPOINT_BLOBS:
            self._list_packs()

    def _make_checkpoint(self) -> None:
        """Have the next run find all that is stored by now, and know what need not be read again."""
        if self._trees is not None:
            self._trees.flush()
        self._list_packs()
        self._before.note(self.walk.so_far())

    def _list_packs(self) -> None:
        """Write an index file for the packs that none names yet."""
        if self._unlisted:
            self._repository.list_packs(self._unlisted)
            self._unlisted.clear()

    def _flush(self) -> None:
        if self._readers is not None:
            for message in self._readers.flush():
                self._hear(message)
        if self._trees is not None:
            self._trees.flush()
        self._list_packs()

    def _keep_what_is_done(self) -> None:
        """Stop the workers at their next blob and name in the index what they have written."""
        self._board.stop()
        if self._readers is not None:
            for message in self._readers.wind_up():
                self._hear(message)
        self._make_checkpoint()


def _local_offset_s(at: datetime) -> int:
    """Return how far this computer's clock on the wall is ahead of UTC at a moment."""
    offset = at.astimezone().utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
