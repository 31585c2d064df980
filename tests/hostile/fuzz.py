"""Fuzzes one decoder with atheris: `python -m tests.hostile.fuzz DECODER CORPUS [libFuzzer's options]`.

A process of its own, for atheris ends it: with code 0 when all runs came to a value or an error of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import atheris

with atheris.instrument_imports(include=["app.repository"]):
    from app.errors import VangnetError
    from app.repository import relisting, snapshots, trees
    from app.repository.crypto import MasterKey, Plain
    from app.repository.index_json import decode_index, encode_pack, join_packs
    from app.repository.keys import describe_key_file, work_of
    from app.repository.marking import references
    from app.repository.model import SnapshotId
    from app.repository.pack import PackEntry, read_header


class _Unsealed:
    """Stands for a master key: what is sealed with it lies open."""

    def open(self, sealed: Plain, *, file: str = "") -> bytes:
        return bytes(sealed)


_UNSEALED = cast("MasterKey", _Unsealed())


def fuzz_pack(data: bytes) -> None:
    entries = read_header(_UNSEALED, data)
    assert sum(entry.length for entry in entries) <= len(data)
    assert all(isinstance(entry, PackEntry) for entry in entries)


def fuzz_index(data: bytes) -> None:
    packs = list(decode_index(data))
    assert list(decode_index(join_packs([encode_pack(pack) for pack in packs]))) == packs


def fuzz_tree(data: bytes) -> None:
    nodes = trees.decode_tree(data)
    assert all(trees.is_safe_name(node.name) for node in nodes)
    again = trees.decode_tree(trees.encode_tree(nodes))
    assert {node.name for node in again} == {node.name for node in nodes}
    content, subtrees = references(data, file="")
    assert sum(len(node.content) for node in nodes) == len(content)
    assert len(subtrees) == sum(node.subtree is not None for node in nodes)


def fuzz_snapshot(data: bytes) -> None:
    snapshot = snapshots.decode_snapshot("ab" * 32, data)
    again = snapshots.decode_snapshot("ab" * 32, snapshots.encode_snapshot(snapshot))
    assert (again.time, again.tree, again.tags) == (snapshot.time, snapshot.tree, snapshot.tags)
    document = relisting.decode_document(data, SnapshotId("ab" * 32))
    relisting.likeness(document)
    relisting.with_tree(relisting.with_origin(document, SnapshotId("cd" * 32)), snapshot.tree, tag="repaired")


def fuzz_key(data: bytes) -> None:
    assert work_of(data) >= 0
    describe_key_file("ab" * 32, data)


def fuzz_name(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        name = trees.unquote_name(text)
    except ValueError:  # the border of `decode_tree` makes it an error of ours
        return
    assert isinstance(name, bytes)


DECODERS: dict[str, Callable[[bytes], None]] = {
    "pack": fuzz_pack,
    "index": fuzz_index,
    "tree": fuzz_tree,
    "snapshot": fuzz_snapshot,
    "key": fuzz_key,
    "name": fuzz_name,
}


def main() -> None:
    decode = DECODERS[sys.argv[1]]

    def once(data: bytes) -> None:
        try:
            decode(data)
        except VangnetError as exc:
            said = str(exc)
        else:
            return
        assert len(said) < 1000

    Path(sys.argv[2]).mkdir(exist_ok=True)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
