"""A new recovery sheet in the place of one that was lost, and the proof that a sheet is there."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from app.errors import VangnetError
from app.jobs.copies import open_connected
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.records.facts import KeyTest
from app.records.store import Records
from app.secret import Secret
from app.targets.keys import KeyRing, new_recovery_key, settle_keys


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new recovery key. On `waiting` the old one still works, until the next copy there."""

    key: Secret
    waiting: tuple[Target, ...]


def renew_recovery_key(installation: Installation, records: Records, *, by: str) -> Renewal:
    """Make a new recovery key, journal that, and replace the old one on every place that is here now.

    Raises KeyRingMissing. A place that is away follows at its next copy.
    """
    key = new_recovery_key()
    ring = KeyRing.create(installation.home, key, installation.clock)
    records.note("recovery-key-renewed", {"by": by})
    done = set()
    for target, repository in open_connected(installation):
        with contextlib.suppress(VangnetError):
            settle_keys(repository, ring)
            done.add(target.id)
    return Renewal(key, tuple(target for target in installation.machine.targets if target.id not in done))


def record_sheet_seen(installation: Installation, records: Records, *, by: str) -> None:
    """Record that somebody read the key back from the sheet just after it was made."""
    records.record_key_test(KeyTest(target="", at=installation.clock.now(), by=by))
