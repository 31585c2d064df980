"""Errors about the places for copies: disks, folders, and servers on a network."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import (
    AGAIN,
    ASK_IT,
    DATA_FINE,
    LOOK_CABLE,
    NOTHING_WRITTEN,
    OLD_COPIES,
    OTHER_PLACE,
    UNTOUCHED,
    ErrorText,
)

_NOT_MOUNTED = ErrorText(
    N_("{target} is plugged in, but not opened by the computer."),
    OLD_COPIES,
    N_("Click on the disk in the file manager, or unplug it and plug it in again."),
)
_EMPTY_FOLDER = ErrorText(
    N_("The folder of {target} is empty or gone: its disk or share is not there."), OLD_COPIES, LOOK_CABLE
)
_OTHER_KIND = ErrorText(
    N_("In the place of {target} stands another disk ({found}, {organisation})."),
    NOTHING_WRITTEN,
    N_("Plug in the disk with the right name or colour."),
)


def _unsuitable(what: str, do: str = OTHER_PLACE) -> ErrorText:
    return ErrorText(what, NOTHING_WRITTEN, do)


TEXTS: Final[dict[str, ErrorText]] = {
    "disk-service-missing": ErrorText(
        N_("This computer has nothing that mounts disks (udisks2)."),
        UNTOUCHED,
        N_("Open the disk once in the file manager, or ask the IT provider to install udisks2."),
    ),
    "disk-action-refused": ErrorText(N_("The computer could not do that with the disk {device}."), UNTOUCHED, AGAIN),
    "disk-not-to-be-erased": ErrorText(
        N_("The disk {device} is not erased."), NOTHING_WRITTEN, N_("Choose another disk.")
    ),
    "backend": ErrorText(N_("The place for copies could not do it ({reason})."), OLD_COPIES, AGAIN),
    "backend-unavailable": ErrorText(
        N_("The place for copies is not there, or went away in the middle."), OLD_COPIES, LOOK_CABLE
    ),
    "backend-full": ErrorText(
        N_("The disk is full ({free_bytes} free)."), OLD_COPIES, N_("Use another disk, or ask for a larger one.")
    ),
    "not-on-network": ErrorText(
        N_("{target} is no place on a network: no password belongs to it."),
        NOTHING_WRITTEN,
        N_("Choose a place on a server."),
    ),
    "bad-address": ErrorText(
        N_("“{address}” is not an address of a place for copies."),
        NOTHING_WRITTEN,
        N_(
            "Write it like sftp://user@server/folder, smb://server/share/folder, rest:https://server/name or s3:https://server/bucket."
        ),
    ),
    "backend-refused": ErrorText(
        N_("The server does not allow this ({reason})."),
        UNTOUCHED,
        N_("A server that only ever adds removes nothing; clear out on the server itself."),
    ),
    "server-login": ErrorText(
        N_("The server does not accept our name, password or key."),
        OLD_COPIES,
        N_("Ask the IT provider whether the password was changed, and to enter the new one."),
    ),
    "server-not-trusted": ErrorText(
        N_("Another server answers than the one that was set up."),
        N_("Nothing was sent to it. Earlier copies are still where they were."),
        N_("Ask the IT provider whether the server was replaced. If not, somebody may be pretending to be it."),
    ),
    "backend-read-only": ErrorText(
        N_("Nothing can be written to this disk."),
        OLD_COPIES,
        N_("Look for a switch on the disk, or use another one."),
    ),
    "target": ErrorText(N_("Something is wrong with {target}."), DATA_FINE, ASK_IT),
    "target-not-there": ErrorText(N_("{target} is not there."), OLD_COPIES, LOOK_CABLE),
    "wrong-disk": ErrorText(
        N_("This is another disk than {target}."),
        NOTHING_WRITTEN,
        N_("Plug in the disk with the right name or colour."),
    ),
    "target-unsuitable": ErrorText(N_("Copies cannot be kept here ({path})."), NOTHING_WRITTEN, OTHER_PLACE),
    "target-has-other-data": ErrorText(
        N_("There is something else in this folder already ({path})."),
        NOTHING_WRITTEN,
        N_("Choose an empty folder."),
    ),
    "place-secret-missing": ErrorText(
        N_("The password for {target} is not on this computer any more."),
        OLD_COPIES,
        N_("Ask the IT provider to enter it again."),
    ),
    "marker-damaged": ErrorText(
        N_("Vangnet cannot tell which disk this is: its name plate is missing or damaged ({path})."),
        NOTHING_WRITTEN,
        N_("Ask the IT provider to look; the copies on it can still be whole."),
    ),
}

REASONS: Final[dict[tuple[str, str], ErrorText]] = {
    ("target-not-there", "not-connected"): ErrorText(N_("{target} is not plugged in."), OLD_COPIES, LOOK_CABLE),
    ("target-not-there", "not-mounted"): _NOT_MOUNTED,
    ("target-not-there", "no-folder"): _EMPTY_FOLDER,
    ("target-not-there", "no-marker"): _EMPTY_FOLDER,
    ("target-not-there", "gone"): ErrorText(N_("{target} went away in the middle."), OLD_COPIES, LOOK_CABLE),
    ("target-not-there", "no-repository"): ErrorText(
        N_("There are no copies on {target} any more."),
        N_("Your own data are untouched. Nothing was written."),
        ASK_IT,
    ),
    ("target-not-there", "no-answer"): ErrorText(
        N_("{target} does not answer."),
        OLD_COPIES,
        N_("Look whether the network works and the server is switched on. The copy then starts by itself."),
    ),
    ("target-not-there", "login"): ErrorText(
        N_("{target} does not accept our name, password or key."),
        OLD_COPIES,
        N_("Was the password changed there? Type the new one: choose the task under Tasks."),
    ),
    ("target-not-there", "other-server"): ErrorText(
        N_("Another server answers than the one that was set up for {target}."),
        N_("Nothing was sent to it. Earlier copies are still where they were."),
        N_("Ask the IT provider whether the server was replaced. If not, somebody may be pretending to be it."),
    ),
    ("target-not-there", "unreadable"): ErrorText(N_("{target} cannot be read."), OLD_COPIES, LOOK_CABLE),
    ("disk-action-refused", "busy"): ErrorText(
        N_("Another program still has something open on this disk ({device})."),
        UNTOUCHED,
        N_("Close the files and windows of this disk, then try again."),
    ),
    ("disk-action-refused", "not-allowed"): ErrorText(
        N_("You may not do that with the disk {device} on this computer."),
        UNTOUCHED,
        N_("Open the disk in the file manager, or ask the IT provider."),
    ),
    ("disk-action-refused", "gone"): ErrorText(
        N_("The disk {device} is not there any more."), UNTOUCHED, N_("Plug it in again.")
    ),
    ("disk-action-refused", "not-supported"): ErrorText(
        N_("This computer cannot use what is on the disk {device}."),
        UNTOUCHED,
        N_("Have it erased for copies, or use another disk."),
    ),
    ("disk-action-refused", "no-file-system"): ErrorText(
        N_("The disk {device} cannot be used as it is: it has no file system yet."),
        UNTOUCHED,
        N_("Have it formatted for copies, or use another disk."),
    ),
    ("disk-not-to-be-erased", "changed"): ErrorText(
        N_("The disk {device} is not as it was when you chose it, so it is not erased."),
        NOTHING_WRITTEN,
        N_("Look again which disk it is, and begin anew."),
    ),
    ("disk-not-to-be-erased", "system"): ErrorText(
        N_("This disk belongs to the computer itself and is not erased ({device})."),
        NOTHING_WRITTEN,
        N_("Choose another disk."),
    ),
    ("disk-not-to-be-erased", "holds-data"): ErrorText(
        N_("Data that is copied every day lies on this disk ({device}); it is not erased."),
        NOTHING_WRITTEN,
        N_("Choose another disk."),
    ),
    ("disk-not-to-be-erased", "several-parts"): ErrorText(
        N_("This disk has several parts in use ({device}); Vangnet does not erase it."),
        NOTHING_WRITTEN,
        N_("Choose another disk."),
    ),
    ("disk-not-to-be-erased", "target"): ErrorText(
        N_("This disk holds copies: {found}. It is not erased."), UNTOUCHED, N_("Choose another disk.")
    ),
    ("disk-not-to-be-erased", "on-battery"): ErrorText(
        N_("The computer runs on battery; no disk is erased then."),
        NOTHING_WRITTEN,
        N_("Wait until the mains are back."),
    ),
    ("disk-not-to-be-erased", "name-not-typed"): ErrorText(
        N_("That is not the name of the disk ({wanted})."), NOTHING_WRITTEN, N_("Type it exactly as it stands there.")
    ),
    ("wrong-disk", "serial"): ErrorText(
        N_("This looks like {target}, but it is another device: a copy of that disk, or the disk in another housing."),
        N_("Nothing was written to it. Earlier copies are untouched."),
        N_("Is it really {target}? Then say so under “Disks”. Otherwise plug in the right one."),
    ),
    ("wrong-disk", "marker"): _OTHER_KIND,
    ("wrong-disk", "repository"): ErrorText(
        N_("The copies on {target} are not the ones that belong there."), NOTHING_WRITTEN, ASK_IT
    ),
    ("wrong-disk", "ambiguous"): ErrorText(
        N_("Two disks say that they are {target}."), NOTHING_WRITTEN, N_("Unplug one of them.")
    ),
    ("target-unsuitable", "no-folder"): _unsuitable(N_("There is no such folder ({path}).")),
    ("target-unsuitable", "not-a-folder"): _unsuitable(N_("This is no folder ({path}).")),
    ("target-unsuitable", "not-mounted"): _unsuitable(
        N_("This disk is not opened by the computer ({path})."),
        N_("Click on the disk in the file manager, or unplug it and plug it in again."),
    ),
    ("target-unsuitable", "inside-source"): _unsuitable(
        N_("This folder is itself one of those that are copied ({path}).")
    ),
    ("target-unsuitable", "holds-source"): _unsuitable(N_("The data to copy lie in this folder ({path}).")),
    ("target-unsuitable", "same-device"): _unsuitable(
        N_("This folder is on the same disk as your data: one broken disk would take both.")
    ),
    ("target-unsuitable", "own-folder"): _unsuitable(N_("Vangnet keeps its own things in this folder ({path}).")),
    ("target-unsuitable", "path-outside-disk"): _unsuitable(N_("This folder is not on the disk itself ({path}).")),
    ("target-unsuitable", "no-file-system-uuid"): _unsuitable(
        N_("This disk has no number of its own to know it by."), N_("Have it formatted, or use another disk.")
    ),
    ("target-unsuitable", "read-only"): _unsuitable(N_("Nothing can be written here ({path}).")),
    ("target-unsuitable", "not-writable"): _unsuitable(N_("You may not write here ({path}).")),
    ("target-unsuitable", "too-little-space"): _unsuitable(N_("There is too little space here ({free_bytes} free).")),
    ("target-unsuitable", "file-size-limit"): _unsuitable(
        N_("This disk cannot hold large files (FAT32). Copies fit, but your own files of 4 GB and more do not."), ""
    ),
    ("target-unsuitable", "tight-space"): _unsuitable(
        N_("It is full within a year: {free_bytes} free, about {need_bytes} wanted. Old versions are cleared earlier."),
        "",
    ),
    ("target-unsuitable", "no-permissions"): _unsuitable(
        N_("Whoever holds this disk can delete the copies ({fs_type}). Nobody can read them without the key."), ""
    ),
    ("target-unsuitable", "same-site"): _unsuitable(
        N_("A fire or a theft takes this disk together with your data. Keep one disk in another building."), ""
    ),
    ("target-unsuitable", "worn"): _unsuitable(
        N_("This disk says of itself that it is worn. It may be used, but think of a new one."), ""
    ),
    ("target-unsuitable", "failing"): _unsuitable(N_("This disk says of itself that it is about to fail.")),
    ("target-has-other-data", "other-organisation"): ErrorText(
        N_("This disk holds copies of {organisation}."), NOTHING_WRITTEN, N_("Use another disk.")
    ),
    ("target-has-other-data", "other-target"): ErrorText(
        N_("This disk is in use already as {found}."), NOTHING_WRITTEN, N_("Use another disk.")
    ),
}
