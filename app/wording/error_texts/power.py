"""Errors about UPSes and running on battery."""

from __future__ import annotations

from typing import Final

from app.i18n import N_
from app.wording.error_texts.shape import UNTOUCHED, ErrorText

TEXTS: Final[dict[str, ErrorText]] = {
    "stopped-for-power": ErrorText(
        N_("The power failed and the battery was running empty, so the work was stopped in time."),
        N_("What was finished is kept."),
        N_("It goes on by itself once the mains power is back."),
    ),
    "on-battery": ErrorText(
        N_("This does not start while the computer runs on battery."),
        UNTOUCHED,
        N_("Wait until the mains power is back."),
    ),
    "ups-not-reachable": ErrorText(
        N_("The UPS ({ups}) does not answer."),
        UNTOUCHED,
        N_("Look whether it is switched on and its cable is plugged in."),
    ),
    "ups-login-refused": ErrorText(
        N_("The UPS ({ups}) refuses the name or the password."),
        UNTOUCHED,
        N_("Ask the IT provider for the right one: “vangnet power password {ups}”."),
    ),
    "ups-cannot-test": ErrorText(
        N_("This UPS ({ups}) cannot test itself."),
        UNTOUCHED,
        N_("Pull its plug out of the wall for a minute, and note how long it says it lasts."),
    ),
}
