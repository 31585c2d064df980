"""The organisation's policy and this computer's settings, sealed beside the copies: who opens them on a new computer
with the recovery sheet has them back. Without the sheet nobody can read them.

Layout of `vangnet-settings.sealed`: JSON {"vangnet": 1, "policy": text, "machine": text}, sealed with the master key
as restic seals a small file.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged
from app.targets.errors import SettingsDamaged
from app.targets.files import read_bounded, write_whole
from app.targets.remote import NoteKeeper

SETTINGS_FILE = "vangnet-settings.sealed"
_LIMIT_BYTES = 6 << 20
"""Two YAML files of at most 1 MiB each, however JSON spells them."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The two files as they stood when they were left here."""

    vangnet: int = 1
    policy: str
    machine: str


_decoder = msgspec.json.Decoder(Settings)


def leave_settings(folder: Path, master: MasterKey, settings: Settings) -> bool:
    """Put the settings beside the copies, when others lie there or none; tells whether it wrote. Raises OSError."""
    with contextlib.suppress(SettingsDamaged):  # what cannot be read is of no use to anybody
        if read_settings(folder, master) == settings:
            return False
    write_whole(folder / SETTINGS_FILE, _sealed(master, settings))
    return True


def read_settings(folder: Path, master: MasterKey) -> Settings | None:
    """Return the settings that lie beside the copies, None where there are none.

    Raises SettingsDamaged when they cannot be read or are not of this organisation, and OSError.
    """
    path = folder / SETTINGS_FILE
    try:
        sealed = read_bounded(path, _LIMIT_BYTES)
    except FileNotFoundError:
        return None
    if sealed is None:
        raise SettingsDamaged(path=str(path), reason="too-long")
    return _opened(master, sealed, str(path))


def leave_settings_at(keeper: NoteKeeper, master: MasterKey, settings: Settings) -> bool:
    """Do the same on a server that keeps such files; raises BackendError."""
    with contextlib.suppress(SettingsDamaged):
        if read_settings_at(keeper, master) == settings:
            return False
    keeper.save_note(SETTINGS_FILE, _sealed(master, settings))
    return True


def read_settings_at(keeper: NoteKeeper, master: MasterKey) -> Settings | None:
    """Return the settings that lie beside the copies on a server; raises SettingsDamaged and BackendError."""
    try:
        sealed = keeper.load_note(SETTINGS_FILE, limit=_LIMIT_BYTES)
    except RepositoryDamaged as exc:
        raise SettingsDamaged(path=SETTINGS_FILE, reason="too-long") from exc
    return None if sealed is None else _opened(master, sealed, SETTINGS_FILE)


def _sealed(master: MasterKey, settings: Settings) -> bytes:
    return master.seal(msgspec.json.encode(settings))


def _opened(master: MasterKey, sealed: bytes, path: str) -> Settings:
    try:
        settings = _decoder.decode(master.open(sealed, file=SETTINGS_FILE))
    except RepositoryDamaged as exc:
        raise SettingsDamaged(path=path, reason="mac") from exc
    except msgspec.DecodeError as exc:
        raise SettingsDamaged(path=path, reason="not-json") from exc
    if settings.vangnet != 1:
        raise SettingsDamaged(path=path, reason="version")
    return settings
