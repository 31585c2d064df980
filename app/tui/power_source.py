"""What the power screen may see and ask beyond the picture, and how a home answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from app.jobs.installation import Installation
from app.policy.lines import Sla
from app.power.failover import Step
from app.records.facts import LineTest, UpsReading, UpsTest
from app.records.store import Records
from app.secret import Secret

Answer = TypeVar("Answer")
DRAWN = timedelta(hours=24)


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


class HomePower:
    """The part of a home's source that is about power and lines."""

    async def _read(self, work: Callable[[Records], Answer]) -> Answer:
        raise NotImplementedError

    async def _write(self, work: Callable[[Records], Answer]) -> Answer:
        raise NotImplementedError

    async def _loaded(self) -> Installation:
        raise NotImplementedError

    async def ups_readings(self, ups: str) -> tuple[UpsReading, ...]:
        installation = await self._loaded()
        since = installation.clock.now() - DRAWN
        return await self._read(lambda records: records.readings(ups, since=since))

    async def test_ups(self, ups: str, *, by: str) -> UpsTest:
        from app.jobs.power import self_test

        return await self._recorded(self_test(await self._loaded(), ups, by=by))

    async def record_unplugged(self, ups: str, *, minutes: float, by: str) -> UpsTest:
        from app.jobs.power import unplugged_test

        done = unplugged_test(await self._loaded(), ups, minutes=minutes, by=by)
        await self._write(lambda records: records.record_ups_test(done))
        return done

    async def keep_ups(self, ups: str, *, protects: tuple[str, ...], battery_since: date | None, by: str) -> None:
        from app.jobs.power import keep_battery_date, keep_protects, the_ups

        installation = await self._loaded()
        known = the_ups(installation.machine, ups)
        if protects != known.protects:
            await self._write(lambda records: keep_protects(installation, records, ups, protects, by=by))
        if battery_since is not None and battery_since != known.battery_since:
            changed = await self._loaded()
            await self._write(lambda records: keep_battery_date(changed, records, ups, battery_since, by=by))

    async def keep_sla(self, line: str, sla: Sla, *, by: str) -> None:
        from app.jobs.power import keep_sla

        installation = await self._loaded()
        await self._write(lambda records: keep_sla(installation, records, line, sla, by=by))

    async def test_line(self, line: str, *, by: str, on_step: Callable[[Step], None]) -> LineTest:
        from app.jobs.power import the_line
        from app.power.failover import try_failover

        installation = await self._loaded()
        done = await try_failover(
            installation.machine.lines, the_line(installation.machine, line), by=by, clock=installation.clock,
            on_step=on_step,
        )  # fmt: skip
        await self._write(lambda records: records.record_line_test(done))
        return done

    async def accept_risk(
        self, finding: str, subject: str, *, reason: str, until: datetime, by: str, pin: Secret
    ) -> None:
        from app.jobs.power import accept_risk

        installation = await self._loaded()
        await self._write(
            lambda records: accept_risk(
                installation, records, finding, subject, reason=reason, until=until, by=by, pin=pin
            )
        )

    async def _recorded(self, testing: Awaitable[UpsTest]) -> UpsTest:
        done = await testing
        await self._write(lambda records: records.record_ups_test(done))
        return done
