"""Pausing: every worker waits at its next blob, the lock is kept fresh, and after it all goes on as if nothing were."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Generic, Self, TypeVar

import pytest

from app.repository import locks
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.copier import copy
from app.repository.errors import Cancelled
from app.repository.model import BackupSummary, Cancel, Monitor, Phase
from app.repository.pruner import prune
from app.repository.repair import repair_index
from app.repository.repository import Repository
from tests.rig.trees import assert_same_tree

Result = TypeVar("Result")


class PauseWhen(Cancel):
    """Asks for a pause, once, when the caller's process looks and something is so."""

    __slots__ = ("asked", "caller", "is_time")

    def __init__(self, is_time: Callable[[], bool]) -> None:
        super().__init__()
        self.is_time = is_time
        self.asked = False
        self.caller = os.getpid()

    def heed(self, monitor: Monitor | None = None, *, meanwhile: Callable[[], None] | None = None) -> None:
        if os.getpid() == self.caller and not self.asked and self.is_time():
            self.asked = True
            self.pause()
        super().heed(monitor, meanwhile=meanwhile)


def pause_at(number: int) -> PauseWhen:
    """Pause at the n-th look."""
    looks = itertools.count(1)
    return PauseWhen(lambda: next(looks) == number)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    noise = random.Random(3)
    for number in range(60):
        path = folder / f"{number % 6}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise.randbytes(300_000))
    (folder / "large.bin").write_bytes(noise.randbytes(12_000_000))
    return folder


@pytest.fixture(params=["processes", "this process"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return LocalBackend(tmp_path / "repository") if request.param == "processes" else MemoryBackend()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def settled(numbers: Callable[[], object]) -> object:
    """Return numbers that have come to rest: a worker ends the blob it is at before it waits."""
    before: object = None
    while before != (now := numbers()):
        before = now
        time.sleep(0.5)
    return now


class Job(Generic[Result]):
    """Work in a thread of its own; left by an error of the test, it is cancelled."""

    def __init__(self, work: Callable[[Monitor, Cancel], Result], cancel: Cancel) -> None:
        self.monitor, self.cancel = Monitor(), cancel
        self._pool = ThreadPoolExecutor(1)
        self._running = self._pool.submit(work, self.monitor, cancel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel.set()
        self._pool.shutdown()

    @property
    def is_over(self) -> bool:
        return self._running.done()

    def wait_until_paused(self) -> None:
        wait_for(lambda: self.monitor.phase is Phase.PAUSED)

    def end(self) -> Result:
        return self._running.result(60)


def back_up(repository: Repository, source: Path, cancel: Cancel) -> Job[BackupSummary]:
    return Job(lambda m, c: repository.backup([bytes(source)], monitor=m, cancel=c), cancel)


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 3, 8])
def test_a_paused_back_up_stands_still_and_then_goes_on(
    backend: Backend, source: Path, tmp_path: Path, at: int
) -> None:
    repository = Repository.init(backend)
    cancel = pause_at(at)
    with back_up(repository, source, cancel) as job:
        job.wait_until_paused()

        def numbers() -> object:
            return job.monitor.bytes_done, len(list(backend.list(FileKind.PACK)))

        stands_at = settled(numbers)
        time.sleep(0.5)
        assert numbers() == stands_at
        assert not job.is_over
        assert len(list(backend.list(FileKind.LOCK))) == 1
        cancel.resume()
        summary = job.end()
    assert summary.complete
    assert job.monitor.phase is Phase.FINISHING
    assert repository.restore(summary.snapshot, bytes(tmp_path / "out")).complete
    assert_same_tree(source, tmp_path / "out" / source.relative_to("/"))


@pytest.mark.parametrize("at", [1, 4])
def test_a_paused_back_up_can_be_cancelled_and_its_packs_are_named(backend: Backend, source: Path, at: int) -> None:
    repository = Repository.init(backend)
    cancel = pause_at(at)
    with back_up(repository, source, cancel) as job:
        job.wait_until_paused()
        cancel.set()
        with pytest.raises(Cancelled):
            job.end()
    assert repository.snapshots() == ()
    assert repository.lock_names() == ()
    assert {pack.hex() for pack in repository.index.packs} == {info.name for info in backend.list(FileKind.PACK)}


def test_a_paused_back_up_keeps_its_lock_fresh(backend: Backend, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository.init(backend)
    cancel = pause_at(3)
    with back_up(repository, source, cancel) as job:
        job.wait_until_paused()
        first = repository.lock_names()
        monkeypatch.setattr(locks, "REFRESH_EVERY", timedelta(0))
        wait_for(lambda: repository.lock_names() not in ((), first))
        cancel.resume()
        assert job.end().complete


def test_a_pause_of_a_long_back_up_names_what_is_stored(
    backend: Backend, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause may end with the power: what has been heard of is in the index by then."""
    monkeypatch.setattr("app.repository.storing.PACK_BYTES", 64 << 10)
    repository = Repository.init(backend)
    cancel = PauseWhen(lambda: len(list(backend.list(FileKind.PACK))) >= 20)
    with back_up(repository, source, cancel) as job:
        job.wait_until_paused()

        def stored() -> set[str]:
            return {info.name for info in backend.list(FileKind.PACK)}

        def named() -> set[str]:
            return {pack.hex() for pack in Repository.open(backend, master=repository.master).index.packs}

        wait_for(lambda: bool(named()))
        if backend.shared_by_fork:  # a pack that a worker ends meanwhile is heard of, and named, a moment later
            wait_for(lambda: named() == stored())
        cancel.resume()
        assert job.end().complete


@pytest.mark.slow
def test_restore_check_copy_prune_and_repair_pause_too(backend: Backend, source: Path, tmp_path: Path) -> None:
    repository = Repository.init(backend)
    snapshot = repository.backup([bytes(source)]).snapshot
    there = Repository.init(MemoryBackend(), repository.master)
    works: dict[str, Callable[[Monitor, Cancel], object]] = {
        "restore": lambda m, c: repository.restore(snapshot, bytes(tmp_path / "out"), monitor=m, cancel=c),
        "check": lambda m, c: repository.check(read_data=True, monitor=m, cancel=c),
        "copy": lambda m, c: copy(repository, there, monitor=m, cancel=c),
        "prune": lambda m, c: prune(repository, monitor=m, cancel=c),
        "repair": lambda m, c: repair_index(repository, monitor=m, cancel=c),
    }
    for name, work in works.items():
        cancel = Cancel()
        cancel.pause()
        with Job(work, cancel) as job:
            job.wait_until_paused()
            assert not job.is_over, name
            cancel.resume()
            job.end()
            assert job.monitor.phase is not Phase.PAUSED
    assert_same_tree(source, tmp_path / "out" / source.relative_to("/"))
    assert repository.check(read_data=True).sound
    assert len(there.snapshots()) == 1


def test_a_restore_that_is_cancelled_while_paused_leaves_no_half_files(source: Path, tmp_path: Path) -> None:
    repository = Repository.init(LocalBackend(tmp_path / "repository"))
    snapshot = repository.backup([bytes(source)]).snapshot
    out = tmp_path / "out"
    cancel = PauseWhen(lambda: any(out.rglob("*.part")))
    with Job(lambda m, c: repository.restore(snapshot, bytes(out), monitor=m, cancel=c), cancel) as job:
        wait_for(lambda: cancel.is_paused() or job.is_over)
        cancel.set()
        with contextlib.suppress(Cancelled):  # it may have come to its end before it looked
            job.end()
    assert not list(out.rglob("*.part"))


def test_a_pause_that_was_asked_for_and_taken_back_before_is_none() -> None:
    cancel = Cancel()
    cancel.pause()
    assert cancel.is_paused()
    cancel.resume()
    cancel.heed()
    cancel.pause()
    cancel.set()
    assert not cancel.is_paused()
    with pytest.raises(Cancelled):
        cancel.heed()
