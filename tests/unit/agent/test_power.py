"""The agent's watch of the UPSes: what is recorded and what it says may happen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.agent import power
from app.agent.power import PowerWatch
from app.clock import FixedClock
from app.paths import Home
from app.policy.machine import Machine, Ups, UpsId
from app.policy.power_rules import PowerRules
from app.power.actor import Stance
from app.records.facts import OutageKind, UpsSight
from app.records.store import Records

RULES = PowerRules()
START = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock) -> Iterator[Records]:
    with Records.open(Home.in_folder(tmp_path), clock) as opened:
        yield opened


class Said:
    """Stands in for the servers: one answer for each look."""

    def __init__(self, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self._clock = clock
        self.flags: tuple[str, ...] = ("OL",)
        monkeypatch.setattr(power, "probe", self._probe)

    async def _probe(self, **_options: object) -> tuple[UpsSight, ...]:
        return (UpsSight("ups", "UPS", self._clock.now(), bool(self.flags), self.flags, 80.0, 900.0, 20.0),)

    async def look(self, watch: PowerWatch, *flags: str, after_s: float = 5) -> None:
        self._clock.move_to(self._clock.now() + timedelta(seconds=after_s))
        self.flags = flags
        await watch.look(None, RULES)


@pytest.fixture
def said(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Said:
    return Said(clock, monkeypatch)


def waits(watch: PowerWatch) -> bool:
    return watch.on_battery


def kinds(records: Records) -> list[str]:
    return [event.kind for event in records.events_after(0, limit=5000)]


async def test_silence_on_battery_is_no_sign_of_mains(records: Records, clock: FixedClock, said: Said) -> None:
    watch = PowerWatch(clock, records)
    await said.look(watch, "OL")
    assert not waits(watch)
    await said.look(watch, "OB", "DISCHRG")
    assert waits(watch)
    await said.look(watch)
    assert watch.stance() is Stance.HOLD
    await said.look(watch, after_s=15)
    assert watch.stance() is Stance.STOP
    await said.look(watch, "OL", "CHRG")
    assert waits(watch), "the mains are not steady yet"
    await said.look(watch, "OL", after_s=60)
    assert not waits(watch)


async def test_outage_is_told_and_recorded_once_and_outlives_the_agent(
    records: Records, clock: FixedClock, said: Said
) -> None:
    watch = PowerWatch(clock, records)
    await said.look(watch, "OL")
    for _second in range(30):
        await said.look(watch, "OB", after_s=1)
    another = PowerWatch(clock, records)
    await said.look(another, "OB", after_s=1)
    assert waits(another)
    await said.look(another, "OL", after_s=1)
    back = clock.now()
    await said.look(another, "OL", after_s=61)
    (outage,) = records.outages()
    assert (outage.kind, outage.subject, outage.began, outage.ended) == (
        OutageKind.POWER, "ups", START + timedelta(seconds=6), back,
    )  # fmt: skip
    assert kinds(records).count("outage-began") == kinds(records).count("outage-ended") == 1
    assert records.verify_journal().ok


async def test_flicker_is_in_the_journal_and_nobody_is_told(records: Records, clock: FixedClock, said: Said) -> None:
    watch = PowerWatch(clock, records)
    await said.look(watch, "OL")
    await said.look(watch, "OB", after_s=1)
    assert waits(watch)
    await said.look(watch, "OL", after_s=2)
    await said.look(watch, "OL", after_s=61)
    assert not waits(watch)
    assert records.outages() == ()
    assert "ups-on-battery" in kinds(records)
    assert "outage-began" not in kinds(records)


async def test_numbers_are_kept_for_drawing_once_a_minute_and_closer_on_battery(
    records: Records, clock: FixedClock, said: Said
) -> None:
    watch = PowerWatch(clock, records)
    for _look in range(36):
        await said.look(watch, "OL")
    quiet = len(records.readings("ups", since=START))
    for _look in range(36):
        await said.look(watch, "OB")
    assert quiet == 3
    assert len(records.readings("ups", since=START)) - quiet == 36


async def test_computer_without_a_ups_is_asked_once_a_minute(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []

    async def probe(**_options: object) -> tuple[UpsSight, ...]:
        asked.append(clock.now())
        return ()

    monkeypatch.setattr(power, "probe", probe)
    watch = PowerWatch(clock, records)
    for _look in range(25):
        clock.move_to(clock.now() + timedelta(seconds=5))
        await watch.look(None, RULES)
    assert len(asked) == 3


async def test_ups_of_a_nas_stops_only_what_goes_there(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine("nl", (), (), (Ups(UpsId("pc-ups"), "A"), Ups(UpsId("nas-ups"), "B", protects=("nas",))))
    watch = PowerWatch(clock, records)

    async def read(upses: tuple[Ups, ...], *, timeout_s: float) -> tuple[UpsSight, ...]:
        return tuple(UpsSight(u.id, u.name, clock.now(), True, ("OL",) if u.id == "pc-ups" else ("OB", "LB"))
                     for u in upses)  # fmt: skip

    monkeypatch.setattr(watch._monitor, "read", read)
    await watch.look(machine, RULES)
    assert watch.stance() is Stance.NORMAL
    assert watch.stance("nas") is Stance.STOP
    assert watch.stopped == {"nas"}
    assert not watch.holds("schijf-b")


async def test_a_reading_is_renewed_before_something_begins_unless_it_is_fresh(
    records: Records, clock: FixedClock, said: Said
) -> None:
    watch = PowerWatch(clock, records)
    looks: list[datetime] = []

    async def look() -> None:
        looks.append(clock.now())
        await watch.look(None, RULES)

    await said.look(watch, "OL")
    async with watch.watching(look, lambda: 3600.0):
        said.flags = ("OB", "DISCHRG")
        await watch.ensure_fresh()
        assert looks == []
        clock.move_to(clock.now() + timedelta(seconds=9))
        await watch.ensure_fresh()
        assert len(looks) == 1
        assert waits(watch)


async def test_a_server_that_hangs_holds_up_nothing_for_long(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def probe(**_options: object) -> tuple[UpsSight, ...]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(power, "probe", probe)
    monkeypatch.setattr(power, "FRESH_WITHIN_S", 0.05)
    watch = PowerWatch(clock, records)
    async with asyncio.timeout(20), watch.watching(lambda: watch.look(None, RULES), lambda: 3600.0):
        await watch.ensure_fresh()
        await watch.ensure_fresh()
    assert not waits(watch)
