"""What the back-up before recorded of a folder, and how it gets into the next tree."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged
from app.repository.index_json import PackContents
from app.repository.mirror import backup_to_all
from app.repository.model import BackupOptions, BlobId, Node, NodeType, Snapshot, SnapshotId
from app.repository.polynomial import random_polynomial
from app.repository.recorded import decode_recorded
from app.repository.repacking import PackWriter
from app.repository.repository import Repository
from app.repository.trees import assemble_tree, encode_file, encode_node, encode_tree
from tests.rig.restic import Restic

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


def test_an_entry_is_encoded_as_it_was_recorded(letter: Path) -> None:
    node, status = node_of(letter)
    entry = decode_recorded(encode_tree([node]))[b"letter.txt"]
    assert entry.is_of(status)
    assert entry.encode(node.name, status) == encode_node(node)


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


# --- repositories of others ------------------------------------------------------------------------------------


def spoil(repository: Repository, snapshot: Snapshot, path: bytes, change: Callable[[bytes], bytes]) -> Snapshot:
    """Store a snapshot in which the JSON of one folder is another, newer than the one that it is made of."""
    writer = PackWriter(repository, lambda contents, _size: written.append(contents))
    written: list[PackContents] = []
    chain = [(b"", snapshot.tree)]
    for name in filter(None, path.split(b"/")):
        [node] = [node for node in repository.load_tree(chain[-1][1]) if node.name == name]
        assert node.subtree is not None
        chain.append((name, node.subtree))
    old = chain.pop()[1]
    plain = change(repository.load_blob(old, is_tree=True))
    while True:
        new = BlobId(hashlib.sha256(plain).digest())
        writer.add_plain(new, True, plain)
        if not chain:
            break
        above = chain.pop()[1]
        plain = repository.load_blob(above, is_tree=True).replace(old.hex().encode(), new.hex().encode())
        old = above
    writer.flush()
    repository.save_index(written)
    repository.forget_index()
    later = snapshot.time + timedelta(hours=1)
    return repository.save_snapshot(replace(snapshot, tree=new, time=later, id=SnapshotId("")))


def once(old: str, new: str) -> Callable[[bytes], bytes]:
    """Return what changes one place in the entry of plan.txt."""

    def change(plain: bytes) -> bytes:
        text = plain.decode()
        at = text.index('"name":"plan.txt"')
        found = re.compile(old).search(text, at)
        assert found
        return (text[: found.start()] + new + text[found.end() :]).encode()

    return change


def twice(plain: bytes) -> bytes:
    """Name everything twice."""
    [nodes] = re.findall(rb'\{"nodes":\[(.*)\]\}', plain)
    return b'{"nodes":[%s,%s]}' % (nodes, nodes)


@pytest.mark.parametrize(
    "change",
    [
        once('"uid":[0-9]+', '"uid":"root"'),
        once('"uid":[0-9]+', '"uid":5000000000'),
        once('"links":1', '"links":99999999999999999999'),
        once('"user"', '"Name":"../../evil","user"'),
        once('"user"', '"name":"plan.txt","subtree":"00","user"'),
        once('"user":"', '"user": "'),
        once('"user":"', r'"user":"\ud800'),
        once('"atime":"[^"]*"', '"atime":"never"'),
        once('Z","ctime"', '+00:00","ctime"'),
        once("plan", r"pl\u0061n"),
        once("plan", r"pl\\x61n"),
        once('"content":\\["....', '"content":["00  '),
        once('"content"', '"linktarget":5,"extended_attributes":[{"name":"user.x","value":"!"}],"content"'),
        once('"content"', r'"extended_attributes":[{"name":"user.\u0000","value":"eA=="}],"content"'),
        twice,
    ],
)
def test_nothing_of_a_strange_tree_gets_into_ours(
    repository: Repository, witness: Restic, source: Path, change: Callable[[bytes], bytes]
) -> None:
    raw = os.fsencode(source)
    first = repository.backup([raw])
    spoil(repository, first.snapshot, raw + b"/lessons", change)
    (source / "lessons" / "new.txt").write_text("new")
    newer = BackupOptions(time=first.snapshot.time + timedelta(hours=2))
    second = repository.backup([raw], options=newer)
    assert second.complete
    assert {entry.path.rpartition(b"/")[2] for entry in repository.find("*.txt", [second.snapshot])} == {
        b"plan.txt", b"new.txt", b"fractions.txt",
    }  # fmt: skip
    anew = repository.backup([raw], options=BackupOptions(force=True))
    assert tree_of(repository, second.snapshot, raw + b"/lessons") == tree_of(
        repository, anew.snapshot, raw + b"/lessons"
    )
    assert "plan.txt" in witness.run("ls", second.snapshot.id)


def tree_of(repository: Repository, snapshot: Snapshot, path: bytes) -> BlobId | None:
    entry = repository.entry_at(snapshot, path)
    assert entry is not None
    return entry.node.subtree


@pytest.mark.parametrize("change", [twice, lambda plain: plain.replace(b'"uid"', b' "uid"')])
def test_a_folder_above_is_not_taken_over_as_others_wrote_it(
    repository: Repository, source: Path, change: Callable[[bytes], bytes]
) -> None:
    raw = os.fsencode(source)
    first = repository.backup([raw])
    strange = spoil(repository, first.snapshot, b"", change)
    second = repository.backup([raw], options=BackupOptions(time=first.snapshot.time + timedelta(hours=2)))
    assert second.snapshot.parent == strange.id
    assert second.snapshot.tree != strange.tree
    assert repository.entry_at(second.snapshot, raw + b"/pupils.csv")


def test_a_name_that_others_spell_carelessly_is_spelled_as_restic_reads_it(
    repository: Repository, witness: Restic, source: Path
) -> None:
    raw = os.fsencode(source)
    (source / "lessons" / 'the "plan"\n').write_text("monday")
    first = repository.backup([raw])
    spoil(
        repository,
        first.snapshot,
        raw + b"/lessons",
        lambda plain: plain.replace(rb"the \\\"plan\\\"\\n", rb"the \"plan\"\n"),
    )
    (source / "lessons" / "new.txt").write_text("new")
    later = BackupOptions(time=first.snapshot.time + timedelta(hours=2))
    second = repository.backup([raw], options=later)
    assert second.files_new_or_changed == 1
    assert "new.txt" in witness.run("ls", second.snapshot.id)


_TEXTS = st.text(max_size=9)


@given(
    name=st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name and 0 not in name),
    users=st.tuples(_TEXTS, _TEXTS),
    numbers=st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 63) - 1)),
    times=st.tuples(*[st.integers(-(1 << 61), 1 << 62)] * 2),
    attributes=st.lists(st.tuples(_TEXTS.filter(lambda text: "\0" not in text), st.binary(max_size=9)), max_size=2),
    content=st.lists(st.binary(min_size=32, max_size=32).map(BlobId), max_size=3),
)
def test_what_is_taken_over_is_what_reading_it_would_give(
    name: bytes,
    users: tuple[str, str],
    numbers: tuple[int, int],
    times: tuple[int, int],
    attributes: list[tuple[str, bytes]],
    content: list[BlobId],
) -> None:
    user, group = users
    uid, device = numbers
    mtime_ns, ctime_ns = times
    status = os.stat_result((0o100640, 7, device, 1, uid, uid, 40, 0, 0, 0, 0.0, 0.0, 0.0, 0, mtime_ns, ctime_ns))
    encoded = encode_file(
        name, status, size=40, user=user, group=group, content=content, attributes=tuple(sorted(attributes))
    )
    entry = decode_recorded(assemble_tree([encoded]))[name]
    assert entry.is_of(status)
    assert entry.encode(name, status) == encoded


def test_a_mirror_takes_over_what_is_stored_everywhere(tmp_path: Path, source: Path, state_dir: Path) -> None:
    master, polynomial = MasterKey.generate(), random_polynomial()
    places = [Repository.init(LocalBackend(tmp_path / name), master, polynomial=polynomial) for name in ("nas", "disk")]
    raw = os.fsencode(source)
    backup_to_all(places, [raw], state_dir=state_dir)
    (source / "lessons" / "new.txt").write_text("new")
    for result in backup_to_all(places, [raw], state_dir=state_dir):
        assert result.summary is not None
        assert (result.summary.files_new_or_changed, result.summary.bytes_read) == (1, 3)
