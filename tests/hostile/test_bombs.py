"""Small repositories that would take all memory, all time or all space, sealed with the right key."""

from __future__ import annotations

import os
import struct
from functools import cache
from pathlib import Path

import pytest
import zstandard

from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.model import BlobId
from tests.hostile.conftest import LONG
from tests.hostile.forge import MASTER, TIME, Forge, file, folder, node
from tests.hostile.sandbox import Sandbox

MANY = 1_000_000 if LONG else 60_000


@cache
def packed_zeros(size: int, *, with_size: bool = True) -> bytes:
    """Return a zstd frame of zeros, without making the zeros; it may leave out how many there are."""
    compressor = zstandard.ZstdCompressor(level=1, write_content_size=with_size).compressobj(
        size=size if with_size else -1
    )
    part = bytes(min(size, 1 << 20))
    return b"".join(compressor.compress(part) for _ in range(size // len(part))) + compressor.flush()


# --- compressed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_size", [True, False], ids=["says its size", "hides its size"])
@pytest.mark.parametrize("kind", [FileKind.SNAPSHOT, FileKind.INDEX, FileKind.LOCK])
def test_small_file_that_unpacks_to_gigabytes_is_refused(
    sandbox: Sandbox, forge: Forge, kind: FileKind, with_size: bool
) -> None:
    forge.put_raw(kind, MASTER.seal(b"\2" + packed_zeros(1 << 30, with_size=with_size)))
    outcomes = sandbox.use(forge.backend)
    if kind is not FileKind.LOCK:
        assert outcomes["check"] == "1 problems"


@pytest.mark.parametrize("with_size", [True, False], ids=["says its size", "hides its size"])
@pytest.mark.parametrize("claimed", [1, 1 << 20, 64 << 20, (1 << 32) - 1])
@pytest.mark.parametrize("is_tree", [True, False], ids=["tree", "data"])
def test_blob_that_unpacks_to_gigabytes_is_refused(
    sandbox: Sandbox, forge: Forge, is_tree: bool, claimed: int, with_size: bool
) -> None:
    bomb = packed_zeros(1 << 30, with_size=with_size)
    blob = forge.blob(b"little", is_tree=is_tree, stored=bomb, claims={"uncompressed_length": claimed})
    root = blob if is_tree else forge.tree(file("bomb", blob, size=6))
    forge.publish()
    forge.snapshot(root)
    outcomes = sandbox.use(forge.backend)
    assert outcomes["restore 0"] != "fine"
    assert outcomes["check data"] != "fine"
    assert os.listdir(sandbox.restored) == []


def test_frame_that_asks_for_a_huge_window_is_refused(sandbox: Sandbox, forge: Forge) -> None:
    window = bytes([21 << 3])  # 2 GiB
    forge.put_raw(FileKind.SNAPSHOT, MASTER.seal(b"\2" + zstandard.MAGIC_NUMBER.to_bytes(4, "little") + b"\0" + window))
    assert sandbox.use(forge.backend)["snapshots"] == "repository-damaged zstd"


def test_thousands_of_snapshots_that_unpack_to_megabytes_are_refused(sandbox: Sandbox, forge: Forge) -> None:
    spaces = b" " * (15 << 20)
    for number in range(20):
        forge.put(FileKind.SNAPSHOT, b'{"time":"%b","tree":"%064d","paths":[]}%b' % (TIME.encode(), number, spaces))
    assert sandbox.use(forge.backend)["snapshots"] == "repository-damaged too-long"


# --- trees that are named again and again --------------------------------------------------------------------------


@pytest.mark.slow
def test_tree_that_unfolds_without_end_is_refused(sandbox: Sandbox, forge: Forge) -> None:
    tree = forge.tree(file("leaf", forge.blob(b"leaf")))
    for _ in range(60):
        tree = forge.tree(folder("a", tree), folder("b", tree))
    forge.publish()
    forge.snapshot(tree)
    outcomes = sandbox.use(forge.backend)
    for use in ("find", "walk 0", "restore 0"):
        assert outcomes[use] == "repository-damaged too-many-entries"
    assert outcomes["list 0"] == "fine"
    assert os.listdir(sandbox.restored) == []


@pytest.mark.slow
def test_wide_tree_that_is_named_a_thousand_times_is_refused(sandbox: Sandbox, forge: Forge) -> None:
    leaf = forge.tree(*(node(f"{number:05}") for number in range(2_000)))
    forge.snapshot_of(*(folder(f"{number:05}", leaf) for number in range(2_000)))
    assert sandbox.use(forge.backend)["restore 0"] == "repository-damaged too-many-entries"


def test_folder_that_is_there_many_times_is_no_bomb(sandbox: Sandbox, forge: Forge) -> None:
    leaf = forge.tree(*(node(f"{number}") for number in range(10)))
    forge.snapshot_of(*(folder(f"{number:05}", leaf) for number in range(300)))
    assert sandbox.use(forge.backend)["restore 0"] == "fine"
    assert sum(len(files) for _, _, files in os.walk(sandbox.restored)) == 3000


@pytest.mark.parametrize(("depth", "name"), [(1500, "d"), (900, "n" * 250)], ids=["short names", "long names"])
def test_very_deep_tree_ends_with_a_problem(sandbox: Sandbox, forge: Forge, depth: int, name: str) -> None:
    tree = forge.tree(*(file(f"leaf {number}", forge.blob(b"leaf")) for number in range(100)))
    for _ in range(depth):
        tree = forge.tree(folder(name, tree))
    forge.publish()
    forge.snapshot(tree)
    outcomes = sandbox.use(forge.backend)
    assert outcomes["walk 0"] == "repository-damaged too-deep"
    assert outcomes["restore 0"] == "1 problems"
    assert outcomes["check"] == "fine"  # restic may well have made it


# --- numbers of things -----------------------------------------------------------------------------------------


def test_folder_with_very_many_entries_takes_bounded_memory(sandbox: Sandbox, forge: Forge) -> None:
    nodes = b",".join(b'{"name":"%d","type":"socket"}' % number for number in range(MANY))
    root = forge.raw_tree(b'{"nodes":[' + nodes + b"]}")
    forge.publish()
    forge.snapshot(root)
    outcomes = sandbox.use(forge.backend, memory_bytes=(2 << 30) if LONG else (512 << 20), time_s=120)
    assert outcomes["list 0"] == "fine"


def test_file_of_very_many_pieces_takes_bounded_memory(sandbox: Sandbox, forge: Forge) -> None:
    piece = forge.blob(b"", stored=b"")
    letter = forge.blob(b"x")
    name = forge.snapshot_of(file("empty pieces", *[piece] * MANY), file("letters", piece, *[letter] * (MANY // 10)))
    assert name
    outcomes = sandbox.use(forge.backend, memory_bytes=(2 << 30) if LONG else (512 << 20), time_s=120)
    assert outcomes["restore 0"] == "fine"
    assert (sandbox.restored / "letters").stat().st_size == MANY // 10


def test_file_that_claims_petabytes_takes_no_space(sandbox: Sandbox, forge: Forge) -> None:
    blob = forge.blob(b"x" * 100, claims={"uncompressed_length": 64 << 20})
    forge.snapshot_of(file("huge", *[blob] * 20_000, size=20_000 * (64 << 20)))
    assert sandbox.use(forge.backend)["restore 0"] == "1 problems"
    assert os.listdir(sandbox.restored) == []


@pytest.mark.parametrize("field", ["length", "offset", "uncompressed_length"])
@pytest.mark.parametrize("value", [0, 31, 33, 1 << 20, (1 << 32) - 1, 1 << 62])
@pytest.mark.parametrize("is_tree", [True, False], ids=["tree", "data"])
def test_blob_at_an_absurd_place_is_a_problem(
    sandbox: Sandbox, forge: Forge, field: str, value: int, is_tree: bool
) -> None:
    plain = b'{"nodes":[]}'
    blob = forge.blob(plain, is_tree=is_tree, claims={field: value})
    root = blob if is_tree else forge.tree(file("a", blob), file("b", blob, blob))
    forge.publish()
    forge.snapshot(root)
    outcomes = sandbox.use(forge.backend)
    if (field, value) != ("offset", 0):
        assert outcomes["check data"] != "fine"


def test_blobs_on_one_spot_are_opened_once(sandbox: Sandbox) -> None:
    forge = Forge(LocalBackend(sandbox.root / "repository"))
    forge.config()
    large = forge.blob(os.urandom(4 << 20))
    for number in range(MANY):
        forge.list_also(id=f"{number:064x}", type="data", offset=0, length=4 << 20, uncompressed_length=4 << 20)
    forge.snapshot_of(file("large", large))
    assert sandbox.use(forge.backend, memory_bytes=2 << 30, time_s=60)["check data"] == "1 problems"


def test_blob_that_is_said_to_be_everywhere_is_given_up_soon(sandbox: Sandbox, forge: Forge) -> None:
    blob = forge.blob(b"x" * 1000)
    for number in range(MANY):
        forge.list_also(id=blob.hex(), type="data", offset=number, length=1000, uncompressed_length=1000)
    forge.snapshot_of(*(file(f"{number}", blob) for number in range(200)))
    sandbox.use(forge.backend, memory_bytes=2 << 30, time_s=60)


def test_ids_that_all_begin_alike_are_still_found_quickly(sandbox: Sandbox, forge: Forge) -> None:
    for number in range(MANY):
        forge.list_also(id=f"{number:064x}", type="data", offset=0, length=100, uncompressed_length=100)
    wanted = [BlobId(number.to_bytes(32, "big")) for number in range(0, MANY, 5)]
    forge.snapshot_of(file("crowd", *wanted))
    sandbox.use(forge.backend, memory_bytes=2 << 30, time_s=60)


def test_index_of_very_many_packs_takes_bounded_memory(sandbox: Sandbox, forge: Forge) -> None:
    forge.snapshot_of(file("good", forge.blob(b"good")))
    forge.index([{"id": f"{number:064x}", "blobs": []} for number in range(MANY // 4)])
    outcomes = sandbox.use(forge.backend)
    assert outcomes["restore 0"] == "fine"
    assert outcomes["check"] == f"{MANY // 4} problems"


@pytest.mark.parametrize(
    "header",
    [b"", bytes(41), b"\4" * 41, b"\2" + b"\xff" * 40, b"\0" * 37 * 1000, struct.pack("<BII32s", 2, 10, 10, b"")[:20]],
    ids=lambda header: f"{header[:4].hex()} of {len(header)}",
)
@pytest.mark.parametrize("length", [None, 0, 32, (1 << 32) - 1])
def test_pack_with_an_absurd_header_is_a_problem(
    sandbox: Sandbox, forge: Forge, header: bytes, length: int | None
) -> None:
    sealed = MASTER.seal(header)
    blob = MASTER.seal(b"content")
    pack = blob + sealed + struct.pack("<I", len(sealed) if length is None else length)
    name = forge.put_raw(FileKind.PACK, pack)
    forge.index([{"id": name, "blobs": [{"id": "ab" * 32, "type": "data", "offset": 0, "length": len(blob)}]}])
    assert sandbox.use(forge.backend)["check data"] == "1 problems"


def test_pack_of_a_terabyte_of_nothing_is_a_problem(sandbox: Sandbox) -> None:
    location = sandbox.root / "repository"
    forge = Forge(LocalBackend(location))
    forge.config()
    forge.snapshot_of(file("good", forge.blob(b"good")))
    (pack,) = (path for path in Path(location, "data").rglob("?" * 64))
    with pack.open("ab") as huge:
        huge.truncate(1 << 40)
    outcomes = sandbox.use(forge.backend)
    assert (outcomes["restore 0"], outcomes["check data"]) == ("fine", "1 problems")
