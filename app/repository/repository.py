"""A repository: its config, keys, index, blobs, snapshots and locks over one backend.

Writing back-ups, restoring, checking and searching live in modules of their own; the methods here lead to them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import hashlib
import os
import re
import secrets
import socket
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from app.clock import Clock, SystemClock
from app.repository import keys, zstd
from app.repository.backend.base import Backend, FileKind
from app.repository.crypto import MasterKey
from app.repository.decoding import UNDECODABLE
from app.repository.errors import (
    FileMissing,
    RepositoryDamaged,
    RepositoryExists,
    SnapshotNotFound,
    UnsupportedRepository,
    WrongKey,
)
from app.repository.index import (
    INDEX_FILE_LIMIT,
    Index,
    IndexBuilder,
    PackContents,
    PackedBlob,
    StoredPack,
    encode_pack,
    join_packs,
)
from app.repository.keys import KeyFile, KeyInfo
from app.repository.locks import Lock
from app.repository.model import (
    BackupOptions,
    BackupSummary,
    BlobId,
    Cancel,
    CheckReport,
    FoundEntry,
    Monitor,
    Node,
    PackId,
    RestoreOptions,
    RestoreSummary,
    Snapshot,
    SnapshotId,
)
from app.repository.opening import find_master, load_config
from app.repository.pack import MAX_BLOB
from app.repository.polynomial import DEGREE, is_irreducible, random_polynomial
from app.repository.read_subset import ReadSubset
from app.repository.scan import Glance
from app.repository.snapshots import SNAPSHOT_LIMIT, decode_snapshot, encode_snapshot
from app.repository.trees import TREE_LIMIT, decode_tree
from app.secret import Secret

_ID = re.compile(r"[0-9a-f]{64}").fullmatch
_SNAPSHOTS_LIMIT = 256 << 20
_LOCK_LIMIT = 64 << 10
_COMPRESSED = b"\x02"


class _ConfigJson(msgspec.Struct):
    version: int
    id: str
    chunker_polynomial: str


class BlobOpener:
    """Opens many blobs of one repository, cheaply. For one thread."""

    __slots__ = ("_decompress", "_open")

    def __init__(self, master: MasterKey) -> None:
        self._open = master.opener().open
        self._decompress = zstd.Decompressor().decompress

    def open(
        self, blob_id: BlobId, sealed: bytes | memoryview, plain_length: int, *, pack: str = ""
    ) -> bytes | memoryview:
        """Return the plain content of a blob as it lies in a pack, valid until the next one is opened.

        Raises RepositoryDamaged (`file`) when it is not what its id says.
        """
        label = "data/" + pack
        plain: bytes | memoryview = self._open(sealed, file=label)
        if plain_length:
            if plain_length > _LONGEST_BLOB:
                raise RepositoryDamaged(file=label, reason="blob-too-long")
            plain = self._decompress(plain, limit=plain_length, file=label)
            if len(plain) != plain_length:  # a restore makes files as long as the index says
                raise RepositoryDamaged(file=label, reason="blob-length", blob=blob_id.hex())
        if _sha256(plain).digest() != blob_id:
            raise RepositoryDamaged(file=label, reason="blob-hash", blob=blob_id.hex())
        return plain


_sha256 = hashlib.sha256
_LONGEST_BLOB = max(MAX_BLOB, TREE_LIMIT)


class _Tools(threading.local):
    """What opens blobs, for each thread its own."""

    def __init__(self) -> None:
        self._opener: BlobOpener | None = None

    def blob_opener(self, master: MasterKey) -> BlobOpener:
        if self._opener is None:
            self._opener = BlobOpener(master)
        return self._opener


class Repository:
    """An open repository. Reading is safe from several threads; one back-up at a time."""

    def __init__(self, backend: Backend, master: MasterKey, config: _ConfigJson) -> None:
        self.backend = backend
        self.master = master
        self.id = config.id
        self.version = config.version
        self.polynomial = int(config.chunker_polynomial, 16)
        self._index: Index | None = None
        self._index_damage: RepositoryDamaged | None = None
        self._distrusted: frozenset[PackId] = frozenset()
        self._guard = threading.Lock()
        self._tools = _Tools()

    # --- opening -----------------------------------------------------------------------------------------------

    @classmethod
    def init(
        cls,
        backend: Backend,
        master: MasterKey | None = None,
        key_files: Sequence[KeyFile] = (),
        *,
        polynomial: int | None = None,
        clock: Clock | None = None,  # noqa: ARG003  part of the pinned signature: nothing in a config has a time
    ) -> Repository:
        """Make a repository of version 2 and return it open; raises RepositoryExists where one is.

        The config comes last: without it there is no repository, so an interrupted `init` can be repeated.
        """
        polynomial = random_polynomial() if polynomial is None else polynomial
        if polynomial.bit_length() - 1 != DEGREE or not is_irreducible(polynomial):
            raise ValueError("the polynomial must be irreducible and of degree 53")
        if backend.exists(FileKind.CONFIG):
            raise RepositoryExists(location=backend.location)
        master = master or MasterKey.generate()
        backend.create()
        for key_file in key_files:
            backend.save(FileKind.KEY, key_file.name, key_file.data)
        config = _ConfigJson(2, secrets.token_hex(32), f"{polynomial:x}")
        backend.save(FileKind.CONFIG, "", master.seal(msgspec.json.encode(config)))
        return cls(backend, master, config)

    @classmethod
    def open(cls, backend: Backend, *, password: Secret | None = None, master: MasterKey | None = None) -> Repository:
        """Open a repository with a password or the master key itself.

        Raises RepositoryNotFound, WrongKey, RepositoryDamaged or UnsupportedRepository. With the master key this
        takes a millisecond, with a password about half a second for each key file tried.
        """
        sealed = load_config(backend)
        if master is None:
            if password is None:
                raise ValueError("a repository opens with a password or a master key")
            return cls.unlocked(backend, find_master(backend, password), sealed)
        try:
            return cls.unlocked(backend, master, sealed)
        except RepositoryDamaged as exc:
            if exc.data.get("reason") == "mac":
                raise WrongKey(location=backend.location) from exc
            raise

    @classmethod
    def unlocked(cls, backend: Backend, master: MasterKey, sealed_config: bytes) -> Repository:
        """Return the repository of a config that is read already; raises RepositoryDamaged, UnsupportedRepository."""
        return cls(backend, master, _decode_config(master.open(sealed_config, file="config")))

    def config(self, repository_id: str) -> _ConfigJson:
        """Return the config of a repository like this one, under another id."""
        return _ConfigJson(self.version, repository_id, f"{self.polynomial:x}")

    def over(self, backend: Backend) -> Repository:
        """Return this repository as it is seen through another backend."""
        return Repository(backend, self.master, self.config(self.id))

    def rewrite_config(self, *, version: int) -> None:
        """Replace the config by one of another format version, at once and durably; for `upkeep.migrate`."""
        config = msgspec.json.encode(_ConfigJson(version, self.id, f"{self.polynomial:x}"))
        sealed = self.master.seal(config)
        if len(sealed) == len(load_config(self.backend)):
            # A backend takes a file of the same size for one that is there already, and leaves it: be longer.
            sealed = self.master.seal(config + b"\n")
        self.backend.save(FileKind.CONFIG, "", sealed)
        stored = self.master.open(load_config(self.backend), file="config")
        if _decode_config(stored).version != version:
            raise RepositoryDamaged(file="config", reason="not-replaced")
        self.version = version

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
        builder = IndexBuilder()
        for name in sorted(self.index_names()):
            try:
                plain = self.load_unpacked(FileKind.INDEX, name, limit=INDEX_FILE_LIMIT)
                builder.add_file(plain, file=f"index/{name}", leave_out=self._distrusted)
            except RepositoryDamaged as exc:
                self._index_damage = exc
        return Index.built(builder)

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
        self.save_index_json([pack.index_json for pack in packs])

    def load_blob(self, blob_id: BlobId, is_tree: bool = False) -> bytes:
        """Return a blob's plain content, verified by its hash; any place that holds it whole will do.

        Raises RepositoryDamaged when it is nowhere, or nowhere whole.
        """
        places = self.readable_index.lookup_all(blob_id, is_tree)
        if not places:
            raise RepositoryDamaged(file=blob_id.hex(), reason="blob-not-in-index")
        for place in places[:-1]:
            with contextlib.suppress(RepositoryDamaged, FileMissing):
                return self._load_blob_at(blob_id, place)
        try:
            return self._load_blob_at(blob_id, places[-1])
        except FileMissing as exc:
            raise RepositoryDamaged(file=f"data/{places[-1].pack.hex()}", reason="pack-missing") from exc

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

    # --- the work, in modules of its own -----------------------------------------------------------------------

    def backup(
        self,
        paths: Sequence[bytes],
        *,
        options: BackupOptions | None = None,
        monitor: Monitor | None = None,
        cancel: Cancel | None = None,
        state_dir: Path | str | None = None,
        clock: Clock | None = None,
        ahead: Mapping[bytes, Glance] | None = None,
    ) -> BackupSummary:
        """Back up paths into a new snapshot; see `archiver.backup`."""
        from app.repository import archiver

        return archiver.backup(
            self,
            paths,
            options=options or BackupOptions(),
            monitor=monitor or Monitor(),
            cancel=cancel or Cancel(),
            state_dir=state_dir,
            clock=clock or SystemClock(),
            ahead=ahead,
        )

    def restore(
        self,
        snapshot: Snapshot,
        to: bytes,
        *,
        options: RestoreOptions | None = None,
        monitor: Monitor | None = None,
        cancel: Cancel | None = None,
    ) -> RestoreSummary:
        """Restore a snapshot, or a part of it, below a folder; see `restorer.restore`."""
        from app.repository import restorer

        return restorer.restore(
            self,
            snapshot,
            to,
            options=options or RestoreOptions(),
            monitor=monitor or Monitor(),
            cancel=cancel or Cancel(),
        )

    def check(
        self,
        *,
        read_data: bool = False,
        monitor: Monitor | None = None,
        cancel: Cancel | None = None,
        subset: ReadSubset | None = None,
        state_dir: Path | str | None = None,
    ) -> CheckReport:
        """Check the repository; see `checker.check`."""
        from app.repository import checker

        return checker.check(
            self,
            read_data=read_data,
            monitor=monitor or Monitor(),
            cancel=cancel or Cancel(),
            subset=subset,
            state_dir=state_dir,
        )

    def walk(self, snapshot: Snapshot, path: bytes = b"/") -> Iterator[FoundEntry]:
        """Yield the entries of a snapshot at and below a path; see `finder.walk`."""
        from app.repository import finder

        return finder.walk(self, snapshot, path)

    def ls(self, snapshot: Snapshot, path: bytes = b"/") -> tuple[FoundEntry, ...]:
        """Return the entries of one folder of a snapshot; see `finder.ls`."""
        from app.repository import finder

        return finder.ls(self, snapshot, path)

    def find(self, pattern: str, snapshots: Sequence[Snapshot] | None = None) -> Iterator[FoundEntry]:
        """Yield the entries whose name or path matches; see `finder.find`."""
        from app.repository import finder

        return finder.find(self, pattern, snapshots)

    def entry_at(self, snapshot: Snapshot, path: bytes) -> FoundEntry | None:
        """Return the entry of a snapshot at a path, None when there is none; see `finder.entry_at`."""
        from app.repository import finder

        return finder.entry_at(self, snapshot, path)

    def versions(self, path: bytes) -> tuple[FoundEntry, ...]:
        """Return the distinct versions of a path, newest first; see `finder.versions`."""
        from app.repository import finder

        return finder.versions(self, path)


def this_host() -> str:
    """Return this computer's name, as snapshots and locks carry it."""
    return socket.gethostname()


def this_user() -> str:
    """Return the name of the user we run as, a number when the system knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def new_key_file(master: MasterKey, password: Secret, now: datetime) -> KeyFile:
    """Make a key file for this computer and user."""
    return keys.make_key_file(master, password, hostname=this_host(), username=this_user(), now=now)


def _check_place(place: PackedBlob) -> None:
    if place.length > max(MAX_BLOB, TREE_LIMIT):
        raise RepositoryDamaged(file=f"data/{place.pack.hex()}", reason="blob-too-long")


def _decode_config(data: bytes) -> _ConfigJson:
    try:
        config = msgspec.json.decode(data, type=_ConfigJson)
        polynomial = int(config.chunker_polynomial, 16)
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file="config", reason="not-a-config") from exc
    if config.version not in (1, 2):
        raise UnsupportedRepository(reason="version", version=config.version)
    if not _ID(config.id):
        raise RepositoryDamaged(file="config", reason="not-a-config")
    if polynomial < 0 or polynomial.bit_length() - 1 != DEGREE:
        raise RepositoryDamaged(file="config", reason="polynomial")
    return config
