"""The last day of a UPS as a calm row of bars: how full its battery was, and when it fed the computer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from textual.content import Content

from app.i18n import _
from app.tui.widgets.rows import Line, Note

if TYPE_CHECKING:
    from app.records.facts import UpsReading

DAY: Final = timedelta(hours=24)
ROWS: Final = 3
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_LABELS: Final = 4


def day_plot(readings: Sequence[UpsReading], now: datetime, tz: tzinfo, *, width: int, low: bool) -> tuple[Line, ...]:
    """Return the lines of the plot, `width` cells wide; moments of which nothing is known stay empty.

    A part of a day in which it ran on battery even for a moment is amber; the lowest charge counts.
    """
    columns = _columns(readings, now, width)
    rows = 2 if low else ROWS
    lines = [Note(_row(columns, rows - 1 - number, rows)) for number in range(rows)]
    return (*lines, Note(_axis(now, tz, width)))


def _columns(readings: Sequence[UpsReading], now: datetime, width: int) -> list[tuple[float, bool] | None]:
    """Return for each column the lowest charge in it and whether it ran on battery; None where nothing is known."""
    columns: list[tuple[float, bool] | None] = [None] * width
    for reading in readings:
        age = now - reading.at
        if reading.charge_percent is None or not timedelta(0) <= age < DAY:
            continue
        place = width - 1 - int(age / DAY * width)
        known = columns[place]
        charge, on_battery = reading.charge_percent, reading.on_battery
        columns[place] = (charge, on_battery) if known is None else (min(known[0], charge), known[1] or on_battery)
    return columns


def _row(columns: Sequence[tuple[float, bool] | None], level: int, rows: int) -> Content:
    """Return one row of the bars, counted from below."""

    def cells() -> Iterator[Content]:
        for column in columns:
            if column is None:
                yield Content.styled("·" if level == 0 else " ", "$line")
                continue
            charge, on_battery = column
            # Even an empty battery leaves a mark: known and empty is not the same as unknown.
            eighths = max(1, round(charge / 100 * rows * 8))
            here = min(8, max(0, eighths - level * 8))
            yield Content.styled(_EIGHTHS[here], "$amber" if on_battery else "$accent")

    return Content("").join(cells())


def _axis(now: datetime, tz: tzinfo, width: int) -> Content:
    text = [" "] * width
    for number in range(_LABELS):
        at = (now - DAY + DAY * number / _LABELS).astimezone(tz)
        label = f"{at.hour}:{at.minute:02}"
        start = width * number // _LABELS
        text[start : start + len(label)] = label
    last = _("now")
    text[width - len(last) : width] = last
    return Content.styled("".join(text)[:width], "$muted")


def bar(percent: float, width: int, style: str) -> Content:
    """Return a bar that is so full, with the number after it."""
    full = round(min(100.0, max(0.0, percent)) / 100 * width)
    return (
        Content.styled("━" * full, style)
        + Content.styled("━" * (width - full), "$line")
        + Content(f"  {percent:3.0f} %")
    )
