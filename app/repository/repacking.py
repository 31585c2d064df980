"""Filling new packs with blobs from old ones: for pruning, copying and repairing.

Blobs that were sealed with the same key move as they are, without being opened and sealed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.repository import zstd
from app.repository.backend.base import FileKind
from app.repository.blob_reader import READ_BYTES, READ_GAP, BlobReader
from app.repository.crypto import Plain
from app.repository.index_json import MAX_BLOBS_A_FILE, PackContents, encode_pack
from app.repository.model import BlobId, PackId
from app.repository.pack import PackBuilder, PackEntry
from app.repository.repository import Repository
from app.repository.storing import PACK_BYTES

OnStored = Callable[[PackContents, int], None]
"""Hears of a pack that is durable, and its size in bytes."""


class PackWriter:
    """Writes packs of data and packs of trees, each kind apart. For one thread."""

    def __init__(self, repository: Repository, on_stored: OnStored) -> None:
        self._repository = repository
        self._on_stored = on_stored
        self._builders: dict[bool, PackBuilder] = {}

    def add_sealed(self, blob_id: BlobId, is_tree: bool, sealed: Plain, plain_length: int) -> None:
        """Take in a blob that was sealed with this repository's key; `plain_length` is 0 when not compressed."""
        builder = self._builder(is_tree)
        builder.add_sealed(blob_id, sealed, plain_length)
        if builder.is_full:
            self._write(builder)

    def add_plain(self, blob_id: BlobId, is_tree: bool, plain: bytes) -> None:
        """Compress and seal a blob, and take it in."""
        builder = self._builder(is_tree)
        packed = zstd.compress(plain) if self._repository.version > 1 else plain
        if len(packed) < len(plain):
            builder.add(blob_id, packed, len(plain))
        else:
            builder.add(blob_id, plain, 0)
        if builder.is_full:
            self._write(builder)

    def flush(self) -> None:
        """Write the packs being filled, if they hold anything."""
        for builder in self._builders.values():
            if len(builder):
                self._write(builder)

    def _builder(self, is_tree: bool) -> PackBuilder:
        if is_tree not in self._builders:
            sealer = self._repository.master.sealer()
            self._builders[is_tree] = PackBuilder(sealer, target_bytes=PACK_BYTES, is_tree=is_tree)
        return self._builders[is_tree]

    def _write(self, builder: PackBuilder) -> None:
        pack = builder.finish()
        try:
            self._repository.backend.save(FileKind.PACK, pack.id.hex(), pack.data)
            stored_bytes = len(pack.data)
        finally:
            pack.data.release()
        builder.clear()
        self._on_stored(PackContents(pack.id, pack.entries), stored_bytes)


class IndexWriter:
    """Names new packs in index files of a bounded size."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._encoded: list[str] = []
        self._blobs = 0
        self.written: list[str] = []
        """The names of the index files so far."""

    def add(self, contents: PackContents) -> None:
        """Take in a pack that is durable; writes a file before it would become too long."""
        if self._encoded and self._blobs + len(contents.entries) > MAX_BLOBS_A_FILE:
            self.flush()
        self._encoded.append(encode_pack(contents))
        self._blobs += len(contents.entries)

    def flush(self) -> None:
        """Write what no file names yet."""
        if self._encoded:
            self.written.append(self._repository.save_index_json(self._encoded))
            self._encoded = []
            self._blobs = 0


def read_sealed(
    repository: Repository, pack: PackId, entries: Sequence[PackEntry]
) -> Iterator[tuple[PackEntry, memoryview | None]]:
    """Yield blobs of a pack as they lie there, with few reads; None for one that cannot be read.

    `entries` are sorted by offset. Nothing is verified. Raises when the place went away.
    """
    reader = BlobReader(repository)
    for run in _runs(entries):
        start, end = run[0].offset, run[-1].offset + run[-1].length
        read = reader.read(pack, start, end)
        for entry in run:
            if read is None:
                yield entry, reader.read(pack, entry.offset, entry.offset + entry.length)
            else:
                yield entry, read[entry.offset - start : entry.offset - start + entry.length]


def _runs(entries: Sequence[PackEntry]) -> Iterator[list[PackEntry]]:
    """Yield stretches of blobs that lie close enough together to be read at once."""
    run: list[PackEntry] = []
    for entry in entries:
        if run:
            end = run[-1].offset + run[-1].length
            if entry.offset - end > READ_GAP or entry.offset + entry.length - run[0].offset > READ_BYTES:
                yield run
                run = []
        run.append(entry)
    if run:
        yield run
