"""What the agent sees and writes down: places that come, go or hang, disks, UPSes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.agent import watch
from app.agent.watch import DriveBook, TargetWatch
from app.clock import FixedClock
from app.paths import Home
from app.policy.machine import Machine, RemotePlace, Target, TargetId, TargetKind
from app.records.facts import DriveSight
from app.records.store import Records
from app.targets.place import TargetConnection

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STICK = DriveSight(
    "/dev/sdb1", "S1", "Sandisk", "Ultra", "COPIES", "AAAA-1111", "exfat", 1 << 35, "/media/copies", "disk"
)
STRANGER = DriveSight("/dev/sdc1", "S2", "Acme", "Gift", "HOLIDAY", "BBBB-2222", "vfat", 1 << 33, "")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock) -> Iterator[Records]:
    with Records.open(Home.in_folder(tmp_path), clock) as records:
        yield records


def folder(name: str) -> Target:
    return Target(TargetId(name), name, TargetKind.FOLDER, Path("/nowhere", name), "repository", "marker")


MACHINE = Machine(language="en", data_sets=(), targets=(folder("nas"), folder("annex")))


def kinds(records: Records) -> list[tuple[str, str]]:
    return [(event.kind, event.subject) for event in records.events_after(0)]


async def test_a_place_that_hangs_is_gone_and_does_not_hold_up_the_others(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    looks: list[str] = []

    def connection(target: Target, _drives: object, *, home: object) -> TargetConnection:
        looks.append(target.id)
        if target.id == "nas":
            answered.wait(20)
        return TargetConnection(target, target.path, None, 10, 100)

    monkeypatch.setattr(watch, "connection", connection)
    monkeypatch.setattr(watch, "LOOK_TIMEOUT_S", 0.1)
    targets = TargetWatch(clock, records)
    for _look in range(2):
        assert await targets.look(MACHINE, ()) == frozenset()
        assert targets.connected == {"annex"}
    assert looks.count("nas") == 1, "a look that hangs is not doubled"
    answered.set()
    monkeypatch.setattr(watch, "LOOK_TIMEOUT_S", 5)
    assert await targets.look(MACHINE, ()) == {"nas"}
    assert targets.connected == {"nas", "annex"}
    assert [kind for kind, subject in kinds(records) if subject == "nas"] == ["target-detached", "target-connected"]


async def test_two_who_ask_at_once_both_get_an_answer_no_older_than_their_question(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    there = False

    def connection(target: Target, _drives: object, *, home: object) -> TargetConnection:
        seen = there
        if not seen:
            begun.set()
            go_on.wait(20)
        return TargetConnection(target, target.path if seen else None, None, 10, 100)

    monkeypatch.setattr(watch, "connection", connection)
    targets = TargetWatch(clock, records)
    machine = replace(MACHINE, targets=(folder("nas"),))
    first = asyncio.ensure_future(targets.look(machine, ()))
    await asyncio.to_thread(begun.wait, 20)
    there = True
    second = asyncio.ensure_future(targets.look(machine, ()))
    await asyncio.sleep(0)
    go_on.set()
    await first
    assert await second == {"nas"}
    assert targets.connected == {"nas"}


async def test_a_place_of_which_nothing_new_is_to_be_told_costs_no_write(
    tmp_path: Path, records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        watch, "connection", lambda target, _drives, **_home: TargetConnection(target, target.path, None, 50, 100)
    )
    targets = TargetWatch(clock, records)
    await targets.look(MACHINE, ())
    with Records.open(Home.in_folder(tmp_path), clock) as other:
        version = other.data_version()
        await targets.look(MACHINE, ())
        assert other.data_version() == version


async def test_a_place_on_a_network_is_looked_at_seldom_and_at_once_when_the_network_changes(
    records: Records, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[datetime] = []
    answers = True

    def connection(target: Target, _drives: object, *, home: object) -> TargetConnection:
        looks.append(clock.now())
        return TargetConnection(target, None, answers=answers)

    monkeypatch.setattr(watch, "connection", connection)
    place = RemotePlace("sftp://nas/copies")
    nas = Target(TargetId("nas"), "nas", TargetKind.SFTP, Path("/"), "repository", "marker", on_network=place)
    machine = replace(MACHINE, targets=(nas,))
    targets = TargetWatch(clock, records)

    async def pass_minutes(minutes: int) -> int:
        before = len(looks)
        for _minute in range(minutes):
            clock.move_to(clock.now() + timedelta(minutes=1))
            await targets.look(machine, ())
        return len(looks) - before

    await targets.look(machine, ())
    assert targets.connected == {"nas"}
    assert await pass_minutes(60) == 6
    targets.look_afresh()
    assert await pass_minutes(1) == 1
    answers = False
    assert await pass_minutes(10) == 1
    assert targets.connected == frozenset()
    assert await pass_minutes(12) == 3, "soon after a failure, then less and less often"
    answers = True
    targets.look_afresh()
    assert await pass_minutes(1) == 1
    assert targets.connected == {"nas"}


def test_disks_that_come_and_go_are_told_once(records: Records) -> None:
    book = DriveBook(records)
    for drives in ((), (STICK, STRANGER), (STICK, STRANGER), (STRANGER,)):
        book.see(drives)
    assert kinds(records) == [("drive-arrived", "disk"), ("drive-arrived", "S2"), ("drive-left", "disk")]
    assert records.facts().drives == (STRANGER,)
