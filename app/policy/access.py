"""Who can get at the keys on this computer, as far as the computer shows: what the yearly checklist asks (C18).

Read from the files that every account may read. Nothing is asked of a directory server: that could take long to answer.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FIRST_PERSON: Final = 1000
"""Accounts below are the system's own (Linux Standard Base: 0 to 999)."""
_NOBODY: Final = 65_534
_NO_LOGIN: Final = frozenset({"nologin", "false", "sync", "halt", "shutdown"})
_ADMINISTRATORS: Final = frozenset({"sudo", "wheel", "admin"})
_MAX_BYTES: Final = 1 << 20
_MAX_LAYERS: Final = 6
"""A disk below a volume below an encryption …: so many are looked through."""


@dataclass(frozen=True, slots=True)
class Access:
    """What this computer shows; None or empty where it does not say."""

    accounts: tuple[str, ...] = ()
    """Accounts with which people can log in here."""
    administrators: tuple[str, ...] = ()
    """Those of them that are in a group of administrators."""
    keys_closed: bool | None = None
    """Nobody but its owner can look into the folder with the keys."""
    encrypted: bool | None = None
    """The disk with the keys is encrypted by this computer's own system."""


def look_at_access(secrets: Path, *, etc: Path = Path("/etc"), sys: Path = Path("/sys")) -> Access:
    """Look at the accounts of this computer, and at the folder and the disk with the keys."""
    users = _rows(etc / "passwd", 7)
    people = {row[0]: row[3] for row in users if _person(row[2]) and Path(row[6]).name not in _NO_LOGIN}
    administrators: set[str] = set()
    for name, _password, gid, members in _rows(etc / "group", 4):
        if name in _ADMINISTRATORS:
            administrators |= set(members.split(","))
            administrators |= {user for user, own_group in people.items() if own_group == gid}
    try:
        found = secrets.stat()
    except OSError:
        return Access(tuple(sorted(people)), tuple(sorted(administrators & set(people))))
    return Access(
        tuple(sorted(people)),
        tuple(sorted(administrators & set(people))),
        keys_closed=not stat.S_IMODE(found.st_mode) & 0o077,
        encrypted=_encrypted(sys, found.st_dev),
    )


def _rows(path: Path, fields: int) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(_MAX_BYTES).splitlines()
    except OSError:
        return []
    return [row for line in lines if len(row := line.split(":")) == fields]


def _person(uid: str) -> bool:
    return uid.isdecimal() and int(uid) >= _FIRST_PERSON and int(uid) != _NOBODY


def _encrypted(sys: Path, device: int) -> bool | None:
    """Tell whether a device lies on dm-crypt; None where a file system shows no device of its own (btrfs, network)."""
    if os.major(device) == 0:
        return None
    layers = [sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"]
    if not layers[0].exists():
        return None
    for _layer in range(_MAX_LAYERS):
        if any(_name_of(layer).startswith("CRYPT-") for layer in layers):
            return True
        layers = [below for layer in layers for below in _below(layer)]
    return False


def _name_of(layer: Path) -> str:
    """Return the name that the device mapper gives a layer ("CRYPT-LUKS2-…"); empty for a plain disk."""
    try:
        return (layer / "dm" / "uuid").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _below(layer: Path) -> list[Path]:
    try:
        return sorted((layer / "slaves").iterdir())
    except OSError:
        return []
