"""Errors about Vangnet itself: what it remembers, its own processes, what it was asked."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import AGAIN, ASK_IT, NOTHING_WRITTEN, OLD_COPIES, UNTOUCHED, ErrorText

FALLBACK: Final = ErrorText(N_("Something went wrong ({code})."), UNTOUCHED, AGAIN)

TEXTS: Final[dict[str, ErrorText]] = {
    "error": FALLBACK,
    "internal": ErrorText(N_("Vangnet made a mistake of its own."), OLD_COPIES, ASK_IT),
    "os-error": ErrorText(N_("The computer refused something ({reason})."), OLD_COPIES, AGAIN),
    "records-damaged": ErrorText(N_("What Vangnet remembers cannot be read ({file})."), UNTOUCHED, ASK_IT),
    "records-too-new": ErrorText(
        N_("A newer Vangnet has been used here."), UNTOUCHED, N_("Install the newest Vangnet.")
    ),
    "records-unusable": ErrorText(
        N_("Vangnet cannot write down what it does ({reason})."),
        UNTOUCHED,
        N_("Look whether the disk of this computer is full."),
    ),
    "records-disk-full": ErrorText(
        N_("The disk on which Vangnet keeps its records is full ({folder})."),
        UNTOUCHED,
        N_("Make room on it, for instance by emptying the bin, and try again."),
    ),
    "records-read-only": ErrorText(
        N_("Nothing can be written to the disk on which Vangnet keeps its records ({folder})."),
        UNTOUCHED,
        N_("Call the IT provider: a disk that is failing does this."),
    ),
    "records-busy": ErrorText(N_("Another part of Vangnet is busy."), UNTOUCHED, N_("Try again in a moment.")),
    "unknown-run": ErrorText(N_("This work is not known ({run})."), UNTOUCHED, N_("Look in the list.")),
    "run-already-finished": ErrorText(N_("This work is finished already."), UNTOUCHED, ""),
    "unknown-request": ErrorText(N_("This request is not known ({request})."), UNTOUCHED, AGAIN),
    "journal-key-damaged": ErrorText(N_("The key that signs the journal is damaged."), UNTOUCHED, ASK_IT),
    "agent-running": ErrorText(
        N_("Vangnet is at work already on this computer."), UNTOUCHED, N_("Nothing needs to be done.")
    ),
    "request-refused": ErrorText(N_("Vangnet could not do what was asked ({reason})."), UNTOUCHED, AGAIN),
    "agent-gone": ErrorText(N_("The part of Vangnet that does the work has stopped."), OLD_COPIES, AGAIN),
    "unknown-name": ErrorText(N_("Nothing is called {name}."), UNTOUCHED, N_("It can be: {known}.")),
    "unclear-time": ErrorText(
        N_("{text} is no day or time that Vangnet understands."), UNTOUCHED, N_("Write it like 2026-11-20 18:00.")
    ),
    "demo-folder-used": ErrorText(
        N_("The folder {folder} is not empty."),
        NOTHING_WRITTEN,
        N_("Choose a new or empty folder: the demo never mixes with real data."),
    ),
}
