"""A day and night of whatever can happen to two UPSes: the log loses nothing, and people hear of each outage once."""

from __future__ import annotations

import itertools
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.agent.power import BATTERY_S, IDLE_S, PowerWatch
from app.clock import FixedClock
from app.paths import Home
from app.policy.machine import Machine, Ups, UpsId
from app.policy.power_rules import PowerRules
from app.records.facts import UpsSight
from app.records.store import Records

START = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = PowerRules()
UPSES = ("pc", "nas")
MACHINE = Machine("nl", (), (), tuple(Ups(UpsId(name), name) for name in UPSES))

MAINS, BATTERY, LOW, NOTHING = ("OL",), ("OB", "DISCHRG"), ("OB", "LB"), ()
WORDS = ((MAINS, 60), (BATTERY, 20), (LOW, 5), (NOTHING, 10), (("OL", "CHRG"), 20), (("WAIT",), 2), (("OB", "RB"), 4))


class Life:
    """What one UPS says at each moment of the day, drawn by lot; it ends with an hour of mains."""

    def __init__(self, lot: random.Random) -> None:
        self._parts: list[tuple[datetime, tuple[str, ...]]] = []
        at = START
        while at < START + DAY - timedelta(hours=1):
            words, weights = zip(*WORDS, strict=True)
            self._parts.append((at, lot.choices(words, weights)[0]))
            at += timedelta(seconds=lot.choice((1, 3, 8, 20, 70, 300, 900, 2500)))
        self._parts.append((START + DAY - timedelta(hours=1), MAINS))

    def says(self, at: datetime) -> tuple[str, ...]:
        while len(self._parts) > 1 and self._parts[1][0] <= at:
            self._parts.pop(0)
        return self._parts[0][1]


class Day:
    """Lives through it with an agent that is now and then killed and started again."""

    def __init__(self, seed: int, home: Home) -> None:
        self._lot = random.Random(seed)
        self.clock = FixedClock(START)
        self.lives = {name: Life(self._lot) for name in UPSES}
        self.records = Records.open(home, self.clock)
        self.heard: dict[str, list[datetime]] = {name: [] for name in UPSES}
        self.watch = self._agent()

    def _agent(self) -> PowerWatch:
        watch = PowerWatch(self.clock, self.records)
        watch._monitor.read = self._read  # type: ignore[method-assign]  # stands in for the servers
        return watch

    async def _read(self, upses: tuple[Ups, ...], *, timeout_s: float) -> tuple[UpsSight, ...]:
        now = self.clock.now()
        sights = []
        for ups in upses:
            flags = self.lives[ups.id].says(now)
            if "OB" in flags:
                self.heard[ups.id].append(now)
            runtime_s = self._lot.choice((200.0, 1200.0)) if "OB" in flags else 2400.0
            sights.append(UpsSight(ups.id, ups.name, now, bool(flags), flags, 77.0, runtime_s, 20.0))
        return tuple(sights)

    async def live(self) -> None:
        while self.clock.now() < START + DAY:
            await self.watch.look(MACHINE, RULES)
            if self._lot.random() < 0.002:
                self.watch = self._agent()
            pause_s = BATTERY_S if self.watch.held else IDLE_S
            self.clock.move_to(self.clock.now() + timedelta(seconds=pause_s))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [6, 24, 25, 26] if os.environ.get("VANGNET_LONG") else [6])
async def test_day_of_outages_is_logged_whole_and_each_is_told_once(tmp_path: Path, seed: int) -> None:
    day = Day(seed, Home.in_folder(tmp_path))
    with day.records as records:
        await day.live()
        outages = records.outages(limit=5000)
        told = [e.subject for e in records.events_after(0, limit=5000) if e.kind == "outage-began"]
        assert len(told) == len(outages) > 10, "people hear of each once"
        assert all(outage.ended is not None for outage in outages)
        for ups in UPSES:
            own = sorted((o.began, o.ended or START) for o in outages if o.subject == ups)
            assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(own)), "none overlap"
            lost = [at for at in day.heard[ups] if not any(begin <= at <= end for begin, end in own)]
            assert all(is_flicker(at, day.heard[ups]) for at in lost), (
                "every word of battery but flickers is in the log"
            )
        assert records.verify_journal().ok
        assert len(records.readings("pc", since=START)) < 20_000


def is_flicker(at: datetime, heard: list[datetime]) -> bool:
    """Tell whether a word of battery stood nearly alone: the words around it lie within less than an outage takes.

    An agent that starts again in a flicker counts it anew, so two of its lengths are allowed.
    """
    near = [other for other in heard if abs(other - at) <= timedelta(seconds=60)]
    spells: list[list[datetime]] = []
    for other in near:
        if spells and other - spells[-1][-1] <= timedelta(seconds=IDLE_S + 1):
            spells[-1].append(other)
        else:
            spells.append([other])
    own = next(spell for spell in spells if at in spell)
    return own[-1] - own[0] < timedelta(seconds=12)
