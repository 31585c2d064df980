"""Which packs the last checks found damaged: the next back-up takes what they hold for not stored.

A file beside the scan states, for this computer only. It is believed in nothing but distrust: a pack that is in it by
mistake costs time and space, and one that is not in it is what it would be without the note.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.model import PackId
from app.repository.state import read_checked, write_checked

if TYPE_CHECKING:
    from app.repository.repository import Repository

_ID_BYTES = 32


def note_path(folder: Path | str, repository_id: str) -> Path:
    """Return the file for one repository."""
    return Path(folder) / f"{hashlib.sha256(repository_id.encode()).hexdigest()[:32]}.damaged"


def load_damage(folder: Path | str, repository_id: str) -> frozenset[PackId]:
    """Return the packs in the note; none when there is no note, or when it is not whole."""
    try:
        names = msgspec.msgpack.decode(read_checked(note_path(folder, repository_id)), type=list[bytes])
    except UNDECODABLE:
        return frozenset()
    return frozenset(PackId(name) for name in names if len(name) == _ID_BYTES)


def note_damage(
    folder: Path | str,
    repository_id: str,
    *,
    damaged: Collection[PackId],
    looked_at: Collection[PackId],
    stored: Collection[PackId],
) -> None:
    """Add damaged packs; strike off those that were looked at and are whole, and those that no index names now.

    A note that cannot be kept costs a later repair, and nothing else.
    """
    before = load_damage(folder, repository_id)
    now = frozenset(damaged) | frozenset(pack for pack in before if pack in stored and pack not in looked_at)
    path = note_path(folder, repository_id)
    with contextlib.suppress(OSError):
        if now:
            write_checked(path, msgspec.msgpack.encode(sorted(now)))
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def distrusting(repository: Repository, folder: Path | str | None) -> Iterator[bool]:
    """Have a repository's index, read anew, leave out the packs in the note for a while; tell whether there are any.

    For who holds a lock. Each repository of a mirror has a note of its own.
    """
    stores = repository.stores
    damaged = [frozenset[PackId]() if folder is None else load_damage(folder, store.id) for store in stores]
    for store, packs in zip(stores, damaged, strict=True):
        store.distrust(packs)
    # Somebody may have pruned since it was read, before there was a lock of ours.
    repository.forget_index()
    try:
        yield any(damaged)
    finally:
        for store in stores:
            store.distrust(())
