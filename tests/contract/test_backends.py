"""One suite for every backend: what the engine may count on, wherever a repository lies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.backend.faulty import FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.errors import BackendUnavailable, FileMissing, RepositoryDamaged

BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "local": lambda folder: LocalBackend(folder / "repository"),
    "memory": lambda folder: MemoryBackend(),
    "faulty without faults": lambda folder: FaultyBackend(LocalBackend(folder / "repository")),
}


def named(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=list(BACKENDS))
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
def backend(fresh: Backend) -> Backend:
    fresh.create()
    return fresh


NAMED_KINDS = [kind for kind in FileKind if kind is not FileKind.CONFIG]


def test_nothing_exists_before_creation(fresh: Backend) -> None:
    assert not fresh.exists(FileKind.CONFIG)
    assert not fresh.exists(FileKind.SNAPSHOT, named(b""))


def test_loading_from_a_place_never_created_says_missing_or_unavailable(fresh: Backend) -> None:
    with pytest.raises((FileMissing, BackendUnavailable)):
        fresh.load(FileKind.CONFIG, limit=100)


def test_listing_or_saving_where_no_repository_is_says_unavailable(fresh: Backend) -> None:
    with pytest.raises(BackendUnavailable):
        list(fresh.list(FileKind.SNAPSHOT))
    with pytest.raises(BackendUnavailable):
        fresh.save(FileKind.PACK, named(b"x"), b"x")


def test_creating_twice_keeps_what_is_there(backend: Backend) -> None:
    backend.save(FileKind.CONFIG, "", b"configured")
    backend.create()
    assert backend.load(FileKind.CONFIG, limit=100) == b"configured"


@pytest.mark.parametrize("kind", NAMED_KINDS)
@pytest.mark.parametrize("size", [1, 4096, 100_001])
def test_what_was_saved_is_loaded(backend: Backend, kind: FileKind, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    backend.save(kind, named(data), data)
    assert backend.exists(kind, named(data))
    assert backend.load(kind, named(data), limit=size) == data
    assert list(backend.list(kind)) == [FileInfo(named(data), size)]


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1, (2 << 20) - 1, 3 * 4096 + (1 << 20)])
@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_large_packs_come_back_whole_from_any_buffer(
    backend: Backend, size: int, wrap: Callable[[bytes], bytes | bytearray | memoryview]
) -> None:
    data = hashlib.shake_128(str(size).encode()).digest(size)
    backend.save(FileKind.PACK, named(data), wrap(data))
    assert backend.load(FileKind.PACK, named(data), limit=size) == data


def test_config_has_no_name(backend: Backend) -> None:
    backend.save(FileKind.CONFIG, "", b"c")
    assert backend.exists(FileKind.CONFIG)
    assert list(backend.list(FileKind.CONFIG)) == [FileInfo("", 1)]


def test_ranges_are_exact(backend: Backend) -> None:
    data = bytes(range(200))
    backend.save(FileKind.PACK, named(data), data)
    assert backend.load_range(FileKind.PACK, named(data), 0, 200) == data
    assert backend.load_range(FileKind.PACK, named(data), 50, 7) == data[50:57]
    assert backend.load_range(FileKind.PACK, named(data), 200, 0) == b""


@pytest.mark.parametrize(("offset", "length"), [(199, 2), (200, 1), (5000, 1)])
def test_a_range_past_the_end_is_damage(backend: Backend, offset: int, length: int) -> None:
    data = bytes(range(200))
    backend.save(FileKind.PACK, named(data), data)
    with pytest.raises(RepositoryDamaged):
        backend.load_range(FileKind.PACK, named(data), offset, length)


def test_a_file_longer_than_the_limit_is_damage(backend: Backend) -> None:
    backend.save(FileKind.SNAPSHOT, named(b"123456"), b"123456")
    with pytest.raises(RepositoryDamaged):
        backend.load(FileKind.SNAPSHOT, named(b"123456"), limit=5)


def test_missing_files_are_missing(backend: Backend) -> None:
    name = named(b"never saved")
    assert not backend.exists(FileKind.PACK, name)
    with pytest.raises(FileMissing):
        backend.load(FileKind.PACK, name, limit=10)
    with pytest.raises(FileMissing):
        backend.load_range(FileKind.PACK, name, 0, 1)
    with pytest.raises(FileMissing):
        backend.remove(FileKind.PACK, name)


def test_saving_the_same_again_counts_as_published(backend: Backend) -> None:
    backend.save(FileKind.PACK, named(b"abc"), b"abc")
    backend.save(FileKind.PACK, named(b"abc"), b"abc")
    assert list(backend.list(FileKind.PACK)) == [FileInfo(named(b"abc"), 3)]


def test_a_shorter_leftover_under_the_name_is_replaced(backend: Backend) -> None:
    backend.save(FileKind.PACK, named(b"whole"), b"who")
    backend.save(FileKind.PACK, named(b"whole"), b"whole")
    assert backend.load(FileKind.PACK, named(b"whole"), limit=10) == b"whole"


def test_removed_files_are_gone_and_can_come_back(backend: Backend) -> None:
    backend.save(FileKind.LOCK, named(b"l"), b"l")
    backend.remove(FileKind.LOCK, named(b"l"))
    assert not backend.exists(FileKind.LOCK, named(b"l"))
    assert list(backend.list(FileKind.LOCK)) == []
    backend.save(FileKind.LOCK, named(b"l"), b"l")
    assert backend.exists(FileKind.LOCK, named(b"l"))


def test_kinds_do_not_mix(backend: Backend) -> None:
    backend.save(FileKind.KEY, named(b"k"), b"k")
    assert not backend.exists(FileKind.LOCK, named(b"k"))
    assert list(backend.list(FileKind.INDEX)) == []


def test_many_files_are_all_listed(backend: Backend) -> None:
    names = {named(str(number).encode()) for number in range(300)}
    for name in names:
        backend.save(FileKind.PACK, name, b"data")
    assert {info.name for info in backend.list(FileKind.PACK)} == names


def test_files_may_be_removed_while_they_are_listed(backend: Backend) -> None:
    for number in range(20):
        backend.save(FileKind.SNAPSHOT, named(str(number).encode()), b"s")
    for info in backend.list(FileKind.SNAPSHOT):
        backend.remove(FileKind.SNAPSHOT, info.name)
    assert list(backend.list(FileKind.SNAPSHOT)) == []


def test_it_can_be_named_and_asked_for_space(backend: Backend) -> None:
    assert backend.location
    free = backend.free_bytes()
    assert free is None or free > 0
