"""The last policy and machine files that were right, kept together: what is worked by while a newer one has a mistake.

One file for both, so that a policy and a machine file that belong together stay together. Not evidence: the policy's
approved versions are archived, and what was accepted when stands in the journal.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from hashlib import sha256

from app.paths import Home
from app.policy.files import write_whole
from app.policy.model import Policy
from app.records.store import Records

_LIMIT = 8 << 20
Exemptions = tuple[tuple[str, str, str, str], ...]
"""Data set, reason, approver, last day (empty: none)."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The bytes of both files."""

    policy: bytes
    machine: bytes


def read_last_good(home: Home) -> LastGood | None:
    """Return the files that were kept; None when there are none, or when they are not whole."""
    try:
        with home.last_good_configuration.open("rb") as file:
            found = json.loads(file.read(_LIMIT))
        return LastGood(found["policy"].encode(), found["machine"].encode())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def exemptions(policy: Policy) -> Exemptions:
    """Return the exemptions from the yearly full back-up that a policy grants."""
    return tuple(
        (s.id, s.exemption_reason, s.exemption_approved_by, str(s.exemption_until or ""))
        for s in policy.data_sets
        if not s.kept_in_archive
    )


def keep_as_good(home: Home, records: Records, *, exempt: Exemptions) -> bool:
    """Keep the files as they are now, which have been found right; journal that when they differ from those kept.

    `exempt` are the exemptions from the yearly full back-up in them, journalled too. Tells whether the files differed.
    That they cannot be kept (full disk) is no reason to stop.
    """
    with contextlib.suppress(OSError, UnicodeDecodeError):
        now = LastGood(home.policy_file.read_bytes(), home.machine_file.read_bytes())
        if now == read_last_good(home):
            return False
        text = json.dumps({"policy": now.policy.decode(), "machine": now.machine.decode()})
        home.last_good_configuration.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(home.last_good_configuration, text.encode(), mode=0o600)
        hashes = {"policy_sha256": sha256(now.policy).hexdigest(), "machine_sha256": sha256(now.machine).hexdigest()}
        records.note("configuration-accepted", {**hashes, "exempt_from_full": exempt})
        return True
    return False
