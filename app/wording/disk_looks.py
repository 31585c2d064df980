"""What was found on a disk, in sentences: whose it is, whether copies can go there, and how long it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from app.i18n import _
from app.records.facts import DriveSight
from app.wording.sizes import felt_size
from app.wording.times import felt_time


def disk_maker(drive: DriveSight) -> str:
    """Name a disk as it is sold: make, model, size."""
    name = " ".join(part for part in (drive.vendor, drive.model) if part).replace("_", " ")
    return f"{name or drive.label or drive.device}, {felt_size(drive.size_bytes)}"


def belongs_text(
    contents: str, marker: Mapping[str, str], copies_until: datetime | None, now: datetime, tz: tzinfo
) -> str:
    """Say whose copies are on a disk; empty for one without any. `contents` as `app.targets.prepare.Contents`."""
    until = felt_time(copies_until, now, tz) if copies_until is not None else ""
    name, organisation = marker.get("name", ""), marker.get("organisation", "")
    match contents:
        case "ours" if until:
            return _("This is {disk} of {organisation}, with copies until {when}.").format(
                disk=name or "?", organisation=organisation or "?", when=until
            )
        case "ours":
            return _("This is {disk} of {organisation}, without any copy yet.").format(
                disk=name or "?", organisation=organisation or "?"
            )
        case "other-organisation" if organisation and until:
            return _("This disk belongs to {organisation}, with copies until {when}.").format(
                organisation=organisation, when=until
            )
        case "other-organisation" if organisation:
            return _("This disk belongs to {organisation}.").format(organisation=organisation)
        case "other-organisation":
            return _("There are copies on this disk that Vangnet cannot open. They are somebody else's.")
        case "other-files":
            return _("Somebody else's files stand where the copies would go.")
        case _:
            return ""


def unformatted_text(drive: DriveSight) -> str:
    """Say what is known of a disk without a file system."""
    if not drive.holds:
        return _("Vangnet finds nothing on this disk. It has to be formatted before copies can go there.")
    return _(
        "This computer cannot read what is on this disk ({what}). It may be an encrypted disk, or one of another "
        "system: formatting it wipes all of that."
    ).format(what=drive.holds)


def room_text(free_bytes: int, first_bytes: int, year_bytes: int) -> str:
    """Say how much room there is, and how much the copies want now and in a year."""
    if not year_bytes:
        return _("{free} free.").format(free=felt_size(free_bytes))
    return _("{free} free. Your data want {first} now and about {year} in a year.").format(
        free=felt_size(free_bytes), first=felt_size(first_bytes), year=felt_size(year_bytes)
    )
