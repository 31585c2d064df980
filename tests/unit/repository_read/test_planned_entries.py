"""The entries of a restore come back as they were planned, however odd."""

from __future__ import annotations

import pytest

from app.repository.model import BlobId, Node, NodeType
from app.repository.planned_entries import EntryKind, PlannedEntries, PlannedEntry

YEAR_9999_NS = 253_000_000_000 * 10**9


def node(**fields: object) -> Node:
    plain: dict[str, object] = {"name": b"a", "type": NodeType.FILE, "mode": 0o100600}
    plain |= {"mtime_ns": 1, "atime_ns": 2, "ctime_ns": 3}
    return Node(**{**plain, **fields})  # type: ignore[arg-type]  # made of parts for a test


@pytest.mark.parametrize(
    "odd",
    [
        node(),
        node(name=b"\xff\n", type=NodeType.SYMLINK, link_target=b"\xfe/..", mode=0o120777),
        node(mtime_ns=YEAR_9999_NS, atime_ns=-YEAR_9999_NS),
        node(inode=(1 << 64) - 1, device=(1 << 64) - 1, links=1 << 70),
        node(extended_attributes=(("user.a", b"\x00\xff"), ("user.b", b""))),
        node(content=(BlobId(b"x" * 32),)),
    ],
)
def test_entry_comes_back_as_it_was_planned(odd: Node) -> None:
    entries = PlannedEntries()
    for planned in (node(name=b"before"), odd, node(name=b"behind")):
        entries.append(7, planned)

    assert entries[1] == PlannedEntry(7, odd)
    assert entries[0].node.name == b"before"
    assert entries[2].node.name == b"behind"


def test_long_content_is_given_in_parts() -> None:
    ids = tuple(BlobId(bytes([number]) * 32) for number in range(5))
    entries = PlannedEntries()
    entries.append(0, node(content=ids[:1]))
    entries.append(0, node(content=ids))

    assert entries.content(0) == ids[:1]
    assert entries.content(1) == ids
    assert entries.content(1, 1, 3) == ids[1:3]
    assert entries[1].node.content == ()


def test_only_the_entry_that_is_marked_replaces() -> None:
    entries = PlannedEntries()
    for kind in (NodeType.FILE, NodeType.SOCKET, NodeType.FIFO):
        entries.append(0, node(type=kind))
    entries.append(0, node(links=2, inode=5))
    entries.mark_replacing(2)

    assert [entries[number].replaces for number in range(4)] == [False, False, True, False]
    assert [entries.kind(number) for number in range(4)] == [
        EntryKind.FILE,
        EntryKind.SOCKET,
        EntryKind.OTHER,
        EntryKind.FILE_OF_SEVERAL_NAMES,
    ]


@pytest.mark.parametrize(
    ("planned", "found"),
    [
        (node(content=(BlobId(b"x" * 32),)), b"x" * 32),
        (node(content=(BlobId(b"x" * 32),), mtime_ns=YEAR_9999_NS), None),
        (node(content=(BlobId(b"x" * 32),), extended_attributes=(("user.a", b"y" * 34 + b"\xc0\x90"),)), None),
        (node(content=(BlobId(b"x" * 32),), subtree=BlobId(b"y" * 32)), None),
        (node(content=(BlobId(b"x" * 32), BlobId(b"y" * 32))), None),
        (node(), None),
    ],
)
def test_the_only_blob_of_a_plain_file_is_known_without_unpacking_it(planned: Node, found: bytes | None) -> None:
    entries = PlannedEntries()
    entries.append(0, planned)
    entries.mark_replacing(0)

    assert entries.only_blob(0) == found
    assert entries.replaces(0)
