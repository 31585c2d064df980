"""One suite for every backend: what the engine may count on, wherever a repository lies."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.backend.cached import CachedBackend
from app.repository.backend.faulty import FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.backend.rest import RestBackend
from app.repository.errors import BackendError, BackendUnavailable, FileMissing, RepositoryDamaged
from tests.rig.places import rest_backend, s3_backend, sftp_backend, smb_backend

BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "local": lambda folder: LocalBackend(folder / "repository"),
    "memory": lambda folder: MemoryBackend(),
    "cached": lambda folder: CachedBackend(LocalBackend(folder / "repository"), folder / "kept"),
    "faulty without faults": lambda folder: FaultyBackend(LocalBackend(folder / "repository")),
}
ON_SERVERS: dict[str, tuple[str, Callable[[Any, str], Backend]]] = {
    "sftp": ("ssh_server", sftp_backend),
    "smb": ("smb_server", smb_backend),
    "rest": ("rest_server", rest_backend),
    "s3": ("s3_server", s3_backend),
}
"""The fixture that runs a server, and how to reach a folder of a name there."""


def named(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(
    params=[*BACKENDS, *(pytest.param(name, marks=pytest.mark.rig) for name in ON_SERVERS)],
)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    if request.param in BACKENDS:
        backend = BACKENDS[request.param](tmp_path)
    else:
        server, reach = ON_SERVERS[request.param]
        backend = reach(request.getfixturevalue(server), f"fresh-{secrets.token_hex(6)}")
    yield backend
    backend.close()


@pytest.fixture
def backend(fresh: Backend) -> Backend:
    fresh.create()
    return fresh


def list_or_unavailable(backend: Backend) -> list[FileInfo]:
    try:
        return list(backend.list(FileKind.SNAPSHOT))
    except BackendUnavailable:
        return []


NAMED_KINDS = [kind for kind in FileKind if kind is not FileKind.CONFIG]


def test_nothing_exists_before_creation(fresh: Backend) -> None:
    assert not fresh.exists(FileKind.CONFIG)
    assert not fresh.exists(FileKind.SNAPSHOT, named(b""))


def test_loading_from_a_place_never_created_says_missing_or_unavailable(fresh: Backend) -> None:
    with pytest.raises((FileMissing, BackendUnavailable)):
        fresh.load(FileKind.CONFIG, limit=100)


def test_listing_or_saving_where_no_repository_is_says_unavailable(fresh: Backend) -> None:
    if isinstance(fresh, RestBackend):
        # rclone's server knows no folders: there is nothing to list, and a repository is known by its config alone.
        assert list_or_unavailable(fresh) == []
        return
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
    try:
        backend.save(FileKind.PACK, named(b"whole"), b"who")
    except BackendError:
        assert isinstance(backend, RestBackend)  # a server that compares hash and name never holds such a file
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
    contents = [str(number).encode() for number in range(300 if isinstance(backend, LocalBackend) else 40)]
    for content in contents:
        backend.save(FileKind.PACK, named(content), content)
    assert {info.name for info in backend.list(FileKind.PACK)} == {named(content) for content in contents}


def test_files_may_be_removed_while_they_are_listed(backend: Backend) -> None:
    for number in range(20):
        backend.save(FileKind.SNAPSHOT, named(str(number).encode()), str(number).encode())
    for info in backend.list(FileKind.SNAPSHOT):
        backend.remove(FileKind.SNAPSHOT, info.name)
    assert list(backend.list(FileKind.SNAPSHOT)) == []


def test_it_can_be_named_and_asked_for_space(backend: Backend) -> None:
    assert backend.location
    free = backend.free_bytes()
    assert free is None or free > 0


def test_it_works_on_after_its_connections_were_closed(backend: Backend) -> None:
    backend.save(FileKind.KEY, named(b"k"), b"k")
    backend.close()
    assert backend.load(FileKind.KEY, named(b"k"), limit=1) == b"k"


def test_a_forked_process_reads_and_writes_beside_its_parent(backend: Backend) -> None:
    if not backend.shared_by_fork:
        return  # such a backend is never handed to a forked process
    backend.save(FileKind.PACK, named(b"parent"), b"parent")
    child = os.fork()
    if child == 0:
        try:
            read = backend.load(FileKind.PACK, named(b"parent"), limit=10)
            backend.save(FileKind.PACK, named(b"child"), b"child")
            os._exit(0 if read == b"parent" else 1)
        finally:
            os._exit(2)
    backend.save(FileKind.PACK, named(b"beside"), b"beside")  # with the connection it had before the fork
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert {info.name for info in backend.list(FileKind.PACK)} == {
        named(content) for content in (b"parent", b"child", b"beside")
    }


def test_several_threads_may_use_it_at_once(backend: Backend) -> None:
    contents = [str(number).encode() * 1000 for number in range(12)]

    def store_and_fetch(content: bytes) -> bool:
        backend.save(FileKind.PACK, named(content), content)
        return backend.load(FileKind.PACK, named(content), limit=len(content)) == content

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(store_and_fetch, contents))
