"""What the power screen may see and ask beyond the picture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.policy.lines import Sla
    from app.power.failover import Step
    from app.records.facts import LineTest, UpsReading, UpsTest
    from app.secret import Secret


class PowerSource(Protocol):
    """What the power screen asks. Everything raises VangnetError where it cannot be done."""

    async def ups_readings(self, ups: str) -> tuple[UpsReading, ...]:
        """Return the numbers of a UPS of the last day, the oldest first."""
        ...

    async def test_ups(self, ups: str, *, by: str) -> UpsTest:
        """Have a UPS test its battery, and record how that went; takes up to a minute."""
        ...

    async def record_unplugged(self, ups: str, *, minutes: float, by: str) -> UpsTest:
        """Record a test that was done by pulling the plug."""
        ...

    async def keep_ups(self, ups: str, *, protects: tuple[str, ...], battery_since: date | None, by: str) -> None:
        """Record what hangs on a UPS, and since when its battery is there."""
        ...

    async def keep_sla(self, line: str, sla: Sla, *, by: str) -> None:
        """Record the agreement about a line."""
        ...

    async def test_line(self, line: str, *, by: str, on_step: Callable[[Step], None]) -> LineTest:
        """Guide the test of an alternative line, and record it."""
        ...

    async def accept_risk(
        self, finding: str, subject: str, *, reason: str, until: datetime, by: str, pin: Secret
    ) -> None:
        """Record that the director lives with a finding until a day."""
        ...
