"""The lasting agent as a real process: there is one, it does what is due and asked for, and lets go when told."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from app.agent.configuration import Configuration
from app.assessment.model import FindingCode, ObligationKind
from app.clock import SystemClock
from app.errors import ExitCode
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.policy.model import Role
from app.records.facts import Outcome, RequestId, RequestKind, RequestState
from app.records.presence import agent_pid
from tests.e2e.installation import (
    PLACES,
    SETS,
    TestHome,
    fill,
    lasting_agent,
    make_installation,
    wait_until,
)


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


def good_copies(school: TestHome) -> int:
    return sum(run.outcome is Outcome.GOOD for run in school.runs())


def all_copied(school: TestHome) -> bool:
    return good_copies(school) == len(SETS) * len(PLACES)


def events(school: TestHome, kind: str) -> list[str]:
    with school.records() as records:
        return [event.subject for event in records.events_after(0, limit=5000) if event.kind == kind]


def state_of(school: TestHome, request: RequestId) -> RequestState:
    with school.records() as records:
        return records.request(request).state


def targets_of(school: TestHome) -> list[Target]:
    return list(school.installation().machine.targets)


def a_signal_waits(pid: int) -> bool:
    """Tell whether a stopped process was sent a signal (proc(5), status)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["ShdPnd"], 16) != 0


def wake(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGCONT)


def cpu_s(pid: int) -> float:
    """Return how long a process has been on a processor (proc(5), schedstat): finer than its ticks."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def test_it_does_what_is_due_answers_requests_and_stops_when_told(school: TestHome) -> None:
    with lasting_agent(school) as agent:
        wait_until(lambda: all_copied(school), what="the first copies")
        assert agent_pid(school.home) == agent.pid
        with school.records() as records:
            wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
        wait_until(lambda: state_of(school, wanted) is RequestState.DONE, what="the answer")
        with school.records() as records:
            (run,) = (records.run(run) for run in records.request(wanted).runs)
        assert (run.outcome, run.reason) == (Outcome.GOOD, "asked")
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(timeout=10) == ExitCode.DONE
    assert agent_pid(school.home) is None
    assert len(events(school, "agent-started")) == len(events(school, "agent-stopped")) == 1


def test_there_is_one_agent_for_a_home(school: TestHome) -> None:
    with lasting_agent(school):
        wait_until(lambda: agent_pid(school.home) is not None, what="the agent")
        assert school.agent() == ExitCode.LOCKED
        assert school.agent("--once") == ExitCode.LOCKED
        assert school.agent("--once", "--requests") == ExitCode.DONE, "the running agent takes the requests"


def test_an_agent_that_was_killed_is_followed_by_another(school: TestHome) -> None:
    with lasting_agent(school) as agent:
        wait_until(lambda: agent_pid(school.home) is not None, what="the agent")
        agent.kill()
        agent.wait()
    assert school.agent("--once") == ExitCode.DONE
    assert all_copied(school)


def test_a_request_that_a_killed_agent_had_taken_is_answered_by_the_next(school: TestHome) -> None:
    with school.records() as records:
        wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
        assert records.take_request() is not None
    assert school.agent("--once", "--requests") == ExitCode.DONE
    assert state_of(school, wanted) is RequestState.DONE
    assert good_copies(school) == 1


@pytest.mark.slow
def test_a_cancelled_run_says_so_and_is_not_started_again_under_peoples_hands(school: TestHome) -> None:
    fill(school.source("marks"), megabytes=200)
    with lasting_agent(school) as agent, school.records() as records:

        def large_runs_are_at_work() -> bool:
            running = records.running()
            return {run.data_set for run in running} == {"marks"} and agent.pid not in {run.pid for run in running}

        wait_until(large_runs_are_at_work, what="the large runs")
        cancelled = {run.id for run in records.running()}
        request = records.ask(RequestKind.CANCEL, by="test")
        wait_until(lambda: not records.running(), what="the end")
        assert Outcome.CANCELLED in {records.run(run).outcome for run in cancelled}
        assert records.request(request).state is RequestState.DONE
        rescan = records.ask(RequestKind.RESCAN, by="test")
        wait_until(lambda: state_of(school, rescan) is RequestState.DONE, what="another look")
        assert records.running() == ()
    for place in PLACES:
        school.restic_check(place)


@pytest.mark.slow
@pytest.mark.parametrize("new_agent", [False, True], ids=["its agent", "an agent that took over"])
def test_a_copy_to_one_place_is_cancelled_and_that_from_the_same_reading_goes_on(
    school: TestHome, new_agent: bool
) -> None:
    fill(school.source("marks"), megabytes=200)
    with school.records() as records:

        def one_worker_is_at_work() -> bool:
            return [run.data_set for run in records.running()] == ["marks"] * 2 and all(
                (progress := records.progress(run.id)) is not None and progress.bytes_done for run in records.running()
            )

        with contextlib.ExitStack() as agents:
            agent = agents.enter_context(lasting_agent(school))
            wait_until(one_worker_is_at_work, what="the copies")
            worker = records.running()[0].pid
            os.killpg(worker, signal.SIGSTOP)  # so that it is not done before it is told
            agents.callback(wake, worker)
            if new_agent:
                agent.kill()
                agent.wait()
                agents.enter_context(lasting_agent(school))
            of = {run.target: run for run in records.running()}
            assert of["annex"].pid == of["nas"].pid != agent.pid
            records.ask(RequestKind.CANCEL, data_set="marks", target="annex", by="test")
            wait_until(lambda: a_signal_waits(worker), what="the worker's being told")
            os.killpg(worker, signal.SIGCONT)
            wait_until(lambda: not {of["nas"].id, of["annex"].id} & {r.id for r in records.running()}, what="both ends")
        annex, nas = records.run(of["annex"].id), records.run(of["nas"].id)
        assert (annex.outcome, annex.error_code) == (Outcome.CANCELLED, "cancelled")
        assert nas.outcome is Outcome.GOOD
        assert nas.finished is not None
        assert annex.finished is not None
        assert annex.finished < nas.finished, "at once"
        assert records.verify_journal().problems == ()
    for place in PLACES:
        school.restic_check(place)


@pytest.mark.slow
def test_progress_is_there_while_a_copy_is_made(school: TestHome) -> None:
    fill(school.source("marks"), megabytes=150)
    with lasting_agent(school), school.records() as records:
        seen: set[str] = set()

        def some_progress() -> bool:
            for run in records.running():
                progress = records.progress(run.id)
                if progress is not None and run.data_set == "marks" and progress.bytes_done:
                    seen.add(progress.phase)
            return bool(seen)

        wait_until(some_progress, what="progress")


def test_a_set_up_that_is_finished_later_is_noticed(tmp_path: Path) -> None:
    school = make_installation(tmp_path)
    policy, machine = school.home.policy_file.read_text(), school.home.machine_file.read_text()
    school.home.policy_file.unlink()
    school.home.machine_file.unlink()
    with lasting_agent(school):
        wait_until(lambda: len(events(school, "agent-started")) == 1, what="the agent")
        school.home.policy_file.write_text(policy)
        school.home.machine_file.write_text(machine)
        wait_until(lambda: all_copied(school), what="the first copies")


def test_a_typing_error_does_not_stop_the_back_ups_and_is_asked_of_the_it_provider(school: TestHome) -> None:
    policy = school.home.policy_file.read_text()
    with lasting_agent(school):
        wait_until(lambda: all_copied(school), what="the first copies")
        school.home.policy_file.write_text(policy.replace("availability: important", "availability: importnat"))
        wait_until(lambda: events(school, "configuration-refused") == ["policy-invalid"], what="the refusal")
        with school.records() as records:
            wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
        wait_until(lambda: state_of(school, wanted) is RequestState.DONE, what="the answer")
        assert good_copies(school) == len(SETS) * len(PLACES) + 1
        working = Installation.load_working(school.home, SystemClock())
        with school.records() as records:
            judged = working.assess(records)
        (finding,) = (f for f in judged.findings if f.code is FindingCode.CONFIGURATION_REFUSED)
        where = dict(finding.data)
        assert where["file"] == "policy.yml"
        assert where["key"] == "data_sets[0].availability"
        assert policy.splitlines()[int(where["line"]) - 1].strip() == "availability: important"
        assert [o.who for o in judged.tasks if o.kind is ObligationKind.REPAIR_CONFIGURATION] == [Role.IT_PROVIDER]
        school.home.policy_file.write_text(policy)
        wait_until(lambda: Installation.load_working(school.home, SystemClock()).refused is None, what="the repair")
    with school.records() as records:
        kinds = [row.kind for row in records.journal_rows(limit=500)]
        assert records.verify_journal().problems == ()
    assert kinds.count("configuration-refused") == 1
    assert kinds.count("configuration-accepted") == 1, "what was right before is right again"


def test_a_file_that_is_being_written_is_not_refused_before_it_is_whole(school: TestHome) -> None:
    policy = school.home.policy_file.read_text()
    with school.records() as records:
        configuration = Configuration(school.home, SystemClock(), records)
        assert configuration.reload()
        holds = configuration.installation
        school.home.policy_file.write_text(policy[: len(policy) // 2])
        assert not configuration.reload()
        assert configuration.installation is holds
        school.home.policy_file.write_text(policy + "# longer\n")
        assert configuration.reload()
        school.home.policy_file.write_text(policy[: len(policy) // 2])
        assert not configuration.reload()
        assert configuration.reload(), "wrong at two looks: the last one that was right holds, and somebody is asked"
        kinds = [row.kind for row in records.journal_rows(limit=500)]
    assert kinds.count("configuration-refused") == 1


def test_an_agent_that_starts_with_a_spoilt_file_goes_by_the_last_one_that_was_right(school: TestHome) -> None:
    assert school.agent("--once") == ExitCode.DONE
    school.home.machine_file.write_text("targets: [nonsense\n")
    with school.records() as records:
        records.ask(RequestKind.BACKUP, data_set="letters", target="annex", by="test")
    assert school.agent("--once") == ExitCode.DONE
    assert good_copies(school) == len(SETS) * len(PLACES) + 1
    assert school.home.last_good_configuration.stat().st_mode & 0o077 == 0


def test_without_a_last_good_one_a_spoilt_file_is_refused_with_the_reason(school: TestHome) -> None:
    school.home.machine_file.write_text("targets: [nonsense\n")
    assert school.agent("--once") == ExitCode.USAGE
    with lasting_agent(school):
        with school.records() as records:
            refused = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
            wait_until(lambda: state_of(school, refused) is RequestState.REFUSED, what="the answer")
            assert records.request(refused).refusal == "machine-invalid"


def test_a_place_that_comes_back_gets_its_copy_without_waiting(school: TestHome) -> None:
    school.place("nas").rename(school.folder / "unplugged")
    with lasting_agent(school):
        wait_until(lambda: good_copies(school) == len(SETS), what="the copies on the other place")
        (school.folder / "unplugged").rename(school.place("nas"))
        with school.records() as records:
            records.ask(RequestKind.RESCAN, by="test")
        wait_until(lambda: all_copied(school), what="the copies on this one")


@pytest.mark.slow
def test_when_the_computer_wakes_up_a_day_later_it_looks_at_once(school: TestHome) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    clock = school.folder / "clock"

    def set_clock(days: int) -> None:
        clock.with_suffix(".new").write_text(f"{days:+d}d\n")
        clock.with_suffix(".new").replace(clock)

    set_clock(0)
    moving = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with lasting_agent(school, moving):
        wait_until(lambda: all_copied(school), what="the first copies")
        set_clock(2)
        wait_until(lambda: good_copies(school) >= 2 * len(SETS) * len(PLACES), what="the copies of today")
    assert "clock-jumped" in school.home.agent_log.read_text()
    assert {run.outcome for run in school.runs()} == {Outcome.GOOD}


@pytest.mark.slow
def test_an_idle_agent_costs_next_to_nothing(school: TestHome) -> None:
    with lasting_agent(school) as agent:
        wait_until(lambda: all_copied(school), what="the first copies")
        before_s = cpu_s(agent.pid)
        time.sleep(10)
        assert cpu_s(agent.pid) - before_s < 0.05, "half a percent of a core while nothing happens"
        assert psutil.Process(agent.pid).memory_info().rss < 60 << 20
