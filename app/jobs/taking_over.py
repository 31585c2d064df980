"""A computer that takes the place of one that is gone: it goes on with the copies that were opened, under the policy
that lay beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from app.clock import Clock
from app.errors import VangnetError
from app.jobs.errors import JobError
from app.jobs.other_copies import OnServer, OtherCopies
from app.paths import Home
from app.policy.load import load_machine, parse_machine, parse_policy
from app.policy.machine import Machine, RemotePlace, Target, TargetId, TargetKind
from app.policy.model import Policy
from app.policy.write import write_machine
from app.records.store import Records
from app.repository.backend.address import RemoteKind, open_remote, parse_address
from app.repository.backend.local import LocalBackend
from app.repository.repository import Repository
from app.targets.files import write_whole
from app.targets.keys import KeyRing, normalise_recovery_key, settle_keys
from app.targets.remote import reach_of, store_secret


class NotTakenOver(JobError):
    """The place cannot be taken over like that (`path`, `reason`: "no-settings", "rest-server", "settings",
    "already-set-up")."""

    code = "not-taken-over"


@dataclass(frozen=True, slots=True)
class Takeover:
    """What this computer is now: the organisation's, with the policy that lay beside the copies."""

    policy: Policy
    machine: Machine
    missing_folders: tuple[Path, ...]
    """Folders of the data that are not on this computer: their files have to be got back first."""


def take_over(home: Home, copies: OtherCopies, recovery_key: str, *, by: str, clock: Clock) -> Takeover:
    """Make this computer the one that goes on with these copies: keys, policy, places, and a journal of its own.

    The machine file comes last: cut off before it, nothing counts as set up. Raises NotTakenOver, KeyRingMissing.
    """
    if home.machine_file.exists():
        raise NotTakenOver(path=str(home.config), reason="already-set-up")
    if copies.settings is None:
        raise NotTakenOver(path=copies.where, reason="rest-server" if _keeps_no_notes(copies) else "no-settings")
    try:
        policy = parse_policy(copies.settings.policy.encode(), home.policy_file.name)
        machine = parse_machine(copies.settings.machine.encode(), home.machine_file.name, policy)
    except VangnetError as exc:
        raise NotTakenOver(path=copies.where, reason="settings") from exc
    for folder in (home.config, home.data, home.secrets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ring = KeyRing.adopt(home, copies.repository, normalise_recovery_key(recovery_key), clock)
    _settle(copies, ring)
    machine = _found_again(home, machine, copies)
    write_whole(home.policy_file, copies.settings.policy.encode(), mode=0o600)
    with Records.open(home, clock) as records:
        records.mark_set_up()
        records.note("taken-over", _fact(copies, policy, by))
    write_machine(home.machine_file, machine)
    folders = (path for data in machine.data_sets for path in data.paths)
    return Takeover(policy, load_machine(home.machine_file, policy), tuple(p for p in folders if not p.exists()))


def _keeps_no_notes(copies: OtherCopies) -> bool:
    server = copies.place
    return isinstance(server, OnServer) and parse_address(server.place.address).kind is RemoteKind.REST


def _settle(copies: OtherCopies, ring: KeyRing) -> None:
    """Let the place open with this computer's keys: the first thing that is written there."""
    server = copies.place
    if not isinstance(server, OnServer):
        settle_keys(Repository.open(LocalBackend(server), master=ring.master), ring)
        return
    backend = open_remote(reach_of(server.place, server.secret))
    try:
        settle_keys(Repository.open(backend, master=ring.master), ring)
    finally:
        backend.close()


def _found_again(home: Home, machine: Machine, copies: OtherCopies) -> Machine:
    """Let the place be where it was found: a share may be mounted elsewhere on this computer, a server have moved.

    Of the other places on a network nothing is lost but their passwords, which people are asked for.
    """
    marker = copies.marker
    if marker is None:
        return machine

    def here(target: Target) -> Target:
        if target.marker_id != marker.id:
            return target
        match copies.place:
            case OnServer() as server:
                return _on_server(home, target, server)
            case folder:
                return replace(target, path=folder) if target.kind is TargetKind.FOLDER else target

    return replace(machine, targets=tuple(here(target) for target in machine.targets))


def _on_server(home: Home, target: Target, server: OnServer) -> Target:
    secret = store_secret(home, target.id, server.secret) if server.secret is not None else ""
    known = target.on_network or RemotePlace("")
    place = replace(
        known, address=server.place.address, user=server.place.user, server_key=server.place.server_key, secret=secret
    )
    kind = TargetKind(parse_address(place.address).kind.value)
    return replace(target, kind=kind, path=Path(place.address), on_network=place)


def _fact(copies: OtherCopies, policy: Policy, by: str) -> dict[str, object]:
    return {
        "by": by,
        "place": os.fsencode(copies.where).decode("utf-8", "backslashreplace"),
        "target": TargetId(copies.marker.target) if copies.marker else "",
        "repository": copies.repository.id,
        "policy_sha256": policy.sha256,
        "data_sets": {found.id: len(found.versions) for found in copies.data_sets()},
    }
