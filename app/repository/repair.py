"""Repairing: the index from the packs, whole blobs out of damaged packs, snapshots without what is lost.

The order for a damaged repository is that of the functions here. Nothing that can still be read is thrown away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from app.clock import Clock, SystemClock
from app.repository.backend.base import FileInfo, FileKind
from app.repository.damage import is_damage
from app.repository.errors import BackendError, FileMissing, RepositoryDamaged, RepositoryError
from app.repository.index_files import IndexFiles
from app.repository.index_json import INDEX_FILE_LIMIT, PackContents, decode_index
from app.repository.model import BlobId, Cancel, CheckProblem, Monitor, PackId, Phase
from app.repository.pack import PackEntry, header_length, parse_header
from app.repository.prune_plan import PackUse
from app.repository.repacking import IndexWriter, PackWriter, read_sealed
from app.repository.repository import Repository

_TAIL_BYTES = 16 << 10
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class IndexRepair:
    """What the new index names, and which packs it could not take in."""

    packs: int
    blobs: int
    index_files_removed: int
    problems: tuple[CheckProblem, ...] = ()


def repair_index(
    repository: Repository, *, monitor: Monitor | None = None, cancel: Cancel | None = None, clock: Clock | None = None
) -> IndexRepair:
    """Write the index anew from what the packs themselves list, then remove the old index files.

    A pack whose own list is damaged is named as a readable old index named it; without one it stays unnamed and is a
    problem. Raises RepositoryLocked, Cancelled and the backend's errors; until all is written the old index stays.
    """
    monitor, cancel = monitor or Monitor(), cancel or Cancel()
    monitor.phase = Phase.REPAIRING
    problems: list[CheckProblem] = []
    packs = blobs = 0
    with repository.lock(exclusive=True, clock=clock or SystemClock(), refresh_in_thread=True) as lock:
        old_names = sorted(info.name for info in repository.backend.list(FileKind.INDEX))
        stored = sorted(repository.backend.list(FileKind.PACK), key=lambda info: info.name)
        monitor.files_total = len(stored)
        writer = IndexWriter(repository)
        for info in stored:
            cancel.heed(monitor)
            try:
                entries = _list_pack(repository, info, old_names)
            except RepositoryError as exc:
                if not is_damage(repository, exc):
                    raise
                problems.append(CheckProblem(f"data/{info.name}", "pack-header"))
            else:
                writer.add(PackContents(PackId(bytes.fromhex(info.name)), entries))
                packs += 1
                blobs += len(entries)
            monitor.files_done += 1
            monitor.problems = len(problems)
        writer.flush()
        lock.ensure_held()
        for name in old_names:
            with contextlib.suppress(FileMissing):
                repository.backend.remove(FileKind.INDEX, name)
        repository.forget_index()
    return IndexRepair(packs, blobs, len(old_names), tuple(problems))


def _list_pack(repository: Repository, info: FileInfo, index_names: Sequence[str]) -> tuple[PackEntry, ...]:
    """Return the blobs of a pack as it lists them, or as an old index does; raises RepositoryDamaged."""
    try:
        return read_pack_header(repository, info)
    except RepositoryDamaged:
        pack = PackId(bytes.fromhex(info.name))
        for contents in _readable_contents(repository, index_names):
            if contents.pack == pack and _fills(contents.entries, info.size):
                return contents.entries
        raise


def read_pack_header(repository: Repository, info: FileInfo) -> tuple[PackEntry, ...]:
    """Return the blobs of a pack from its own list, with one or two reads; raises RepositoryDamaged."""
    file = f"data/{info.name}"
    if info.size <= _LENGTH_BYTES:
        raise RepositoryDamaged(file=file, reason="too-short")
    tail_bytes = min(info.size, _TAIL_BYTES)
    tail = repository.backend.load_range(FileKind.PACK, info.name, info.size - tail_bytes, tail_bytes)
    sealed_bytes = header_length(tail[-_LENGTH_BYTES:], info.size, file=file)
    if sealed_bytes + _LENGTH_BYTES > len(tail):
        start = info.size - sealed_bytes - _LENGTH_BYTES
        tail = repository.backend.load_range(FileKind.PACK, info.name, start, sealed_bytes + _LENGTH_BYTES)
    return parse_header(repository.master, tail[-sealed_bytes - _LENGTH_BYTES : -_LENGTH_BYTES], info.size, file=file)


def _readable_contents(repository: Repository, index_names: Sequence[str]) -> Iterator[PackContents]:
    for name in index_names:
        with contextlib.suppress(RepositoryDamaged, FileMissing):
            plain = repository.load_unpacked(FileKind.INDEX, name, limit=INDEX_FILE_LIMIT)
            yield from decode_index(plain, file=f"index/{name}")


def _fills(entries: Sequence[PackEntry], pack_bytes: int) -> bool:
    use = PackUse()
    for entry in entries:
        use.count_bytes(entry.length, entry.plain_length, needed=True)
    return use.pack_bytes == pack_bytes


@dataclass(frozen=True, slots=True)
class PacksRepair:
    """What became of damaged packs."""

    packs_removed: int
    blobs_saved: int
    blobs_lost: tuple[BlobId, ...]
    """Blobs that were whole in none of the packs; snapshots that need them are for `repair_snapshots`."""
    problems: tuple[CheckProblem, ...] = ()
    """Packs that were left alone: nothing tells what they hold."""


def repair_packs(
    repository: Repository,
    packs: Collection[PackId],
    *,
    monitor: Monitor | None = None,
    cancel: Cancel | None = None,
    clock: Clock | None = None,
) -> PacksRepair:
    """Move the whole blobs of damaged packs into new packs, and remove the damaged ones.

    A pack that is gone is struck off the index, so that the next back-up stores its content again. Raises
    RepositoryLocked, RepositoryDamaged when the index is (see `repair_index`), Cancelled, the backend's errors.
    """
    monitor, cancel = monitor or Monitor(), cancel or Cancel()
    monitor.phase = Phase.REPAIRING
    with repository.lock(exclusive=True, clock=clock or SystemClock(), refresh_in_thread=True) as lock:
        repository.forget_index()
        files = IndexFiles(repository)
        known = _known_entries(files, packs)
        problems = _add_unnamed(repository, known, packs)
        written: list[PackContents] = []
        writer = PackWriter(repository, lambda contents, _size: written.append(contents))
        saved: set[BlobId] = set()
        lost: list[PackEntry] = []
        for pack, entries in known.items():
            lost.extend(_move_whole(repository, pack, entries, writer, monitor, cancel, saved))
            monitor.files_done += 1
        writer.flush()
        files.add(written)
        unnamed = files.drop(known.keys(), before_removal=lock.ensure_held)
        lock.ensure_held()
        removed = sum(_remove_pack(repository, pack) for pack in sorted(unnamed))
        repository.forget_index()
    return PacksRepair(removed, len(saved), _nowhere_else(files, lost, known, saved), tuple(problems))


def _nowhere_else(
    files: IndexFiles, lost: Sequence[PackEntry], doomed: Collection[PackId], saved: Collection[BlobId]
) -> tuple[BlobId, ...]:
    return tuple(
        sorted(
            {
                entry.id
                for entry in lost
                if entry.id not in saved
                and all(place.pack in doomed for place in files.index.lookup_all(entry.id, entry.is_tree, most=None))
            }
        )
    )


def _known_entries(files: IndexFiles, packs: Collection[PackId]) -> dict[PackId, list[PackEntry]]:
    wanted = set(packs)
    known: dict[PackId, list[PackEntry]] = {}
    for blob_id, place in files.index.blobs():
        if place.pack in wanted:
            entry = PackEntry(blob_id, place.is_tree, place.offset, place.length, place.plain_length)
            known.setdefault(place.pack, []).append(entry)
    for entries in known.values():
        entries.sort(key=lambda entry: entry.offset)
    return known


def _add_unnamed(
    repository: Repository, known: dict[PackId, list[PackEntry]], packs: Collection[PackId]
) -> list[CheckProblem]:
    """Take packs that no index names by their own list; those without one are returned as problems."""
    problems: list[CheckProblem] = []
    unnamed = {pack.hex(): pack for pack in packs if pack not in known}
    if not unnamed:
        return problems
    sizes = {info.name: info for info in repository.backend.list(FileKind.PACK) if info.name in unnamed}
    for name, pack in unnamed.items():
        if name not in sizes:
            problems.append(CheckProblem(f"data/{name}", "pack-missing"))
            continue
        try:
            known[pack] = list(read_pack_header(repository, sizes[name]))
        except RepositoryError as exc:
            if not is_damage(repository, exc):
                raise
            problems.append(CheckProblem(f"data/{name}", "pack-header"))
    return problems


def _move_whole(
    repository: Repository,
    pack: PackId,
    entries: Sequence[PackEntry],
    writer: PackWriter,
    monitor: Monitor,
    cancel: Cancel,
    saved: set[BlobId],
) -> Iterator[PackEntry]:
    """Copy what is whole into new packs; yield what is not."""
    for entry, sealed in read_sealed(repository, pack, entries):
        cancel.heed(monitor)
        if sealed is None or not _opens(repository, entry, sealed):
            yield entry
            continue
        writer.add_sealed(entry.id, entry.is_tree, sealed, entry.plain_length)
        saved.add(entry.id)


def _opens(repository: Repository, entry: PackEntry, sealed: memoryview) -> bool:
    try:
        repository.open_blob(entry.id, sealed, entry.plain_length)
    except RepositoryDamaged:
        return False
    return True


def _remove_pack(repository: Repository, pack: PackId) -> int:
    try:
        repository.backend.remove(FileKind.PACK, pack.hex())
    except FileMissing:
        return 0
    except BackendError as exc:
        if not is_damage(repository, exc):
            raise
        return 0  # a bad sector under the folder's entry: no index names it any more, so it harms nobody
    return 1
