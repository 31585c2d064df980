"""Several repositories written to at once: what is backed up is read, hashed, compressed and sealed once.

They share their master key, format version and chunker polynomial, as those of one organisation do. A pack, an index
file or a snapshot is then the same bytes for each of them, under the same name. Each pack goes to those repositories
that lack its blobs, so that a disk that was away for weeks catches up without the others growing. A repository that
fails, or is asked to stop, is left behind, and the others go on.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from app.clock import Clock, SystemClock
from app.errors import VangnetError
from app.repository.backend.base import FileKind
from app.repository.errors import Cancelled
from app.repository.index import Index, StoredPack
from app.repository.locks import Lock
from app.repository.members import Members, MirrorBackend
from app.repository.model import BackupOptions, BackupSummary, BlobId, Cancel, Monitor
from app.repository.repository import Repository
from app.repository.stored import StoredFiles


@dataclass(frozen=True, slots=True)
class MirrorResult:
    """How the back-up to one repository went: its summary, or what went wrong there."""

    repository: Repository
    summary: BackupSummary | None
    error: VangnetError | None


def can_mirror(repositories: Sequence[Repository]) -> bool:
    """Tell whether these can be written to at once: the same key, format and chunker, and no two the same one."""
    first = repositories[0]
    return len({repository.id for repository in repositories}) == len(repositories) and all(
        (other.version, other.polynomial, other.master) == (first.version, first.polynomial, first.master)
        and other.backend.shared_by_fork == first.backend.shared_by_fork
        for other in repositories[1:]
    )


def backup_to_all(
    repositories: Sequence[Repository],
    paths: Sequence[bytes],
    *,
    options: BackupOptions | None = None,
    monitor: Monitor | None = None,
    cancel: Cancel | None = None,
    cancels: Sequence[Cancel] = (),
    on_left: Callable[[int], None] = lambda _number: None,
    state_dir: Path | str | None = None,
    clock: Clock | None = None,
) -> tuple[MirrorResult, ...]:
    """Back up to all repositories at once, and say of each how it went, in their order.

    `cancel` stops the run, `cancels` (of each repository) only what goes there: its error is Cancelled, and `on_left`
    hears its number once its lock is released. When nobody is left the run is cancelled.

    Raises what `Repository.backup` raises for the source or the whole run (SourceNotFound, Cancelled, WorkerDied).
    Where a repository had been left behind before that, its own error stands, and what ended the run is the error of
    the others. ValueError when they do not fit together (`can_mirror`).
    """
    if not can_mirror(repositories):
        raise ValueError("these repositories have not all the same key, format and chunker")
    members = Members(repositories, cancels)
    mirror = Mirror(members, on_left)
    summary: BackupSummary | None = None
    ended: VangnetError | None = None
    try:
        summary = mirror.backup(
            paths, options=options, monitor=monitor, cancel=cancel, state_dir=state_dir, clock=clock
        )
    except VangnetError as exc:
        if members.live == members.everybody:
            raise
        ended = exc
    finally:
        members.close()
    return tuple(
        MirrorResult(repository, mirror.summary_of(number, summary), members.error(number) or ended)
        for number, repository in enumerate(repositories)
    )


class Mirror(Repository):
    """Several repositories as one that is only added to: what is in it is in all of them."""

    def __init__(self, members: Members, on_left: Callable[[int], None]) -> None:
        leader = members.repositories[0]
        super().__init__(MirrorBackend(members, members.everybody), leader.master, leader.config(_joint_id(members)))
        self.members = members
        self._on_left = on_left
        self._joint_index: _JointIndex | None = None
        self._joint_lock: _JointLock | None = None
        self._added = dict.fromkeys(members.numbers(members.everybody), (0, 0))

    def summary_of(self, number: int, summary: BackupSummary | None) -> BackupSummary | None:
        """Return a run's summary as it is for one member; None when that did not come to its end."""
        if summary is None or self.members.error(number) is not None:
            return None
        stored_bytes, blobs = self._added[number]
        return replace(summary, bytes_added=stored_bytes, blobs_added=blobs)

    @property
    def stores(self) -> tuple[StoredFiles, ...]:
        return self.members.repositories

    # --- what a back-up asks -----------------------------------------------------------------------------------

    @property
    def index(self) -> Index:
        """What is stored everywhere; a member whose index cannot be read is left behind."""
        if self._joint_index is None:
            self.members.each(self.members.everybody, lambda member: member.index)
            self._joint_index = _JointIndex(self.members)
        return self._joint_index

    def forget_index(self) -> None:
        self._joint_index = None
        for member in self.members.repositories:
            member.forget_index()

    def index_names(self) -> frozenset[str]:
        """Return the names of all index files, each with the id of whose it is."""
        names: set[str] = set()
        for number in self.members.numbers(self.members.live):
            member = self.members.repositories[number]
            with contextlib.suppress(VangnetError):
                names |= {f"{member.id}:{name}" for name in member.index_names()}
        return frozenset(names)

    def load_blob(self, blob_id: BlobId, is_tree: bool = False) -> bytes:
        return self.members.first(lambda member: member.load_blob(blob_id, is_tree))

    # --- writing -----------------------------------------------------------------------------------------------

    def save_pack(self, name: str, data: memoryview, missing: int) -> int:
        """Store a pack with the members that lack its blobs; return those that have it now."""
        return self.members.each(missing, lambda member: member.backend.save(FileKind.PACK, name, data))

    def list_packs(self, packs: Sequence[StoredPack]) -> None:
        """Store an index file for each group of members: of the packs that those have."""
        for group in sorted({pack.members for pack in packs} - {0}):
            alike = [pack for pack in packs if pack.members == group]
            self.over(MirrorBackend(self.members, group)).save_index_json([pack.index_json for pack in alike])
            for number in self.members.numbers(group):
                stored_bytes, blobs = self._added[number]
                self._added[number] = (
                    stored_bytes + sum(pack.stored_bytes for pack in alike),
                    blobs + sum(pack.blobs for pack in alike),
                )

    def lock(self, exclusive: bool = False, *, clock: Clock | None = None, refresh_in_thread: bool = False) -> Lock:
        """Return a lock on all members; one that is locked by somebody else is left behind."""
        self._joint_lock = _JointLock(self.members, self, clock or SystemClock(), exclusive, refresh_in_thread)
        return self._joint_lock

    def let_leave(self, list_packs: Callable[[], None]) -> None:
        """Leave behind who was asked to stop, once what they have is listed; raises Cancelled when nobody is left."""
        leaving = self.members.leaving
        if not leaving:
            return
        if leaving != self.members.live:
            list_packs()
        if not self.members.live & ~leaving:
            raise Cancelled  # the run ends as any that is cancelled: it lists what is stored
        for number in self.members.numbers(leaving):
            self.members.fail(number, Cancelled())
            if self._joint_lock is not None:
                self._joint_lock.release_one(self.members.repositories[number])
            self._on_left(number)


class _JointIndex(Index):
    """What is stored with every member that is left; says of a blob who lacks it."""

    def __init__(self, members: Members) -> None:
        super().__init__()
        self._members = members
        self._of = tuple((1 << number, members.repositories[number].index) for number in members.numbers(members.live))

    def missing(self, blob_id: BlobId, is_tree: bool) -> int:
        key = (blob_id, is_tree)
        lacking = 0
        for bit, index in self._of:
            if key not in index:
                lacking |= bit
        return lacking & self._members.live if lacking else 0

    def __contains__(self, key: tuple[BlobId, bool]) -> bool:
        return not self.missing(*key)


class _JointLock(Lock):
    """A lock with each member; the run goes on while it holds one."""

    def __init__(
        self, members: Members, store: Repository, clock: Clock, exclusive: bool, refresh_in_thread: bool
    ) -> None:
        super().__init__(store, clock, exclusive=exclusive)
        self._members = members
        self._locks = {
            repository.id: repository.lock(exclusive, clock=clock, refresh_in_thread=refresh_in_thread)
            for repository in members.repositories
        }
        self._held: set[str] = set()

    def __enter__(self) -> Self:
        def enter(member: Repository) -> None:
            self._locks[member.id].__enter__()
            self._held.add(member.id)

        try:
            self._members.each(self._members.everybody, enter)
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in tuple(self._held):
            self._held.discard(name)
            self._locks[name].__exit__(kind, error, trace)

    def refresh(self) -> None:
        # In this thread, one after the other: it is called all the time and seldom has anything to do.
        for number in self._members.numbers(self._members.live):
            try:
                self._locks[self._members.repositories[number].id].refresh()
            except VangnetError as exc:
                self._members.fail(number, exc)
                if not self._members.live:
                    raise

    def release_one(self, member: Repository) -> None:
        if member.id in self._held:
            self._held.discard(member.id)
            self._locks[member.id].__exit__(None, None, None)

    def ensure_held(self) -> None:
        self._members.each(self._members.everybody, lambda member: self._locks[member.id].ensure_held())

    def release(self) -> None:
        self.__exit__(None, None, None)


def _joint_id(members: Members) -> str:
    """Return what tells this group of repositories, in any order, from others: the source's state is kept under it."""
    every = "\n".join(sorted(repository.id for repository in members.repositories))
    return hashlib.sha256(every.encode()).hexdigest()
