"""A restored file has the attributes that it was stored with, whatever a new file gets where it is made."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.repository import restore_files
from app.repository.model import Node, NodeType
from app.repository.restore_files import FileMaker

MTIME_NS = 1_600_000_000_123_456_789


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    mask: int = request.param
    before = os.umask(mask)
    yield mask
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def a_file(name: bytes, mode: int, *, uid: int | None = None, gid: int | None = None) -> Node:
    return Node(
        name=name,
        type=NodeType.FILE,
        mode=stat.S_IFREG | mode,
        mtime_ns=MTIME_NS,
        atime_ns=MTIME_NS + 1,
        ctime_ns=MTIME_NS,
        uid=os.geteuid() if uid is None else uid,
        gid=os.getegid() if gid is None else gid,
    )


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o000, 0o400, 0o600, 0o644, 0o664, 0o666, 0o755, 0o777, 0o4755, 0o1644])
def test_each_file_gets_its_mode_and_times(mode: int, folder: int, tmp_path: Path) -> None:
    maker = FileMaker()
    for name in (b"first", b"second"):  # the second is made by what the first has taught
        maker.make(7, folder, a_file(name, mode), b"text")

        made = (tmp_path / os.fsdecode(name)).stat()
        assert stat.S_IMODE(made.st_mode) == mode
        assert (made.st_mtime_ns, made.st_atime_ns) == (MTIME_NS, MTIME_NS + 1)
        assert made.st_size == 4


def test_a_folder_that_hands_its_group_on_does_not_keep_it(folder: int, tmp_path: Path) -> None:
    is_root = os.geteuid() == 0
    os.chown(tmp_path, -1, 12345 if is_root else os.getegid())
    tmp_path.chmod(0o2770)
    maker = FileMaker()
    for name in (b"first", b"second"):
        maker.make(0, folder, a_file(name, 0o640), b"")

        made = (tmp_path / os.fsdecode(name)).stat()
        assert (made.st_uid, made.st_gid) == (os.geteuid(), os.getegid())
        assert stat.S_IMODE(made.st_mode) == 0o640


def test_each_folder_is_looked_at_by_itself(tmp_path: Path) -> None:
    maker = FileMaker()
    for number, mask in enumerate((0o000, 0o077)):
        (tmp_path / f"{number}").mkdir()
        fd = os.open(tmp_path / f"{number}", os.O_RDONLY)
        before = os.umask(mask)  # stands for a folder where new files come out otherwise
        try:
            maker.make(number, fd, a_file(b"a", 0o664), b"")
        finally:
            os.umask(before)
            os.close(fd)
        assert stat.S_IMODE((tmp_path / f"{number}" / "a").stat().st_mode) == 0o664


def test_nobody_else_can_read_a_file_that_is_not_yet_its_owners(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    write = restore_files.write_small

    def look(fd: int, content: bytes | memoryview) -> None:
        seen.append(stat.S_IMODE(os.fstat(fd).st_mode))
        write(fd, content)

    monkeypatch.setattr(restore_files, "write_small", look)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _fd, _uid, _gid: None)
    FileMaker().make(0, folder, a_file(b"a", 0o644, uid=54321), b"secret")

    assert seen == [0o600]
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_file_that_cannot_be_written_whole_leaves_nothing(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int, _content: bytes | memoryview) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(restore_files, "write_small", full)
    with pytest.raises(OSError, match="space"):
        FileMaker().make(0, folder, a_file(b"a", 0o644), b"text")

    assert list(tmp_path.iterdir()) == []


def test_what_stands_there_already_is_left_as_it_is(folder: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(FileExistsError):
        FileMaker().make(0, folder, a_file(b"a", 0o644), b"theirs")

    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"x" * 200_000, bytes(200_000), b"x" + bytes(300_000) + b"y"])
def test_content_comes_out_as_it_is_with_holes_for_zeros(content: bytes, folder: int, tmp_path: Path) -> None:
    FileMaker().make(0, folder, a_file(b"a", 0o644), memoryview(content))

    assert (tmp_path / "a").read_bytes() == content
    if content == bytes(200_000):
        assert (tmp_path / "a").stat().st_blocks * 512 < 64_000
