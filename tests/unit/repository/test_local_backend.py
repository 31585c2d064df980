"""What only a folder can meet: full disks, read-only media, foreign files, pulled plugs."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendUnavailable,
    FileMissing,
)

NAME = hashlib.sha256(b"data").hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def backend(root: Path) -> LocalBackend:
    backend = LocalBackend(root)
    backend.create()
    return backend


def everything_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, BackendFull),
        (errno.EDQUOT, BackendFull),
        (errno.EROFS, BackendReadOnly),
        (errno.EACCES, BackendReadOnly),
        (errno.EIO, BackendUnavailable),
        (errno.ENOTCONN, BackendUnavailable),
        (errno.ESTALE, BackendUnavailable),
        (errno.EMFILE, BackendError),
    ],
)
def test_a_write_that_fails_leaves_nothing_and_says_why(
    backend: LocalBackend, root: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[BackendError]
) -> None:
    def fail(fd: int, data: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(kind) as raised:
        backend.save(FileKind.PACK, NAME, b"data")
    monkeypatch.undo()
    assert type(raised.value) is kind
    assert raised.value.data["reason"] == errno.errorcode[number]
    assert everything_in(root) == []


def test_a_short_write_is_carried_on(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, bytes(data[:1])))
    backend.save(FileKind.PACK, NAME, b"data")
    assert backend.load(FileKind.PACK, NAME, limit=4) == b"data"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_fsync_is_tolerated(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    backend.save(FileKind.PACK, NAME, b"data")
    assert backend.load(FileKind.PACK, NAME, limit=4) == b"data"


def test_a_failing_fsync_is_no_success(backend: LocalBackend, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BackendUnavailable):
        backend.save(FileKind.PACK, NAME, b"data")
    monkeypatch.undo()
    assert everything_in(root) == []


def test_files_are_durable_before_and_after_they_get_their_name(
    backend: LocalBackend, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(fd: int) -> None:
        order.append("fsync folder" if os.path.isdir(f"/proc/self/fd/{fd}") else "fsync file")
        real_fsync(fd)

    def rename(old: bytes, new: bytes) -> None:
        order.append("rename")
        real_rename(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    backend.save(FileKind.PACK, NAME, b"data")
    assert order == ["fsync file", "rename", "fsync folder"]


def test_an_empty_mount_folder_is_unavailable_not_empty(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path)
    with pytest.raises(BackendUnavailable):
        list(backend.list(FileKind.SNAPSHOT))
    with pytest.raises(BackendUnavailable):
        backend.save(FileKind.SNAPSHOT, NAME, b"data")
    with pytest.raises(BackendUnavailable):
        backend.load(FileKind.SNAPSHOT, NAME, limit=10)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_root_is_unavailable_for_everything_but_the_question_whether(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "not mounted")
    assert not backend.exists(FileKind.CONFIG)
    with pytest.raises(BackendUnavailable):
        backend.load(FileKind.CONFIG, limit=10)
    with pytest.raises(BackendUnavailable):
        backend.free_bytes()


def test_a_folder_without_a_config_misses_its_config(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        LocalBackend(tmp_path).load(FileKind.CONFIG, limit=10)


def test_temporary_and_foreign_files_are_not_listed(backend: LocalBackend, root: Path) -> None:
    (root / "snapshots/.vangnet-1-1.tmp").write_bytes(b"half")
    (root / "snapshots/README.txt").write_bytes(b"hello")
    (root / "data/README.txt").write_bytes(b"hello")
    (root / "snapshots" / NAME.upper()).write_bytes(b"data")
    (root / "snapshots" / ("a" * 64)).mkdir()
    backend.save(FileKind.SNAPSHOT, NAME, b"data")
    assert [info.name for info in backend.list(FileKind.SNAPSHOT)] == [NAME]
    assert list(backend.list(FileKind.PACK)) == []


def test_leftovers_of_killed_runs_can_be_removed(backend: LocalBackend, root: Path) -> None:
    backend.save(FileKind.PACK, NAME, b"data")
    (root / "data/00/.vangnet-0123456789abcdef.tmp").write_bytes(b"half a pack")
    (root / "index/.vangnet-fedcba9876543210.tmp").write_bytes(b"half")
    (root / "README.txt").write_bytes(b"whose disk this is")
    assert backend.remove_leftovers() == len(b"half a pack" + b"half")
    assert {path.name for path in everything_in(root)} == {NAME, "README.txt"}


@pytest.mark.parametrize("name", ["", "..", "../config", "a/b", "x" * 64, NAME[:-1], NAME + "/", NAME.upper()])
def test_names_that_are_no_names_are_refused(backend: LocalBackend, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        backend.save(FileKind.SNAPSHOT, name, b"data")


def test_a_missing_pack_folder_is_made_as_needed(backend: LocalBackend, root: Path) -> None:
    (root / "data" / NAME[:2]).rmdir()
    backend.save(FileKind.PACK, NAME, b"data")
    assert (root / "data" / NAME[:2] / NAME).read_bytes() == b"data"


def test_only_the_owner_can_read_what_was_written(backend: LocalBackend, root: Path) -> None:
    backend.save(FileKind.PACK, NAME, b"data")
    assert (root / "data" / NAME[:2] / NAME).stat().st_mode & 0o077 == 0
    assert (root / "data").stat().st_mode & 0o077 == 0
