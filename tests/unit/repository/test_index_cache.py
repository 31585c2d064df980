"""The index that is kept on this computer: as good as the one in the repository, or not used."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.repository import index_cache, stored
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.index import Index, IndexBuilder
from app.repository.index_json import PackContents
from app.repository.model import BlobId, PackId
from app.repository.pack import PackEntry
from app.repository.repository import Repository


@pytest.fixture(autouse=True)
def small_ones_are_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_LEAST_TO_KEEP", 0)


def pack_of(blobs: int, *, seed: int) -> PackContents:
    """Make up a pack; every fifth blob is a tree."""
    made = random.Random(seed)
    entries = tuple(
        PackEntry(BlobId(made.randbytes(32)), number % 5 == 0, number * 100, 100, 200) for number in range(blobs)
    )
    return PackContents(PackId(made.randbytes(32)), entries)


def load_index(repository: Repository, folder: Path) -> Index:
    with repository.keeping_index(folder):
        return repository.index


@contextmanager
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note the names of the index files that are read."""
    names: list[str] = []

    def load(
        self: Repository, kind: FileKind, name: str, *, limit: int,
        real: Callable[..., bytes] = Repository.load_unpacked,
    ) -> bytes:  # fmt: skip
        if kind is FileKind.INDEX:
            names.append(name)
        return real(self, kind, name, limit=limit)

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "load_unpacked", load)
        yield names


def same(one: Index, other: Index) -> bool:
    return list(one.blobs()) == list(other.blobs())


def test_the_index_is_decoded_once(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.save_index([pack_of(3000, seed=1)])
    first = load_index(repository, tmp_path)
    with decoded(monkeypatch) as names:
        assert same(load_index(repository, tmp_path), first)
    assert names == []


def test_only_index_files_that_have_come_since_are_decoded(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [pack_of(2000, seed=1), pack_of(100, seed=2)]
    repository.save_index(old)
    load_index(repository, tmp_path)
    # Another run lists one of the packs too.
    new = {repository.save_index([pack_of(500, seed=3), old[1]]), repository.save_index([pack_of(1, seed=4)])}
    with decoded(monkeypatch) as names:
        joined = load_index(repository, tmp_path)
    assert set(names) == new
    repository.forget_index()
    whole = repository.index
    assert {(blob, place) for blob, place in joined.blobs()} == {(blob, place) for blob, place in whole.blobs()}
    assert len(joined) == len(whole) == 2601
    assert [blob for blob, _ in joined.blobs()] == [blob for blob, _ in whole.blobs()]
    assert all(joined.lookup(blob, place.is_tree) == place for blob, place in whole.blobs())


def test_what_a_prune_has_removed_is_not_believed(repository: Repository, tmp_path: Path) -> None:
    gone = repository.save_index([pack_of(50, seed=1)])
    kept = repository.save_index([pack_of(60, seed=2)])
    assert len(load_index(repository, tmp_path)) == 110
    repository.backend.remove(FileKind.INDEX, gone)
    assert len(load_index(repository, tmp_path)) == 60
    repository.backend.remove(FileKind.INDEX, kept)
    assert len(load_index(repository, tmp_path)) == 0


def test_packs_that_are_distrusted_are_left_out(repository: Repository, tmp_path: Path) -> None:
    good, bad = pack_of(5, seed=1), pack_of(7, seed=2)
    repository.save_index([good, bad])
    load_index(repository, tmp_path)
    repository.distrust([bad.pack])
    assert len(load_index(repository, tmp_path)) == 5
    repository.distrust(())
    assert len(load_index(repository, tmp_path)) == 12


@pytest.mark.parametrize("damage", ["torn", "flipped", "empty", "appended", "another"])
def test_what_is_not_whole_is_not_used(repository: Repository, tmp_path: Path, damage: str) -> None:
    repository.save_index([pack_of(900, seed=1)])
    whole = load_index(repository, tmp_path)
    path = index_cache.path_of(tmp_path, repository.id)
    data = path.read_bytes()
    spoilt = {
        "torn": data[:-4097],
        "flipped": data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
        "empty": b"",
        "appended": data + b"\0",
        "another": os.urandom(len(data)),
    }
    path.write_bytes(spoilt[damage])
    assert index_cache.load(path) is None
    assert same(load_index(repository, tmp_path), whole)
    assert index_cache.load(path) is not None


def test_an_empty_index_is_kept_too(repository: Repository, tmp_path: Path) -> None:
    assert len(load_index(repository, tmp_path)) == 0
    kept = index_cache.load(index_cache.path_of(tmp_path, repository.id))
    assert kept is not None
    assert (kept[0], len(kept[1])) == (frozenset(), 0)


def test_it_is_private_and_leaves_no_draft(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    repository.save_index([pack_of(9, seed=1)])
    load_index(repository, folder)
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_costs_only_time(repository: Repository, tmp_path: Path) -> None:
    repository.save_index([pack_of(9, seed=1)])
    (tmp_path / "file").write_text("in the way")
    assert len(load_index(repository, tmp_path / "file" / "cache")) == 9


def test_after_the_first_back_up_nothing_need_be_decoded(
    source: Path, state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LocalBackend(tmp_path / "repository")
    repository = Repository.init(backend)
    assert repository.backup([os.fsencode(source)], state_dir=state_dir).complete
    (source / "again.csv").write_bytes((source / "pupils.csv").read_bytes())
    (source / "other.txt").write_bytes(b"something new")
    with decoded(monkeypatch) as names:
        again = Repository.open(backend, master=repository.master).backup([os.fsencode(source)], state_dir=state_dir)
    assert names == []
    assert again.bytes_read > 300 * 11
    assert 0 < again.bytes_added < 3000  # the copy was known
    report = Repository.open(backend, master=repository.master).check(read_data=True)
    assert report.sound


def test_a_dry_run_keeps_nothing(repository: Repository, tmp_path: Path) -> None:
    repository.save_index([pack_of(9, seed=1)])
    with repository.keeping_index(None):
        assert len(repository.index) == 9
    assert not index_cache.path_of(tmp_path, repository.id).exists()


@pytest.mark.parametrize("seed", range(5))
def test_joined_tables_are_those_of_one_builder(seed: int) -> None:
    made = random.Random(seed)
    packs = [pack_of(made.randrange(400), seed=100 * seed + number) for number in range(6)]
    base = Index([packs[:3]])
    builder = IndexBuilder(base)
    for pack in packs[2:]:
        builder.add(pack)
    joined, whole = Index.built(builder), Index([packs])
    assert same(joined, whole)
    assert joined.packs == whole.packs
    assert all(joined.number(blob, place.is_tree) == at for at, (blob, place) in enumerate(joined.blobs()))
