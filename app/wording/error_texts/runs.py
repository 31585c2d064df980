"""Errors with which a run can end: a copy, a check, a test, files got back."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import (
    AGAIN,
    ASK_IT,
    AUTOMATIC,
    DATA_FINE,
    NOTHING_WRITTEN,
    OLD_COPIES,
    ONE_TO_DISTRUST,
    UNTOUCHED,
    ErrorText,
)

TEXTS: Final[dict[str, ErrorText]] = {
    "process-gone": ErrorText(
        N_("The work was broken off: the computer went off, or the program was ended."), OLD_COPIES, AUTOMATIC
    ),
    "worker-not-started": ErrorText(N_("The work could not be started ({reason})."), OLD_COPIES, ASK_IT),
    "not-for-a-worker": ErrorText(N_("Vangnet made a mistake of its own."), OLD_COPIES, ASK_IT),
    "cancelled": ErrorText(N_("It was stopped."), N_("What was finished is kept."), AUTOMATIC),
    "worker-died": ErrorText(N_("Part of the work broke off ({exitcode})."), OLD_COPIES, AUTOMATIC),
    "job": ErrorText(N_("The work could not be done."), OLD_COPIES, AGAIN),
    "source-missing": ErrorText(
        N_("None of the folders of {data_set} is there."),
        N_("Earlier copies are still there."),
        N_("Look whether the folder was moved, or its disk or share is gone."),
    ),
    "source-empty": ErrorText(
        N_("The folders of {data_set} are empty. No copy was made of that."),
        N_("Earlier copies are still there."),
        N_("Look whether the disk or share with the data is connected. If they were removed, get them back."),
    ),
    "read-back-failed": ErrorText(
        N_("The full back-up on {target} could not be read back without errors."),
        ONE_TO_DISTRUST,
        N_("Use another disk for the full back-up."),
    ),
    "no-room-for-full": ErrorText(
        N_("{target} has not enough room for the yearly full back-up."),
        DATA_FINE,
        N_("Use a larger or an empty disk for it; the daily copies go on."),
    ),
    "check-failed": ErrorText(
        N_("The check found errors in the copies on {target}."),
        ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "keeping-everything": ErrorText(
        N_("Nothing is cleared on {target} now: every version is kept until somebody has judged what happened."),
        DATA_FINE,
        N_("Look at Today: what waits for the director?"),
    ),
    "no-copy": ErrorText(N_("No copy of {data_set} is connected now."), DATA_FINE, N_("Plug in a disk with copies.")),
    "restore-into-source": ErrorText(
        N_("Files are never put back on top of your data or copies ({to})."),
        NOTHING_WRITTEN,
        N_("Choose a new folder."),
    ),
    "restore-test-not-identical": ErrorText(
        N_("The files that were put back are not the same as those that were copied."),
        ONE_TO_DISTRUST,
        N_("Keep this disk apart and make a copy on another one. Then ask the IT provider to look."),
    ),
    "nothing-to-test": ErrorText(
        N_("The copy of {data_set} holds no file to test with."),
        UNTOUCHED,
        N_("Look whether the right folders are being copied."),
    ),
}
