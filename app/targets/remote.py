"""Places on a network: reached with what the machine file and `secrets/` say, recognised, and looked at.

Identity is the server's pinned key, the marker (where the server keeps more than a repository's own files) and the
repository's id, which only our master key can read.
"""

from __future__ import annotations

import re
import stat
from typing import Protocol, runtime_checkable

from app.paths import Home
from app.policy.machine import RemotePlace, Target
from app.repository.backend.address import Login, Reach, RemoteKind, S3Options, open_remote, parse_address
from app.repository.backend.base import Backend
from app.repository.backend.cached import CachedBackend
from app.repository.backend.remote import Patience
from app.repository.errors import (
    BackendUnavailable,
    RepositoryNotFound,
    ServerLoginRefused,
    ServerNotTrusted,
    WrongKey,
)
from app.repository.repository import Repository
from app.secret import Secret
from app.targets.errors import MarkerDamaged, PlaceSecretMissing, TargetError, TargetNotThere, WrongDisk
from app.targets.files import PRIVATE, read_bounded, write_whole
from app.targets.keys import KeyRing
from app.targets.marker import MARKER_FILE, MARKER_LIMIT, Marker, decode_marker
from app.targets.remembered import remembered_folder

_SECRET_LIMIT = 64 << 10
_SECRET_NAME = re.compile(r"place-[a-z0-9][a-z0-9-]{0,63}").fullmatch
_PRIVATE_KEY = "-----BEGIN "


@runtime_checkable
class NoteKeeper(Protocol):
    """A backend whose server keeps other files beside a repository's: SFTP, SMB and S3 do, a rest-server does not."""

    def load_note(self, name: str, *, limit: int) -> bytes | None: ...

    def save_note(self, name: str, data: bytes) -> None: ...

    def note_names(self) -> tuple[str, ...]: ...


def note_keeper(backend: Backend) -> NoteKeeper | None:
    """Return what keeps files beside a repository, also from under what is remembered of it; None for a rest-server."""
    inner = backend.inner if isinstance(backend, CachedBackend) else backend
    return inner if isinstance(inner, NoteKeeper) else None


def secret_name(target: str) -> str:
    """Return the name under which a place's password or private key lies in `secrets/`."""
    return f"place-{target}"


def store_secret(home: Home, target: str, secret: Secret) -> str:
    """Keep a password or private key for a place; returns the name it lies under."""
    name = secret_name(target)
    home.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(home.secrets / name, secret.reveal().encode(), mode=PRIVATE)
    return name


def read_secret(home: Home, target: str, name: str) -> Secret:
    """Read a place's password or private key; raises PlaceSecretMissing."""
    if not _SECRET_NAME(name):
        raise PlaceSecretMissing(target=target, reason="name")
    path = home.secrets / name
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(PRIVATE)
        data = read_bounded(path, _SECRET_LIMIT)
        text = (data or b"").decode().strip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise PlaceSecretMissing(target=target, reason="unreadable") from exc
    if not text:
        raise PlaceSecretMissing(target=target, reason="empty")
    return Secret(text + "\n" if text.startswith(_PRIVATE_KEY) else text)


def reach_of(place: RemotePlace, secret: Secret | None) -> Reach:
    """Return what it takes to reach a place; raises BadAddress."""
    address = parse_address(place.address)
    is_key = secret is not None and address.kind is RemoteKind.SFTP and secret.reveal().startswith(_PRIVATE_KEY)
    login = Login(
        user=place.user,
        password=None if is_key else secret,
        private_key=secret if is_key else None,
        server_key=place.server_key,
    )
    s3 = S3Options(place.region or "us-east-1", place.virtual_host, place.retention_days, place.compliance)
    return Reach(address, login, s3)


def remote_backend(home: Home, target: Target, *, patience: Patience | None = None) -> Backend:
    """Return the backend of a place on a network; nothing is sent yet. Raises BadAddress, PlaceSecretMissing."""
    place = target.on_network
    assert place is not None, "a place on a network says how it is reached"
    secret = read_secret(home, target.name, place.secret) if place.secret else None
    return open_remote(reach_of(place, secret), patience=patience)


def open_remote_target(
    home: Home, target: Target, *, patience: Patience | None = None, remember: bool = False
) -> Repository:
    """Open the repository of a place on a network, once it has proved to be the one.

    With `remember`, index files and snapshots that were read before are taken from this computer.

    Raises TargetNotThere, WrongDisk, MarkerDamaged, PlaceSecretMissing, KeyRingMissing, BadAddress, and the backend's
    errors.
    """
    backend = remote_backend(home, target, patience=patience)
    try:
        repository = _recognised(home, target, backend)
        if remember:
            return repository.over(CachedBackend(backend, remembered_folder(home, repository.id)))
        return repository
    except BaseException:
        backend.close()
        raise


def _recognised(home: Home, target: Target, backend: Backend) -> Repository:
    master = KeyRing.load(home).master
    where = backend.location
    try:
        repository = Repository.open(backend, master=master)
    except RepositoryNotFound as exc:
        raise TargetNotThere(target=target.name, path=where, reason="no-repository") from exc
    except WrongKey as exc:
        raise WrongDisk(target=target.name, path=where, reason="repository", found="", organisation="") from exc
    if repository.id != target.repository_id:
        raise WrongDisk(target=target.name, path=where, reason="repository", found="", organisation="")
    if isinstance(backend, NoteKeeper):
        marker = remote_marker(backend, target.name)
        if marker is None:
            raise TargetNotThere(target=target.name, path=where, reason="no-marker")
        if marker.id != target.marker_id or marker.repository_id != target.repository_id:
            raise WrongDisk(
                target=target.name, path=where, reason="marker", found=marker.name, organisation=marker.organisation
            )
    return repository


def remote_marker(backend: NoteKeeper, target: str) -> Marker | None:
    """Return a place's marker, None when it has none; raises MarkerDamaged and the backend's errors."""
    data = backend.load_note(MARKER_FILE, limit=MARKER_LIMIT)
    try:
        return None if data is None else decode_marker(data, MARKER_FILE)
    except MarkerDamaged as exc:
        raise MarkerDamaged(target=target, **exc.data) from exc


def why_not_there(target: Target, error: Exception) -> TargetError | None:
    """Return the reason that an error gives for a place not to be there; None for an error about something else."""
    where = target.on_network.address if target.on_network else str(target.path)
    match error:
        case TargetError():
            return error
        case BackendUnavailable():
            return TargetNotThere(target=target.name, path=where, reason="no-answer")
        case ServerLoginRefused():
            return TargetNotThere(target=target.name, path=where, reason="login")
        case ServerNotTrusted():
            return TargetNotThere(target=target.name, path=where, reason="other-server")
        case _:
            return None
