"""How a home answers what the power screen asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.tui.home.base import HomeBase

if TYPE_CHECKING:
    from app.policy.lines import Sla
    from app.power.failover import Step
    from app.records.facts import LineTest, UpsReading, UpsTest
    from app.secret import Secret

_DRAWN: Final = timedelta(hours=24)


class HomePower(HomeBase):
    """The part of a home's source that is about power and lines."""

    async def ups_readings(self, ups: str) -> tuple[UpsReading, ...]:
        installation = await self._loaded()
        since = installation.clock.now() - _DRAWN
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
