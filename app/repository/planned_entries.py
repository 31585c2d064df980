"""The entries of a restore, packed: some 150 bytes for a file, which forked workers share.

A list of objects takes a kilobyte for each, and every process that looks at one comes to own a copy of its page, since
Python counts references inside the objects. So they are kept as MessagePack in one block, and made when asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import msgspec

from app.repository.model import BlobId, Node, NodeType

_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """Anything but a folder, to be made in the folder with the number `folder`.

    The node of a file of several blobs comes without its content, which can be very long: see `content`.
    """

    folder: int
    node: Node
    replaces: bool = False
    """Something stands in its place that is to be replaced."""


class EntryKind(IntEnum):
    """What a restore has to know of an entry before it makes it."""

    FILE = 0
    FILE_OF_SEVERAL_NAMES = 1
    SOCKET = 2
    OTHER = 3


class PlannedEntries:
    """A growing sequence of planned entries. For one thread; a forked process may go on with its copy."""

    __slots__ = (
        "_contents", "_decode", "_encoder", "_ends", "_folders", "_ids", "_kinds", "_odd", "_packed", "_replacing",
    )  # fmt: skip

    def __init__(self) -> None:
        self._packed = bytearray()
        self._ends = array("Q", (0,))
        self._folders = array("I")
        self._kinds = bytearray()
        self._replacing = bytearray()
        self._ids = bytearray()
        self._contents: dict[int, tuple[int, int]] = {}  # of files of several blobs: where in the ids
        self._odd: dict[int, Node] = {}  # numbers that MessagePack cannot hold: a date in the year 3000, say
        self._encoder = msgspec.msgpack.Encoder()
        self._decode: Callable[[bytearray], Node] = msgspec.msgpack.Decoder(Node).decode

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, number: int) -> PlannedEntry:
        start, end = self._ends[number], self._ends[number + 1]
        node = self._odd[number] if start == end else self._decode(self._packed[start:end])
        return PlannedEntry(self._folders[number], node, self._replacing[number] != 0)

    def content(self, number: int, first: int = 0, last: int | None = None) -> tuple[BlobId, ...]:
        """Return the blobs of a file, or those from `first` to `last`."""
        if number not in self._contents:
            return self[number].node.content[first:last]
        start, count = self._contents[number]
        first, last, _ = slice(first, last).indices(count)
        ids = bytes(self._ids[start + first * _ID_BYTES : start + last * _ID_BYTES])
        return tuple([BlobId(ids[at : at + _ID_BYTES]) for at in range(0, len(ids), _ID_BYTES)])

    def append(self, folder: int, node: Node) -> None:
        if len(node.content) > 1:
            self._contents[len(self)] = len(self._ids), len(node.content)
            self._ids += b"".join(node.content)
            node = msgspec.structs.replace(node, content=())
        try:
            self._encoder.encode_into(node, self._packed, -1)
        except OverflowError:
            del self._packed[self._ends[-1] :]
            self._odd[len(self)] = node
        self._ends.append(len(self._packed))
        self._folders.append(folder)
        self._kinds.append(_kind_of(node))
        self._replacing.append(0)

    def kind(self, number: int) -> EntryKind:
        return EntryKind(self._kinds[number])

    def folder(self, number: int) -> int:
        """Return the number of an entry's folder."""
        return self._folders[number]

    def mark_replacing(self, number: int) -> None:
        """Note that something stands in an entry's place that is to be replaced."""
        self._replacing[number] = 1


def _kind_of(node: Node) -> EntryKind:
    match node.type:
        case NodeType.FILE:
            return EntryKind.FILE_OF_SEVERAL_NAMES if node.links > 1 and node.inode else EntryKind.FILE
        case NodeType.SOCKET:
            return EntryKind.SOCKET
        case _:
            return EntryKind.OTHER
