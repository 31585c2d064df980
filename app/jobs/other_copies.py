"""The copies of another computer, opened on a new one with the recovery sheet: looked through, got back from, and taken
over (`taking_over`) when the old computer is gone. Until then nothing at all is written to them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.errors import VangnetError
from app.jobs.copies import SET_TAG
from app.jobs.errors import JobError, NoCopy, RestoreIntoSource
from app.jobs.restore import leading_folder
from app.policy.load import parse_policy
from app.policy.machine import RemotePlace
from app.policy.model import Policy
from app.repository.backend.address import RemoteKind, open_remote, parse_address
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.read_only import ReadOnlyBackend
from app.repository.errors import RepositoryNotFound
from app.repository.model import Cancel, Monitor, RestoreOptions, RestoreSummary, Snapshot
from app.repository.repository import Repository
from app.secret import Secret
from app.targets.errors import MarkerDamaged, SettingsDamaged
from app.targets.keys import normalise_recovery_key
from app.targets.marker import Marker, read_marker
from app.targets.remote import NoteKeeper, reach_of, remote_marker
from app.targets.settings import Settings, read_settings, read_settings_at

FOLDERS_ON_DISK: Final = ("Vangnet", "vangnet")
"""Where copies lie on a disk that Vangnet has set up."""


class NoCopiesHere(JobError):
    """No copies of Vangnet are in this folder (`path`)."""

    code = "no-copies-here"


@dataclass(frozen=True, slots=True)
class OnServer:
    """Copies on a server: how it is reached. A rest-server holds the copies only, no settings and no marker."""

    place: RemotePlace
    secret: Secret | None = None


OtherPlace = Path | OnServer


@dataclass(frozen=True, slots=True)
class OtherSet:
    """A data set in the copies: its versions, newest first, and the folders it was made of."""

    id: str
    name: str
    versions: tuple[Snapshot, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(Path(os.fsdecode(path)) for path in self.versions[0].paths)


@dataclass(frozen=True, slots=True)
class OtherCopies:
    """Copies that were opened with their recovery key; `repository` refuses to write. To be closed."""

    place: OtherPlace
    """The folder that holds them, or the server."""
    repository: Repository
    marker: Marker | None
    settings: Settings | None
    settings_damaged: bool = False

    @property
    def where(self) -> str:
        """Where they are, as a person would name it."""
        return self.place.place.address if isinstance(self.place, OnServer) else str(self.place)

    def close(self) -> None:
        """Let go of the connection to a server; the next question makes a new one."""
        self.repository.backend.close()

    @property
    def organisation(self) -> str:
        return self.marker.organisation if self.marker else ""

    @property
    def policy(self) -> Policy | None:
        """The policy that lies beside the copies; None where there is none that this program can read."""
        return _policy_of(self.settings)

    def data_sets(self) -> tuple[OtherSet, ...]:
        """List what is in the copies; a set that the policy names carries its name."""
        policy = self.policy
        names = {str(s.id): s.name for s in policy.data_sets} if policy is not None else {}
        versions: dict[str, list[Snapshot]] = {}
        for snapshot in self.repository.snapshots():  # oldest first
            found = next((tag.removeprefix(SET_TAG) for tag in snapshot.tags if tag.startswith(SET_TAG)), "")
            if found:
                versions.setdefault(found, []).insert(0, snapshot)
        return tuple(
            OtherSet(name, names.get(name, name.replace("-", " ").capitalize()), tuple(kept))
            for name, kept in sorted(versions.items())
        )


def open_other(place: OtherPlace, recovery_key: str) -> OtherCopies:
    """Open the copies in a folder, on a disk or on a server, with the key of the recovery sheet as somebody typed it.

    Takes about a second. Raises RecoveryKeyMistyped, NoCopiesHere, WrongKey, RepositoryDamaged, BadAddress or
    BackendError.
    """
    password = normalise_recovery_key(recovery_key)
    if isinstance(place, OnServer):
        return _open_on_server(place, password)
    folder = find_copies(place)
    repository = Repository.open(ReadOnlyBackend(LocalBackend(folder)), password=password)
    marker = None
    with contextlib.suppress(VangnetError, OSError):
        marker = read_marker(folder)
    try:
        return OtherCopies(folder, repository, marker, read_settings(folder, repository.master))
    except (SettingsDamaged, OSError):
        return OtherCopies(folder, repository, marker, None, settings_damaged=True)


def _open_on_server(server: OnServer, password: Secret) -> OtherCopies:
    backend = open_remote(reach_of(server.place, server.secret))
    try:
        try:
            repository = Repository.open(ReadOnlyBackend(backend), password=password)
        except RepositoryNotFound as exc:
            raise NoCopiesHere(path=server.place.address) from exc
        if not isinstance(backend, NoteKeeper):
            return OtherCopies(server, repository, None, None)
        marker = None
        with contextlib.suppress(MarkerDamaged):
            marker = remote_marker(backend, "")
        try:
            return OtherCopies(server, repository, marker, read_settings_at(backend, repository.master))
        except SettingsDamaged:
            return OtherCopies(server, repository, marker, None, settings_damaged=True)
    except BaseException:
        backend.close()
        raise


def trusted(server: OnServer) -> OnServer:
    """Return the server with its key; an SSH server whose key is not given is asked for it. Raises BackendError.

    Whoever goes on with it has compared that key with what the server's owner says.
    """
    address = parse_address(server.place.address)
    if address.kind is not RemoteKind.SFTP or server.place.server_key:
        return server
    from app.repository.backend.ssh import DEFAULT_PORT, host_key_of

    key = host_key_of(address.host, address.port or DEFAULT_PORT)
    return replace(server, place=replace(server.place, server_key=key))


def find_copies(place: Path) -> Path:
    """Return the folder that holds copies: this one, or the one on a disk; raises NoCopiesHere."""
    folder = place.expanduser().absolute()
    for candidate in (folder, *(folder / name for name in FOLDERS_ON_DISK)):
        if candidate.is_dir() and LocalBackend(candidate).exists(FileKind.CONFIG):
            return candidate
    raise NoCopiesHere(path=str(folder))


def restore_other(
    copies: OtherCopies,
    data_set: str,
    *,
    to: Path,
    at: datetime | None = None,
    paths: Sequence[Path] = (),
    monitor: Monitor | None = None,
    cancel: Cancel | None = None,
) -> RestoreSummary:
    """Get a data set back, or `paths` of it as they were, below the folder `to`; nothing there is overwritten.

    Takes the newest version made at or before `at`. Raises NoCopy, RestoreIntoSource, or what the engine raises.
    """
    found = next((s for s in copies.data_sets() if s.id == data_set), None)
    versions = found.versions if found is not None else ()
    snapshot = next((v for v in versions if at is None or v.time.astimezone(UTC) <= at), None)
    if snapshot is None:
        raise NoCopy(data_set=data_set, target=copies.where, at=at.isoformat() if at else "")
    destination = to.expanduser().absolute()
    if isinstance(copies.place, Path) and destination.resolve().is_relative_to(copies.place.resolve()):
        raise RestoreIntoSource(to=str(destination), folder=copies.where)
    return copies.repository.restore(
        snapshot,
        os.fsencode(destination),
        options=RestoreOptions(
            paths=tuple(os.fsencode(path) for path in paths),
            overwrite="never",
            strip=leading_folder(snapshot),
            verify=True,
        ),
        monitor=monitor,
        cancel=cancel,
    )


def _policy_of(settings: Settings | None) -> Policy | None:
    if settings is None:
        return None
    try:
        return parse_policy(settings.policy.encode(), "policy.yml")
    except VangnetError:
        return None  # of a newer program, or spoiled: the copies can be read all the same
