"""A folder as the back-up before recorded it, decoded only as far as comparing takes.

What has not changed goes into the new tree in the very words it was recorded in.
"""

from __future__ import annotations

import os

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.index import Index
from app.repository.model import BlobId, NodeType
from app.repository.trees import TREE_LIMIT, parse_blob_id, parse_ns, unquote_name


class RecordedEntry(msgspec.Struct, gc=False):
    """An entry of a recorded folder; the times, the ids and `encoded`, its whole JSON, are text."""

    name: str
    type: NodeType
    mtime: str = ""
    ctime: str = ""
    inode: int = 0
    size: int = 0
    content: list[str] | None = None
    subtree: str | None = None
    encoded: str = ""

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

    def is_stored(self, index: Index) -> bool:
        """Tell whether all of a file's content is still there."""
        try:
            return all(index.record(parse_blob_id(text)) is not None for text in self.content or ())
        except ValueError:
            return False


class _RecordedTree(msgspec.Struct):
    nodes: list[msgspec.Raw] | None


_tree_decoder = msgspec.json.Decoder(_RecordedTree)
_entry_decoder = msgspec.json.Decoder(RecordedEntry)


def decode_recorded(data: bytes, *, file: str = "") -> dict[bytes, RecordedEntry]:
    """Read a folder's JSON, by name; raises RepositoryDamaged (`file`) for what is no tree."""
    if len(data) > TREE_LIMIT:
        raise RepositoryDamaged(file=file, reason="tree-too-long")
    entries: dict[bytes, RecordedEntry] = {}
    decode = _entry_decoder.decode
    try:
        for raw in _tree_decoder.decode(data).nodes or ():
            entry = decode(raw)
            entry.encoded = str(raw, "utf-8")
            entries[unquote_name(entry.name)] = entry
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=file, reason="not-a-tree") from exc
    return entries
