"""What an agent costs that has nothing to do, in counts that do not depend on the machine.

Its intervals are a tenth of what they are, so that six seconds are one of its minutes.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from app.agent import hints, power
from app.agent import main as agent_main
from app.agent.links import LinkWatcher
from app.agent.main import run_agent
from app.assessment.model import Assessment
from app.errors import ExitCode
from app.jobs.installation import Installation
from app.paths import Home
from app.records.database import Database
from app.records.facts import Facts, Outcome
from app.targets import drive_watch, drives
from tests.e2e.installation import make_installation, write_machine
from tests.rig.nut import NutServer

MINUTE_S = 6.0
WAKE_UPS = 200
"""Turns of the loop: each wake-up is one or two, an answer of the UPS some more."""
STATEMENTS = 100


class Counted:
    """What an agent in this process does: how often it wakes up, asks the records and judges."""

    def __init__(self) -> None:
        self.wake_ups = 0
        self.statements = 0
        self.judged = 0

    def start_over(self) -> None:
        self.__init__()  # type: ignore[misc]  # all back to nothing


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    count = Counted()
    run_once = asyncio.BaseEventLoop._run_once  # type: ignore[attr-defined]  # one turn of the loop
    opened, judge = Database.open, Installation.judge

    def turn(loop: asyncio.BaseEventLoop) -> None:
        count.wake_ups += 1
        run_once(loop)

    def open_counted(home: Home) -> Database:
        def asked(_statement: str) -> None:
            count.statements += 1

        database = opened(home)
        database.connection.set_trace_callback(asked)
        return database

    def judge_counted(installation: Installation, facts: Facts) -> Assessment:
        count.judged += 1
        return judge(installation, facts)

    monkeypatch.setattr(asyncio.BaseEventLoop, "_run_once", turn)
    monkeypatch.setattr(Database, "open", open_counted)
    monkeypatch.setattr(Installation, "judge", judge_counted)
    for module, names in (
        (agent_main, ("LOOK_S", "DUE_S", "TIDY_S", "LINES_S", "TELL_S")),
        (power, ("IDLE_S", "HEARD_S", "PROBE_EVERY_S")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / 10)
    return count


@pytest.fixture
def quiet_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disks and networks of other tests on this machine be none of the agent's business."""

    def nothing_here() -> None:
        raise ImportError

    def no_mounts() -> None:
        raise OSError

    for module in (drives, drive_watch, hints):
        monkeypatch.setattr(module, "context", nothing_here)
    monkeypatch.setattr(drive_watch, "_MountChanges", no_mounts)
    monkeypatch.setattr(LinkWatcher, "start", lambda _links: None)


@pytest.mark.rig
@pytest.mark.slow
@pytest.mark.usefixtures("quiet_computer")
def test_an_idle_minute_is_a_few_wake_ups_and_statements_and_no_judgement(
    tmp_path: Path, counted: Counted, nut_server: NutServer
) -> None:
    school = make_installation(tmp_path)
    write_machine(school, list(school.installation().machine.targets), nut_port=nut_server.port)
    assert school.agent("--once") == ExitCode.DONE
    found: list[tuple[int, int, int]] = []

    async def watch() -> None:
        await asyncio.sleep(MINUTE_S)
        counted.start_over()
        await asyncio.sleep(2 * MINUTE_S)
        found.append((counted.wake_ups // 2, counted.statements // 2, counted.judged))
        os.kill(os.getpid(), signal.SIGTERM)

    last = agent_main._last
    watching: list[asyncio.Task[None]] = []

    async def watched(*arguments: object) -> ExitCode:
        watching.append(asyncio.get_running_loop().create_task(watch()))
        return await last(*arguments)  # type: ignore[arg-type]  # as it is called

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agent_main, "_last", watched)
        assert run_agent(school.home, once=False) == ExitCode.DONE
    [(wake_ups, statements, judged)] = found
    print("wake-ups", wake_ups, "statements", statements, "judged", judged)
    assert {run.outcome for run in school.runs()} == {Outcome.GOOD}
    assert wake_ups <= WAKE_UPS
    assert statements <= STATEMENTS
    assert judged <= 1, "in two minutes; one assessment holds for ten"
