"""What a text of an error is made of, and the sentences that many of them share."""

from __future__ import annotations

from dataclasses import dataclass

from app.i18n import N_


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What happened, whether the data is safe, and what to do; with gaps for the data of the error."""

    what: str
    safe: str
    do: str


UNTOUCHED = N_("Your data and the copies that were made are untouched.")
OLD_COPIES = N_("Your data are untouched, and earlier copies are still there.")
NOTHING_WRITTEN = N_("Nothing was written or changed.")
DATA_FINE = N_("Your own data are untouched.")
ONE_TO_DISTRUST = N_("Your own data are untouched, but do not count on this copy.")
ASK_IT = N_("Ask the IT provider to look; the details say more.")
AGAIN = N_("Try again; if it happens again, ask the IT provider to look.")
AUTOMATIC = N_("Vangnet tries again by itself.")
LOOK_CABLE = N_("Look whether it is plugged in and switched on. The copy then starts by itself.")
OTHER_PLACE = N_("Choose another disk, or a folder on another device.")
