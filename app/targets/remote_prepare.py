"""Making a place on a network into a place for copies; nothing that lies there is overwritten."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from app.clock import Clock, format_utc
from app.paths import Home
from app.policy.machine import Purpose, RemotePlace, Target, TargetId, TargetKind
from app.repository.backend.address import RemoteKind, open_remote, parse_address
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.remote import Patience
from app.repository.errors import WrongKey
from app.repository.repository import Repository
from app.secret import Secret
from app.targets.errors import TargetHasOtherData, TargetUnsuitable
from app.targets.keys import KeyRing, settle_keys
from app.targets.marker import MARKER_FILE, Marker, encode_marker, printable
from app.targets.readme import letters
from app.targets.remote import NoteKeeper, reach_of, remote_marker, store_secret

_OURS = frozenset(kind.value for kind in FileKind)
_LITTER_STARTS = (".", "lost+found", "@eadir", "#recycle", "$recycle.bin", "system volume information", "readme.")


@dataclass(frozen=True, slots=True)
class Site:
    """Where a place stands, and what somebody who looked says about it."""

    name: str = ""
    offsite: bool = False
    address: str = ""
    distance_km: int | None = None
    same_zone: bool | None = None


def prepare_remote_target(
    home: Home,
    *,
    id: TargetId,  # noqa: A002  the target's own field
    name: str,
    place: RemotePlace,
    secret: Secret | None,
    organisation: str,
    clock: Clock,
    colour: str = "",
    site: Site | None = None,
    purpose: Purpose = Purpose.COPIES,
    contact: str = "",
    patience: Patience | None = None,
) -> Target:
    """Make a place for copies on a server and return it as the machine file keeps it; keeps its secret.

    An SSH server whose key is not given is asked for it, and that key counts from now on: whoever sets up compares
    it. A place that this organisation prepared before under the same id is taken into use again. Raises BadAddress,
    KeyRingMissing, TargetHasOtherData, TargetUnsuitable, MarkerDamaged and the backend's errors.
    """
    ring = KeyRing.load(home)
    address = parse_address(place.address)
    if address.kind is RemoteKind.SFTP and not place.server_key:
        from app.repository.backend.ssh import DEFAULT_PORT, host_key_of

        place = replace(place, server_key=host_key_of(address.host, address.port or DEFAULT_PORT))
    backend = open_remote(reach_of(place, secret), patience=patience)
    try:
        _ensure_locks(backend, place)
        repository, old = _furnished(backend, ring, id)
        marker = _marker(repository, old, id, name, organisation, colour, contact, clock)
        if isinstance(backend, NoteKeeper):
            for file_name, letter in letters(marker).items():
                backend.save_note(file_name, letter)
            backend.save_note(MARKER_FILE, encode_marker(marker))
    finally:
        backend.close()
    if secret is not None:
        place = replace(place, secret=store_secret(home, id, secret))
    site = site or Site()
    return Target(
        id=id,
        name=name,
        kind=TargetKind(address.kind.value),
        path=Path(place.address),
        repository_id=marker.repository_id,
        marker_id=marker.id,
        purpose=purpose,
        colour=colour,
        site=site.name,
        offsite=site.offsite,
        on_network=place,
        site_address=site.address,
        distance_km=site.distance_km,
        same_zone=site.same_zone,
    )


def _furnished(backend: Backend, ring: KeyRing, target: TargetId) -> tuple[Repository, Marker | None]:
    """Return the repository there, made now where there is none, and the marker that was there already."""
    keeper = backend if isinstance(backend, NoteKeeper) else None
    old = remote_marker(keeper, target) if keeper else None
    found = {"found": old.name, "organisation": old.organisation} if old else {"found": "", "organisation": ""}
    if backend.exists(FileKind.CONFIG):
        try:
            repository = Repository.open(backend, master=ring.master)
        except WrongKey as exc:
            raise TargetHasOtherData(path=backend.location, reason="other-organisation", **found) from exc
        if old is not None and old.target != target:
            raise TargetHasOtherData(path=backend.location, reason="other-target", **found)
        settle_keys(repository, ring)
        return repository, old
    if old is not None:
        raise TargetHasOtherData(path=backend.location, reason="other-organisation", **found)
    if keeper and not all(_is_ours_or_litter(name) for name in keeper.note_names()):
        raise TargetHasOtherData(path=backend.location, reason="other-files", **found)
    made = Repository.init(backend, master=ring.master, key_files=ring.key_files, polynomial=ring.polynomial)
    return made, None


def _is_ours_or_litter(name: str) -> bool:
    return name in _OURS or name.lower().startswith(_LITTER_STARTS)


def _ensure_locks(backend: Backend, place: RemotePlace) -> None:
    """Refuse a bucket that does not lock objects where the machine file counts on it."""
    if not place.retention_days:
        return
    from app.repository.backend.s3 import S3Backend

    if isinstance(backend, S3Backend):
        backend.create()
        if not backend.offers_object_lock():
            raise TargetUnsuitable(path=backend.location, reason="no-object-lock")


def _marker(
    repository: Repository, old: Marker | None, target: TargetId, name: str, organisation: str, colour: str,
    contact: str, clock: Clock,
) -> Marker:  # fmt: skip
    """Return the marker of a place; one that was there keeps its id."""
    known = old if old and old.repository_id == repository.id else None
    return Marker(
        id=known.id if known else secrets.token_hex(16),
        organisation=printable(organisation) or "?",
        target=target,
        name=printable(name) or "?",
        repository_id=repository.id,
        created=known.created if known else format_utc(clock.now()),
        colour=printable(colour),
        contact=printable(contact),
    )
