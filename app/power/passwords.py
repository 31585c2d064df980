"""The passwords for the servers of UPSes: one private file each, among the secrets."""

from __future__ import annotations

import os
import re
from typing import Final

from app.paths import Home
from app.policy.machine import UpsId
from app.records.files import make_secrets_folder, write_private
from app.secret import Secret

_MAX_BYTES: Final = 1024
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def ups_password(home: Home, ups: UpsId) -> Secret | None:
    """Return the password for a UPS's server; None when there is none."""
    if not _ID.fullmatch(ups):
        return None
    try:
        content = (home.secrets / f"ups-{ups}").read_bytes()
    except OSError:
        return None
    return Secret(content[:_MAX_BYTES].decode("utf-8", "replace").rstrip("\n"))


def keep_ups_password(home: Home, ups: UpsId, password: Secret) -> None:
    """Keep a password (0600), over an earlier one; raises ValueError for an id that no machine file allows."""
    if not _ID.fullmatch(ups):
        raise ValueError(f"no id of a UPS: {ups!r}")
    make_secrets_folder(home.secrets)
    write_private(home.secrets / f"ups-{ups}", os.fsencode(password.reveal()))
