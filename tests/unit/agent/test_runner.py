"""The runner: what is about to begin is looked at once more, and nothing stays behind in its book."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.agent import runner as runner_module
from app.agent.due import Job
from app.agent.runner import Runner
from app.clock import FixedClock
from app.paths import Home
from app.records.errors import RecordsBusy
from app.records.facts import Outcome, Run, RunId, RunKind
from app.records.store import Records

MARKS_NAS = Job(RunKind.BACKUP, "marks", "nas")
MARKS_ANNEX = Job(RunKind.BACKUP, "marks", "annex")
PRUNE_NAS = Job(RunKind.PRUNE, "", "nas")


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(Home.in_folder(tmp_path), FixedClock(datetime(2026, 11, 23, 8, tzinfo=UTC))) as opened:
        yield opened


class Bench:
    """A runner whose workers do nothing but say that all went well."""

    def __init__(self, records: Records, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.records = records
        self.held: set[str] = set()
        self.when_about_to_begin: Callable[[], None] = lambda: None
        self.workers: list[tuple[RunId, ...]] = []
        monkeypatch.setattr(runner_module, "worker_process", self._work)
        self.runner = Runner(home, records, together=lambda one, other: True, before=self._before)
        self.runner.hold(lambda target: target in self.held)

    async def _before(self) -> None:
        await asyncio.sleep(0)
        self.when_about_to_begin()

    async def _work(self, _home: Home, run_ids: Sequence[RunId], _started: object) -> int:
        self.workers.append(tuple(run_ids))
        for run_id in run_ids:
            self.records.finish_run(run_id, Outcome.GOOD)
        return 0

    def runs(self) -> list[tuple[str, Outcome]]:
        return [(run.target, run.outcome) for run in self.records.runs()[::-1]]


@pytest.fixture
def bench(records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(records, Home.in_folder(tmp_path), monkeypatch)


async def test_what_is_held_by_the_last_look_waits_and_begins_after_it(bench: Bench) -> None:
    bench.when_about_to_begin = lambda: bench.held.update({"nas", "annex"})
    tickets = [bench.runner.submit(job, "due") for job in (MARKS_NAS, PRUNE_NAS)]
    await bench.runner.until_idle()
    assert bench.runs() == []
    assert bench.runner.jobs == (MARKS_NAS, PRUNE_NAS), "in their order"
    bench.when_about_to_begin = lambda: None
    bench.held.clear()
    bench.runner.resume()
    await bench.runner.until_idle()
    assert bench.runs() == [("nas", Outcome.GOOD)] * 2
    assert all(ticket.finished.done() for ticket in tickets)
    assert bench.runner.idle


async def test_of_one_reading_for_two_places_only_the_one_that_is_held_waits(bench: Bench) -> None:
    bench.when_about_to_begin = lambda: bench.held.add("nas")
    with bench.runner.gathering():
        bench.runner.submit(MARKS_NAS, "due")
        bench.runner.submit(MARKS_ANNEX, "due")
    await bench.runner.until_idle()
    assert bench.runs() == [("annex", Outcome.GOOD)]
    assert bench.runner.jobs == (MARKS_NAS,)


async def test_what_is_cancelled_as_it_is_about_to_begin_never_does(bench: Bench) -> None:
    bench.when_about_to_begin = bench.runner.cancel
    ticket = bench.runner.submit(MARKS_NAS, "asked")
    await bench.runner.until_idle()
    assert await ticket.finished is None
    assert bench.runs() == []
    assert bench.runner.idle


async def test_power_that_goes_as_a_job_is_about_to_begin_has_it_wait_not_done_twice(bench: Bench) -> None:
    def outage() -> None:
        bench.held.add("nas")
        bench.runner.interrupt()

    bench.when_about_to_begin = outage
    ticket = bench.runner.submit(MARKS_NAS, "asked")
    await bench.runner.until_idle()
    assert not ticket.finished.done()
    async with asyncio.timeout(20):
        await bench.runner.ended("", 10)  # nothing runs: nothing is waited for
    bench.when_about_to_begin = lambda: None
    bench.held.clear()
    bench.runner.resume()
    await bench.runner.until_idle()
    assert bench.runs() == [("nas", Outcome.GOOD)]
    assert (await ticket.finished) is not None


async def test_a_job_that_could_not_be_recorded_can_be_begun_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_run, tries = bench.records.start_run, 0

    def busy_the_second_time(*args: object, **named: object) -> RunId:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise RecordsBusy(file="vangnet.db", waited_s=30.0)
        return start_run(*args, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(bench.records, "start_run", busy_the_second_time)
    with bench.runner.gathering():
        first, second = (bench.runner.submit(job, "due") for job in (MARKS_NAS, MARKS_ANNEX))
    await bench.runner.until_idle()
    assert bench.runner.idle
    begun: Run | None = await first.finished
    assert begun is not None
    assert begun.outcome is Outcome.INTERRUPTED, "it does not look as if it ran still"
    assert await second.finished is None
    bench.runner.submit(MARKS_ANNEX, "due")
    await bench.runner.until_idle()
    assert bench.runs()[-1] == ("annex", Outcome.GOOD)


async def test_a_worker_that_goes_on_without_one_of_its_places_still_counts_as_one(
    bench: Bench, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, done = asyncio.Event(), asyncio.Event()

    async def work(_home: Home, run_ids: Sequence[RunId], _started: object) -> int:
        bench.workers.append(tuple(run_ids))
        at_work.set()
        await done.wait()
        for run_id in run_ids:
            if records.run(run_id).outcome is Outcome.RUNNING:
                records.finish_run(run_id, Outcome.GOOD)
        return 0

    def leave(run: Run) -> bool:
        records.finish_run(run.id, Outcome.CANCELLED)
        return True

    monkeypatch.setattr(runner_module, "worker_process", work)
    monkeypatch.setattr(runner_module, "ask_to_leave", leave)
    runner = Runner(Home.in_folder(tmp_path), records, at_once=1, together=lambda one, other: one.kind is other.kind)
    with runner.gathering():
        nas, annex = (runner.submit(job, "due") for job in (MARKS_NAS, MARKS_ANNEX))
    await at_work.wait()
    runner.cancel(target="nas")
    async with asyncio.timeout(20):
        stopped = await nas.finished
    assert stopped is not None
    assert stopped.outcome is Outcome.CANCELLED
    assert not annex.finished.done()
    pruning = runner.submit(PRUNE_NAS, "due")
    assert runner.busy_on("nas")
    await asyncio.sleep(0)
    assert len(bench.workers) == 1, "one worker at once: clearing waits for the copy that goes on"
    done.set()
    await runner.until_idle()
    assert bench.runs() == [("nas", Outcome.CANCELLED), ("annex", Outcome.GOOD), ("nas", Outcome.GOOD)]
    assert pruning.finished.done()
