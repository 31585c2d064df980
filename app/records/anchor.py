"""The anchor: the journal's newest row, written down outside the database (`journal.head`).

The chain alone cannot tell that its tail was cut off, or that the whole database was replaced by an older one; the
anchor can. It is written after each commit, so it may lag (a power cut in between) but is never ahead by itself.
One line of canonical JSON: hash, seq, signature over `"vangnet journal head\\n" + [seq,"hash"]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.paths import Home
from app.records.canonical import canonical, read_json
from app.records.files import write_private
from app.records.signing import JournalKey, signed_by


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the anchor file says. A file that is no anchor reads as `seq` 0 with an empty hash and signature."""

    seq: int
    hash: str
    signature: str

    def signed_with(self, public_key: str) -> bool:
        return signed_by(public_key, _message(self.seq, self.hash), self.signature)


_UNREADABLE = Anchor(0, "", "")


def anchor_file(home: Home) -> Path:
    return home.data / "journal.head"


def read_anchor(home: Home) -> Anchor | None:
    """Read the anchor; None when there is no file."""
    try:
        with anchor_file(home).open("rb") as stream:
            content = read_json(stream.read(1000))
    except FileNotFoundError:
        return None
    except ValueError:
        return _UNREADABLE
    match content:
        case {"seq": int(seq), "hash": str(row_hash), "signature": str(signature)}:
            return Anchor(seq, row_hash, signature)
        case _:
            return _UNREADABLE


def write_anchor(home: Home, seq: int, row_hash: str, key: JournalKey) -> None:
    """Write the anchor, replacing the one that was there."""
    signature = key.sign(_message(seq, row_hash))
    line = canonical({"seq": seq, "hash": row_hash, "signature": signature})
    write_private(anchor_file(home), line.encode() + b"\n")


def _message(seq: int, row_hash: str) -> bytes:
    return b"vangnet journal head\n" + canonical([seq, row_hash]).encode()
