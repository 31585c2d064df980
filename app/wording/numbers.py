"""Numbers as people write them: 1,9 in Dutch, 1.9 in English; thousands apart."""

from __future__ import annotations

from app.i18n import language

_THIN_SPACE = " "


def felt_number(number: int) -> str:
    """Write a whole number: 14 208 in Dutch, 14,208 in English."""
    text = f"{number:,}"
    return text.replace(",", _THIN_SPACE) if language() == "nl" else text


def felt_decimal(number: float, digits: int = 1) -> str:
    """Write a number with `digits` decimals."""
    text = f"{number:.{digits}f}"
    return text.replace(".", ",") if language() == "nl" else text
