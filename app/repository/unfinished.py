"""What a run had read when it was last noted: the next run after a crash need not read it again.

A file beside the scan state, for this computer only. It is believed in nothing but where to look: a file counts as read
when it is as it was and every blob of it is in the index. Lost or stale, it costs time and nothing else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId, NodeType
from app.repository.recorded import RecordedEntry, decode_recorded
from app.repository.repository import Repository
from app.repository.state import read_checked, write_checked
from app.repository.trees import assemble_tree


class _UnfinishedFile(msgspec.Struct, array_like=True):
    trees: dict[bytes, bytes]
    nodes: dict[bytes, list[str]]


_decoder = msgspec.msgpack.Decoder(_UnfinishedFile)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The folders of a run that listed no snapshot: the trees of those that ended, the files of those that had not."""

    trees: Mapping[bytes, bytes] = field(default_factory=dict)
    nodes: Mapping[bytes, Iterable[str]] = field(default_factory=dict)

    def files(self, repository: Repository, folder: bytes) -> dict[bytes, RecordedEntry]:
        """Return the files that had been read in a folder; whether their blobs are there is for the caller to see."""
        try:
            if (tree := self.trees.get(folder)) is not None and (BlobId(tree), True) in repository.index:
                found = decode_recorded(repository.load_blob(BlobId(tree), is_tree=True))
            elif nodes := self.nodes.get(folder):
                found = decode_recorded(assemble_tree(nodes))
            else:
                return {}
        except RepositoryDamaged:
            return {}
        return {name: entry for name, entry in found.items() if entry.type is NodeType.FILE}


def load_unfinished(path: Path) -> Unfinished:
    """Read what an interrupted run has left; nothing when there is none, or when it is not whole."""
    try:
        found = _decoder.decode(read_checked(path))
    except UNDECODABLE:
        return Unfinished()
    return Unfinished(found.trees, found.nodes)


def save_unfinished(path: Path, unfinished: Unfinished) -> None:
    """Replace the note; one that cannot be kept costs only time."""
    nodes = {folder: list(encoded) for folder, encoded in unfinished.nodes.items()}
    with contextlib.suppress(OSError):
        write_checked(path, msgspec.msgpack.encode(_UnfinishedFile(dict(unfinished.trees), nodes)))


def forget_unfinished(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
