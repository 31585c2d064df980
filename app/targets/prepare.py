"""Making a folder or a disk into a place for copies, and recognising one that is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.clock import Clock, format_utc
from app.paths import Home
from app.policy.machine import Purpose, Target, TargetId, TargetKind
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.errors import WrongKey
from app.repository.repository import Repository
from app.targets.drives import connected_drives, file_system_of
from app.targets.errors import TargetHasOtherData, TargetNotThere, TargetUnsuitable, WrongDisk
from app.targets.files import write_whole
from app.targets.keys import KeyRing, settle_keys
from app.targets.marker import Marker, printable, read_marker, write_marker
from app.targets.readme import letters
from app.targets.suitability import PlaceProblemCode, examine_place

# What systems leave on an otherwise empty disk.
_LITTER = frozenset(
    ("lost+found", "system volume information", "$recycle.bin", ".fseventsd", ".spotlight-v100", ".trashes")
)
_LITTER_STARTS = (".trash-", ".vangnet-", "._")


class Contents(StrEnum):
    """What a folder holds, as far as copies are concerned."""

    EMPTY = "empty"
    """Nothing, or it is not there yet."""
    OURS = "ours"
    """Copies of the organisation whose keys these are."""
    OTHER_ORGANISATION = "other-organisation"
    OTHER_FILES = "other-files"


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a folder holds, with its marker when it has a readable one."""

    contents: Contents
    marker: Marker | None = None


def recognise(folder: Path, ring: KeyRing | None = None) -> Recognised:
    """Tell what a folder holds. Without keys, copies of any organisation are another's.

    Raises MarkerDamaged, BackendError or OSError when the folder cannot be read.
    """
    if not folder.exists():
        return Recognised(Contents.EMPTY)
    marker = read_marker(folder)
    backend = LocalBackend(folder)
    if backend.exists(FileKind.CONFIG):
        if ring is None:
            return Recognised(Contents.OTHER_ORGANISATION, marker)
        try:
            Repository.open(backend, master=ring.master)
        except WrongKey:
            return Recognised(Contents.OTHER_ORGANISATION, marker)
        return Recognised(Contents.OURS, marker)
    if marker is not None:
        return Recognised(Contents.OTHER_ORGANISATION, marker)
    empty = all(_is_litter(entry.name) or _is_unfinished(entry) for entry in folder.iterdir())
    return Recognised(Contents.EMPTY if empty else Contents.OTHER_FILES)


def prepare_target(
    home: Home,
    *,
    id: TargetId,  # noqa: A002  the target's own field
    name: str,
    kind: TargetKind,
    path: Path,
    organisation: str,
    sources: tuple[Path, ...],
    clock: Clock,
    colour: str = "",
    site: str = "",
    offsite: bool = False,
    fs_uuid: str = "",
    serial: str = "",
    purpose: Purpose = Purpose.COPIES,
    mount_point: Path | None = None,
    contact: str = "",
    need_bytes: int = 0,
) -> Target:
    """Make a place for copies and return it as the machine file keeps it; nothing that lies there is overwritten.

    On a USB disk `path` is relative to its mount point, which is looked up from `fs_uuid` when not given. A place that
    this organisation prepared before under the same id is taken into use again. Raises KeyRingMissing, TargetNotThere,
    WrongDisk, TargetUnsuitable, TargetHasOtherData, MarkerDamaged or BackendError.
    """
    folder = path.absolute()
    if kind is TargetKind.USB:
        folder = _folder_on_disk(name, path, fs_uuid, mount_point)
    ring = KeyRing.load(home)
    _refuse_own_folders(home, folder)
    report = examine_place(folder, sources, kind=kind, need_bytes=need_bytes)
    if report.problems:
        problem = report.problems[0]
        raise TargetUnsuitable(**({"path": str(folder), "reason": problem.code.value} | dict(problem.data)))
    try:
        marker = furnish(folder, ring, id, name, organisation, colour, contact, clock)
    except OSError as exc:
        raise TargetUnsuitable(
            path=str(folder), reason=PlaceProblemCode.NOT_WRITABLE.value, detail=exc.strerror or ""
        ) from exc
    return Target(
        id=id,
        name=name,
        kind=kind,
        path=path if kind is TargetKind.USB else folder,
        repository_id=marker.repository_id,
        marker_id=marker.id,
        purpose=purpose,
        colour=colour,
        site=site,
        offsite=offsite,
        fs_uuid=fs_uuid,
        serial=serial,
    )


def furnish(
    folder: Path, ring: KeyRing, target: TargetId, name: str, organisation: str, colour: str, contact: str, clock: Clock
) -> Marker:
    """Make the repository in a folder, the letters and, last, the marker: with it the place counts as prepared.

    Raises TargetHasOtherData, and OSError where the folder cannot be written.
    """
    recognised = recognise(folder, ring)
    old = recognised.marker
    found = {"found": old.name, "organisation": old.organisation} if old else {"found": "", "organisation": ""}
    match recognised.contents:
        case Contents.OTHER_ORGANISATION | Contents.OTHER_FILES:
            raise TargetHasOtherData(path=str(folder), reason=recognised.contents.value, **found)
        case Contents.OURS:
            if old is not None and old.target != target:
                raise TargetHasOtherData(path=str(folder), reason="other-target", **found)
            repository = Repository.open(LocalBackend(folder), master=ring.master)
            settle_keys(repository, ring)
        case Contents.EMPTY:
            folder.mkdir(parents=True, exist_ok=True)
            repository = Repository.init(
                LocalBackend(folder), master=ring.master, key_files=ring.key_files, polynomial=ring.polynomial
            )
    marker = Marker(
        id=old.id if old and old.repository_id == repository.id else secrets.token_hex(16),
        organisation=printable(organisation) or "?",
        target=target,
        name=printable(name) or "?",
        repository_id=repository.id,
        created=old.created if old else format_utc(clock.now()),
        colour=printable(colour),
        contact=printable(contact),
    )
    for file_name, letter in letters(marker).items():
        write_whole(folder / file_name, letter)
    write_marker(folder, marker)
    return marker


def _folder_on_disk(name: str, path: Path, fs_uuid: str, mount_point: Path | None) -> Path:
    if path.is_absolute() or ".." in path.parts:
        raise TargetUnsuitable(path=str(path), reason="path-outside-disk")
    if not fs_uuid:
        raise TargetUnsuitable(path=str(path), reason="no-file-system-uuid")
    if mount_point is None:
        drive = next((d for d in connected_drives() if d.fs_uuid == fs_uuid), None)
        if drive is None:
            raise TargetNotThere(target=name, path=str(path), reason="not-connected")
        if not drive.mount_point:
            raise TargetNotThere(target=name, path=str(path), reason="not-mounted", device=drive.device)
        mount_point = Path(drive.mount_point)
    if not mount_point.is_dir():
        raise TargetNotThere(target=name, path=str(mount_point), reason="no-folder")
    if file_system_of(mount_point)[0] != fs_uuid:
        raise WrongDisk(target=name, path=str(mount_point), reason="file-system", found="", organisation="")
    folder = mount_point / path
    if not folder.resolve().is_relative_to(mount_point.resolve()):
        raise TargetUnsuitable(path=str(path), reason="path-outside-disk")
    return folder


def _refuse_own_folders(home: Home, folder: Path) -> None:
    """Keep copies out of the folders where Vangnet keeps its own things (a sub-folder of the home is fine)."""
    place = folder.resolve()
    own = {home.config.resolve(), home.data.resolve()}
    closed = (home.secrets.resolve(), home.cache.resolve(), home.policy_archive.resolve())
    if place in own or any(place.is_relative_to(folder) for folder in closed):
        raise TargetUnsuitable(path=str(folder), reason="own-folder")


def _is_litter(name: str) -> bool:
    return name.lower() in _LITTER or name.lower().startswith(_LITTER_STARTS)


def _is_unfinished(entry: Path) -> bool:
    """Tell whether an entry was left by an `init` that was cut off: a repository's folder without a single pack."""
    if entry.name not in {kind.value for kind in FileKind} or entry.is_symlink() or not entry.is_dir():
        return False
    return entry.name == FileKind.KEY.value or not any(below.is_file() for below in entry.rglob("*"))
