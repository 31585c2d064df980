"""The colours by which people tell disks apart, as the adjective of "disk": "de GROENE schijf"."""

from __future__ import annotations

from app.i18n import pgettext

_ENGLISH = {
    "groen": "green",
    "groene": "green",
    "rood": "red",
    "rode": "red",
    "blauw": "blue",
    "blauwe": "blue",
    "geel": "yellow",
    "gele": "yellow",
    "oranje": "orange",
    "wit": "white",
    "witte": "white",
    "zwart": "black",
    "zwarte": "black",
    "paars": "purple",
    "paarse": "purple",
    "grijs": "grey",
    "grijze": "grey",
    "roze": "pink",
}


def disk_colour(colour: str) -> str:
    """Return a colour, written in either language, as it stands before "disk"; one we do not know as it is."""
    english = _ENGLISH.get(colour.strip().lower(), colour.strip().lower())
    match english:
        case "green":
            return pgettext("disk", "green")
        case "red":
            return pgettext("disk", "red")
        case "blue":
            return pgettext("disk", "blue")
        case "yellow":
            return pgettext("disk", "yellow")
        case "orange":
            return pgettext("disk", "orange")
        case "white":
            return pgettext("disk", "white")
        case "black":
            return pgettext("disk", "black")
        case "purple":
            return pgettext("disk", "purple")
        case "grey" | "gray":
            return pgettext("disk", "grey")
        case "pink":
            return pgettext("disk", "pink")
        case _:
            return colour.strip()
