"""A disk becomes a place for copies: looked at, erased where somebody wants that, prepared and known from then on.

These run in the program of the person who does them: what is done to a disk that holds no copies of ours harms none.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.assessment.new_disks import ignoring
from app.assessment.space import SpaceNeed, space_need
from app.jobs.installation import Installation
from app.policy.machine import Machine, Purpose, Target, TargetId, TargetKind
from app.policy.model import DataSetId
from app.policy.write import write_machine
from app.records.facts import Attestation, DriveNote, DriveSight, Handover, RequestKind, RequestState
from app.records.presence import agent_pid
from app.records.room import require_room
from app.records.store import Records
from app.setup.identifiers import unique_slug
from app.targets.drives import connected_drives
from app.targets.erasing import erase
from app.targets.errors import (
    DiskActionRefused,
    DiskNotToBeErased,
    TargetHasOtherData,
    TargetNotThere,
    TargetUnsuitable,
)
from app.targets.keys import KeyRing
from app.targets.marker import Marker
from app.targets.mounting import disk_facts, mount_disk, unmount_disk
from app.targets.place import prepare_target
from app.targets.prepare import Contents, recognise
from app.targets.suitability import PlaceProblem, PlaceProblemCode, PlaceReport, examine_place
from app.targets.udisks import FileSystem, Wear
from app.wording.disk_tasks import disk_name, drive_note_text

FOLDER = Path("Vangnet")
"""The folder on a disk that holds the copies; what else is on the disk stays as it is."""
_FOLDERS = (FOLDER, Path("vangnet"), Path())
_NO_OWNERS = frozenset(("vfat", "msdos", "fat", "exfat", "ntfs", "ntfs3", "fuseblk"))
_SEEN_S = 10.0


@dataclass(frozen=True, slots=True)
class DiskLook:
    """What was found on a disk. `folder` is where copies are or would be, below `drive.mount_point`."""

    drive: DriveSight
    folder: Path
    contents: Contents
    marker: Marker | None
    copies_until: datetime | None
    """When the newest copy there was made; None when there is none."""
    report: PlaceReport
    need: SpaceNeed
    wear: Wear
    known_as: str
    """The id of the place that this disk says it is, when it is one of ours and can be taken into use again."""

    @property
    def usable(self) -> bool:
        """Copies can go here now, without erasing anything."""
        return self.report.suitable and (self.contents is Contents.EMPTY or bool(self.known_as))


@dataclass(frozen=True, slots=True)
class NewDisk:
    """What people say of a disk that becomes a place for copies."""

    name: str
    colour: str = ""
    site: str = ""
    offsite: bool = False
    kept_by: str = ""
    disk_set: str = ""
    purpose: Purpose = Purpose.COPIES


def find_drive(device: str) -> DriveSight:
    """Return the disk at a device ("/dev/sdb1"); raises TargetNotThere."""
    drive = next((d for d in connected_drives() if d.device == device), None)
    if drive is None:
        raise TargetNotThere(target=device, path=device, reason="not-connected")
    return drive


def look_at_disk(installation: Installation, records: Records, drive: DriveSight) -> DiskLook:
    """Look what is on a disk and whether copies can go there; it is mounted for that where it is not.

    Raises DiskServiceMissing or DiskActionRefused when it cannot be mounted, MarkerDamaged, BackendError or OSError.
    """
    facts = disk_facts(drive.device)
    drive = mount_disk(drive)
    top = Path(drive.mount_point)
    ring = KeyRing.load(installation.home)
    folder, found = next(
        ((f, r) for f in _FOLDERS if (r := recognise(top / f, ring)).marker is not None or r.contents is Contents.OURS),
        (FOLDER, recognise(top / FOLDER, ring)),
    )
    need = space_need(records.facts().runs, _sets(installation), installation.clock.now())
    known_as = _known_as(installation.machine, found.marker) if found.contents is Contents.OURS else ""
    report = examine_place(
        top / folder,
        tuple(path for folders in installation.machine.data_sets for path in folders.paths),
        kind=TargetKind.USB,
        need_bytes=0 if known_as else need.first,
    )
    wear = facts.wear if facts is not None else Wear.UNKNOWN
    return DiskLook(
        drive=drive,
        folder=folder,
        contents=found.contents,
        marker=found.marker,
        copies_until=_newest_copy(top / folder),
        report=_completed(report, need, wear, installation.machine, known=bool(known_as)),
        need=need,
        wear=wear,
        known_as=known_as,
    )


def add_disk(installation: Installation, records: Records, drive: DriveSight, new: NewDisk, *, by: str) -> Target:
    """Make a disk a place for copies and have the agent begin; returns the place. Nothing on the disk is overwritten.

    Raises what `look_at_disk` raises, TargetUnsuitable, TargetHasOtherData, or what preparing gives.
    """
    look = look_at_disk(installation, records, drive)
    if look.report.problems:
        problem = look.report.problems[0]
        raise TargetUnsuitable(**({"path": look.drive.mount_point, "reason": problem.code.value} | dict(problem.data)))
    if not look.usable:
        found = look.marker
        reason = "other-target" if look.contents is Contents.OURS else look.contents.value
        raise TargetHasOtherData(
            path=str(Path(look.drive.mount_point) / look.folder),
            reason=reason,
            found=found.name if found else "",
            organisation=found.organisation if found else "",
        )
    taken = {target.id for target in installation.machine.targets}
    target = prepare_target(
        installation.home,
        id=TargetId(look.known_as or unique_slug(new.name, taken)),
        name=new.name,
        kind=TargetKind.USB,
        path=look.folder,
        organisation=installation.policy.organisation.name,
        sources=tuple(path for folders in installation.machine.data_sets for path in folders.paths),
        clock=installation.clock,
        colour=new.colour,
        site=new.site,
        offsite=new.offsite,
        fs_uuid=look.drive.fs_uuid,
        serial=look.drive.serial,
        purpose=new.purpose,
        mount_point=Path(look.drive.mount_point),
    )
    target = dataclasses.replace(target, kept_by=new.kept_by, disk_set=new.disk_set)
    others = tuple(t for t in installation.machine.targets if t.id != target.id)
    write_machine(installation.home.machine_file, dataclasses.replace(installation.machine, targets=(*others, target)))
    body = {"target": target.id, "name": target.name, "fs_uuid": target.fs_uuid, "serial": target.serial, "by": by}
    records.note("disk-added", body, subject=target.id)
    records.ask(RequestKind.RESCAN, by=by)
    return target


def erase_disk(
    installation: Installation, records: Records, drive: DriveSight, *, typed: str, file_system: FileSystem, by: str
) -> DriveSight:
    """Erase a disk and make an empty file system on it; returns it as it is then.

    `typed` must be the disk's name (`disk_title`). Raises DiskNotToBeErased, DiskServiceMissing, DiskActionRefused,
    RecordsUnusable where it could not be recorded, and TargetNotThere when it is gone.
    """
    require_room(installation.home)
    if _what_it_is(find_drive(drive.device)) != _what_it_is(drive):
        raise DiskNotToBeErased(device=drive.device, reason="changed")
    erase(
        drive,
        typed=typed,
        file_system=file_system,
        targets=installation.machine.targets,
        sources=tuple(path for folders in installation.machine.data_sets for path in folders.paths),
        own=(installation.home.config, installation.home.data),
        on_battery=any("OB" in ups.flags for ups in records.facts().upses),
    )
    body = {
        "device": drive.device, "serial": drive.serial, "fs_uuid": drive.fs_uuid, "label": drive.label,
        "held": drive.holds, "by": by,
    }  # fmt: skip
    records.note("disk-erased", body, subject=drive.serial)
    return _seen_anew(drive)


def _what_it_is(drive: DriveSight) -> tuple[str, ...]:
    """Return what tells a disk from another that was put in its place, or from itself with something else on it."""
    return drive.serial, drive.fs_uuid, drive.label, drive.holds, str(drive.size_bytes)


def _seen_anew(drive: DriveSight) -> DriveSight:
    """Return a disk with its new file system: udev tells the world of it a moment after udisks has made it."""
    deadline = time.monotonic() + _SEEN_S
    while True:
        again = next((d for d in connected_drives() if d.device == drive.device), None)
        if again is not None and again.fs_uuid not in ("", drive.fs_uuid):
            return again
        if time.monotonic() > deadline:
            raise DiskActionRefused(device=drive.device, reason="failed", detail="")
        time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Released:
    """What became of the wish to pull a disk out: a sentence, and whether it may be done."""

    may_leave: bool
    text: str


def release_disk(installation: Installation, records: Records, target: str, *, by: str, timeout_s: float) -> Released:
    """Have a disk let go: by the agent where one runs, which waits for what it does there, else here.

    Raises UnknownTarget, TargetNotThere, DiskServiceMissing or DiskActionRefused.
    """
    known = installation.target(target)
    if agent_pid(installation.home) is None:
        drive = _drive_of(known)
        unmount_disk(drive)
        return _released(dataclasses.replace(drive, note=DriveNote.MAY_LEAVE), known)
    seen = _drive_of(known)
    request = records.ask(RequestKind.RELEASE, target=known.id, by=by)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        drives = [d for d in records.facts().drives if d.target == known.id]
        done = records.request(request).state is RequestState.DONE
        if done and not drives:  # switched off, or pulled out already
            return _released(dataclasses.replace(seen, note=DriveNote.MAY_LEAVE), known)
        if done and drives[0].note in _SETTLED:
            return _released(drives[0], known)
        time.sleep(0.2)
    return _released(dataclasses.replace(_drive_of(known), note=DriveNote.IN_USE), known)


_SETTLED = (DriveNote.MAY_LEAVE, DriveNote.DONE_BUT_OPEN, DriveNote.WRONG)


def _released(drive: DriveSight, target: Target) -> Released:
    name = disk_name({"target": target.name, "colour": target.colour})
    return Released(drive.note is DriveNote.MAY_LEAVE, drive_note_text(drive, name))


def _drive_of(target: Target) -> DriveSight:
    drive = next((d for d in connected_drives() if target.fs_uuid and d.fs_uuid == target.fs_uuid), None)
    if drive is None:
        raise TargetNotThere(target=target.name, path=str(target.path), reason="not-connected")
    return drive


def hand_over(installation: Installation, records: Records, target: str, *, holder: str, site: str, by: str) -> None:
    """Record who has a disk from now on, and where it lies; raises UnknownTarget."""
    known = installation.target(target)
    records.hand_over(Handover(known.id, holder, site, installation.clock.now(), by))


def accept_housing(installation: Installation, records: Records, target: str, *, by: str) -> None:
    """Take a person's word that the disk that is plugged in is this one, in another housing; raises TargetNotThere."""
    known = installation.target(target)
    drives = [d for d in connected_drives() if known.fs_uuid and d.fs_uuid == known.fs_uuid]
    if len(drives) != 1:
        raise TargetNotThere(target=known.name, path=str(known.path), reason="not-connected")
    changed = dataclasses.replace(known, serial=drives[0].serial)
    targets = tuple(changed if t.id == known.id else t for t in installation.machine.targets)
    write_machine(installation.home.machine_file, dataclasses.replace(installation.machine, targets=targets))
    body = {"target": known.id, "before": known.serial, "serial": changed.serial, "by": by}
    records.note("disk-housing-accepted", body, subject=known.id)
    records.ask(RequestKind.RESCAN, by=by)


def ignore_disk(installation: Installation, records: Records, drive: DriveSight, *, by: str) -> None:
    """Remember that a disk is not for copies, so that nobody is asked again."""
    records.attest(Attestation(ignoring(drive), by, installation.clock.now(), drive.label))


def next_letter(machine: Machine) -> str:
    """Return the letter for the next disk of a rotation."""
    used = {target.disk_set.upper() for target in machine.targets if target.disk_set}
    return next((letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in used), "")


def _sets(installation: Installation) -> tuple[DataSetId, ...]:
    return tuple(data_set.id for data_set in installation.policy.data_sets)


def _known_as(machine: Machine, marker: Marker | None) -> str:
    """Return under which id a disk with copies of ours can be used; a disk that another one is known as cannot."""
    if marker is None:
        return ""
    known = next((t for t in machine.targets if t.id == marker.target), None)
    return marker.target if known is None or known.marker_id == marker.id else ""


def _newest_copy(folder: Path) -> datetime | None:
    try:
        moments = [entry.stat().st_mtime for entry in (folder / "snapshots").iterdir() if entry.is_file()]
    except OSError:
        return None
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def _completed(report: PlaceReport, need: SpaceNeed, wear: Wear, machine: Machine, *, known: bool) -> PlaceReport:
    problems, warnings = list(report.problems), list(report.warnings)
    if wear is Wear.FAILING:
        problems.append(PlaceProblem(PlaceProblemCode.FAILING))
    elif wear is Wear.WORN:
        warnings.append(PlaceProblem(PlaceProblemCode.WORN))
    if report.free_bytes < need.year and not problems and not known:
        data = (("free_bytes", str(report.free_bytes)), ("need_bytes", str(need.year)))
        warnings.append(PlaceProblem(PlaceProblemCode.TIGHT_SPACE, data))
    if report.fs_type in _NO_OWNERS:
        warnings.append(PlaceProblem(PlaceProblemCode.NO_PERMISSIONS, (("fs_type", report.fs_type),)))
    if not any(target.offsite for target in machine.targets):
        warnings.append(PlaceProblem(PlaceProblemCode.SAME_SITE))
    return dataclasses.replace(report, problems=tuple(problems), warnings=tuple(warnings))
