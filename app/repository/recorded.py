"""A folder as the back-up before recorded it, decoded only as far as comparing takes.

What has not changed goes into the new tree as it was recorded, but spelled by us: another tool's words, or those of a
repository that means harm, never get into a tree of ours.
"""

from __future__ import annotations

import os
from typing import Annotated

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.index import BlobFinder
from app.repository.model import BlobId, NodeType
from app.repository.trees import TREE_LIMIT, escape_json, format_ns, parse_blob_id, parse_ns, spell_name, unquote_name

_U32 = Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_WHOLE_SECOND = 20  # characters of a time without a fraction
_NONE = -1  # left out when encoded, as a field that was not there


class _Attribute(msgspec.Struct, gc=False):
    name: str
    value: bytes | None = None


class RecordedEntry(msgspec.Struct, gc=False, omit_defaults=True):
    """An entry of a recorded folder: of a file all that a tree holds, in a tree's order; times and ids are text."""

    name: str
    type: NodeType
    mode: _U32 = _NONE
    mtime: str = ""
    atime: str = ""
    ctime: str = ""
    uid: _U32 = _NONE
    gid: _U32 = _NONE
    user: str | None = None
    group: str | None = None
    inode: int = 0
    device_id: _Count = 0
    size: int = 0
    links: _Count = 0
    extended_attributes: list[_Attribute] | None = None
    content: list[str] | None = None
    subtree: str | None = None

    @property
    def subtree_id(self) -> BlobId | None:
        """The tree of a folder; None for what is none, and where none can be made out."""
        try:
            return parse_blob_id(self.subtree) if self.subtree else None
        except ValueError:
            return None

    def is_of(self, status: os.stat_result) -> bool:
        """Tell whether a file with this status is what was recorded."""
        if self.type is not NodeType.FILE or self.size != status.st_size or self.inode != status.st_ino:
            return False
        mtime, ctime = self.mtime, self.ctime
        try:
            mtime_ns = parse_ns(mtime)
            return mtime_ns == status.st_mtime_ns and status.st_ctime_ns == (
                mtime_ns if ctime == mtime else parse_ns(ctime)
            )
        except ValueError:
            return False

    def is_stored(self, index: BlobFinder) -> bool:
        """Tell whether all of a file's content is still there."""
        try:
            for text in self.content or ():
                if (parse_blob_id(text), False) not in index:
                    return False
        except ValueError:
            return False
        return True

    def encode(self, name: bytes, status: os.stat_result) -> str | None:
        """Return the JSON of a file that is as it was (`is_of`, `is_stored`), None when no tree may hold it.

        It is what `encode_file` would give, whatever the spelling it was recorded in.
        """
        if self.extended_attributes and any("\0" in attribute.name for attribute in self.extended_attributes):
            return None
        recorded, mtime, ctime = self.name, self.mtime, self.ctime
        if "\\" in recorded or '"' in recorded or not recorded.isprintable():
            self.name = spell_name(name)
        if mtime[-1] != "Z" or (mtime[-2] == "0" and len(mtime) > _WHOLE_SECOND):
            self.mtime = mtime = format_ns(status.st_mtime_ns)
        if ctime[-1] != "Z" or (ctime[-2] == "0" and len(ctime) > _WHOLE_SECOND):
            self.ctime = format_ns(status.st_ctime_ns)
        self.atime = mtime
        if self.content is None:
            self.content = []
        self.subtree = None
        return escape_json(_encode(self))


class _RecordedTree(msgspec.Struct):
    nodes: list[RecordedEntry] | None


_decoder = msgspec.json.Decoder(_RecordedTree)
_encode = msgspec.json.Encoder().encode


def decode_recorded(data: bytes, *, file: str = "") -> dict[bytes, RecordedEntry]:
    """Read a folder's JSON, by name; raises RepositoryDamaged (`file`) for what is no tree."""
    if len(data) > TREE_LIMIT:
        raise RepositoryDamaged(file=file, reason="tree-too-long")
    try:
        nodes = _decoder.decode(data).nodes or ()
        entries = {unquote_name(entry.name): entry for entry in nodes}
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=file, reason="not-a-tree") from exc
    if len(entries) != len(nodes):
        raise RepositoryDamaged(file=file, reason="tree-same-name-twice")
    return entries
