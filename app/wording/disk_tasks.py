"""What people are asked to do with a disk: plug it in, take it along. And what is said of one that is plugged in."""

from __future__ import annotations

from app.i18n import _
from app.records.facts import DriveNote, DriveSight
from app.wording.colours import disk_colour
from app.wording.errors import explain


def disk_name(data: dict[str, str]) -> str:
    """Name a disk as people tell it from the others: its name, with its colour in capitals where that says more."""
    name, colour = data.get("target", ""), data.get("colour", "")
    if not colour or _names_colour(name, colour):
        return name
    return _("{colour} disk ({disk})").format(colour=disk_colour(colour).upper(), disk=name)


def plug_in_words(data: dict[str, str]) -> tuple[str, str, str]:
    """Return title, explanation and key of "plug in this disk". The colour is shouted: it is how people tell them
    apart."""
    name, colour = data.get("target", ""), data.get("colour", "")
    title = _("Plug in {disk}").format(disk=name)
    if colour and _names_colour(name, colour):
        title = _("Plug in the {disk}").format(disk=name)
    elif colour:
        title = _("Plug in the {colour} disk ({disk})").format(colour=disk_colour(colour).upper(), disk=name)
    how = _("The copy starts by itself. You can go on working; the screen says when the disk may be taken out.")
    return title, " ".join(part for part in (_whereabouts(data), how) if part), _("Do it now")


def take_off_words(data: dict[str, str]) -> tuple[str, str, str]:
    """Return title, explanation and key of "take this disk along"."""
    title = _("Take along {disk}").format(disk=disk_name(data))
    how = _("All copies are on it. Say in Vangnet who takes it, and pull it out once Vangnet shows ✔.")
    if data.get("offsite"):
        how += " " + _("In another building it survives a fire and a theft.")
    else:
        how += " " + _("Out of the computer, nothing that happens here can harm it.")
    return title, how, _("Take along")


def drive_note_text(drive: DriveSight, name: str) -> str:
    """Say of a disk of ours that is plugged in how it stands; empty when there is nothing to say."""
    data = dict(drive.note_data)
    match drive.note:
        case DriveNote.NONE:
            return ""
        case DriveNote.IN_USE:
            return _("{disk} is being used. Leave it in until ✔ stands here.").format(disk=name)
        case DriveNote.MAY_LEAVE:
            return _("{disk} is ready and may be taken out.").format(disk=name)
        case DriveNote.DONE_BUT_OPEN if data.get("reason") == "busy":
            return _("{disk} is ready, but another window or program still uses it. Close that first.").format(
                disk=name
            )
        case DriveNote.DONE_BUT_OPEN:
            return _("{disk} is ready. Remove it safely in the file manager before you pull it out.").format(disk=name)
        case DriveNote.WRONG | DriveNote.NOT_MOUNTED:
            said = explain(data.get("code", "target-not-there"), {**data, "target": name})
            return f"{said.what} {said.do}".strip()


def another_disk_text(plugged: str, wanted: str) -> str:
    """Say that another of our disks was plugged in than the one that is asked for."""
    return _("This is {plugged}. Asked for is {wanted}.").format(plugged=plugged, wanted=wanted)


def _names_colour(name: str, colour: str) -> bool:
    return any(word in name.lower() for word in (colour.lower(), disk_colour(colour)))


def _whereabouts(data: dict[str, str]) -> str:
    holder, site = data.get("kept_by", ""), data.get("site", "")
    if holder and site:
        return _("{holder} has it: {site}.").format(holder=holder, site=site)
    if holder:
        return _("{holder} has it.").format(holder=holder)
    return _("You will find it here: {site}.").format(site=site) if site else ""
