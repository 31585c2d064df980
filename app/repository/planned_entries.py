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
_REPLACES = 1
_ENDS_WITH_ID = 2  # packed, a file of one blob and no attributes ends with its id, and two bytes for "nothing" twice
_BEHIND_ID = 2
_decoder = msgspec.msgpack.Decoder(Node)


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
        "_contents", "_decode", "_encode_into", "_ends", "_flags", "_folders", "_ids", "_kinds", "_odd", "_packed",
    )  # fmt: skip

    def __init__(self) -> None:
        self._packed = bytearray()
        self._ends = array("Q", (0,))
        self._folders = array("I")
        self._kinds = bytearray()
        self._flags = bytearray()
        self._ids = bytearray()
        self._contents: dict[int, tuple[int, int]] = {}  # of files of several blobs: where in the ids
        self._odd: dict[int, Node] = {}  # numbers that MessagePack cannot hold: a date in the year 3000, say
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._decode: Callable[[bytearray], Node] = _decoder.decode

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, number: int) -> PlannedEntry:
        return PlannedEntry(self._folders[number], self.node(number), self.replaces(number))

    def node(self, number: int) -> Node:
        """Return the node of an entry; of a file of several blobs without its content."""
        start, end = self._ends[number], self._ends[number + 1]
        return self._odd[number] if start == end else self._decode(self._packed[start:end])

    def content(self, number: int, first: int = 0, last: int | None = None) -> tuple[BlobId, ...]:
        """Return the blobs of a file, or those from `first` to `last`."""
        if number not in self._contents:
            return self.node(number).content[first:last]
        start, count = self._contents[number]
        first, last, _ = slice(first, last).indices(count)
        ids = bytes(self._ids[start + first * _ID_BYTES : start + last * _ID_BYTES])
        return tuple([BlobId(ids[at : at + _ID_BYTES]) for at in range(0, len(ids), _ID_BYTES)])

    def only_blob(self, number: int) -> bytes | None:
        """Return the id of the blob of a plain file of one blob; None sends one to `content`."""
        if not self._flags[number] & _ENDS_WITH_ID:
            return None
        end = self._ends[number + 1] - _BEHIND_ID
        return bytes(self._packed[end - _ID_BYTES : end])

    def append(self, folder: int, node: Node) -> None:
        packed = self._packed
        flags = 0
        content = node.content
        if len(content) > 1:
            self._contents[len(self._kinds)] = len(self._ids), len(content)
            self._ids += b"".join(content)
            node = msgspec.structs.replace(node, content=())
        elif content and node.subtree is None and not node.extended_attributes:
            flags = _ENDS_WITH_ID
        try:
            self._encode_into(node, packed, -1)
        except OverflowError:
            del packed[self._ends[-1] :]
            self._odd[len(self._kinds)] = node
            flags = 0
        self._ends.append(len(packed))
        self._folders.append(folder)
        self._kinds.append(_kind_of(node))
        self._flags.append(flags)

    def kind(self, number: int) -> EntryKind:
        return EntryKind(self._kinds[number])

    def is_plain_file(self, number: int) -> bool:
        """Tell whether an entry is a file of one name."""
        return self._kinds[number] == _PLAIN_FILE

    def folder(self, number: int) -> int:
        """Return the number of an entry's folder."""
        return self._folders[number]

    def replaces(self, number: int) -> bool:
        """Tell whether something stands in an entry's place that is to be replaced."""
        return self._flags[number] & _REPLACES != 0

    def mark_replacing(self, number: int) -> None:
        """Note that something stands in an entry's place that is to be replaced."""
        self._flags[number] |= _REPLACES


_PLAIN_FILE = int(EntryKind.FILE)
_SEVERAL_NAMES = int(EntryKind.FILE_OF_SEVERAL_NAMES)
_SOCKET = int(EntryKind.SOCKET)
_OTHER = int(EntryKind.OTHER)
_FILE_TYPE, _SOCKET_TYPE = NodeType.FILE, NodeType.SOCKET


def _kind_of(node: Node) -> int:
    type_ = node.type
    if type_ is _FILE_TYPE:
        return _SEVERAL_NAMES if node.links > 1 and node.inode else _PLAIN_FILE
    return _SOCKET if type_ is _SOCKET_TYPE else _OTHER
