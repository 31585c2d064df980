"""Leaves the policy and this computer's settings beside the copies, so that a new computer can go on with them."""

from __future__ import annotations

import contextlib

from app.errors import VangnetError
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.repository.repository import Repository
from app.targets.place import locate
from app.targets.remote import note_keeper
from app.targets.settings import Settings, leave_settings, leave_settings_at


def leave_settings_beside(installation: Installation, place: Target, repository: Repository) -> None:
    """Seal the two files into the place, when they changed since they were left there; `repository` is open on it.

    A copy that was made stays a good copy when this cannot be done: the next one tries again. A rest-server gets none:
    it keeps a repository's own files and no others.
    """
    home = installation.home
    with contextlib.suppress(OSError, UnicodeError, VangnetError):
        settings = Settings(
            policy=home.policy_file.read_text(encoding="utf-8"), machine=home.machine_file.read_text(encoding="utf-8")
        )
        if not place.remote:
            leave_settings(locate(place), repository.master, settings)
        elif (keeper := note_keeper(repository.backend)) is not None:
            leave_settings_at(keeper, repository.master, settings)
