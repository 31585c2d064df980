"""Who may work on a repository at the same time, and when a lock is dead for certain."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import timedelta

import msgspec
import pytest

from app.clock import FixedClock, format_utc
from app.repository.errors import RepositoryLocked
from app.repository.locks import LockJson, is_provably_dead
from app.repository.repository import Repository


def foreign_lock(clock: FixedClock, **changes: object) -> LockJson:
    lock = LockJson(
        time=format_utc(clock.now()), exclusive=True, hostname="another-pc", username="an", pid=4242, uid=1, gid=1
    )
    return msgspec.structs.replace(lock, **changes)


def a_pid_that_is_no_more() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_several_may_back_up_at_once(repository: Repository) -> None:
    with repository.lock(), repository.lock():
        assert len(repository.lock_names()) == 2
    assert repository.lock_names() == ()


@pytest.mark.parametrize(("held", "wanted"), [(True, False), (False, True), (True, True)])
def test_one_that_wants_to_be_alone_is(repository: Repository, held: bool, wanted: bool) -> None:
    with repository.lock(exclusive=held):
        with pytest.raises(RepositoryLocked) as raised:
            repository.lock(exclusive=wanted).__enter__()
        assert raised.value.data["exclusive"] is held
        assert len(repository.lock_names()) == 1


def test_a_lock_is_gone_after_an_error(repository: Repository) -> None:
    with pytest.raises(KeyError), repository.lock():
        raise KeyError
    assert repository.lock_names() == ()


def test_a_lock_is_refreshed_in_time(repository: Repository, clock: FixedClock) -> None:
    with repository.lock(clock=clock) as lock:
        first = repository.lock_names()
        lock.refresh()
        assert repository.lock_names() == first
        clock.move_to(clock.now() + timedelta(minutes=6))
        lock.refresh()
        second = repository.lock_names()
        assert len(second) == 1
        assert second != first
    assert repository.lock_names() == ()


def test_a_lock_that_someone_removed_can_still_be_given_back(repository: Repository) -> None:
    with repository.lock():
        for name in repository.lock_names():
            repository.remove_lock(name)
    assert repository.lock_names() == ()


def test_a_lock_that_was_taken_away_is_noticed(repository: Repository, clock: FixedClock) -> None:
    with repository.lock(clock=clock) as lock:
        lock.ensure_held()
        for name in repository.lock_names():
            repository.remove_lock(name)
        with pytest.raises(RepositoryLocked) as raised:
            lock.ensure_held()
        assert raised.value.data["lost"] is True
        clock.move_to(clock.now() + timedelta(minutes=40))
        with pytest.raises(RepositoryLocked):
            lock.refresh()


def test_the_living_are_not_dead(clock: FixedClock) -> None:
    here = socket.gethostname()
    assert not is_provably_dead(foreign_lock(clock), clock.now())
    assert not is_provably_dead(foreign_lock(clock, hostname=here, pid=os.getpid()), clock.now())
    assert not is_provably_dead(foreign_lock(clock, pid=a_pid_that_is_no_more()), clock.now())
    assert not is_provably_dead(foreign_lock(clock), clock.now() + timedelta(minutes=29))
    assert not is_provably_dead(foreign_lock(clock, time="last week"), clock.now())
    assert not is_provably_dead(foreign_lock(clock, hostname=here, pid=0), clock.now())


def test_the_dead_are(clock: FixedClock) -> None:
    here = socket.gethostname()
    assert is_provably_dead(foreign_lock(clock), clock.now() + timedelta(minutes=31))
    assert is_provably_dead(foreign_lock(clock, hostname=here, pid=a_pid_that_is_no_more()), clock.now())


def test_a_dead_lock_is_removed_a_living_one_respected(repository: Repository, clock: FixedClock) -> None:
    dead = foreign_lock(clock, hostname=socket.gethostname(), pid=a_pid_that_is_no_more())
    repository.save_lock(msgspec.json.encode(dead))
    with repository.lock(exclusive=True, clock=clock):
        assert len(repository.lock_names()) == 1
    repository.save_lock(msgspec.json.encode(foreign_lock(clock)))
    with pytest.raises(RepositoryLocked) as raised:
        repository.lock(clock=clock).__enter__()
    assert raised.value.data["host"] == "another-pc"
