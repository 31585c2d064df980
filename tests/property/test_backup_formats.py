"""What the engine writes it reads back, whatever it is: names, nodes, trees, packs, indexes, files."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.repository.backend.base import FileKind
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged, RepositoryError
from app.repository.index import Index
from app.repository.index_json import PackContents, decode_index, encode_pack, join_packs
from app.repository.model import BlobId, Node, NodeType, PackId
from app.repository.pack import PackBuilder, PackEntry, read_header
from app.repository.repository import Repository
from app.repository.trees import (
    decode_tree,
    encode_tree,
    format_ns,
    parse_ns,
    quote_name,
    unquote_name,
)

MASTER = MasterKey.generate()

names = st.one_of(
    st.binary(min_size=1, max_size=40), st.text(min_size=1, max_size=30).map(lambda text: text.encode(errors="replace"))
).filter(lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b".."))
blob_ids = st.binary(min_size=32, max_size=32).map(BlobId)
times_ns = st.integers(-(10**18), 10**19)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
u32 = st.integers(0, (1 << 32) - 1)
attribute_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
lengths = st.integers(32, 64 << 20)
_KINDS = {
    NodeType.FILE: stat.S_IFREG,
    NodeType.DIR: stat.S_IFDIR,
    NodeType.SYMLINK: stat.S_IFLNK,
    NodeType.FIFO: stat.S_IFIFO,
    NodeType.CHARDEVICE: stat.S_IFCHR,
}


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    kind = draw(st.sampled_from(list(_KINDS)))
    attributes = draw(st.dictionaries(attribute_names, st.binary(max_size=20), max_size=3))
    return Node(
        name=draw(names),
        type=kind,
        mode=_KINDS[kind] | draw(st.integers(0, 0o7777)),
        mtime_ns=draw(times_ns),
        atime_ns=draw(times_ns),
        ctime_ns=draw(times_ns),
        uid=draw(u32),
        gid=draw(u32),
        user=draw(texts),
        group=draw(texts),
        inode=draw(st.integers(0, (1 << 64) - 1)),
        device_id=draw(st.integers(0, (1 << 64) - 1)),
        size=draw(st.integers(0, (1 << 62))),
        links=0 if kind is NodeType.DIR else draw(st.integers(1, 9)),
        link_target=draw(names) if kind is NodeType.SYMLINK else b"",
        device=draw(u32) if kind is NodeType.CHARDEVICE else 0,
        content=tuple(draw(st.lists(blob_ids, max_size=3))) if kind is NodeType.FILE else (),
        subtree=draw(blob_ids) if kind is NodeType.DIR else None,
        extended_attributes=tuple(sorted(attributes.items())),
    )


@given(names)
@settings(deadline=None)
def test_any_name_reads_back(name: bytes) -> None:
    quoted = quote_name(name)
    assert quoted.isprintable() or "\\" in quoted or json.loads(quoted)
    assert unquote_name(json.loads(quoted)) == name


@given(times_ns)
@settings(deadline=None)
def test_any_time_reads_back(at_ns: int) -> None:
    assert parse_ns(format_ns(at_ns)) == at_ns


@given(st.lists(nodes(), max_size=6, unique_by=lambda node: node.name))
@settings(deadline=None)
def test_any_tree_reads_back_sorted_and_always_as_the_same_bytes(entries: list[Node]) -> None:
    encoded = encode_tree(entries)
    decoded = decode_tree(encoded)
    assert decoded == tuple(sorted(entries, key=lambda node: node.name))
    assert encode_tree(reversed(decoded)) == encoded


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_rubbish_is_no_tree_and_never_another_error(data: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        decode_tree(data)


@given(st.lists(nodes(), min_size=1, max_size=2, unique_by=lambda node: node.name), st.data())
@settings(deadline=None)
def test_a_tree_with_a_changed_byte_is_a_tree_or_damaged(entries: list[Node], data: st.DataObject) -> None:
    encoded = bytearray(encode_tree(entries))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        decoded = decode_tree(bytes(encoded))
    except RepositoryDamaged:
        return
    assert all(b"/" not in node.name for node in decoded)


blobs = st.lists(st.tuples(st.binary(max_size=300), st.booleans()), min_size=1, max_size=8)


def build_pack(contents: list[tuple[bytes, bool]]) -> tuple[bytes, tuple[PackEntry, ...]]:
    builder = PackBuilder(MASTER.sealer(), target_bytes=100, is_tree=False)
    for plain, compressed in contents:
        builder.add(BlobId(hashlib.sha256(plain).digest()), plain, len(plain) + 1 if compressed else 0)
    pack = builder.finish()
    return bytes(pack.data), pack.entries


@given(blobs)
@settings(deadline=None)
def test_any_pack_reads_back(contents: list[tuple[bytes, bool]]) -> None:
    data, entries = build_pack(contents)
    assert read_header(MASTER, data) == entries
    for entry, (plain, _) in zip(entries, contents, strict=True):
        assert MASTER.open(data[entry.offset : entry.offset + entry.length]) == plain


@given(blobs, st.data())
@settings(deadline=None)
def test_any_changed_byte_of_a_pack_is_found(contents: list[tuple[bytes, bool]], data: st.DataObject) -> None:
    pack, entries = build_pack(contents)
    at = data.draw(st.integers(0, len(pack) - 1))
    changed = bytearray(pack)
    changed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RepositoryDamaged):
        open_all(bytes(changed), entries)


def open_all(pack: bytes, entries: tuple[PackEntry, ...]) -> None:
    read_header(MASTER, pack)
    for entry in entries:
        MASTER.open(pack[entry.offset : entry.offset + entry.length])


entries_of_packs = st.lists(
    st.tuples(blob_ids, st.booleans(), u32, lengths, lengths).map(lambda fields: PackEntry(*fields)), max_size=5
).map(tuple)
packs = st.lists(st.tuples(blob_ids, entries_of_packs).map(lambda pair: PackContents(PackId(pair[0]), pair[1])))


@given(packs)
@settings(deadline=None)
def test_any_index_reads_back_and_finds_its_blobs(contents: list[PackContents]) -> None:
    assert list(decode_index(join_packs(encode_pack(pack) for pack in contents))) == contents
    index = Index([contents])
    for pack, entries in contents:
        for entry in entries:
            places = index.lookup_all(entry.id, entry.is_tree)
            assert any(place[:4] == (pack, entry.offset, entry.length, entry.plain_length) for place in places)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.tuples(st.integers(0, 9_000_000), st.sampled_from(["noise", "zeros", "text"])), max_size=3))
def test_files_of_any_size_are_cut_and_joined_again(files: list[tuple[int, str]], tmp_path: Path) -> None:
    source = tmp_path / os.urandom(8).hex()
    source.mkdir()
    for number, (size, kind) in enumerate(files):
        noise = hashlib.shake_128(f"{size}".encode()).digest(size) if kind == "noise" else b""
        content = {"noise": noise, "zeros": bytes(size), "text": (b"some text " * (size // 10 + 1))[:size]}[kind]
        (source / f"{number}").write_bytes(content)
    repository = Repository.init(MemoryBackend())
    summary = repository.backup([os.fsencode(source)])
    tree = repository.load_tree(summary.snapshot.tree)
    for name in os.fsencode(source).strip(b"/").split(b"/"):
        (folder,) = [node for node in tree if node.name == name]
        assert folder.subtree is not None
        tree = repository.load_tree(folder.subtree)
    assert len(tree) == len(files)
    for node in tree:
        stored = b"".join(repository.load_blob(blob_id) for blob_id in node.content)
        assert stored == (source / os.fsdecode(node.name)).read_bytes()
        (source / os.fsdecode(node.name)).unlink()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 16), st.integers(0, 1 << 32), st.integers(1, 255))
def test_any_changed_byte_of_a_repository_is_found_by_reading_it(which: int, where: int, flip: int) -> None:
    backend = MemoryBackend()
    repository = Repository.init(backend)
    repository.backup([os.fsencode(Path(__file__))])
    assert backend._files is not None
    # Names and sizes are random each time, so the numbers drawn are folded into what there is.
    key = sorted(backend._files)[which % len(backend._files)]
    changed = bytearray(backend._files[key])
    changed[where % len(changed)] ^= flip
    backend._files[key] = bytes(changed)
    with pytest.raises(RepositoryError):
        read_everything(Repository.open(backend, master=repository.master))


def read_everything(repository: Repository) -> None:
    for snapshot in repository.snapshots():
        assert repository.load_tree(snapshot.tree)
    for pack in repository.index.packs:
        raw = repository.backend.load(FileKind.PACK, pack.hex(), limit=1 << 24)
        if hashlib.sha256(raw).digest() != pack:
            raise RepositoryDamaged(file=pack.hex(), reason="hash")
