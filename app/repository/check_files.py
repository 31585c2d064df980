"""Checking the small files of a repository: config, keys, index and snapshots, and each pack on its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from app.repository.backend.base import FileInfo, FileKind
from app.repository.blob_reader import is_damage
from app.repository.check_structure import Blob, Finding
from app.repository.errors import BackendError, RepositoryDamaged
from app.repository.index import INDEX_FILE_LIMIT, Index, PackContents, decode_index
from app.repository.keys import KEY_FILE_LIMIT, describe_key_file
from app.repository.model import CheckProblem, PackId, Snapshot, SnapshotId
from app.repository.pack import MAX_PACK, PackEntry, read_header
from app.repository.repository import Repository
from app.repository.snapshots import decode_snapshot

_CONFIG_LIMIT = 64 << 10
_SNAPSHOT_LIMIT = 64 << 20

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
    found.index = Index(
        _read_index(repository, info.name, found.findings)
        for info in list_files(repository, FileKind.INDEX, found.findings)
    )
    return found


def _check_config(repository: Repository) -> None:
    repository.master.open(repository.backend.load(FileKind.CONFIG, limit=_CONFIG_LIMIT), file="config")


def _check_key(repository: Repository, name: str) -> None:
    data = repository.backend.load(FileKind.KEY, name, limit=KEY_FILE_LIMIT)
    if hashlib.sha256(data).hexdigest() != name:
        raise RepositoryDamaged(file=f"keys/{name}", reason="hash")
    describe_key_file(name, data)


def _read_snapshot(repository: Repository, name: str) -> Snapshot:
    return decode_snapshot(name, repository.load_unpacked(FileKind.SNAPSHOT, name, limit=_SNAPSHOT_LIMIT))


def _read_index(repository: Repository, name: str, findings: list[Finding]) -> Sequence[PackContents]:
    def read() -> list[PackContents]:
        plain = repository.load_unpacked(FileKind.INDEX, name, limit=INDEX_FILE_LIMIT)
        return list(decode_index(plain, file=f"index/{name}"))

    contents = attempt(repository, read)
    if isinstance(contents, str):
        findings.append(Finding(f"index/{name}", contents))
        return ()
    return contents


# --- packs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackOutcome:
    """What reading a pack whole gave."""

    pack: PackId
    bytes_read: int
    finding: Finding | None


def check_pack(repository: Repository, pack: PackId, entries: Sequence[PackEntry]) -> PackOutcome:
    """Read a pack whole: its name, its header against the index, and every blob the index says it holds.

    `entries` are sorted by offset.
    """
    file = f"data/{pack.hex()}"
    data = attempt(repository, lambda: repository.backend.load(FileKind.PACK, pack.hex(), limit=MAX_PACK))
    if isinstance(data, str):
        return PackOutcome(pack, 0, Finding(file, data, blobs_of(entries)))
    bad = frozenset((entry.id, entry.is_tree) for entry in entries if not _is_whole(repository, file, data, entry))
    finding: Finding | None = None
    if bad:
        finding = Finding(file, "blob-damaged", bad)
    elif not _header_lists(repository, file, data, entries):
        finding = Finding(file, "pack-header")
    elif hashlib.sha256(data).digest() != pack:
        finding = Finding(file, "hash")
    return PackOutcome(pack, len(data), finding)


def _header_lists(repository: Repository, file: str, data: bytes, entries: Sequence[PackEntry]) -> bool:
    header = attempt(repository, lambda: read_header(repository.master, data, file=file))
    return not isinstance(header, str) and set(entries) <= set(header)


def blobs_of(entries: Sequence[PackEntry]) -> frozenset[Blob]:
    """Return the blobs of a pack as findings name them."""
    return frozenset((entry.id, entry.is_tree) for entry in entries)


def _is_whole(repository: Repository, file: str, data: bytes, entry: PackEntry) -> bool:
    if entry.offset + entry.length > len(data):
        return False
    sealed = memoryview(data)[entry.offset : entry.offset + entry.length]
    try:
        repository.open_blob(entry.id, sealed, entry.plain_length, pack=file)
    except RepositoryDamaged:
        return False
    return True
