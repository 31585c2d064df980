"""Opening repositories: what is told apart, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from app.clock import FixedClock
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.errors import (
    RepositoryDamaged,
    RepositoryExists,
    RepositoryNotFound,
    SnapshotNotFound,
    UnsupportedRepository,
    WrongKey,
)
from app.repository.keys import KeyFile, make_key_file
from app.repository.model import BlobId
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.restic import Restic


def key_file(master: MasterKey, password: str, clock: FixedClock) -> KeyFile:
    return make_key_file(master, Secret(password), hostname="h", username="u", now=clock.now(), n=1 << 10, p=1)


def test_a_new_repository_opens_with_key_or_password(clock: FixedClock) -> None:
    master = MasterKey.generate()
    backend = MemoryBackend()
    made = Repository.init(backend, master, [key_file(master, "one", clock), key_file(master, "two", clock)])
    assert made.version == 2
    for opened in (
        Repository.open(backend, master=master),
        Repository.open(backend, password=Secret("one")),
        Repository.open(backend, password=Secret("two")),
    ):
        assert (opened.id, opened.polynomial) == (made.id, made.polynomial)
        assert opened.master == master
    assert len(made.keys()) == 2


def test_an_added_key_opens_it(repository: Repository, clock: FixedClock) -> None:
    repository.add_key(key_file(repository.master, "recovery", clock))
    assert Repository.open(repository.backend, password=Secret("recovery")).id == repository.id


def test_a_key_file_serves_every_repository_of_one_master_key(clock: FixedClock) -> None:
    master = MasterKey.generate()
    key = key_file(master, "shared", clock)
    first, second = (Repository.init(MemoryBackend(name), master, [key]) for name in "ab")
    assert first.id != second.id
    assert Repository.open(second.backend, password=Secret("shared")).id == second.id


def test_wrong_passwords_and_keys_are_told_as_such(clock: FixedClock) -> None:
    master = MasterKey.generate()
    backend = MemoryBackend("the disk")
    Repository.init(backend, master, [key_file(master, "right", clock)])
    with pytest.raises(WrongKey) as raised:
        Repository.open(backend, password=Secret("wrong"))
    assert raised.value.data["location"] == "the disk"
    with pytest.raises(WrongKey):
        Repository.open(backend, master=MasterKey.generate())


@pytest.mark.parametrize("made", [False, True], ids=["no folder", "an empty folder"])
def test_where_nothing_is_nothing_is_found(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "place").mkdir()
    with pytest.raises(RepositoryNotFound):
        Repository.open(LocalBackend(tmp_path / "place"), password=Secret("x"))


def test_a_repository_is_never_made_over_another(repository: Repository) -> None:
    config = repository.backend.load(FileKind.CONFIG, limit=1000)
    with pytest.raises(RepositoryExists):
        Repository.init(repository.backend)
    assert repository.backend.load(FileKind.CONFIG, limit=1000) == config


@pytest.mark.parametrize("polynomial", [(1 << 53) + 1, 0b111, 0x3DA3358B4DC172])
def test_a_polynomial_that_restic_would_refuse_is_refused(polynomial: int) -> None:
    with pytest.raises(ValueError, match="polynomial"):
        Repository.init(MemoryBackend(), polynomial=polynomial)


def with_config(config: object) -> tuple[MemoryBackend, MasterKey]:
    backend, master = MemoryBackend(), MasterKey.generate()
    backend.create()
    backend.save(FileKind.CONFIG, "", master.seal(msgspec.json.encode(config)))
    return backend, master


@pytest.mark.parametrize("version", [0, 3, 99])
def test_other_versions_are_refused(version: int) -> None:
    backend, master = with_config({"version": version, "id": "x", "chunker_polynomial": "3da3358b4dc173"})
    with pytest.raises(UnsupportedRepository):
        Repository.open(backend, master=master)


@pytest.mark.parametrize("config", [{}, [], {"version": 2, "id": "x", "chunker_polynomial": "zz"}])
def test_a_config_that_is_none_is_damage(config: object) -> None:
    backend, master = with_config(config)
    with pytest.raises(RepositoryDamaged):
        Repository.open(backend, master=master)


def test_a_repository_of_version_1_is_read_and_added_to(tmp_path: Path, source: Path) -> None:
    restic = Restic.at(tmp_path / "old", "x", folder=tmp_path)
    restic.init(version=1)
    restic.backup(source)
    repository = Repository.open(LocalBackend(tmp_path / "old"), password=Secret("x"))
    assert repository.version == 1
    (old,) = repository.snapshots()
    assert repository.load_tree(old.tree)
    (source / "new.txt").write_bytes(b"new " * 100)
    assert repository.backup([bytes(source)]).complete
    restic.check(read_data=True)


def test_snapshots_are_found_by_prefix_or_as_latest(repository: Repository, source: Path) -> None:
    first, second = (repository.backup([bytes(source)]).snapshot for _ in range(2))
    assert repository.snapshots() == (first, second)
    assert repository.snapshot(first.id) == first
    assert repository.snapshot(second.id[:10]) == second
    assert repository.snapshot("latest") == second


@pytest.mark.parametrize("wanted", ["", "zz", "latest", "0" * 64])
def test_snapshots_that_are_not_there_are_not_found(repository: Repository, wanted: str) -> None:
    with pytest.raises(SnapshotNotFound):
        repository.snapshot(wanted)


def test_a_blob_is_read_from_where_it_is_whole(repository: Repository, source: Path, tmp_path: Path) -> None:
    summary = repository.backup([bytes(source)])
    (pack,) = [p.pack for _, p in repository.index.blobs() if p.is_tree][:1]
    path = tmp_path / "repository/data" / pack.hex()[:2] / pack.hex()
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    broken = [b for b, p in repository.index.blobs() if p.is_tree and p.offset == 0]
    with pytest.raises(RepositoryDamaged) as raised:
        repository.load_tree(broken[0])
    assert raised.value.data["file"] == f"data/{pack.hex()}"
    # The same blob stored once more elsewhere heals it.
    plain = [b for b, p in repository.index.blobs() if p.is_tree and p.offset > 0]
    assert repository.load_tree(plain[0])
    assert summary.complete


def test_a_blob_that_is_nowhere_is_damage(repository: Repository) -> None:
    with pytest.raises(RepositoryDamaged):
        repository.load_blob(BlobId(hashlib.sha256(b"nowhere").digest()))


@pytest.mark.parametrize("kind", [FileKind.SNAPSHOT, FileKind.INDEX])
def test_a_changed_byte_in_a_small_file_is_found(
    repository: Repository, source: Path, tmp_path: Path, kind: FileKind
) -> None:
    repository.backup([bytes(source)])
    repository.forget_index()
    (info,) = repository.backend.list(kind)
    path = tmp_path / "repository" / kind.value / info.name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(RepositoryDamaged) as raised:
        _ = repository.snapshots() if kind is FileKind.SNAPSHOT else repository.index
    assert raised.value.data["file"] == f"{kind.value}/{info.name}"
