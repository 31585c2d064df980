"""Several at work on one repository at the same time: real programs, ours and restic's."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from app.clock import format_utc
from app.errors import ExitCode
from app.repository import forgetter, locks, pruner
from app.repository.backend.base import FileKind
from app.repository.errors import RepositoryLocked
from app.repository.locks import LockJson
from app.repository.retention import KeepPolicy
from tests.fault.places import Kept, contents, raw, use_small_packs, write_noise
from tests.fault.processes import Group, run_apart
from tests.rig.programs import wait_until
from tests.rig.restic import restic_program


def start_vangnet(kept: Kept, home: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start `vangnet repo ARGUMENTS` on a repository; all that it says comes out of one pipe."""
    command = [sys.executable, "-m", "app", "repo", "-r", kept.folder, "-p", kept.restic.password_file, *arguments]
    env = {**os.environ, "LANG": "C.UTF-8", "VANGNET_HOME": str(home)}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def start_restic(kept: Kept, *arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [restic_program(), "-q", "--no-cache", "-r", kept.folder, "-p", kept.restic.password_file, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def all_end(processes: Sequence[subprocess.Popen[bytes]]) -> list[tuple[int, str]]:
    """Wait for programs and return how each ended, and what it said."""
    return [(process.wait(), said.decode()) for process in processes for said in [process.communicate()[0]]]


def make_sources(folder: Path, count: int, *, files: int = 12, size: int = 40_000) -> list[Path]:
    noise = random.Random(count)
    shared = noise.randbytes(200_000)
    sources = [folder / f"source {number}" for number in range(count)]
    for source in sources:
        write_noise(source, [f"{number % 3}/{number}.bin" for number in range(files)], size, noise)
        (source / "in every one.bin").write_bytes(shared)
    return sources


@pytest.mark.slow
def test_ten_programs_back_up_to_one_repository_at_once(kept: Kept, memory_folder: Path) -> None:
    sources = make_sources(memory_folder, 10)
    home = memory_folder / "home"
    ended = all_end([start_vangnet(kept, home, "backup", source, "--json") for source in sources])
    assert [code for code, _ in ended] == [0] * 10, ended
    snapshots = {snapshot.paths: snapshot for snapshot in kept.open().snapshots()}
    assert snapshots.keys() == {(raw(source),) for source in sources}
    assert {json.loads(said)["snapshot"] for _, said in ended} == kept.ids()
    assert kept.open().lock_names() == ()
    kept.restic.check(read_data=True)  # no unlock before: nothing may be left
    for number, source in enumerate(sources):
        restored = kept.restored(snapshots[raw(source),], memory_folder / f"restored {number}")
        assert contents(restored) == contents(source)


def test_restic_and_we_back_up_at_the_same_time(kept: Kept, memory_folder: Path) -> None:
    ours, theirs = make_sources(memory_folder, 2, files=60)
    ended = all_end([
        start_restic(kept, "backup", theirs),
        start_vangnet(kept, memory_folder / "home", "backup", ours),
    ])  # fmt: skip
    assert [code for code, _ in ended] == [0, 0], ended
    assert kept.open().lock_names() == ()
    kept.restic.check(read_data=True)
    snapshots = {snapshot.paths[0]: snapshot for snapshot in kept.open().snapshots()}
    assert snapshots.keys() == {raw(ours), raw(theirs)}
    for source in (ours, theirs):
        by_us = kept.restored(snapshots[raw(source)], memory_folder / "by us")
        assert contents(by_us) == contents(source)
        to = memory_folder / f"by restic {source.name}"
        kept.restic.restore(snapshots[raw(source)].id, to)
        assert contents(Path(f"{to}{source}")) == contents(source)


def test_a_prune_that_meets_a_back_up_says_locked_and_touches_nothing(kept: Kept, memory_folder: Path) -> None:
    home = memory_folder / "home"
    [source] = make_sources(memory_folder, 1)
    with kept.open().lock():
        before = kept.ids(), sorted(kept.open().backend.list(FileKind.PACK), key=lambda info: info.name)
        [(code, said)] = all_end([start_vangnet(kept, home, "prune")])
        assert code == ExitCode.LOCKED, said
        [(restic_code, _)] = all_end([start_restic(kept, "prune")])
        assert restic_code != 0
        assert len(kept.open().lock_names()) == 1
        after = kept.ids(), sorted(kept.open().backend.list(FileKind.PACK), key=lambda info: info.name)
        assert after == before
        # Another back-up may come along.
        [(code, said)] = all_end([start_vangnet(kept, home, "backup", source)])
        assert code == ExitCode.DONE, said


def test_a_back_up_that_meets_a_prune_says_locked_and_lists_nothing(kept: Kept, memory_folder: Path) -> None:
    [source] = make_sources(memory_folder, 1)
    with kept.open().lock(exclusive=True):
        [(code, said)] = all_end([start_vangnet(kept, memory_folder / "home", "backup", source)])
        assert code == ExitCode.LOCKED, said
        assert len(kept.open().lock_names()) == 1
    assert kept.ids() == set()


@pytest.mark.slow
def test_back_ups_and_prunes_that_keep_meeting_lose_nothing(kept: Kept, memory_folder: Path) -> None:
    """Each may be refused, none may harm the other: what is listed is whole, after all of it."""
    sources = make_sources(memory_folder, 3, files=30)
    noise = random.Random(9)

    def back_up(source: Path) -> None:
        use_small_packs()
        kept.open().backup([raw(source)])

    def prune() -> None:
        use_small_packs()
        repository = kept.open()
        for _ in range(40):
            try:
                forgetter.forget(repository, KeepPolicy(last=1))
                pruner.prune(repository, max_unused=pruner.MaxUnused(share=0.0))
            except RepositoryLocked:
                pass
            # Room for the others: a prune that follows on the heels of the last one would refuse them all.
            time.sleep(0.05)

    for source in sources:
        assert run_apart(lambda source=source: back_up(source)) == 0  # type: ignore[misc]  # bound at once
    pruning = Group(prune)
    codes: list[int] = []
    for turn in range(8):
        for source in sources:
            write_noise(source, [f"new {turn % 2}/{number}.bin" for number in range(10)], 30_000, noise)
        groups = [Group(lambda source=source: back_up(source)) for source in sources]  # type: ignore[misc]
        codes += [group.wait() for group in groups]
    assert pruning.wait() == 0
    assert set(codes) <= {ExitCode.DONE, ExitCode.LOCKED}
    assert ExitCode.DONE in codes
    assert kept.open().lock_names() == ()
    kept.restic.check(read_data=True)
    for source in sources:
        codes.append(run_apart(lambda source=source: back_up(source)))  # type: ignore[misc]
    newest = {snapshot.paths[0]: snapshot for snapshot in kept.open().snapshots()}
    for source in sources:
        assert contents(kept.restored(newest[raw(source)], memory_folder / "restored")) == contents(source)


# --- locks of the dead and the living ----------------------------------------------------------------------------


def lock_of(host: str, pid: int, written: datetime, *, exclusive: bool = True) -> bytes:
    return msgspec.json.encode(
        LockJson(time=format_utc(written), exclusive=exclusive, hostname=host, username="an", pid=pid)
    )


def test_the_lock_of_a_dead_program_here_is_healed_by_the_next_run(kept: Kept, memory_folder: Path) -> None:
    [source] = make_sources(memory_folder, 1)

    def hold() -> None:
        with kept.open().lock(exclusive=True):
            time.sleep(60)

    holder = Group(hold)
    wait_until(lambda: bool(kept.open().lock_names()), "the lock is there")
    [(code, said)] = all_end([start_vangnet(kept, memory_folder / "home", "backup", source)])
    assert code == ExitCode.LOCKED, said  # it lives
    assert holder.kill()
    assert len(kept.open().lock_names()) == 1
    [(code, said)] = all_end([start_vangnet(kept, memory_folder / "home", "backup", source)])
    assert code == ExitCode.DONE, said
    assert kept.open().lock_names() == ()


@pytest.mark.parametrize(("age", "is_dead"), [(0, False), (29, False), (31, True)], ids=["now", "29 min", "31 min"])
def test_the_lock_of_another_computer_counts_until_nobody_can_hold_it(
    kept: Kept, memory_folder: Path, age: int, is_dead: bool
) -> None:
    [source] = make_sources(memory_folder, 1)
    # A process id that lives here, and one that does not: neither says anything about another computer.
    for pid in (os.getpid(), 2**22 - 1):
        kept.open().save_lock(lock_of("another-pc", pid, datetime.now(UTC) - timedelta(minutes=age)))
        if is_dead:
            assert kept.open().backup([raw(source)]).complete
            assert kept.open().lock_names() == ()
            continue
        with pytest.raises(RepositoryLocked) as raised:
            kept.open().backup([raw(source)])
        assert raised.value.data["host"] == "another-pc"
        [name] = kept.open().lock_names()
        kept.open().remove_lock(name)


def test_a_lock_is_kept_fresh_for_restic_to_see(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "REFRESH_EVERY", timedelta(seconds=0.1))
    monkeypatch.setattr(locks, "LOOK_EVERY_S", 0.02)
    repository = kept.open()
    names: set[str] = set()
    with repository.lock(exclusive=True, refresh_in_thread=True) as lock:
        deadline = time.monotonic() + 5
        while len(names) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
            now = repository.lock_names()
            assert now, "at every moment there is a lock"
            names.update(now)
            lock.ensure_held()
        assert all_end([start_restic(kept, "prune")])[0][0] != 0
    assert len(names) >= 4
    assert repository.lock_names() == ()


def test_a_back_up_keeps_its_lock_fresh(kept: Kept, memory_folder: Path) -> None:
    [source] = make_sources(memory_folder, 1, files=200)
    kept_alive: set[str] = set()

    def back_up() -> None:
        use_small_packs()
        locks.REFRESH_EVERY = timedelta(seconds=0.02)
        kept.open().backup([raw(source)])

    group = Group(back_up)
    repository = kept.open()
    while not repository.snapshots():
        kept_alive.update(repository.lock_names())
    assert group.wait() == 0
    assert len(kept_alive) >= 3
    assert repository.lock_names() == ()


def test_a_lock_that_is_refreshed_while_we_look_is_still_a_lock(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever refreshes writes the new lock and removes the old: a reader of the old name must look again."""
    backing_up = kept.open().lock()
    pruning = kept.open()
    real_load = pruning.load_lock
    refreshed: list[str] = []

    def load(name: str) -> bytes:
        if not refreshed:
            refreshed.append(name)
            monkeypatch.setattr(locks, "REFRESH_EVERY", timedelta(0))
            backing_up.refresh()
            monkeypatch.undo()
        return real_load(name)

    with backing_up:
        monkeypatch.setattr(pruning, "load_lock", load)
        with pytest.raises(RepositoryLocked):
            pruning.lock(exclusive=True).__enter__()
        assert refreshed


def test_files_that_others_remove_while_we_list_are_no_error(kept: Kept) -> None:
    """Ten programs come and go: their locks vanish between being seen and being looked at."""

    def come_and_go() -> None:
        backend = kept.open().backend
        for number in range(1500):
            name = f"{random.randrange(1 << 250) + number:064x}"
            backend.save(FileKind.LOCK, name, b"a lock")
            backend.remove(FileKind.LOCK, name)

    groups = [Group(come_and_go) for _ in range(2)]
    backend = kept.open().backend
    listings = 0
    while any(os.waitid(os.P_PID, group.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None for group in groups):
        list(backend.list(FileKind.LOCK))
        listings += 1
    assert [group.wait() for group in groups] == [0, 0]
    assert listings > 10


def test_this_host_is_what_locks_say(kept: Kept) -> None:
    with kept.open().lock():
        [name] = kept.open().lock_names()
        lock = locks.read_lock(kept.open(), name)
    assert lock is not None
    assert (lock.hostname, lock.pid) == (socket.gethostname(), os.getpid())
