"""Errors about the copies themselves and their keys."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import (
    ASK_IT,
    AUTOMATIC,
    DATA_FINE,
    NOTHING_WRITTEN,
    ONE_TO_DISTRUST,
    UNTOUCHED,
    ErrorText,
)

TEXTS: Final[dict[str, ErrorText]] = {
    "repository": ErrorText(N_("Something is wrong with the copies in this place."), DATA_FINE, ASK_IT),
    "repository-not-found": ErrorText(
        N_("There are no copies in this place ({location})."), DATA_FINE, N_("Look whether it is the right disk.")
    ),
    "repository-exists": ErrorText(
        N_("There are copies in this place already ({location})."),
        NOTHING_WRITTEN,
        N_("Open the existing copies, or choose an empty folder."),
    ),
    "repository-locked": ErrorText(
        N_("Another program is busy with the copies in this place ({host})."), UNTOUCHED, AUTOMATIC
    ),
    "wrong-key": ErrorText(
        N_("The key does not open the copies in this place."),
        UNTOUCHED,
        N_("Look whether it is your own disk, or use the key of the recovery sheet."),
    ),
    "key-not-found": ErrorText(
        N_("There is no such key ({wanted})."), UNTOUCHED, N_("Choose one that `vangnet repo key list` names.")
    ),
    "key-in-use": ErrorText(
        N_("The key that opens these copies is not removed."),
        UNTOUCHED,
        N_("Add another key first, and open the copies with that one."),
    ),
    "repository-damaged": ErrorText(
        N_("Part of the copies in this place is damaged."),
        ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "repository-unsupported": ErrorText(
        N_("These copies are of a kind that Vangnet does not know."), UNTOUCHED, ASK_IT
    ),
    "snapshot-not-found": ErrorText(
        N_("There is no such version ({wanted})."), UNTOUCHED, N_("Choose another version or another day.")
    ),
    "source-not-found": ErrorText(
        N_("None of the folders to copy is there ({paths})."),
        N_("Earlier copies are still there."),
        N_("Look whether the folder was moved, or its disk or share is gone."),
    ),
    "file-missing": ErrorText(
        N_("Part of the copies in this place is missing."),
        ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "key-ring-missing": ErrorText(
        N_("The keys of the copies are not on this computer, or not whole."),
        N_("The copies are still there, and the recovery key opens them."),
        N_("Ask the IT provider to put the keys back with the recovery sheet."),
    ),
    "recovery-key-mistyped": ErrorText(
        N_("The recovery key was not typed right."),
        UNTOUCHED,
        N_("Compare it with the recovery sheet, group by group."),
    ),
    "no-copies-here": ErrorText(
        N_("There are no copies of Vangnet in {path}."),
        NOTHING_WRITTEN,
        N_("Choose the disk itself, or the folder with the file vangnet.json."),
    ),
    "no-other-computer": ErrorText(
        N_("No place that answers now holds the key of another computer."),
        NOTHING_WRITTEN,
        N_("If a disk is in the safe, plug it in and say it again."),
    ),
    "not-taken-over": ErrorText(
        N_("These copies cannot be taken over."), NOTHING_WRITTEN, N_("Getting files back works all the same.")
    ),
}

REASONS: Final[dict[tuple[str, str], ErrorText]] = {
    ("not-taken-over", "no-settings"): ErrorText(
        N_("No settings lie beside these copies, so this computer cannot simply go on with them."),
        NOTHING_WRITTEN,
        N_("Get your files back, then set this computer up anew, with an empty disk."),
    ),
    ("not-taken-over", "rest-server"): ErrorText(
        N_("A rest-server keeps copies only, and no settings, so this computer cannot simply go on with them."),
        NOTHING_WRITTEN,
        N_("Get your files back, or take over from a disk or from another place of the old computer."),
    ),
    ("not-taken-over", "settings"): ErrorText(
        N_("The settings beside these copies are of another version of Vangnet, or damaged."),
        NOTHING_WRITTEN,
        N_("Get your files back, and install the newest version of Vangnet."),
    ),
    ("not-taken-over", "already-set-up"): ErrorText(
        N_("Vangnet is set up on this computer already."),
        NOTHING_WRITTEN,
        N_("Taking over is for a new computer; here you can get files back."),
    ),
    ("recovery-key-mistyped", "length"): ErrorText(
        N_("The recovery key is too short or too long."), UNTOUCHED, N_("Type every group of the recovery sheet.")
    ),
    ("recovery-key-mistyped", "check"): ErrorText(
        N_("There is a typing mistake in group {groups} of the recovery key."),
        UNTOUCHED,
        N_("Compare it with the recovery sheet, group by group."),
    ),
}
