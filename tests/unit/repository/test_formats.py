"""Packs, the index, trees and snapshots: what they refuse, and facts of restic's format that bite."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from pathlib import Path

import pytest

from app.repository import zstd
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged
from app.repository.index import Index
from app.repository.index_json import PackContents, decode_index, encode_pack, join_packs
from app.repository.model import BlobId, Node, NodeType, PackId
from app.repository.pack import PackBuilder, PackEntry, read_header
from app.repository.reading import make_node
from app.repository.snapshots import decode_snapshot
from app.repository.trees import (
    decode_tree,
    encode_file,
    encode_node,
    encode_tree,
    format_ns,
    go_mode,
    parse_ns,
    quote_name,
    unquote_name,
)

MASTER = MasterKey.generate()


def blob_id(text: object) -> BlobId:
    return BlobId(hashlib.sha256(str(text).encode()).digest())


def build_pack(*, is_tree: bool = False) -> tuple[bytes, tuple[PackEntry, ...]]:
    builder = PackBuilder(MASTER.sealer(), target_bytes=1000, is_tree=is_tree)
    builder.add(blob_id(1), b"bare", 0)
    builder.add(blob_id(2), b"packed", 60)
    pack = builder.finish()
    return bytes(pack.data), pack.entries


@pytest.mark.parametrize("is_tree", [False, True])
def test_a_pack_lists_its_blobs(is_tree: bool) -> None:
    data, entries = build_pack(is_tree=is_tree)
    assert read_header(MASTER, data) == entries
    assert [(entry.is_tree, entry.plain_length) for entry in entries] == [(is_tree, 0), (is_tree, 60)]
    first = entries[0]
    assert MASTER.open(data[first.offset : first.offset + first.length]) == b"bare"


def test_a_pack_grows_for_a_blob_larger_than_it_was_meant_to_be() -> None:
    builder = PackBuilder(MASTER.sealer(), target_bytes=1000, is_tree=True)
    large = bytes(20 << 20)
    builder.add(blob_id(0), b"before", 0)
    builder.add(blob_id(1), large, 0)
    pack = builder.finish()
    assert MASTER.open(pack.data[pack.entries[1].offset :][: pack.entries[1].length]) == large
    assert len(read_header(MASTER, pack.data)) == 2


@pytest.mark.parametrize("tail", [b"", b"\0\0\0", struct.pack("<I", 0), struct.pack("<I", 31), b"\xff\xff\xff\xff"])
def test_a_pack_with_an_impossible_header_length_is_damaged(tail: bytes) -> None:
    data, _ = build_pack()
    with pytest.raises(RepositoryDamaged):
        read_header(MASTER, (data[:-4] + tail) if len(tail) == 4 else tail)


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<BI32s", 4, 10, bytes(32)),
        struct.pack("<BI32s", 0, 10, bytes(32))[:-1],
        struct.pack("<BI32s", 2, 10, bytes(32)),
        struct.pack("<BI32s", 0, 11, bytes(32)),
    ],
)
def test_a_pack_header_that_does_not_fit_is_damaged(header: bytes) -> None:
    sealed = MASTER.seal(header)
    with pytest.raises(RepositoryDamaged):
        read_header(MASTER, bytes(10) + sealed + struct.pack("<I", len(sealed)))


def test_zstd_never_gives_more_than_expected() -> None:
    packed = zstd.compress(bytes(1 << 20))
    assert zstd.decompress(packed, limit=1 << 20) == bytes(1 << 20)
    with pytest.raises(RepositoryDamaged):
        zstd.decompress(packed, limit=(1 << 20) - 1)
    with pytest.raises(RepositoryDamaged):
        zstd.decompress(b"no zstd at all", limit=100)


def pack_id(number: int) -> PackId:
    return PackId(hashlib.sha256(b"pack %d" % number).digest())


def contents(pack: int, blobs: range, *, is_tree: bool = False) -> PackContents:
    entries = tuple(PackEntry(blob_id(number), is_tree, number * 40, 40, number % 3) for number in blobs)
    return PackContents(pack_id(pack), entries)


def test_the_index_finds_what_is_there_and_nothing_else() -> None:
    index = Index([[contents(1, range(2000))], [contents(2, range(2000, 2100), is_tree=True)]])
    assert len(index) == 2100
    place = index.lookup(blob_id(1234))
    assert place is not None
    assert (place.pack, place.offset, place.length, place.plain_length) == (pack_id(1), 49360, 40, 1)
    assert index.lookup(blob_id(1234), is_tree=True) is None
    assert index.lookup(blob_id(2050), is_tree=True) is not None
    assert index.lookup(blob_id("nowhere")) is None
    assert (blob_id(5), False) in index
    assert (blob_id(5), True) not in index


def test_a_blob_in_two_packs_has_two_places() -> None:
    index = Index([[contents(1, range(10)), contents(2, range(5, 15))]])
    assert {place.pack for place in index.lookup_all(blob_id(7))} == {pack_id(1), pack_id(2)}


def test_a_pack_in_two_index_files_counts_once() -> None:
    index = Index([[contents(1, range(10))], [contents(1, range(10))]])
    assert len(index) == 10
    assert len(index.lookup_all(blob_id(7))) == 1


def test_an_index_file_reads_back() -> None:
    packs = [contents(1, range(50)), contents(2, range(50, 60), is_tree=True)]
    assert list(decode_index(join_packs(encode_pack(pack) for pack in packs))) == packs


@pytest.mark.parametrize(
    "blob",
    [
        {"id": "zz", "type": "data", "offset": 0, "length": 1},
        {"id": "00" * 31, "type": "data", "offset": 0, "length": 1},
        {"id": "00 " * 32, "type": "data", "offset": 0, "length": 1},
        {"id": "00" * 32, "type": "other", "offset": 0, "length": 1},
        {"id": "00" * 32, "type": "data", "offset": -1, "length": 1},
        {"id": "00" * 32, "type": "data", "offset": 0, "length": 1 << 32},
        {"id": "00" * 32, "type": "data", "offset": 0, "length": 1, "uncompressed_length": 1 << 40},
        {"id": "00" * 32, "type": "data", "offset": 0},
    ],
)
def test_an_index_that_claims_the_impossible_is_damaged(blob: dict[str, object]) -> None:
    data = json.dumps({"packs": [{"id": "11" * 32, "blobs": [blob]}]}).encode()
    with pytest.raises(RepositoryDamaged):
        list(decode_index(data))


FILE = Node(b"a", NodeType.FILE, stat.S_IFREG | 0o644, 5, 5, 5)


def test_nodes_are_sorted_by_name_as_bytes() -> None:
    names = [b"\xff", b"a", "é".encode(), b"Z", b"a b", b"a.b"]
    nodes = [Node(name, NodeType.FILE, stat.S_IFREG, 0, 0, 0) for name in names]
    assert [node.name for node in decode_tree(encode_tree(nodes))] == sorted(names)


def test_an_empty_file_has_a_list_and_a_folder_has_null() -> None:
    folder = Node(b"d", NodeType.DIR, stat.S_IFDIR | 0o755, 0, 0, 0, subtree=blob_id(1))
    assert json.loads(encode_node(FILE))["content"] == []
    assert "size" not in json.loads(encode_node(FILE))
    assert json.loads(encode_node(folder))["content"] is None


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        (b"plain.txt", '"plain.txt"'),
        (b"a<b>&c", '"a\\u003cb\\u003e\\u0026c"'),
        (b"\xff\xfe", '"\\\\xff\\\\xfe"'),
        (b'say "hi"\\', '"say \\\\\\"hi\\\\\\"\\\\\\\\"'),
        (b"tab\there\x01\x7f", '"tab\\\\there\\\\x01\\\\x7f"'),
        ("zwsp\u200b".encode(), '"zwsp\\\\u200b"'),
        ("tag\U000e0001".encode(), '"tag\\\\U000e0001"'),
        ("é€".encode(), '"é€"'),
    ],
)
def test_names_are_quoted_as_go_does(name: bytes, quoted: str) -> None:
    assert quote_name(name) == quoted
    assert unquote_name(json.loads(quoted)) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "\\x2f", "..\\x2f..", "a\\x00", "\\u0000", "/", "x" * 5000])
def test_names_that_could_lead_out_of_the_folder_are_refused(name: str) -> None:
    data = json.dumps({"nodes": [{"name": name, "type": "file", "content": []}]}).encode()
    with pytest.raises(RepositoryDamaged):
        decode_tree(data)


@pytest.mark.parametrize(
    "node",
    [
        {"name": "a"},
        {"name": "a", "type": "irregular"},
        {"name": "a", "type": "file", "content": ["12"]},
        {"name": "a", "type": "file", "content": ["zz" * 32]},
        {"name": "a", "type": "dir", "subtree": "00"},
        {"name": "a", "type": "file", "size": -1},
        {"name": "a", "type": "file", "size": 1 << 63},
        {"name": "a", "type": "file", "uid": -1},
        {"name": "a", "type": "file", "mtime": "yesterday"},
        {"name": "a", "type": "file", "mtime": "2026-13-45T00:00:00Z"},
        {"name": "a\\q", "type": "file"},
        {"name": "a\\", "type": "file"},
        {"name": "\\Uffffffff", "type": "file"},
        {"name": "\\ud800", "type": "file"},
        {"name": "a", "type": "symlink", "linktarget_raw": "*"},
        {"name": "a", "type": "symlink", "linktarget": "a\0b"},
        {"name": "a", "type": "file", "extended_attributes": [{"name": "user.x", "value": "*"}]},
    ],
)
def test_nodes_that_are_none_are_refused(node: dict[str, object]) -> None:
    with pytest.raises(RepositoryDamaged):
        decode_tree(json.dumps({"nodes": [node]}).encode())


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(RepositoryDamaged):
        decode_tree(encode_tree([FILE, FILE]))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"nodes":3}', b"\xff\xff", b'{"nodes":[{"name":"\\ud800"}]}'])
def test_what_is_no_tree_is_refused(data: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        decode_tree(data)


def test_a_tree_without_nodes_is_empty() -> None:
    assert decode_tree(b'{"nodes":null}') == ()


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (stat.S_IFREG | 0o644, 0o644),
        (stat.S_IFDIR | 0o755, 1 << 31 | 0o755),
        (stat.S_IFLNK | 0o777, 1 << 27 | 0o777),
        (stat.S_IFCHR | 0o600, 1 << 26 | 1 << 21 | 0o600),
        (stat.S_IFBLK | 0o600, 1 << 26 | 0o600),
        (stat.S_IFREG | 0o4755, 1 << 23 | 0o755),
        (stat.S_IFREG | 0o2755, 1 << 22 | 0o755),
        (stat.S_IFDIR | 0o1777, 1 << 31 | 1 << 20 | 0o777),
    ],
)
def test_modes_are_those_of_go(mode: int, go: int) -> None:
    assert go_mode(mode) == go


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T19:00:00.5-05:00", 500_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2026-05-04T07:30:00.123456789+02:00", 1_777_872_600_123_456_789),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
    ],
)
def test_times_of_any_zone_are_read(text: str, at_ns: int) -> None:
    assert parse_ns(text) == at_ns


@pytest.mark.parametrize("at_ns", [0, -1, 1, 10**18 + 1, 10**18, -(10**18), 123_000_000])
def test_times_are_written_to_the_nanosecond(at_ns: int) -> None:
    assert parse_ns(format_ns(at_ns)) == at_ns


@pytest.mark.parametrize("at_ns", [-(1 << 70), 1 << 70])
def test_times_beyond_the_calendar_are_written_as_its_ends(at_ns: int) -> None:
    parse_ns(format_ns(at_ns))


@pytest.mark.parametrize("data", [b"{}", b"", b'{"time":"x","tree":"00","paths":[]}', b"[1]"])
def test_what_is_no_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        decode_snapshot("ab" * 32, data)


@pytest.mark.parametrize("size", [0, 12])
@pytest.mark.parametrize("name", [b"a.txt", b"\xff<&>\n"])
def test_a_file_that_was_read_is_written_as_any_node(tmp_path: Path, name: bytes, size: int) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)
    Path(os.fsdecode(path)).write_bytes(b"x" * size)
    os.utime(path, ns=(1, 1_700_000_000_123_456_000))
    status = os.stat(path)
    content = (BlobId(bytes(32)), BlobId(b"\x11" * 32))[: size // 6]
    attributes = (("user.note", b"\x00\xff"),)[: size % 5]
    node = make_node(name, status, content=content, size=size, attributes=attributes)
    encoded = encode_file(
        name, status, size=size, user=node.user, group=node.group, content=content, attributes=attributes
    )
    assert encoded == encode_node(node)


def test_a_builder_gives_back_the_room_of_a_blob_as_no_other() -> None:
    builder = PackBuilder(MASTER.sealer(), target_bytes=1000, is_tree=True)
    usual = len(builder._buffer)
    for size in (20_000_000, 10):
        builder.add(BlobId(hashlib.sha256(bytes(size)).digest()), bytes(size), 0)
        pack = builder.finish()
        assert read_header(MASTER, bytes(pack.data)) == pack.entries
        pack.data.release()
        builder.clear()
        assert len(builder._buffer) == usual
