"""Leaves the policy and this computer's settings beside the copies, so that a new computer can go on with them."""

from __future__ import annotations

import contextlib

from app.errors import VangnetError
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.targets.keys import KeyRing
from app.targets.place import locate
from app.targets.settings import Settings, leave_settings


def leave_settings_beside(installation: Installation, place: Target, ring: KeyRing) -> None:
    """Seal the two files into the place's folder, when they changed since they were left there.

    A copy that was made stays a good copy when this cannot be done: the next one tries again. Places on a network get
    none: there is no folder to put them in.
    """
    if place.remote:
        return
    home = installation.home
    with contextlib.suppress(OSError, UnicodeError, VangnetError):
        settings = Settings(
            policy=home.policy_file.read_text(encoding="utf-8"), machine=home.machine_file.read_text(encoding="utf-8")
        )
        leave_settings(locate(place), ring.master, settings)
