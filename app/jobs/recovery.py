"""A new recovery sheet for one that was lost, the proof that a sheet is there, and the PIN that it lets one renew."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from app.errors import VangnetError
from app.jobs.copies import open_connected
from app.jobs.evidence import kept_text
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.policy.model import Role
from app.records.facts import KeyTest
from app.records.pins import reset_pin
from app.records.store import Records
from app.repository.errors import WrongKey
from app.secret import Secret
from app.targets.keys import KeyRing, new_recovery_key, normalise_recovery_key, opens, settle_keys


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


def renew_pin(installation: Installation, records: Records, *, name: str, pin: Secret, recovery_key: str) -> None:
    """Give the director a new PIN, when the old one is forgotten or another director came, and journal that.

    The key of the recovery sheet shows that it may be done. What was signed before stays valid: each signature carries
    its own public key. Raises RecoveryKeyMistyped, WrongKey, PinNotAllowed, EvidenceUnusable.
    """
    if not opens(installation.home, normalise_recovery_key(recovery_key)):
        raise WrongKey(location="")
    by = kept_text(name, "name")
    reset_pin(installation.home, Role.DIRECTOR, by, pin)
    records.note("pin-changed", {"role": Role.DIRECTOR.value, "by": by, "with": "recovery-key"})
