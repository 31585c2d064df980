"""The copies of another computer, opened on a new one with the recovery sheet: looked through, got back from, and taken
over when the old computer is gone. Until then nothing at all is written to them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.clock import Clock
from app.errors import VangnetError
from app.jobs.copies import SET_TAG
from app.jobs.errors import JobError, NoCopy, RestoreIntoSource
from app.jobs.restore import leading_folder
from app.paths import Home
from app.policy.load import load_machine, parse_machine, parse_policy
from app.policy.machine import Machine, Target, TargetId, TargetKind
from app.policy.model import Policy
from app.policy.write import write_machine
from app.records.store import Records
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.read_only import ReadOnlyBackend
from app.repository.model import Cancel, Monitor, RestoreOptions, RestoreSummary, Snapshot
from app.repository.repository import Repository
from app.targets.errors import SettingsDamaged
from app.targets.files import write_whole
from app.targets.keys import KeyRing, normalise_recovery_key, settle_keys
from app.targets.marker import Marker, read_marker
from app.targets.settings import Settings, read_settings

FOLDER_ON_DISK: Final = "vangnet"
"""Where copies lie on a disk that Vangnet has set up."""


class NoCopiesHere(JobError):
    """No copies of Vangnet are in this folder (`path`)."""

    code = "no-copies-here"


class NotTakenOver(JobError):
    """The place cannot be taken over like that (`path`, `reason`: "no-settings", "settings", "already-set-up")."""

    code = "not-taken-over"


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
    """Copies that were opened with their recovery key; `repository` refuses to write."""

    folder: Path
    repository: Repository
    marker: Marker | None
    settings: Settings | None
    settings_damaged: bool = False

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


def open_other(place: Path, recovery_key: str) -> OtherCopies:
    """Open the copies in a folder, or on a disk, with the key of the recovery sheet as somebody typed it.

    Takes about a second. Raises RecoveryKeyMistyped, NoCopiesHere, WrongKey, RepositoryDamaged or BackendError.
    """
    folder = find_copies(place)
    backend = ReadOnlyBackend(LocalBackend(folder))
    repository = Repository.open(backend, password=normalise_recovery_key(recovery_key))
    marker = None
    with contextlib.suppress(VangnetError, OSError):
        marker = read_marker(folder)
    try:
        return OtherCopies(folder, repository, marker, read_settings(folder, repository.master))
    except (SettingsDamaged, OSError):
        return OtherCopies(folder, repository, marker, None, settings_damaged=True)


def find_copies(place: Path) -> Path:
    """Return the folder that holds copies: this one, or the one on a disk; raises NoCopiesHere."""
    folder = place.expanduser().absolute()
    for candidate in (folder, folder / FOLDER_ON_DISK):
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
        raise NoCopy(data_set=data_set, target=str(copies.folder), at=at.isoformat() if at else "")
    destination = to.expanduser().absolute()
    if destination.resolve().is_relative_to(copies.folder.resolve()):
        raise RestoreIntoSource(to=str(destination), folder=str(copies.folder))
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
        raise NotTakenOver(path=str(copies.folder), reason="no-settings")
    try:
        policy = parse_policy(copies.settings.policy.encode(), home.policy_file.name)
        machine = parse_machine(copies.settings.machine.encode(), home.machine_file.name, policy)
    except VangnetError as exc:
        raise NotTakenOver(path=str(copies.folder), reason="settings") from exc
    for folder in (home.config, home.data, home.secrets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ring = KeyRing.adopt(home, copies.repository, normalise_recovery_key(recovery_key), clock)
    settle_keys(Repository.open(LocalBackend(copies.folder), master=ring.master), ring)
    machine = _found_again(machine, copies)
    write_whole(home.policy_file, copies.settings.policy.encode(), mode=0o600)
    with Records.open(home, clock) as records:
        records.mark_set_up()
        records.note("taken-over", _fact(copies, policy, by))
    write_machine(home.machine_file, machine)
    folders = (path for data in machine.data_sets for path in data.paths)
    return Takeover(policy, load_machine(home.machine_file, policy), tuple(p for p in folders if not p.exists()))


def _policy_of(settings: Settings | None) -> Policy | None:
    if settings is None:
        return None
    try:
        return parse_policy(settings.policy.encode(), "policy.yml")
    except VangnetError:
        return None  # of a newer program, or spoiled: the copies can be read all the same


def _found_again(machine: Machine, copies: OtherCopies) -> Machine:
    """Let the place be where it was found: a share may be mounted elsewhere on this computer."""
    marker = copies.marker
    if marker is None:
        return machine

    def here(target: Target) -> Target:
        if target.marker_id != marker.id or target.kind is not TargetKind.FOLDER:
            return target
        return replace(target, path=copies.folder)

    return replace(machine, targets=tuple(here(target) for target in machine.targets))


def _fact(copies: OtherCopies, policy: Policy, by: str) -> dict[str, object]:
    return {
        "by": by,
        "place": os.fsencode(copies.folder).decode("utf-8", "backslashreplace"),
        "target": TargetId(copies.marker.target) if copies.marker else "",
        "repository": copies.repository.id,
        "policy_sha256": policy.sha256,
        "data_sets": {found.id: len(found.versions) for found in copies.data_sets()},
    }
