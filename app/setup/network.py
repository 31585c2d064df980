"""Places on a network, for the set-up, the screens and the command line: added, tested, found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from app.clock import Clock
from app.errors import ConfigurationError, VangnetError
from app.jobs.installation import Installation
from app.paths import Home
from app.policy.machine import Purpose, RemotePlace, Target, TargetId
from app.policy.write import write_machine
from app.records.facts import RequestKind
from app.records.store import Records
from app.repository.backend.address import RemoteKind, open_remote, parse_address
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.remote import Patience
from app.repository.errors import BackendError
from app.secret import Secret
from app.setup.answers import PlaceAnswer, SetupAnswers
from app.setup.identifiers import unique_slug
from app.targets.place import open_target
from app.targets.probe import PROBE_BYTES, ProbeResult, probe
from app.targets.remote import reach_of, read_secret, store_secret
from app.targets.remote_prepare import Site, prepare_remote_target

_SECRET_LIMIT = 64 << 10
_SMALL_PROBE_BYTES = 1 << 20


class NotOnNetwork(ConfigurationError):
    """A folder or a disk has no password (`target`)."""

    code = "not-on-network"


@dataclass(frozen=True, slots=True)
class NewPlace:
    """What is asked about a new place on a network."""

    name: str
    place: RemotePlace
    secret: Secret | None
    site: Site
    colour: str = ""
    purpose: Purpose = Purpose.COPIES


def read_secret_file(path: Path) -> Secret:
    """Read a password or private key that somebody wrote into a file; raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            text = file.read(_SECRET_LIMIT).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(reason="secret-file", file=str(path)) from exc
    if not text.strip():
        raise ConfigurationError(reason="secret-file", file=str(path))
    return Secret(text if text.startswith("-----BEGIN ") else text.strip("\r\n"))


def typed_secret(text: str) -> Secret | None:
    """Return what somebody typed as a password, or what is in the file that it names; raises ConfigurationError."""
    if not text:
        return None
    return read_secret_file(Path(text)) if text.startswith("/") and Path(text).is_file() else Secret(text)


def prepare_network_answer(
    home: Home, answer: PlaceAnswer, answers: SetupAnswers, organisation: str, clock: Clock
) -> Target:
    """Make the place of an answer of the set-up; raises what preparing does."""
    assert answer.on_network is not None
    secret = None
    if answer.secret_file is not None:
        secret = read_secret_file(answer.secret_file)
    elif answer.on_network.secret:
        secret = read_secret(home, answer.name, answer.on_network.secret)
    return prepare_remote_target(
        home,
        id=TargetId(answer.id),
        name=answer.name,
        place=answer.on_network,
        secret=secret,
        organisation=organisation,
        clock=clock,
        colour=answer.colour,
        site=Site(answer.site, answer.offsite, answer.site_address, answer.distance_km, answer.same_zone),
        contact=" ".join(filter(None, (answers.people.it_provider, answers.people.it_provider_phone))),
    )


def add_place(installation: Installation, records: Records, new: NewPlace, *, by: str) -> Target:
    """Make a server a place for copies and have the agent begin; a place of this name is replaced by what it is now.

    Raises what preparing does; nothing that lies there is overwritten.
    """
    machine = installation.machine
    known = next((target for target in machine.targets if target.name == new.name and target.remote), None)
    target = prepare_remote_target(
        installation.home,
        id=known.id if known else TargetId(unique_slug(new.name, {target.id for target in machine.targets})),
        name=new.name,
        place=new.place,
        secret=new.secret,
        organisation=installation.policy.organisation.name,
        clock=installation.clock,
        colour=new.colour,
        site=new.site,
        purpose=new.purpose,
    )
    others = tuple(other for other in machine.targets if other.id != target.id)
    write_machine(installation.home.machine_file, dataclasses.replace(machine, targets=(*others, target)))
    assert target.on_network is not None
    body = {
        "target": target.id, "name": target.name, "address": target.on_network.address, "offsite": target.offsite,
        "site_address": target.site_address, "distance_km": target.distance_km, "same_zone": target.same_zone,
        "by": by,
    }  # fmt: skip
    records.note("place-added", body, subject=target.id)
    records.ask(RequestKind.RESCAN, by=by)
    return target


@dataclass(frozen=True, slots=True)
class ServerLook:
    """What a short look at a server found: an error, or how it can be used."""

    error: VangnetError | None = None
    free_bytes: int | None = None
    server_key: str = ""
    """An SSH server's public key, learnt now."""
    fingerprint: str = ""


def look_at_server(place: RemotePlace, secret: Secret | None) -> ServerLook:
    """Look whether a server answers and lets us in; writes nothing, waits briefly, never raises for what it finds."""
    key = place.server_key
    fingerprint = ""
    try:
        address = parse_address(place.address)
        if address.kind is RemoteKind.SFTP:
            from app.repository.backend import ssh

            key = key or ssh.host_key_of(address.host, address.port or ssh.DEFAULT_PORT)
            fingerprint = ssh.fingerprint(key)
        found = dataclasses.replace(place, server_key=key)
        backend = open_remote(reach_of(found, secret), patience=Patience.brief())
    except VangnetError as error:
        return ServerLook(error)
    try:
        backend.exists(FileKind.CONFIG)
        return ServerLook(None, _free(backend), key, fingerprint)
    except VangnetError as error:
        return ServerLook(error, None, key, fingerprint)
    finally:
        backend.close()


def _free(backend: Backend) -> int | None:
    """Return the room; a folder that is made later cannot be asked yet."""
    try:
        return backend.free_bytes()
    except BackendError:
        return None


def change_login(
    installation: Installation, records: Records, target: str, *, user: str, secret: Secret, by: str
) -> Target:
    """Keep the name and password by which a place lets us in from now on, once they have proved to be right.

    An empty `user` leaves the name as it was. Raises UnknownTarget, NotOnNetwork, BadAddress, and the backend's errors
    (ServerLoginRefused where the password is wrong too): then nothing has changed.
    """
    known = installation.target(target)
    if known.on_network is None:
        raise NotOnNetwork(target=known.name)
    place = dataclasses.replace(known.on_network, user=user or known.on_network.user)
    look = look_at_server(place, secret)
    if look.error is not None:
        raise look.error
    place = dataclasses.replace(place, secret=store_secret(installation.home, known.id, secret))
    changed = dataclasses.replace(known, on_network=place)
    if changed != known:
        targets = tuple(changed if t.id == known.id else t for t in installation.machine.targets)
        write_machine(installation.home.machine_file, dataclasses.replace(installation.machine, targets=targets))
    records.note("place-login-changed", {"target": known.id, "user": place.user, "by": by}, subject=known.id)
    records.ask(RequestKind.RESCAN, by=by)
    return changed


def try_place(installation: Installation, target: Target) -> ProbeResult:
    """Write, read back and compare on a place, whatever kind it is; raises what opening it does."""
    repository = open_target(installation.home, target)
    try:
        size = _SMALL_PROBE_BYTES if target.only_adds else PROBE_BYTES
        return probe(repository.backend, installation.clock, size=size)
    finally:
        repository.backend.close()
