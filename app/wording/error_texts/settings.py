"""Errors about the files that say how Vangnet is set up, and about names that do not stand in them."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import ASK_IT, NOTHING_WRITTEN, UNTOUCHED, ErrorText

TEXTS: Final[dict[str, ErrorText]] = {
    "accounts-invalid": ErrorText(
        N_("The file with the mail account and the services cannot be read ({file})."),
        UNTOUCHED,
        N_("Set the mail account again with “vangnet notify mail”."),
    ),
    "unknown-ups": ErrorText(
        N_("There is no UPS called {ups}."), NOTHING_WRITTEN, N_("“vangnet power” shows the names.")
    ),
    "unknown-line": ErrorText(
        N_("There is no internet line called {line}."), NOTHING_WRITTEN, N_("“vangnet lines” shows the names.")
    ),
    "unknown-finding": ErrorText(
        N_("There is nothing called {finding} to accept."), NOTHING_WRITTEN, N_("“vangnet risks” shows what there is.")
    ),
    "configuration": ErrorText(N_("The settings cannot be used as they are."), UNTOUCHED, ASK_IT),
    "not-set-up": ErrorText(
        N_("Vangnet is not set up on this computer yet."),
        N_("No copies are made until then."),
        N_("Start Vangnet and answer the questions."),
    ),
    "file-invalid": ErrorText(
        N_("There are mistakes in {file}."), UNTOUCHED, N_("Correct the lines that the details name.")
    ),
    "policy-invalid": ErrorText(
        N_("There are mistakes in the policy file {file}."),
        UNTOUCHED,
        N_("Correct the lines that the details name."),
    ),
    "machine-invalid": ErrorText(
        N_("There are mistakes in this computer's settings {file}."),
        UNTOUCHED,
        N_("Correct the lines that the details name."),
    ),
    "setup-invalid": ErrorText(
        N_("There are mistakes in the answers {file}."),
        NOTHING_WRITTEN,
        N_("Correct the lines that the details name."),
    ),
    "setup-incomplete": ErrorText(
        N_("The set-up is not complete: {missing}."), NOTHING_WRITTEN, N_("Fill in what is missing.")
    ),
    "source-not-there": ErrorText(
        N_("Not on this computer: {paths}."),
        NOTHING_WRITTEN,
        N_("Look whether it is written right, or its disk or share is gone."),
    ),
    "already-set-up": ErrorText(
        N_("Vangnet is set up on this computer already."), UNTOUCHED, N_("Just start Vangnet.")
    ),
    "unknown-data-set": ErrorText(
        N_("There is no data set {data_set} on this computer."), UNTOUCHED, N_("Look in the list of data.")
    ),
    "unknown-target": ErrorText(
        N_("There is no place for copies called {target}."), UNTOUCHED, N_("Look in the list of places.")
    ),
    "unknown-event": ErrorText(
        N_("The policy names no event {event}."), NOTHING_WRITTEN, N_("Choose one of: {known}.")
    ),
    "settings-damaged": ErrorText(
        N_("The settings beside the copies cannot be read."),
        N_("The copies themselves can be read."),
        N_("Get your files back, and set this computer up anew."),
    ),
}
