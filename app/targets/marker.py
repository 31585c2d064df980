"""`vangnet.json`: what a place for copies says about itself, readable by anyone, believed by nobody without checking.

A disk may come from anywhere, so the file is bounded, typed, and every text in it printable.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Annotated

import msgspec

from app.clock import parse_utc
from app.targets.errors import MarkerDamaged
from app.targets.files import read_bounded, write_whole

MARKER_FILE = "vangnet.json"
_VERSION = 1
MARKER_LIMIT = 16 << 10
_TEXT_LIMIT = 200

_Text = Annotated[str, msgspec.Meta(max_length=_TEXT_LIMIT)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=_TEXT_LIMIT)]
_Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
_RepositoryId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the marker. `target` is the place's id in the machine file, `name` what people call it."""

    vangnet: int = _VERSION
    """The marker's own format version."""
    id: _Id
    organisation: _Name
    target: _Name
    name: _Name
    repository_id: _RepositoryId
    created: _Text
    """RFC 3339, UTC."""
    colour: _Text = ""
    contact: _Text = ""


_decoder = msgspec.json.Decoder(Marker)


def write_marker(folder: Path, marker: Marker) -> None:
    """Put a marker in a folder; raises OSError."""
    write_whole(folder / MARKER_FILE, encode_marker(marker))


def encode_marker(marker: Marker) -> bytes:
    """Return a marker as it lies on a place."""
    return msgspec.json.format(msgspec.json.encode(marker), indent=2) + b"\n"


def read_marker(folder: Path) -> Marker | None:
    """Return a folder's marker, None when it has none; raises MarkerDamaged, or OSError when the folder cannot be
    read at all."""
    path = folder / MARKER_FILE
    try:
        data = read_bounded(path, MARKER_LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if data is None:
        raise MarkerDamaged(path=str(path), reason="too-long")
    return decode_marker(data, str(path))


def printable(text: str) -> str:
    """Return a text fit for a marker: no control characters, one line, bounded."""
    kept = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or unicodedata.category(c)[0] != "C")
    return kept.strip()[:_TEXT_LIMIT]


def decode_marker(data: bytes, path: str) -> Marker:
    """Read a marker's bytes, wherever they came from; raises MarkerDamaged (`path`)."""
    try:
        marker = _decoder.decode(data)
        parse_utc(marker.created)
    except msgspec.ValidationError as exc:
        raise MarkerDamaged(path=path, reason="field") from exc
    except msgspec.DecodeError as exc:
        raise MarkerDamaged(path=path, reason="not-json") from exc
    except ValueError as exc:
        raise MarkerDamaged(path=path, reason="field") from exc
    if marker.vangnet != _VERSION:
        raise MarkerDamaged(path=path, reason="version")
    for text in (marker.organisation, marker.target, marker.name, marker.created, marker.colour, marker.contact):
        if text != printable(text):
            raise MarkerDamaged(path=path, reason="field")
    return marker
