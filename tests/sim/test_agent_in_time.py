"""The agent as a real process through many days, and through being killed at any moment of them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
import yaml

from app.assessment.checks import parts_of
from app.errors import ExitCode
from app.records.facts import Outcome, Run, RunKind
from tests.e2e.installation import PLACES, SETS, TestHome, lasting_agent, make_installation, wait_until
from tests.sim.fast_time import FastTime

DAY = timedelta(days=1)
DAYS = 30
KILLS = 200 if os.environ.get("VANGNET_LONG") == "1" else 24
KILLS_A_DAY = 8


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


@pytest.fixture
def clock(tmp_path: Path) -> FastTime:
    made = FastTime(tmp_path / "clock")
    made.move_to(timedelta(0))
    return made


def good(school: TestHome, kind: RunKind = RunKind.BACKUP) -> list[Run]:
    return [run for run in school.runs(kind) if run.outcome is Outcome.GOOD]


def only(school: TestHome, data_set: str, place: str) -> None:
    """Leave one data set and one place: thirty days are then thirty copies."""
    document = yaml.safe_load(school.home.machine_file.read_text())
    for part, kept in (("data_sets", data_set), ("targets", place)):
        document[part] = [entry for entry in document[part] if entry["id"] == kept]
    school.home.machine_file.write_text(yaml.safe_dump(document))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_days_of_a_real_agent(school: TestHome, clock: FastTime) -> None:
    only(school, "marks", "nas")
    with lasting_agent(school, clock.environment), school.records() as records:

        def there_are(number: int, kind: RunKind) -> None:
            def enough() -> bool:
                time.sleep(0.05)
                return sum(run.outcome is Outcome.GOOD for run in records.runs(limit=100, kind=kind)) >= number

            wait_until(enough, timeout_s=60, what=f"{kind} number {number}")

        for day in range(DAYS):
            clock.move_to(day * DAY)
            there_are(day + 1, RunKind.BACKUP)
            if day in (8, 15, 22, 29):  # what comes after the copies takes its time too
                there_are((day - 1) // 7, RunKind.CHECK)
                there_are(1, RunKind.RESTORE_TEST)
                there_are(1 + (day - 8) // 7, RunKind.PRUNE)
    moments = sorted(run.started for run in good(school))
    assert len(moments) == DAYS, "every day one copy, none twice"
    assert all(timedelta(hours=23) < later - earlier < timedelta(hours=25) for earlier, later in pairwise(moments))
    # What was under way when the agent was told to stop says so.
    assert {run.outcome for run in school.runs()} <= {Outcome.GOOD, Outcome.CANCELLED}
    checks = good(school, RunKind.CHECK)
    read = [parts_of(run.part) for run in checks]
    assert len(checks) == 4
    assert len(frozenset[int]().union(*read)) == sum(map(len, read)), "other parts each week"
    # One a week; a day late, as the first is when the agent had no time for it on the seventh, it reads two.
    pauses = [later - earlier for earlier, later in pairwise([moments[0], *(run.started for run in checks)])]
    assert [len(parts) for parts in read] == [1 if pause < 7.5 * DAY else 2 for pause in pauses]
    assert max(Counter(run.started.date() for run in good(school, RunKind.PRUNE)).values()) == 1
    with school.records() as records:
        assert records.verify_journal().ok
    school.restic_check("nas")


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_everything(agent: subprocess.Popen[bytes]) -> None:
    """Kill an agent and all it has started, as a power cut does."""
    family = [psutil.Process(agent.pid), *psutil.Process(agent.pid).children(recursive=True)]
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    agent.wait()
    wait_until(lambda: not any(_lives(process) for process in family[1:]), what="the end of its children")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_done_twice(school: TestHome, clock: FastTime) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    today = datetime.now(UTC)
    for day in range(-(-KILLS // KILLS_A_DAY)):
        clock.move_to(day * DAY)
        for _ in range(min(KILLS_A_DAY, KILLS - day * KILLS_A_DAY)):
            agent = school.start_agent(environment=clock.environment)
            time.sleep(chance.uniform(0.05, 1.6))
            kill_everything(agent)
        # An agent that lives finds what is left of the day's work, and does that once.
        agent = school.start_agent("--once", environment=clock.environment)
        assert agent.wait(timeout=120) == ExitCode.DONE
        with school.records() as records:
            assert records.running() == ()
        made = Counter((run.data_set, run.target) for run in good(school) if run.started > today + day * DAY - DAY / 4)
        assert made == {(data_set, place): 1 for data_set in SETS for place in PLACES}, f"day {day}"
    assert {run.outcome for run in school.runs()} <= {Outcome.GOOD, Outcome.INTERRUPTED}
    with school.records() as records:
        assert records.verify_journal().ok
    for place in PLACES:
        school.restic_check(place)
