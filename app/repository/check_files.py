"""Checking the small files of a repository: config, keys, index and snapshots, and each pack on its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from app.repository.backend.base import FileInfo, FileKind
from app.repository.blob_reader import READ_BYTES
from app.repository.check_structure import Blob, Finding
from app.repository.damage import is_damage
from app.repository.errors import BackendError, RepositoryDamaged
from app.repository.index import Index, IndexBuilder
from app.repository.index_json import INDEX_FILE_LIMIT
from app.repository.keys import KEY_FILE_LIMIT, describe_key_file
from app.repository.model import Cancel, CheckProblem, PackId, Snapshot, SnapshotId
from app.repository.pack import MAX_PACK, PackEntry, encode_header, encode_length, header_length, parse_header
from app.repository.repository import Repository
from app.repository.snapshots import SNAPSHOT_LIMIT, decode_snapshot

_CONFIG_LIMIT = 64 << 10
_LENGTH_BYTES = 4

Read = TypeVar("Read")


@dataclass(slots=True)
class SmallFiles:
    """What the small files say, and what is wrong with them."""

    index: Index = field(default_factory=Index)
    snapshots: list[Snapshot] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    broken_snapshots: list[CheckProblem] = field(default_factory=list)


def attempt(repository: Repository, read: Callable[[], Read]) -> Read | str:
    """Return what could be read, or the reason why it is damaged; raises when the place went away."""
    try:
        return read()
    except RepositoryDamaged as exc:
        return str(exc.data.get("reason", "unreadable"))
    except BackendError as exc:
        if not is_damage(repository, exc):
            raise
        return "unreadable"


def list_files(repository: Repository, kind: FileKind, findings: list[Finding]) -> list[FileInfo]:
    """Return the files of a kind by name; a folder that is gone is a finding."""
    files = attempt(repository, lambda: sorted(repository.backend.list(kind), key=lambda info: info.name))
    if isinstance(files, str):
        findings.append(Finding(kind.value, "folder-missing"))
        return []
    return files


def read_small_files(repository: Repository) -> SmallFiles:
    """Read and verify the config, the keys, the snapshots and the index, in that order.

    Snapshots come before the index: a back-up that ends meanwhile has stored its index first.
    """
    found = SmallFiles()
    if isinstance(reason := attempt(repository, partial(_check_config, repository)), str):
        found.findings.append(Finding("config", reason))
    for info in list_files(repository, FileKind.KEY, found.findings):
        if isinstance(reason := attempt(repository, partial(_check_key, repository, info.name)), str):
            found.findings.append(Finding(f"keys/{info.name}", reason))
    for info in list_files(repository, FileKind.SNAPSHOT, found.findings):
        snapshot = attempt(repository, partial(_read_snapshot, repository, info.name))
        if isinstance(snapshot, str):
            file = f"snapshots/{info.name}"
            found.broken_snapshots.append(CheckProblem(file, snapshot, (SnapshotId(info.name),)))
        else:
            found.snapshots.append(snapshot)
    found.snapshots.sort(key=lambda snapshot: (snapshot.time, snapshot.id))
    builder = IndexBuilder()
    for info in list_files(repository, FileKind.INDEX, found.findings):
        if isinstance(reason := attempt(repository, partial(_read_index, repository, info.name, builder)), str):
            found.findings.append(Finding(f"index/{info.name}", reason))
    found.index = Index.built(builder)
    return found


def _check_config(repository: Repository) -> None:
    repository.master.open(repository.backend.load(FileKind.CONFIG, limit=_CONFIG_LIMIT), file="config")


def _check_key(repository: Repository, name: str) -> None:
    data = repository.backend.load(FileKind.KEY, name, limit=KEY_FILE_LIMIT)
    if hashlib.sha256(data).hexdigest() != name:
        raise RepositoryDamaged(file=f"keys/{name}", reason="hash")
    describe_key_file(name, data)


def _read_snapshot(repository: Repository, name: str) -> Snapshot:
    return decode_snapshot(name, repository.load_unpacked(FileKind.SNAPSHOT, name, limit=SNAPSHOT_LIMIT))


def _read_index(repository: Repository, name: str, builder: IndexBuilder) -> None:
    """Take in what an index file lists, up to where it is damaged: as a restore does."""
    plain = repository.load_unpacked(FileKind.INDEX, name, limit=INDEX_FILE_LIMIT)
    builder.add_file(plain, file=f"index/{name}")


# --- packs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackOutcome:
    """What reading a pack whole gave."""

    pack: PackId
    bytes_read: int
    finding: Finding | None


def check_pack(
    repository: Repository, pack: PackId, entries: Sequence[PackEntry], size: int, cancel: Cancel
) -> PackOutcome:
    """Read a pack of `size` bytes whole: its name, its header against the index, every blob the index says it holds.

    `entries` are sorted by offset. A part of the pack is held at a time, whatever its size. Raises Cancelled.
    """
    file = f"data/{pack.hex()}"
    if size > MAX_PACK:
        return PackOutcome(pack, 0, Finding(file, "pack-size", blobs_of(entries)))
    checked = attempt(repository, lambda: _read_pack(repository, pack, entries, size, cancel))
    if isinstance(checked, str):
        return PackOutcome(pack, 0, Finding(file, checked, blobs_of(entries)))
    bad, is_as_named, tail = checked
    finding: Finding | None = None
    if bad:
        finding = Finding(file, "blob-damaged", bad)
    elif not _header_lists(repository, pack, entries, size, tail):
        finding = Finding(file, "pack-header")
    elif not is_as_named:
        finding = Finding(file, "hash")
    return PackOutcome(pack, size, finding)


def _read_pack(
    repository: Repository, pack: PackId, entries: Sequence[PackEntry], size: int, cancel: Cancel
) -> tuple[frozenset[Blob], bool, memoryview]:
    """Return a pack's blobs that are not whole, whether its name was made of its bytes, and what follows its blobs."""
    digest = hashlib.sha256()
    name = pack.hex()
    open_blob = repository.blob_opener().open
    bad: set[Blob] = set()
    at = begin = free_from = 0
    read = memoryview(b"")
    for group, end in _reads(entries, size):
        del read  # or its memory could not be used again for the next
        read = memoryview(repository.backend.load_range(FileKind.PACK, name, at, end - at))
        digest.update(read)
        for entry in group:
            cancel.heed()
            start = entry.offset - at
            if entry.offset < free_from:  # blobs never overlap: a million on one spot would take days to open
                bad.add((entry.id, entry.is_tree))
                continue
            free_from = entry.offset + entry.length
            try:
                open_blob(entry.id, read[start : start + entry.length], entry.plain_length, pack=name)
            except RepositoryDamaged:
                bad.add((entry.id, entry.is_tree))
        begin, at = at, end
    return frozenset(bad), digest.digest() == pack, read[max(free_from - begin, 0) :]


def _reads(entries: Sequence[PackEntry], size: int) -> Iterator[tuple[Sequence[PackEntry], int]]:
    """Cut a pack into reads that follow one another: each with the blobs that lie in it, and where it ends.

    Blobs that overlap or lie beyond the end of the pack come out cut short, so as damaged.
    """
    start = first = 0
    for position, entry in enumerate(entries):
        if entry.offset >= start and entry.offset + entry.length - start > READ_BYTES and position > first:
            end = min(entry.offset, size)
            yield entries[first:position], end
            start, first = end, position
    yield entries[first:], size


def _header_lists(
    repository: Repository, pack: PackId, entries: Sequence[PackEntry], size: int, tail: memoryview
) -> bool:
    """Tell whether a pack's own list has all these blobs; `tail` is what follows the last of them."""
    name, file = pack.hex(), f"data/{pack.hex()}"
    if _is_just_as_listed(repository, entries, size, tail):
        return True

    def read() -> tuple[PackEntry, ...]:
        last = min(size, _LENGTH_BYTES)
        length = header_length(repository.backend.load_range(FileKind.PACK, name, size - last, last), size, file=file)
        sealed = repository.backend.load_range(FileKind.PACK, name, size - length - _LENGTH_BYTES, length)
        return parse_header(repository.master, sealed, size, file=file)

    header = attempt(repository, read)
    return not isinstance(header, str) and set(entries) <= set(header)


def _is_just_as_listed(repository: Repository, entries: Sequence[PackEntry], size: int, tail: memoryview) -> bool:
    """Tell whether a pack holds these blobs, one behind the other, and lists just these, as nearly every pack does."""
    end = 0
    for entry in entries:
        if entry.offset != end:
            return False
        end += entry.length
    sealed, length = tail[:-_LENGTH_BYTES], tail[-_LENGTH_BYTES:]
    if end + len(tail) != size or length != encode_length(len(sealed)):
        return False
    try:
        return repository.master.open(sealed) == encode_header(entries)
    except RepositoryDamaged:
        return False


def blobs_of(entries: Sequence[PackEntry]) -> frozenset[Blob]:
    """Return the blobs of a pack as findings name them."""
    return frozenset((entry.id, entry.is_tree) for entry in entries)
