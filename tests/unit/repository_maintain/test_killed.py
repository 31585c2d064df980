"""kill -9 at random moments of forget, prune and copy: the repository stays sound, and the next run carries on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.copier import copy
from app.repository.forgetter import forget
from app.repository.model import Snapshot
from app.repository.prune_plan import MaxUnused
from app.repository.pruner import prune
from app.repository.repository import Repository
from app.repository.retention import KeepPolicy
from tests.rig.repositories import PASSWORD, init_with_password
from tests.rig.restic import Restic
from tests.unit.repository_maintain.conftest import (
    assert_whole,
    contents,
    names,
)

MakeHistory = Callable[[Repository, int], tuple[Snapshot, ...]]
MOMENTS = 8
ASK_RESTIC_EVERY = 4


class Killer:
    """Kills work at random moments until it was caught in the act often enough."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._takes_s = 0.2
        self._attempts = 0
        self.caught = 0

    def wants_more(self) -> bool:
        assert self._attempts < 20 * MOMENTS, f"only {self.caught} were caught in the act"
        return self.caught < MOMENTS

    def kill(self, work: Callable[[], object]) -> None:
        self._attempts += 1
        was_killed = kill_after(self._chance.uniform(0, self._takes_s), work)
        # Aim at the whole length of the work: shorter once it came to its end, longer while it never does.
        self._takes_s *= 1.1 if was_killed else 0.85
        self.caught += was_killed


def kill_after(delay_s: float, work: Callable[[], object]) -> bool:
    """Do the work in a process of its own and kill it after a while; return whether it was still at it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.slow
def test_killed_while_forgetting_and_pruning(
    tmp_path: Path, memory_folder: Path, make_history: MakeHistory, clock: FixedClock
) -> None:
    template = init_with_password(LocalBackend(memory_folder / "template"))
    made = make_history(template, 8)
    wanted = {snapshot.id: contents(template, snapshot) for snapshot in made}
    place = memory_folder / "repository"

    def thin_out() -> None:
        repository = Repository.open(LocalBackend(place), master=template.master)
        forget(repository, KeepPolicy(last=2), clock=clock)
        prune(repository, max_unused=MaxUnused(bytes=0))

    killer = Killer(11)
    while killer.wants_more():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(memory_folder / "template", place)
        killer.kill(thin_out)
        repository = Repository.open(LocalBackend(place), master=template.master)
        left = repository.snapshots()
        assert [snapshot.id for snapshot in left] == [snapshot.id for snapshot in made[-len(left) :]]
        assert len(left) >= 2
        assert {snapshot.id: contents(repository, snapshot) for snapshot in left} == {
            snapshot.id: wanted[snapshot.id] for snapshot in left
        }
        assert_whole(repository, snapshots=len(left))
        if killer.caught % ASK_RESTIC_EVERY == 0:
            restic = Restic.at(place, PASSWORD, folder=tmp_path)
            restic.run("unlock")
            restic.check(read_data=True)
        thin_out()  # the dead process's lock does not stand in the way
        assert names(repository.backend, FileKind.LOCK) == set()
        assert_whole(repository, snapshots=2)


@pytest.mark.slow
def test_killed_while_copying(tmp_path: Path, memory_folder: Path, make_history: MakeHistory) -> None:
    source = init_with_password(LocalBackend(memory_folder / "source repository"))
    made = make_history(source, 4)
    place = memory_folder / "copy"

    def copy_all() -> None:
        destination = Repository.open(LocalBackend(place), master=source.master)
        copy(Repository.open(source.backend, master=source.master), destination)

    init_with_password(LocalBackend(place), source.master)
    killer = Killer(12)
    while killer.wants_more():
        shutil.rmtree(place)
        init_with_password(LocalBackend(place), source.master)
        killer.kill(copy_all)
        destination = Repository.open(LocalBackend(place), master=source.master)
        assert_whole(destination, snapshots=len(destination.snapshots()))
        copy_all()
        assert_whole(destination, snapshots=len(made))
        if killer.caught % ASK_RESTIC_EVERY == 0:
            restic = Restic.at(place, PASSWORD, folder=tmp_path)
            restic.run("unlock")
            restic.check(read_data=True)
