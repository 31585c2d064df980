"""One worker of a back-up: it reads the files of a batch into blobs, and what it says to the archiver."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.repository.index import Index, StoredPack
from app.repository.model import BlobId, FileProblem
from app.repository.novelty import KNOWN, Novelty
from app.repository.reading import FileReader, FileStamp, SourceChanged
from app.repository.repository import Repository
from app.repository.scan import reason_of
from app.repository.shared import Board, Claims
from app.repository.storing import BlobStore


class FolderPart(NamedTuple):
    """Some files of a folder that are to be read."""

    folder: int
    path: bytes
    names: tuple[bytes, ...]


class Batch(NamedTuple):
    """What a worker does at a time."""

    parts: tuple[FolderPart, ...]
    files: int


ReadFile = tuple[int, bytes, str | None, Novelty]
"""A file that was dealt with: its folder, its name, its node's JSON (None when it could not be stored), its novelty.

A bare tuple, as there is one of every file: pickle takes four times as long for one that has a name.
"""


class FilePart(NamedTuple):
    """Some chunks of a file that several workers read; a length of 0 is a hole of the largest size."""

    file: int
    number: int
    path: bytes
    stamp: FileStamp
    offset: int
    lengths: tuple[int, ...]


class PartDone(NamedTuple):
    """A part's outcome: its blobs, None when the file could not be read or is no longer what it was."""

    file: int
    number: int
    blobs: tuple[BlobId, ...] | None
    novelty: Novelty


class BatchDone(NamedTuple):
    """A batch's outcome."""

    files: list[ReadFile]
    problems: list[FileProblem]


class Flushed(NamedTuple):
    """A worker has written its last pack."""


class Failed(NamedTuple):
    """A worker gave up with one of the engine's errors (sent by name: our errors take keywords)."""

    name: str
    data: dict[str, object]


Work = Batch | FilePart

Message = BatchDone | PartDone | StoredPack | Flushed | Failed


class Duty(NamedTuple):
    """What every worker of a run works with."""

    repository: Repository
    stored: Index
    board: Board
    claims: Claims
    verify: bool


class Worker:
    """The work itself, in whatever process."""

    def __init__(self, duty: Duty, number: int, report: Callable[[StoredPack], None]) -> None:
        self._board = duty.board
        self._number = number
        self._store = BlobStore(
            duty.repository,
            duty.stored,
            is_tree=False,
            is_first=duty.claims.claim,
            on_stored=report,
            verify=duty.verify,
        )
        self._reader = FileReader(self._store, seed=duty.repository.polynomial, on_bytes=self._on_bytes)

    def perform(self, work: Work) -> BatchDone | PartDone:
        """Read what there is to read; raises Cancelled between two blobs when the run is to stop."""
        return self._perform_part(work) if isinstance(work, FilePart) else self._perform_batch(work)

    def _perform_part(self, part: FilePart) -> PartDone:
        try:
            blobs, novelty = self._reader.read_chunks(part.path, part.stamp, part.offset, part.lengths)
        except (OSError, SourceChanged):  # what is wrong is told by who reads the file as a whole then
            return PartDone(part.file, part.number, None, KNOWN)
        return PartDone(part.file, part.number, blobs, novelty)

    def _perform_batch(self, batch: Batch) -> BatchDone:
        done = BatchDone([], [])
        heed, reader, files = self._board.raise_if_stopped, self._reader, done.files
        for folder, path, names in batch.parts:
            prefix = path if path.endswith(b"/") else path + b"/"
            for name in names:
                heed()
                node_json = self._read(prefix + name, done.problems)
                files.append((folder, name, node_json, reader.novelty))
                self._board.add_file(self._number)
        return done

    def flush(self) -> None:
        self._store.flush()

    def _read(self, path: bytes, problems: list[FileProblem]) -> str | None:
        try:
            node_json, steady = self._reader.read(path)
        except OSError as exc:
            problems.append(FileProblem(path, reason_of(exc)))
            return None
        except SourceChanged:
            problems.append(FileProblem(path, "changed"))
            return None
        if not steady:
            problems.append(FileProblem(path, "changed"))
        return node_json

    def _on_bytes(self, count: int) -> None:
        self._board.add_bytes(self._number, count)
        self._board.raise_if_stopped()
