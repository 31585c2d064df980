"""The one place that reads the clock: everything else is handed a `Clock`.

Inside, times are aware UTC; they become local only where a person reads them.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time of day and the passing of time."""

    def now(self) -> datetime:
        """Return the time of day: aware, UTC, microseconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is told to move (tests, simulations, pictures of screens)."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._at = at.astimezone(UTC)
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._elapsed_s

    def move_to(self, at: datetime) -> None:
        """Set the time of day; the monotonic clock advances by the difference when that is forward."""
        self._elapsed_s += max(0.0, (at - self._at).total_seconds())
        self._at = at.astimezone(UTC)


def format_utc(at: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds and a `Z`: sorts as text, one spelling for one instant."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> datetime:
    """Read what `format_utc` wrote; raises ValueError on anything without a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return at.astimezone(UTC)
