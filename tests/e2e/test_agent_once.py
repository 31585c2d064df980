"""`vangnet agent --once` as a real process: does what is due, says honestly how it went, survives being killed."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from app.errors import ExitCode
from app.jobs.browse import find_files
from app.records.facts import Outcome, RequestKind, RequestState, Run, RunKind
from tests.e2e.installation import (
    PLACES,
    SETS,
    TestHome,
    fill,
    kill,
    make_installation,
    outcomes,
    wait_until,
)

EVERYTHING_GOOD = sorted((data_set, place, Outcome.GOOD) for data_set in SETS for place in PLACES)
WITHOUT_OVERRIDE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all")


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


def working(school: TestHome, agent: int) -> Run | None:
    """Return a run whose own process is at work."""
    with school.records() as records:
        return next((run for run in records.running() if run.pid != agent), None)


def assert_one_at_a_time_on_each_place(runs: tuple[Run, ...]) -> None:
    for place in PLACES:
        of_place = sorted((run for run in runs if run.target == place), key=lambda run: run.started)
        for earlier, later in pairwise(of_place):
            assert earlier.finished is not None
            assert earlier.finished <= later.started


def test_what_is_due_is_done_once_and_not_again(school: TestHome) -> None:
    assert school.agent("--once") == ExitCode.DONE
    assert outcomes(school.runs()) == EVERYTHING_GOOD
    assert_one_at_a_time_on_each_place(school.runs())
    assert school.agent("--once") == ExitCode.DONE
    assert len(school.runs()) == len(EVERYTHING_GOOD)
    for place in PLACES:
        school.restic_check(place)


def test_one_reading_serves_all_places_that_are_due(school: TestHome) -> None:
    assert school.agent("--once") == ExitCode.DONE
    for data_set in SETS:
        of_set = [run for run in school.runs() if run.data_set == data_set]
        assert len({run.pid for run in of_set}) == 1, "one worker"
        assert len({run.snapshot for run in of_set}) == 1, "and the same packs and snapshot for each place"


def test_before_the_set_up_it_says_so(tmp_path: Path) -> None:
    school = TestHome(tmp_path)
    assert school.agent("--once") == ExitCode.USAGE


def test_a_broken_place_fails_and_the_others_go_on(school: TestHome) -> None:
    (school.place("nas") / "config").write_bytes(b"\0" * 200)
    assert school.agent("--once") == ExitCode.FAILED
    assert outcomes(school.runs()) == sorted(
        (data_set, place, Outcome.FAILED if place == "nas" else Outcome.GOOD) for data_set in SETS for place in PLACES
    )
    assert {run.error_code for run in school.runs() if run.target == "nas"} <= {"wrong-key", "repository-damaged"}


def test_a_place_that_is_away_is_no_failure_of_the_others_and_stays_empty(school: TestHome) -> None:
    school.place("nas").rename(school.folder / "unplugged")
    school.place("nas").mkdir()
    assert school.agent("--once") == ExitCode.DONE
    assert {run.target for run in school.runs()} == {"annex"}
    assert list(school.place("nas").iterdir()) == []


def test_a_file_that_cannot_be_read_makes_the_copy_incomplete_and_is_named(school: TestHome) -> None:
    closed = school.source("marks") / "marks 3.txt"
    closed.chmod(0)
    before = WITHOUT_OVERRIDE if os.geteuid() == 0 else ()
    assert school.agent("--once", before=before) == ExitCode.INCOMPLETE
    runs = [run for run in school.runs() if run.data_set == "marks"]
    assert {run.outcome for run in runs} == {Outcome.INCOMPLETE}
    assert {(problem.what, problem.reason) for run in runs for problem in run.problems} == {(str(closed), "EACCES")}
    copied = {hit.path.name for hit in find_files(school.installation(), "marks *.txt")}
    assert copied == {f"marks {number}.txt" for number in (0, 1, 2, 4)}


def test_a_source_that_is_gone_or_emptied_is_never_a_good_copy_of_nothing(school: TestHome) -> None:
    school.source("marks").rename(school.folder / "elsewhere")
    for letter in school.source("letters").iterdir():
        letter.unlink()
    assert school.agent("--once") == ExitCode.FAILED
    codes = {(run.data_set, run.outcome, run.error_code) for run in school.runs()}
    assert codes == {("marks", Outcome.FAILED, "source-missing"), ("letters", Outcome.FAILED, "source-empty")}


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.7])
def test_a_killed_worker_leaves_a_sound_place_and_an_interrupted_run(school: TestHome, after_s: float) -> None:
    fill(school.source("marks"), megabytes=100)
    with school.start_agent("--once") as agent:
        wait_until(lambda: working(school, agent.pid) is not None, what="a run")
        time.sleep(after_s)
        victim = working(school, agent.pid)
        if victim is not None:
            kill(victim.pid)
        code = agent.wait(timeout=60)
    interrupted = [run for run in school.runs() if run.outcome is Outcome.INTERRUPTED]
    assert [run.error_code for run in interrupted] == ["worker-died"] * len(interrupted)
    assert code == (ExitCode.FAILED if interrupted else ExitCode.DONE)
    assert after_s or interrupted, "killed at once, a run cannot have ended well"
    for place in PLACES:
        school.restic_check(place)
    assert school.agent("--once") == ExitCode.DONE
    assert {(run.data_set, run.target) for run in school.runs() if run.outcome is Outcome.GOOD} == {
        (data_set, place) for data_set in SETS for place in PLACES
    }


@pytest.mark.slow
def test_after_a_power_cut_the_next_start_says_interrupted_and_makes_the_copy(school: TestHome) -> None:
    fill(school.source("marks"), megabytes=100)
    with school.start_agent("--once") as agent:
        with school.records() as records:

            def both_at_work() -> bool:
                running = records.running()
                return len(running) == 2 and agent.pid not in {run.pid for run in running}

            wait_until(both_at_work, what="two runs")
            kill(agent.pid)
            for run in records.running():
                os.killpg(run.pid, signal.SIGKILL)
        agent.wait()
    assert school.agent("--once") == ExitCode.DONE
    runs = school.runs()
    assert {run.error_code for run in runs if run.outcome is Outcome.INTERRUPTED} == {"process-gone"}
    assert {(run.data_set, run.target) for run in runs if run.outcome is Outcome.GOOD} == {
        (data_set, place) for data_set in SETS for place in PLACES
    }
    for place in PLACES:
        school.restic_check(place)


@pytest.mark.slow
def test_a_worker_outlives_its_agent_and_its_run_is_not_done_twice(school: TestHome) -> None:
    fill(school.source("marks"), megabytes=300)

    def both_at_work(agent: int) -> bool:
        """No worker is only being started: killed then, it would be known by its agent's process, which is gone."""
        with school.records() as records:
            running = records.running()
        return len(running) == len(PLACES) and all(r.data_set == "marks" and r.pid != agent for r in running)

    with school.start_agent("--once") as agent:
        wait_until(lambda: both_at_work(agent.pid), what="the large runs")
        kill(agent.pid)
        agent.wait()
    with school.records() as records:
        left = {run.id for run in records.running()}
    assert left, "the worker has to be at work still for this test to say something"
    assert school.agent("--once") == ExitCode.DONE
    assert outcomes(school.runs()) == EVERYTHING_GOOD
    for place in PLACES:
        school.restic_check(place)
    assert "run-adopted" in school.home.agent_log.read_text()


@pytest.mark.slow
def test_asked_to_stop_it_stops_and_leaves_a_sound_place(school: TestHome) -> None:
    fill(school.source("marks"), megabytes=200)
    with school.start_agent("--once") as agent:
        wait_until(
            lambda: (run := working(school, agent.pid)) is not None and run.data_set == "marks", what="the large run"
        )
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(timeout=20) == ExitCode.FAILED
    assert Outcome.CANCELLED in {run.outcome for run in school.runs()}
    with school.records() as records:
        assert records.running() == ()
    for place in PLACES:
        school.restic_check(place)


def test_a_run_that_is_stopped_before_its_worker_listens_is_cancelled_not_broken(school: TestHome) -> None:
    with school.start_agent("--once") as agent:
        with school.records() as records:
            wait_until(lambda: records.running() != (), what="a run")
        agent.send_signal(signal.SIGTERM)
        agent.wait(timeout=20)
    assert {run.outcome for run in school.runs()} == {Outcome.CANCELLED}


def test_requests_alone_are_answered_without_doing_what_else_is_due(school: TestHome) -> None:
    with school.records() as records:
        wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="annex", by="test")
        unknown = records.ask(RequestKind.BACKUP, data_set="no-such-set", by="test")
    assert school.agent("--once", "--requests") == ExitCode.DONE
    with school.records() as records:
        done, refused = records.request(wanted), records.request(unknown)
    assert (done.state, len(done.runs)) == (RequestState.DONE, 1)
    assert (refused.state, refused.refusal) == (RequestState.REFUSED, "unknown-data-set")
    assert outcomes(school.runs()) == [("marks", "annex", Outcome.GOOD)]
    assert [run.reason for run in school.runs()] == ["asked"]


def test_the_yearly_full_copy_is_read_back_and_a_check_and_a_test_can_be_asked_for(school: TestHome) -> None:
    with school.records() as records:
        records.ask(RequestKind.FULL, data_set="marks", target="annex", by="test")
    assert school.agent("--once", "--requests") == ExitCode.DONE
    with school.records() as records:
        records.ask(RequestKind.CHECK, target="annex", by="test")
        records.ask(RequestKind.RESTORE_TEST, data_set="marks", target="annex", by="test")
    assert school.agent("--once", "--requests") == ExitCode.DONE
    kinds = sorted((run.kind, run.outcome) for run in school.runs())
    assert kinds == sorted((kind, Outcome.GOOD) for kind in (RunKind.FULL, RunKind.CHECK, RunKind.RESTORE_TEST))


def test_a_request_for_a_place_that_is_not_there_is_refused_or_fails_by_name(school: TestHome) -> None:
    for place in PLACES:
        school.place(place).rename(school.folder / f"unplugged-{place}")
    with school.records() as records:
        everywhere = records.ask(RequestKind.BACKUP, by="test")
        by_name = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
    assert school.agent("--once", "--requests") == ExitCode.FAILED
    with school.records() as records:
        assert records.request(everywhere).refusal == "target-not-there"
        (run,) = (records.run(run) for run in records.request(by_name).runs)
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "target-not-there")


def test_the_log_is_private_and_names_no_files_of_people(school: TestHome) -> None:
    assert school.agent("--once") == ExitCode.DONE
    log = school.home.agent_log
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text()
    assert "run-finished" in text
    assert "marks 1.txt" not in text
    assert str(school.folder) not in text
