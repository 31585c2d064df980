"""What a repository stores: small files, index, blobs, snapshots and locks, over one backend. No verbs of people."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from app.clock import Clock, SystemClock
from app.repository import index_cache, keys, zstd
from app.repository.backend.base import Backend, FileKind
from app.repository.blob_opener import LONGEST_BLOB, BlobOpener, ThreadTools
from app.repository.config import Config
from app.repository.crypto import MasterKey
from app.repository.damage import is_damage
from app.repository.errors import BackendError, FileMissing, RepositoryDamaged, SnapshotNotFound
from app.repository.index import Index, IndexBuilder, PackedBlob, StoredPack
from app.repository.index_json import INDEX_FILE_LIMIT, PackContents, encode_pack, join_packs
from app.repository.keys import KeyFile, KeyInfo
from app.repository.locks import Lock
from app.repository.model import BlobId, Node, PackId, Snapshot, SnapshotId
from app.repository.snapshots import SNAPSHOT_LIMIT, decode_snapshot, encode_snapshot
from app.repository.trees import decode_tree

_SNAPSHOTS_LIMIT = 256 << 20
_LOCK_LIMIT = 64 << 10
_COMPRESSED = b"\x02"
_LEAST_TO_KEEP = 2_000  # fewer are decoded in a moment
_CHEAP_TO_KEEP = 200_000
_WORTH_KEEPING = 16
_FIRST_FILES = 8


class StoredFiles:
    """The files of an open repository, decoded. Reading is safe from several threads."""

    def __init__(self, backend: Backend, master: MasterKey, config: Config) -> None:
        self.backend = backend
        self.master = master
        self.id = config.id
        self.version = config.version
        self.polynomial = int(config.chunker_polynomial, 16)
        self._index: Index | None = None
        self._index_damage: RepositoryDamaged | None = None
        self._distrusted: frozenset[PackId] = frozenset()
        self._index_cache: Path | None = None
        self._first_index: tuple[list[str], IndexBuilder] | None = None
        self._guard = threading.Lock()
        self._tools = ThreadTools()

    @property
    def stores(self) -> tuple[StoredFiles, ...]:
        """The repositories that this one is made of: itself; of a mirror, each."""
        return (self,)

    # --- keys --------------------------------------------------------------------------------------------------

    def add_key(self, key_file: KeyFile) -> None:
        """Store one more key file; it is the caller who knows that it holds our master key."""
        self.backend.save(FileKind.KEY, key_file.name, key_file.data)

    def keys(self) -> tuple[KeyInfo, ...]:
        """Return what the key files say about themselves, sorted by name."""
        names = sorted(info.name for info in self.backend.list(FileKind.KEY))
        return tuple(
            keys.describe_key_file(name, self.backend.load(FileKind.KEY, name, limit=keys.KEY_FILE_LIMIT))
            for name in names
        )

    # --- unpacked files ----------------------------------------------------------------------------------------

    def load_unpacked(self, kind: FileKind, name: str, *, limit: int) -> bytes:
        """Return an index, snapshot or lock file's plain JSON, its name verified; `limit` bounds the plain bytes."""
        label = f"{kind.value}/{name}"
        sealed = self.backend.load(kind, name, limit=limit)
        if hashlib.sha256(sealed).hexdigest() != name:
            raise RepositoryDamaged(file=label, reason="hash")
        plain = self.master.open(sealed, file=label)
        if plain[:1] in (b"{", b"["):
            return plain
        if plain[:1] != _COMPRESSED:
            raise RepositoryDamaged(file=label, reason="unknown-encoding")
        return zstd.decompress(memoryview(plain)[1:], limit=limit, file=label)

    def save_unpacked(self, kind: FileKind, plain: bytes) -> str:
        """Store an index, snapshot or lock file durably; return its name."""
        encoded = plain if self.version < 2 else _COMPRESSED + zstd.compress(plain)
        sealed = self.master.seal(encoded)
        name = hashlib.sha256(sealed).hexdigest()
        self.backend.save(kind, name, sealed)
        return name

    # --- index and blobs ---------------------------------------------------------------------------------------

    @property
    def index(self) -> Index:
        """Every blob and where it is; read at first use. `forget_index` has it read again.

        Raises RepositoryDamaged when a file of it is damaged: what is not listed must not pass for not stored.
        """
        index = self.readable_index
        if self._index_damage is not None:
            raise self._index_damage
        return index

    @property
    def readable_index(self) -> Index:
        """What can be read of the index, for those who only read."""
        with self._guard:
            if self._index is None:
                self._index = self._load_index()
            return self._index

    def forget_index(self) -> None:
        """Have the index read again at its next use."""
        with self._guard:
            self._index = None

    def distrust(self, packs: Collection[PackId]) -> None:
        """Leave packs out of the index from now on: what they hold counts as not stored. With none, trust all again."""
        if self._distrusted != frozenset(packs):
            self._distrusted = frozenset(packs)
            self.forget_index()

    def index_names(self) -> frozenset[str]:
        """Return the names of the index files."""
        return frozenset(info.name for info in self.backend.list(FileKind.INDEX))

    def _load_index(self) -> Index:
        self._index_damage = None
        names = self.index_names()
        base, known = None, frozenset[str]()
        cache = None if self._distrusted else self._index_cache
        if cache is not None and (kept := index_cache.load(cache)) is not None and kept[0] <= names:
            known, base = kept
            if known == names:
                return base
        builder = IndexBuilder(base)
        for name in sorted(names - known):
            try:
                plain = self.load_unpacked(FileKind.INDEX, name, limit=INDEX_FILE_LIMIT)
                builder.add_file(plain, file=f"index/{name}", leave_out=self._distrusted)
            except RepositoryDamaged as exc:
                self._index_damage = exc
        index = Index.built(builder)
        if cache is not None and self._index_damage is None and _is_worth_keeping(index, base):
            index_cache.save(cache, names, index)
        return index

    @contextlib.contextmanager
    def keeping_index(self, folder: Path | str | None) -> Iterator[None]:
        """Have the index come from what is kept in a folder, and keep it there, for a while; for back-ups."""
        self._index_cache = None if folder is None else index_cache.path_of(folder, self.id)
        self._first_index = None
        try:
            yield
        finally:
            self._index_cache = self._first_index = None
            self.forget_index()  # others read the files themselves

    def keep_first_index(self) -> None:
        """Keep the index of a repository that was empty before this run, so that the next need not decode it."""
        if self._index_cache is None or self._first_index is None:
            return
        names, builder = self._first_index
        self._first_index = None
        index = Index.built(builder)
        if _is_worth_keeping(index, None) and frozenset(names) == self.index_names():
            index_cache.save(self._index_cache, frozenset(names), index)

    def save_index(self, packs: Iterable[PackContents]) -> str:
        """Store an index file for packs that are durable already; return its name."""
        return self.save_index_json([encode_pack(pack) for pack in packs])

    def save_index_json(self, encoded_packs: Sequence[str]) -> str:
        """Store an index file for durable packs that `index.encode_pack` made JSON of; return its name."""
        return self.save_unpacked(FileKind.INDEX, join_packs(encoded_packs))

    def save_pack(self, name: str, data: memoryview, missing: int) -> int:
        """Store a pack durably; `missing` and what is returned are bits that mean something to a mirror only."""
        self.backend.save(FileKind.PACK, name, data)
        return missing

    def list_packs(self, packs: Sequence[StoredPack]) -> None:
        """Store an index file for packs that are durable."""
        encoded = [pack.index_json for pack in packs]
        name = self.save_index_json(encoded)
        if self._index_cache is not None and not self._distrusted:
            self._note_first(name, packs)

    def let_leave(self, list_packs: Callable[[], None]) -> None:
        """Leave behind who was asked to stop, once what is stored is listed: there is nobody but in a mirror."""

    def _note_first(self, name: str, packs: Sequence[StoredPack]) -> None:
        """Take into the index that is kept what the first run into an empty repository has stored."""
        if self._first_index is None:
            if self._index is None or len(self._index):
                return
            self._first_index = [], IndexBuilder()
        names, builder = self._first_index
        if len(names) == _FIRST_FILES:  # it would take memory that a run may need: the next one decodes it all
            self._index_cache = self._first_index = None
            return
        names.append(name)
        for pack in packs:
            builder.add_records(pack.id, pack.records, is_tree=pack.is_tree)

    def load_blob(self, blob_id: BlobId, is_tree: bool = False) -> bytes:
        """Return a blob's plain content, verified by its hash; any place that holds it whole will do.

        Raises RepositoryDamaged when it is nowhere, or nowhere whole.
        """
        places = self.readable_index.lookup_all(blob_id, is_tree)
        if not places:
            raise RepositoryDamaged(file=blob_id.hex(), reason="blob-not-in-index")
        damage: RepositoryDamaged | None = None
        for place in places:
            try:
                return self._load_blob_at(blob_id, place)
            except RepositoryDamaged as exc:
                damage = exc
            except BackendError as exc:
                if not is_damage(self, exc):
                    raise
                reason = "pack-missing" if isinstance(exc, FileMissing) else "unreadable"
                damage = RepositoryDamaged(file=f"data/{place.pack.hex()}", reason=reason)
        assert damage is not None
        raise damage

    def _load_blob_at(self, blob_id: BlobId, place: PackedBlob) -> bytes:
        pack = place.pack.hex()
        _check_place(place)
        sealed = self.backend.load_range(FileKind.PACK, pack, place.offset, place.length)
        return self.open_blob(blob_id, sealed, place.plain_length, pack=place.pack.hex())

    def open_blob(self, blob_id: BlobId, sealed: bytes | memoryview, plain_length: int, *, pack: str = "") -> bytes:
        """Return the plain content of a blob as it lies in a pack; raises RepositoryDamaged when it is not itself."""
        return bytes(self.view_blob(blob_id, sealed, plain_length, pack=pack))

    def view_blob(
        self, blob_id: BlobId, sealed: bytes | memoryview, plain_length: int, *, pack: str = ""
    ) -> bytes | memoryview:
        """Return what `open_blob` does without a copy of its own: valid until this thread opens the next blob."""
        return self.blob_opener().open(blob_id, sealed, plain_length, pack=pack)

    def blob_opener(self) -> BlobOpener:
        """Return this thread's opener of blobs."""
        return self._tools.blob_opener(self.master)

    def load_tree(self, tree_id: BlobId) -> tuple[Node, ...]:
        """Return the entries of a folder; raises RepositoryDamaged."""
        return decode_tree(self.load_blob(tree_id, is_tree=True), file=tree_id.hex())

    # --- snapshots ---------------------------------------------------------------------------------------------

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return all snapshots, oldest first; raises RepositoryDamaged when one cannot be read."""
        names = [info.name for info in self.backend.list(FileKind.SNAPSHOT)]
        found = []
        left = _SNAPSHOTS_LIMIT  # all together: a small file can be made to unpack to many megabytes
        for name in names:
            with contextlib.suppress(FileMissing):  # forgotten by another process since we listed
                plain = self.load_unpacked(FileKind.SNAPSHOT, name, limit=min(SNAPSHOT_LIMIT, left))
                left -= len(plain)
                found.append(decode_snapshot(name, plain))
        return tuple(sorted(found, key=lambda snapshot: (snapshot.time, snapshot.id)))

    def snapshot(self, wanted: str) -> Snapshot:
        """Return the snapshot with this id, unambiguous prefix of an id, or "latest"; raises SnapshotNotFound."""
        if wanted == "latest":
            if every := self.snapshots():
                return every[-1]
            raise SnapshotNotFound(wanted=wanted)
        names = [info.name for info in self.backend.list(FileKind.SNAPSHOT) if info.name.startswith(wanted)]
        if not wanted or len(names) != 1:
            raise SnapshotNotFound(wanted=wanted, candidates=len(names))
        return self._load_snapshot(names[0])

    def has_snapshot(self, snapshot_id: SnapshotId) -> bool:
        """Tell whether this snapshot is listed."""
        return self.backend.exists(FileKind.SNAPSHOT, snapshot_id)

    def save_snapshot(self, snapshot: Snapshot, *, excludes: tuple[str, ...] = ()) -> Snapshot:
        """List a state whose blobs and index are durable already; return it with its id."""
        name = self.save_unpacked(FileKind.SNAPSHOT, encode_snapshot(snapshot, excludes=excludes))
        return dataclasses.replace(snapshot, id=SnapshotId(name))

    def _load_snapshot(self, name: str) -> Snapshot:
        return decode_snapshot(name, self.load_unpacked(FileKind.SNAPSHOT, name, limit=SNAPSHOT_LIMIT))

    # --- locks -------------------------------------------------------------------------------------------------

    def lock(self, exclusive: bool = False, *, clock: Clock | None = None, refresh_in_thread: bool = False) -> Lock:
        """Return a lock to be held in a `with`; entering raises RepositoryLocked when another excludes it."""
        return Lock(self, clock or SystemClock(), exclusive=exclusive, refresh_in_thread=refresh_in_thread)

    def save_lock(self, data: bytes) -> str:
        return self.save_unpacked(FileKind.LOCK, data)

    def load_lock(self, name: str) -> bytes:
        return self.load_unpacked(FileKind.LOCK, name, limit=_LOCK_LIMIT)

    def remove_lock(self, name: str) -> None:
        self.backend.remove(FileKind.LOCK, name)

    def lock_names(self) -> tuple[str, ...]:
        return tuple(info.name for info in self.backend.list(FileKind.LOCK))


def _is_worth_keeping(index: Index, base: Index | None) -> bool:
    """Tell whether an index is to be kept anew: a large one is not written out for a few more blobs."""
    if len(index) < _LEAST_TO_KEEP:
        return False
    return base is None or len(index) < _CHEAP_TO_KEEP or len(index) - len(base) > len(base) // _WORTH_KEEPING


def _check_place(place: PackedBlob) -> None:
    if place.length > LONGEST_BLOB:
        raise RepositoryDamaged(file=f"data/{place.pack.hex()}", reason="blob-too-long")
