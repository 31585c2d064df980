"""Errors about people: who is told, what they owe and hand in, their verdicts, and the PINs."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import AGAIN, ASK_IT, NOTHING_WRITTEN, UNTOUCHED, ErrorText

TEXTS: Final[dict[str, ErrorText]] = {
    "unknown-anomaly": ErrorText(
        N_("There is no such alarm that is still open."),
        NOTHING_WRITTEN,
        N_("Look at “vangnet alarm” again: somebody else may have answered it."),
    ),
    "notice": ErrorText(N_("Somebody could not be told."), UNTOUCHED, AGAIN),
    "not-delivered": ErrorText(
        N_("The message could not be delivered ({reason})."),
        UNTOUCHED,
        N_("Look whether the address and the account are right, and try again."),
    ),
    "unknown-person": ErrorText(
        N_("Nobody called {name} is told as {role}."),
        NOTHING_WRITTEN,
        N_("“vangnet people” lists who is told."),
    ),
    "address-invalid": ErrorText(
        N_("This is not an address: {what}."), NOTHING_WRITTEN, N_("Look at it again, and correct it.")
    ),
    "unknown-case": ErrorText(
        N_("There is nothing of this name that waits for a verdict."),
        NOTHING_WRITTEN,
        N_("Look at “vangnet judge” again: somebody else may have judged it."),
    ),
    "unknown-task": ErrorText(
        N_("There is no task called {task} now."), NOTHING_WRITTEN, N_("Look in the list: vangnet tasks --all.")
    ),
    "task-done-elsewhere": ErrorText(
        N_("Nobody has to declare this done: Vangnet sees it when it is."),
        NOTHING_WRITTEN,
        N_("Do what the task says: vangnet task show {task}."),
    ),
    "evidence-missing": ErrorText(
        N_("This cannot be closed yet: something must show that it was done."),
        NOTHING_WRITTEN,
        N_("Give what is missing: {wanted}."),
    ),
    "evidence-unusable": ErrorText(
        N_("This cannot be kept as evidence: {what}."), NOTHING_WRITTEN, N_("Give something else.")
    ),
    "postpone-refused": ErrorText(
        N_("This cannot be put off like that."), NOTHING_WRITTEN, N_("Do it now, or ask the director.")
    ),
    "exemption-refused": ErrorText(
        N_("Nobody can be exempt from this: a document demands it."), NOTHING_WRITTEN, N_("Do it, or put it off.")
    ),
    "answers-missing": ErrorText(
        N_("The yearly check is not complete yet: {items}."), UNTOUCHED, N_("Answer these questions, then sign.")
    ),
    "wrong-pin": ErrorText(
        N_("The PIN is not right."),
        UNTOUCHED,
        N_("Try again. If it is forgotten, the IT provider gives you a new one with the recovery sheet."),
    ),
    "pin-locked": ErrorText(N_("There were too many wrong PINs."), UNTOUCHED, N_("Try again in {wait_s} seconds.")),
    "pin-not-set": ErrorText(N_("There is no PIN yet."), UNTOUCHED, N_("Choose a PIN first.")),
    "pin-already-set": ErrorText(
        N_("There is a PIN already."), UNTOUCHED, N_("Change it with the PIN that holds now.")
    ),
    "pin-not-allowed": ErrorText(
        N_("This PIN is too short or too long."), UNTOUCHED, N_("Choose one of {minimum} to {maximum} characters.")
    ),
    "pin-file-damaged": ErrorText(N_("The file with the PINs cannot be read."), UNTOUCHED, ASK_IT),
    "unknown-item": ErrorText(N_("The yearly check has no question {item}."), UNTOUCHED, N_("Look in the list.")),
}

REASONS: Final[dict[tuple[str, str], ErrorText]] = {
    ("evidence-unusable", "unreadable"): ErrorText(
        N_("The photo {what} cannot be read."), NOTHING_WRITTEN, N_("Look whether the file is there.")
    ),
    ("evidence-unusable", "no-file"): ErrorText(
        N_("{what} is no file."), NOTHING_WRITTEN, N_("Give the file of the photo itself.")
    ),
    ("evidence-unusable", "empty"): ErrorText(
        N_("The photo {what} is empty."), NOTHING_WRITTEN, N_("Take it again, or choose another one.")
    ),
    ("evidence-unusable", "too-large"): ErrorText(
        N_("The photo {what} is larger than 64 MB."), NOTHING_WRITTEN, N_("Make it smaller, or choose another one.")
    ),
    ("evidence-unusable", "no-number"): ErrorText(
        N_("“{what}” is no number."), NOTHING_WRITTEN, N_("Write it in digits, such as 12 or 4.5.")
    ),
    ("evidence-unusable", "too-long"): ErrorText(
        N_("This text is too long."), NOTHING_WRITTEN, N_("Write less than 2000 characters.")
    ),
    ("evidence-unusable", "unknown"): ErrorText(
        N_("This task is not about {found} now."), NOTHING_WRITTEN, N_("Choose one of: {known}.")
    ),
    ("postpone-refused", "not-open"): ErrorText(
        N_("This does not have to be done yet, so it cannot be put off."), NOTHING_WRITTEN, ""
    ),
    ("postpone-refused", "never"): ErrorText(
        N_("This cannot wait."), NOTHING_WRITTEN, N_("Do it now, or call the IT provider.")
    ),
    ("postpone-refused", "no-reason"): ErrorText(
        N_("Putting something off needs a reason."), NOTHING_WRITTEN, N_("Say in a few words why it has to wait.")
    ),
    ("postpone-refused", "past"): ErrorText(
        N_("Choose a day after today."), NOTHING_WRITTEN, N_("Write it as day-month-year, such as 31-1-2027.")
    ),
    ("postpone-refused", "too-far"): ErrorText(
        N_("This can wait {longest_days} days at most."), NOTHING_WRITTEN, N_("Choose an earlier day.")
    ),
    ("postpone-refused", "director"): ErrorText(
        N_("This was put off before. Only the director can do that again."),
        NOTHING_WRITTEN,
        N_("Do it now, or let the director fill in the PIN."),
    ),
    ("exemption-refused", "no-reason"): ErrorText(N_("Say why this does not apply here."), NOTHING_WRITTEN, ""),
}
