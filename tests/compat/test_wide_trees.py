"""Trees that are wide, deep or full of the unusual: restic and Vangnet keep all of it, both ways."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.repository import Repository
from tests.rig.restic import Restic
from tests.rig.trees import assert_same_tree, describe_tree

MakeRepository = Callable[[], Repository]

pytestmark = pytest.mark.slow


def both_ways(repository: Repository, restic: Restic, source: Path, tmp_path: Path) -> None:
    """Back up with each, check with the other, and restore each with the other."""
    ours = repository.backup([os.fsencode(source)])
    assert ours.complete
    theirs = restic.backup(source, options=("--force",))
    repository.forget_index()
    assert repository.check(read_data=True).problems == ()
    restic.check(read_data=True)
    restic.restore(ours.snapshot.id, tmp_path / "by restic")
    assert repository.restore(repository.snapshot(theirs), os.fsencode(tmp_path / "by us")).complete
    below = source.relative_to("/")
    assert_same_tree(source, tmp_path / "by restic" / below)
    assert_same_tree(source, tmp_path / "by us" / below)


@pytest.mark.timeout(600)
def test_folder_with_a_hundred_thousand_entries(
    make_repository: MakeRepository, restic: Restic, tmp_path: Path
) -> None:
    source = tmp_path / "wide"
    source.mkdir()
    for number in range(100_000):
        fd = os.open(source / f"{number:06} of many.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        if number % 10 == 0:
            os.write(fd, b"%d" % number)
        os.close(fd)
    repository = make_repository()
    ours = repository.backup([os.fsencode(source)])
    assert (ours.files, ours.problems) == (100_000, ())
    assert len(repository.ls(ours.snapshot, os.fsencode(source))) == 100_000
    restic.check(read_data=True)
    assert len(restic.list_paths(ours.snapshot.id)) >= 100_000
    assert repository.restore(ours.snapshot, os.fsencode(tmp_path / "out")).files == 100_000
    assert_same_tree(source, tmp_path / "out" / source.relative_to("/"))
    again = repository.backup([os.fsencode(source)])
    assert (again.bytes_read, again.snapshot.tree) == (0, ours.snapshot.tree)


def test_tree_of_two_hundred_folders_deep(make_repository: MakeRepository, restic: Restic, tmp_path: Path) -> None:
    source = tmp_path / "deep"
    source.mkdir()
    at = source
    for level in range(200):
        at = at / f"level {level}"
        at.mkdir()
        (at / "file").write_text(f"{level}")
    both_ways(make_repository(), restic, source, tmp_path)


def test_access_control_lists_come_back(make_repository: MakeRepository, restic: Restic, tmp_path: Path) -> None:
    source = tmp_path / "lists"
    (source / "folder").mkdir(parents=True)
    (source / "file").write_text("some may read it")
    # user::rw- user:1234:r-- group::r-- mask::r-- other::---, as the kernel keeps it (include/uapi posix_acl_xattr.h)
    entries = [(1, 6, 0xFFFFFFFF), (2, 4, 1234), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(source / "file", "system.posix_acl_access", acl)
    os.setxattr(source / "folder", "system.posix_acl_default", acl)
    both_ways(make_repository(), restic, source, tmp_path)
    kept = describe_tree(tmp_path / "by us" / source.relative_to("/"))
    assert dict(kept[b"file"].xattrs) == {"system.posix_acl_access": acl}


def test_every_kind_of_file_comes_back(make_repository: MakeRepository, restic: Restic, tmp_path: Path) -> None:
    source = tmp_path / "kinds"
    source.mkdir()
    (source / "file").write_text("file")
    (source / "folder").mkdir()
    (source / "link").symlink_to("file")
    os.link(source / "file", source / "second name")
    os.mkfifo(source / "fifo")
    os.mknod(source / "character device", 0o20640, os.makedev(1, 3))
    os.mknod(source / "block device", 0o60640, os.makedev(7, 300))
    with (source / "holes").open("wb") as holes:
        holes.truncate(5 << 20)
    both_ways(make_repository(), restic, source, tmp_path)


def test_socket_is_in_the_snapshot_and_left_to_its_program(
    make_repository: MakeRepository, restic: Restic, tmp_path: Path
) -> None:
    source = tmp_path / "s"
    source.mkdir()
    here = os.getcwd()
    os.chdir(source)  # a socket's path has room for a hundred bytes only
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
    finally:
        os.chdir(here)
    repository = make_repository()
    summary = repository.backup([os.fsencode(source)])
    assert summary.complete
    restic.check(read_data=True)
    assert [entry.node.type.value for entry in repository.ls(summary.snapshot, os.fsencode(source))] == ["socket"]
    assert repository.restore(summary.snapshot, os.fsencode(tmp_path / "out")).complete
