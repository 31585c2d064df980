"""Ids out of names that people type: short, stable, safe as a file name, never twice the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

MAX_ID_LENGTH = 40


def slug(name: str) -> str:
    """Return lower-case ASCII words joined by hyphens ("Diploma's en PV's" → "diploma-s-en-pv-s"), never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words[:MAX_ID_LENGTH].strip("-") or "set"


def unique_slug(name: str, taken: Collection[str]) -> str:
    """Return a slug that is not taken yet: the second "Foto's" becomes "foto-s-2"."""
    base = slug(name)
    candidate, number = base, 2
    while candidate in taken:
        suffix = f"-{number}"
        candidate = base[: MAX_ID_LENGTH - len(suffix)] + suffix
        number += 1
    return candidate
