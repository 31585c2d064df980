"""Runs are recorded as they went, and found again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import FixedClock
from app.paths import Home
from app.records.errors import RunAlreadyFinished, UnknownRun
from app.records.facts import Outcome, Problem, RunId, RunKind
from app.records.store import Records
from tests.unit.records.school import back_up


def test_run_is_running_until_it_says_how_it_ended(records: Records, clock: FixedClock) -> None:
    started = clock.now()
    run_id = records.start_run(RunKind.BACKUP, data_set="grades", target="nas", reason="due", pid=7, pid_started=123.5)
    (running,) = records.running()
    assert (running.id, running.outcome, running.finished) == (run_id, Outcome.RUNNING, None)
    assert (running.pid, running.pid_started) == (7, 123.5)

    clock.move_to(started + timedelta(minutes=3))
    finished = records.finish_run(
        run_id,
        Outcome.INCOMPLETE,
        snapshot="ab" * 32,
        files=10,
        files_new_or_changed=2,
        bytes_total=1 << 45,
        bytes_added=7,
        duration_s=179.5,
        error_code="source-unreadable",
        error_data=(("path", "/data/x"),),
        problems=(Problem("/data/\udce9t\xe9.ods", "permission-denied"),),
        problems_total=3,
    )
    assert records.running() == ()
    assert finished == records.run(run_id) == records.runs()[0]
    assert finished.outcome is Outcome.INCOMPLETE
    assert (finished.started, finished.finished) == (started, clock.now())
    assert (finished.bytes_total, finished.duration_s) == (1 << 45, 179.5)
    assert finished.error_data == (("path", "/data/x"),)
    assert finished.problems == (Problem("/data/\\udce9t\xe9.ods", "permission-denied"),)
    assert finished.problems_total == 3


def test_at_most_a_hundred_problems_are_kept_and_all_are_counted(records: Records) -> None:
    run_id = records.start_run(RunKind.BACKUP, data_set="a", target="b", reason="due", pid=1, pid_started=1.0)
    problems = tuple(Problem(f"/data/{number}", "io-error") for number in range(250))
    run = records.finish_run(run_id, Outcome.INCOMPLETE, problems=problems)
    assert run.problems == problems[:100]
    assert run.problems_total == 250


def test_run_does_not_end_twice(records: Records) -> None:
    run = back_up(records)
    rows = records.journal_head().seq
    with pytest.raises(RunAlreadyFinished):
        records.finish_run(run.id, Outcome.INTERRUPTED)
    assert records.run(run.id).outcome is Outcome.GOOD
    assert records.journal_head().seq == rows


def test_unknown_run_is_refused(records: Records) -> None:
    with pytest.raises(UnknownRun):
        records.finish_run(RunId(5), Outcome.GOOD)
    with pytest.raises(UnknownRun):
        records.run(RunId(5))
    with pytest.raises(UnknownRun):
        records.set_run_process(RunId(5), 1, 1.0)


def test_running_is_not_an_ending(records: Records) -> None:
    run_id = records.start_run(RunKind.CHECK, data_set="", target="b", reason="due", pid=1, pid_started=1.0)
    with pytest.raises(ValueError, match="not finished"):
        records.finish_run(run_id, Outcome.RUNNING)


def test_worker_takes_the_run_over_from_the_agent(records: Records) -> None:
    run_id = records.start_run(RunKind.CHECK, data_set="", target="b", reason="due", pid=1, pid_started=1.0)
    records.set_run_process(run_id, 99, 5.25)
    assert (records.run(run_id).pid, records.run(run_id).pid_started) == (99, 5.25)
    assert records.verify_journal().ok


def test_runs_are_found_by_data_set_target_and_kind_newest_first(records: Records) -> None:
    ids = [
        back_up(records, data_set=data_set, target=target, kind=kind).id
        for data_set, target, kind in (
            ("grades", "nas", RunKind.BACKUP),
            ("grades", "usb", RunKind.BACKUP),
            ("money", "nas", RunKind.BACKUP),
            ("grades", "nas", RunKind.FULL),
        )
    ]
    assert [run.id for run in records.runs()] == ids[::-1]
    assert [run.id for run in records.runs(limit=2)] == ids[:1:-1]
    assert [run.id for run in records.runs(data_set="grades", target="nas")] == [ids[3], ids[0]]
    assert [run.id for run in records.runs(kind=RunKind.FULL)] == [ids[3]]
    assert records.runs(data_set="' OR 1 --") == ()


def test_start_and_end_of_a_run_are_pushed_to_the_screens(records: Records) -> None:
    run = back_up(records, Outcome.FAILED)
    started, finished = records.events_after(0)
    assert (started.kind, started.subject) == ("run-started", str(run.id))
    assert (finished.kind, dict(finished.data)["outcome"]) == ("run-finished", "failed")


def test_facts_hold_the_runs_of_400_days_and_older_ones_that_still_matter(records: Records, clock: FixedClock) -> None:
    start = clock.now()
    old_good = back_up(records, target="usb")
    old_failed = back_up(records, Outcome.FAILED, target="usb")
    forgotten = back_up(records)
    clock.move_to(start + timedelta(days=300))
    recent = back_up(records)
    clock.move_to(start + timedelta(days=401))
    runs = records.facts().runs
    assert [run.id for run in runs] == [recent.id, old_failed.id, old_good.id]
    assert forgotten.id not in [run.id for run in runs]


def test_facts_hold_every_good_full_back_up_however_old(records: Records, clock: FixedClock) -> None:
    start = clock.now()
    years = []
    for number in range(3):
        clock.move_to(start + timedelta(days=365 * number))
        years.append(back_up(records, kind=RunKind.FULL).id)
        back_up(records, Outcome.FAILED, kind=RunKind.FULL)
    runs = records.facts().runs
    assert [run.id for run in runs if run.outcome is Outcome.GOOD] == years[::-1]


def test_facts_read_again_see_what_another_process_wrote(home: Home, records: Records, clock: FixedClock) -> None:
    stuck = records.start_run(RunKind.CHECK, data_set="", target="b", reason="due", pid=1, pid_started=1.0)
    with Records.open(home, clock) as reader:
        for number in range(5):
            back_up(records)
            runs = reader.facts().runs
            assert len(runs) == number + 2
            assert runs[-1].outcome is Outcome.RUNNING
        records.finish_run(stuck, Outcome.INTERRUPTED)
        back_up(records)
        assert [run.outcome for run in reader.facts().runs] == [Outcome.GOOD] * 6 + [Outcome.INTERRUPTED]
        with Records.open(home, clock) as fresh:
            assert fresh.facts() == reader.facts()


def test_facts_read_again_on_an_earlier_day_hold_that_days_window(records: Records, clock: FixedClock) -> None:
    start = clock.now()
    for day in range(0, 600, 100):
        clock.move_to(start + timedelta(days=day))
        back_up(records)
    clock.move_to(start + timedelta(days=600))
    assert len(records.facts().runs) == 4
    clock.move_to(start + timedelta(days=450))
    assert len(records.facts().runs) == 5


def test_light_run_has_everything_but_problems_and_process(records: Records) -> None:
    from dataclasses import replace

    run = back_up(records, Outcome.INCOMPLETE)
    assert records.facts().runs == (replace(run, problems=(), pid=0, pid_started=0.0),)
