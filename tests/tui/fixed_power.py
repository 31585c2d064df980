"""The part of the fixed source that is about power and lines: it remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from app.errors import VangnetError
from app.policy.lines import Sla
from app.power.failover import Step
from app.records.facts import LineTest, LineTestHow, TestResult, UpsReading, UpsTest, UpsTestHow
from app.secret import Secret
from tests.tui import sample_power


class FixedPower:
    """Implements `app.tui.power_source.PowerSource`."""

    power_asked: tuple[tuple[str, ...], ...] = ()
    power_error: VangnetError | None = None

    def _asked(self, *what: str) -> None:
        if self.power_error is not None:
            raise self.power_error
        self.power_asked = (*self.power_asked, what)

    async def ups_readings(self, ups: str) -> tuple[UpsReading, ...]:
        return sample_power.readings(ups)

    async def test_ups(self, ups: str, *, by: str) -> UpsTest:
        self._asked("test", ups, by)
        return UpsTest(ups, sample_power.NOW, UpsTestHow.SELF_TEST, TestResult.PASSED, 2280.0, 100.0, by)

    async def record_unplugged(self, ups: str, *, minutes: float, by: str) -> UpsTest:
        self._asked("unplugged", ups, f"{minutes:g}", by)
        return UpsTest(ups, sample_power.NOW, UpsTestHow.UNPLUGGED, TestResult.PASSED, minutes * 60, None, by)

    async def keep_ups(self, ups: str, *, protects: tuple[str, ...], battery_since: date | None, by: str) -> None:
        self._asked("keep", ups, ",".join(protects), str(battery_since), by)

    async def keep_sla(self, line: str, sla: Sla, *, by: str) -> None:
        self._asked("sla", line, str(sla.expires), sla.not_possible, by)

    async def test_line(self, line: str, *, by: str, on_step: Callable[[Step], None]) -> LineTest:
        self._asked("line", line, by)
        for step in (Step.UNPLUG, Step.TAKEN_OVER, Step.PLUG_IN, Step.BACK):
            on_step(step)
        return LineTest(line, sample_power.NOW, LineTestHow.FAILOVER, True, 40.0, by)

    async def accept_risk(
        self, finding: str, subject: str, *, reason: str, until: datetime, by: str, pin: Secret
    ) -> None:
        self._asked("accept", finding, subject, reason, until.date().isoformat(), by)
