"""Listing a snapshot again, elsewhere or with another tree, with every field that its author gave it.

Works on the JSON, so that fields we do not know survive (a newer restic's summary, say).
"""

from __future__ import annotations

import msgspec

from app.repository.backend.base import FileKind
from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId, SnapshotId
from app.repository.repository import Repository
from app.repository.snapshots import SNAPSHOT_LIMIT
from app.repository.trees import parse_ns

Document = dict[str, msgspec.Raw]
"""A snapshot's fields, each as it is stored."""


def load_document(repository: Repository, snapshot: SnapshotId) -> Document:
    """Return a snapshot's fields; raises RepositoryDamaged when it is none."""
    return decode_document(repository.load_unpacked(FileKind.SNAPSHOT, snapshot, limit=SNAPSHOT_LIMIT), snapshot)


def decode_document(plain: bytes, snapshot: SnapshotId) -> Document:
    """Return the fields in a snapshot's JSON; raises RepositoryDamaged when it is none."""
    try:
        return msgspec.json.decode(plain, type=Document)
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file=f"snapshots/{snapshot}", reason="not-a-snapshot") from exc


def save_document(repository: Repository, document: Document) -> SnapshotId:
    """List a state whose blobs and index are durable already; return its id."""
    return SnapshotId(repository.save_unpacked(FileKind.SNAPSHOT, msgspec.json.encode(document)))


def origin(document: Document, snapshot: SnapshotId) -> str:
    """Return the id that all copies of a snapshot have in common."""
    return _text(document, "original") or snapshot


_COMPARED = ("hostname", "username", "uid", "gid", "paths", "tags", "excludes", "tree")


def likeness(document: Document) -> tuple[object, ...]:
    """Return what two copies of one snapshot agree in, also when an older tool dropped what it did not know."""
    try:
        time_ns = parse_ns(_text(document, "time") or "")
    except ValueError:
        time_ns = 0
    return time_ns, *(_plain_value(document, name) for name in _COMPARED)


def _plain_value(document: Document, name: str) -> bytes:
    """Return a field's JSON in one spelling; what is empty is as good as not there."""
    try:
        value = msgspec.json.decode(document[name]) if name in document else None
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file="snapshots", reason="not-a-snapshot") from exc
    return msgspec.json.encode(value) if value else b""


def with_origin(document: Document, snapshot: SnapshotId) -> Document:
    """Return the document for a copy: it names its original, and no parent, which is not where the copy is."""
    return with_original({name: raw for name, raw in document.items() if name != "parent"}, snapshot)


def with_original(document: Document, snapshot: SnapshotId) -> Document:
    """Return the document for what comes from this snapshot."""
    return {**document, "original": _raw(origin(document, snapshot))}


def with_tree(document: Document, tree: BlobId, *, tag: str) -> Document:
    """Return the document with another tree and one more tag."""
    try:
        tags = msgspec.json.decode(document["tags"], type=list[str] | None) if "tags" in document else None
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file="snapshots", reason="not-a-snapshot") from exc
    more = [*(tags or ()), *([] if tag in (tags or ()) else [tag])]
    return {**document, "tree": _raw(tree.hex()), "tags": _raw(more)}


def _text(document: Document, name: str) -> str | None:
    if name not in document:
        return None
    try:
        return msgspec.json.decode(document[name], type=str | None)
    except UNDECODABLE:
        return None


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
