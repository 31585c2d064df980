"""What the back-up before recorded of a folder: enough to compare with, and the very words of each entry."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.repository.errors import RepositoryDamaged
from app.repository.model import BackupOptions, BlobId, Node, NodeType
from app.repository.recorded import decode_recorded
from app.repository.repository import Repository
from app.repository.trees import encode_node, encode_tree

BLOB = BlobId(bytes(range(32)))


def node_of(path: Path, *, content: tuple[BlobId, ...] = (BLOB,)) -> tuple[Node, os.stat_result]:
    status = path.lstat()
    node = Node(
        name=os.fsencode(path.name),
        type=NodeType.FILE,
        mode=status.st_mode,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        size=status.st_size,
        inode=status.st_ino,
        content=content,
    )
    return node, status


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text("to the parents")
    return path


def test_an_entry_keeps_its_words(letter: Path) -> None:
    node, status = node_of(letter)
    entry = decode_recorded(encode_tree([node]))[b"letter.txt"]
    assert entry.encoded == encode_node(node)
    assert entry.is_of(status)


@pytest.mark.parametrize(
    "change", [{"size": 3}, {"inode": 1}, {"mtime_ns": 1}, {"ctime_ns": 1}, {"type": NodeType.SYMLINK}]
)
def test_a_file_that_differs_in_anything_is_not_what_was_recorded(letter: Path, change: dict[str, int]) -> None:
    node, status = node_of(letter)
    entry = decode_recorded(encode_tree([msgspec.structs.replace(node, **change)]))[b"letter.txt"]
    assert not entry.is_of(status)


def test_content_that_is_no_longer_there_is_not_stored(repository: Repository, letter: Path) -> None:
    node, _ = node_of(letter)
    entry = decode_recorded(encode_tree([node]))[b"letter.txt"]
    assert not entry.is_stored(repository.index)
    entry.content = []
    assert entry.is_stored(repository.index)


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"/" not in name and 0 not in name and name.strip(b".")))
def test_any_name_is_found_under_its_own_bytes(name: bytes) -> None:
    node = Node(name, NodeType.DIR, 0o40755, 1, 1, 1, subtree=BLOB)
    entry = decode_recorded(encode_tree([node]))[name]
    assert entry.subtree_id == BLOB


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"nodes":[1]}',
        b'{"nodes":[{"name":1,"type":"file"}]}',
        b'{"nodes":[{"name":"a","type":"nothing"}]}',
        b'{"nodes":[{"name":"a\\\\xq","type":"file"}]}',
        b'{"nodes":[{"name":"a","type":"file","user":"\xff"}]}',
        b'{"nodes":[{"name":"a","type":"file"',
    ],
)
def test_what_is_no_tree_is_damage(data: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        decode_recorded(data)


@pytest.mark.parametrize("times", [("", ""), ("yesterday", "yesterday"), ("2026-01-01T00:00:00Z", "soon")])
def test_times_and_ids_that_are_none_match_nothing(
    letter: Path, repository: Repository, times: tuple[str, str]
) -> None:
    status = letter.lstat()
    mtime, ctime = times
    data = (
        f'{{"nodes":[{{"name":"letter.txt","type":"file","mtime":"{mtime}","ctime":"{ctime}","inode":{status.st_ino},'
        f'"size":{status.st_size},"content":["00"],"subtree":"00"}}]}}'
    ).encode()
    entry = decode_recorded(data)[b"letter.txt"]
    assert not entry.is_of(status)
    assert not entry.is_stored(repository.index)
    assert entry.subtree_id is None


def test_a_changed_folder_comes_to_the_same_tree_as_reading_it_anew(
    repository: Repository, source: Path, state_dir: Path
) -> None:
    """With names that need escapes, links, and a new file beside those that are taken over."""
    (source / "lessons" / 'a "quoted" \\ name\n').write_text("x" * 10)
    (source / "lessons" / "link").symlink_to("plan.txt")
    raw = os.fsencode(source)
    repository.backup([raw], state_dir=state_dir)
    (source / "lessons" / "new.txt").write_text("new")
    quick = repository.backup([raw], state_dir=state_dir)
    anew = repository.backup([raw], options=BackupOptions(force=True))
    assert quick.files_new_or_changed == 1
    assert anew.snapshot.tree == quick.snapshot.tree
