"""The organisation's policy and this computer's settings, sealed beside the copies: who opens them on a new computer
with the recovery sheet has them back. Without the sheet nobody can read them.

Layout of `vangnet-settings.sealed`: JSON {"vangnet": 1, "policy": text, "machine": text}, sealed with the master key
as restic seals a small file.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged
from app.targets.errors import SettingsDamaged
from app.targets.files import read_bounded, write_whole

SETTINGS_FILE = "vangnet-settings.sealed"
_LIMIT_BYTES = 6 << 20
"""Two YAML files of at most 1 MiB each, however JSON spells them."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The two files as they stood when they were left here."""

    vangnet: int = 1
    policy: str
    machine: str


def leave_settings(folder: Path, master: MasterKey, settings: Settings) -> bool:
    """Put the settings beside the copies, when others lie there or none; tells whether it wrote. Raises OSError."""
    try:
        if read_settings(folder, master) == settings:
            return False
    except SettingsDamaged:
        pass  # what cannot be read is of no use to anybody
    write_whole(folder / SETTINGS_FILE, master.seal(msgspec.json.encode(settings)))
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
    try:
        settings = msgspec.json.decode(master.open(sealed, file=SETTINGS_FILE), type=Settings)
    except RepositoryDamaged as exc:
        raise SettingsDamaged(path=str(path), reason="mac") from exc
    except msgspec.DecodeError as exc:
        raise SettingsDamaged(path=str(path), reason="not-json") from exc
    if settings.vangnet != 1:
        raise SettingsDamaged(path=str(path), reason="version")
    return settings
