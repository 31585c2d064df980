"""Sizes that a person can feel: "48 kB", "1,9 GB" (decimal units, as on the box of a disk)."""

from __future__ import annotations

from app.i18n import ngettext
from app.wording.numbers import felt_decimal, felt_number

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def felt_size(size_bytes: int) -> str:
    """Write a number of bytes; one decimal below ten, none above."""
    if size_bytes < 1000:
        return ngettext("{count} byte", "{count} bytes", size_bytes).format(count=size_bytes)
    value = float(size_bytes)
    for unit in _UNITS:
        value /= 1000
        # 999,6 kB would read as 1000 kB: the next unit says it better.
        if value < 999.5 or unit == _UNITS[-1]:
            break
    return f"{_digits(value)} {unit}"


def _digits(value: float) -> str:
    if value < 9.95:
        return felt_decimal(value).removesuffix(",0").removesuffix(".0")
    return felt_number(round(value))
