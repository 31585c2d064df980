"""Checking a repository: is everything there, and, when all data is read, is every byte what was written?

Reasons of a problem: "hash" (a file is not what its name says), "mac" and the other codes of RepositoryDamaged,
"unreadable", "folder-missing", "pack-missing", "pack-size", "pack-header" (its own list of blobs), "blob-damaged",
"tree-damaged", "blobs-not-listed" (snapshots need blobs that no index lists: an index file is lost or damaged).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from app.clock import SystemClock
from app.repository.backend.base import FileKind
from app.repository.check_files import (
    PackOutcome,
    SmallFiles,
    blobs_of,
    check_pack,
    list_files,
    read_small_files,
)
from app.repository.check_structure import Finding, StructureFindings, touched_snapshots, walk_structure
from app.repository.crypto import OVERHEAD
from app.repository.damage_note import note_damage
from app.repository.model import Cancel, CheckProblem, CheckReport, Monitor, PackId, Phase
from app.repository.pack import PackEntry
from app.repository.parallel import run_tasks, worker_count
from app.repository.read_subset import ReadSubset, chosen_packs
from app.repository.reading_lock import reading_lock
from app.repository.repository import Repository

_HEADER_ENTRY_BYTES = 37
_COMPRESSED_HEADER_ENTRY_BYTES = 41
_LENGTH_FIELD_BYTES = 4


def check(
    repository: Repository,
    *,
    read_data: bool,
    monitor: Monitor,
    cancel: Cancel,
    subset: ReadSubset | None = None,
    state_dir: Path | str | None = None,
) -> CheckReport:
    """Check everything that snapshots need; with `read_data` every byte of it, or of a `subset` of the packs.

    With a `state_dir` the next back-up from there stores anew what is damaged and still at the source.

    Damage is never an exception but a problem in the report, with the snapshots it touches. Packs that no index lists
    are no damage: an interrupted back-up leaves some. Raises Cancelled, RepositoryLocked, BackendUnavailable.
    """
    clock = SystemClock()
    started = clock.monotonic()
    monitor.phase = Phase.CHECKING
    with reading_lock(repository):
        files = read_small_files(repository)
        packs = files.index.by_pack()
        to_read = _find_packs(repository, packs, files.findings, read_data=read_data, subset=subset)
        run = _Run(repository, files, packs, to_read, monitor, cancel)
        run.perform()
        findings = files.findings
        if state_dir is not None:
            damaged = {pack for finding in findings if (pack := pack_of(finding.file)) is not None}
            note_damage(state_dir, repository.id, damaged=damaged, looked_at=to_read.keys(), stored=packs.keys())
        touched = touched_snapshots(repository, files.index, findings, files.snapshots, cancel)
    problems = [
        CheckProblem(finding.file, finding.reason, snapshots)
        for finding, snapshots in zip(findings, touched, strict=True)
    ]
    return CheckReport(
        snapshots=len(files.snapshots) + len(files.broken_snapshots),
        packs=len(packs),
        blobs=len(files.index),
        bytes_read=run.bytes_read,
        read_data=read_data,
        packs_read=len(to_read),
        duration_s=clock.monotonic() - started,
        problems=(*files.broken_snapshots, *problems),
    )


def _find_packs(
    repository: Repository,
    packs: Mapping[PackId, Sequence[PackEntry]],
    findings: list[Finding],
    *,
    read_data: bool,
    subset: ReadSubset | None,
) -> dict[PackId, int]:
    """Return the packs to read with their sizes in bytes.

    Those missing, or of another size than the index says, become findings. When all data is read, a pack of the wrong
    size is too: that tells which of its blobs are still whole.
    """
    sizes = {info.name: info.size for info in list_files(repository, FileKind.PACK, findings)}
    to_read: dict[PackId, int] = {}
    wanted = chosen_packs(subset, {pack: sizes[pack.hex()] for pack in packs if pack.hex() in sizes})
    for pack in packs:
        size = sizes.get(pack.hex())
        if size is None:
            findings.append(Finding(f"data/{pack.hex()}", "pack-missing", blobs_of(packs[pack])))
        elif read_data and pack in wanted:
            to_read[pack] = size
        elif size != pack_size(entries := packs[pack]):
            findings.append(Finding(f"data/{pack.hex()}", "pack-size", blobs_of(entries)))
    return to_read


def pack_of(file: str) -> PackId | None:
    """Return the pack that a finding is about, None when it is about something else."""
    kind, _slash, name = file.partition("/")
    return PackId(bytes.fromhex(name)) if kind == FileKind.PACK.value and name else None


def pack_size(entries: Sequence[PackEntry]) -> int:
    """Return the size in bytes of a pack that holds just these blobs."""
    header = sum(_COMPRESSED_HEADER_ENTRY_BYTES if entry.plain_length else _HEADER_ENTRY_BYTES for entry in entries)
    return sum(entry.length for entry in entries) + header + OVERHEAD + _LENGTH_FIELD_BYTES


class _Run:
    """The long part of a check: task 0 walks the trees, each further task reads a pack, on several processes."""

    def __init__(
        self,
        repository: Repository,
        files: SmallFiles,
        packs: Mapping[PackId, Sequence[PackEntry]],
        to_read: Mapping[PackId, int],
        monitor: Monitor,
        cancel: Cancel,
    ) -> None:
        self._repository = repository
        self._files = files
        self._packs = packs
        self._to_read = tuple(to_read.items())
        self._monitor = monitor
        self._cancel = cancel
        self._structure = StructureFindings()
        self.bytes_read = 0

    def perform(self) -> None:
        self._monitor.files_total = len(self._to_read)
        self._monitor.bytes_total = sum(size for _, size in self._to_read)
        tasks = 1 + len(self._to_read)
        workers = worker_count(self._repository.backend, tasks)
        run_tasks(tasks, self._perform_task, self._collect, workers=workers, cancel=self._cancel, monitor=self._monitor)
        # A pack that is missing, cut or damaged is named once, not again for its trees.
        findings = self._files.findings
        named = {finding.file for finding in findings if finding.blobs}
        trees = self._structure.as_findings(self._files.index)
        findings.extend(finding for finding in trees if finding.file not in named)

    def _perform_task(self, number: int) -> StructureFindings | PackOutcome:
        if number == 0:
            roots = [snapshot.tree for snapshot in self._files.snapshots]
            return walk_structure(self._repository, self._files.index, roots, self._cancel)
        pack, size = self._to_read[number - 1]
        return check_pack(self._repository, pack, self._packs[pack], size, self._cancel)

    def _collect(self, outcome: StructureFindings | PackOutcome) -> None:
        if isinstance(outcome, StructureFindings):
            self._structure = outcome
            return
        self.bytes_read += outcome.bytes_read
        self._monitor.files_done += 1
        self._monitor.bytes_done = self.bytes_read
        if outcome.finding is not None:
            self._files.findings.append(outcome.finding)
        self._monitor.problems = len(self._files.findings) + len(self._files.broken_snapshots)
