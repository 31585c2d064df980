"""Back-ups that are cut short: by people, by full or missing disks, by crashes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository import archiver, reading, storing
from app.repository.backend.base import FileKind
from app.repository.backend.faulty import Fault, FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.errors import (
    BackendFull,
    BackendUnavailable,
    Cancelled,
    RepositoryError,
    RepositoryLocked,
    SourceNotFound,
    WorkerDied,
)
from app.repository.keys import make_key_file
from app.repository.model import Cancel
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.restic import Restic
from tests.unit.repository.conftest import PASSWORD


def raw(path: Path) -> bytes:
    return os.fsencode(path)


@pytest.fixture
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have many packs from little data."""
    monkeypatch.setattr(storing, "PACK_BYTES", 64 << 10)


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """Return a source of 2.4 MB that cannot be compressed."""
    source = tmp_path / "noisy"
    noise = random.Random(3)
    for number in range(60):
        folder = source / f"folder {number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(noise.randbytes(40_000))
    return source


class CancelAt(Cancel):
    """Is set at the n-th time it is asked."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def is_set(self) -> bool:
        self.left -= 1
        return self.left <= 0


def children_of_this_process() -> set[int]:
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


@pytest.mark.usefixtures("small_packs")
@pytest.mark.parametrize("at", [1, 2, 30, 60, 120])
def test_a_cancelled_run_keeps_what_it_stored_and_lists_nothing(noisy: Path, at: int) -> None:
    repository = Repository.init(MemoryBackend())
    with pytest.raises(Cancelled):
        repository.backup([raw(noisy)], cancel=CancelAt(at))
    assert repository.snapshots() == ()
    assert repository.lock_names() == ()
    packs = {info.name for info in repository.backend.list(FileKind.PACK)}
    assert {pack.hex() for pack in repository.index.packs} == packs
    kept = sum(info.size for info in repository.backend.list(FileKind.PACK))
    assert repository.backup([raw(noisy)]).bytes_added < 2_500_000 - 0.9 * kept


@pytest.mark.usefixtures("small_packs")
def test_cancelling_worker_processes_keeps_their_packs(
    repository: Repository, witness: Restic, noisy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = Cancel()
    real_hear = archiver._Run._hear

    def hear_and_cancel(self: archiver._Run, message: object) -> None:
        real_hear(self, message)  # type: ignore[arg-type]  # passed on as it came
        cancel.set()

    monkeypatch.setattr(archiver._Run, "_hear", hear_and_cancel)
    before = children_of_this_process()
    with pytest.raises(Cancelled):
        repository.backup([raw(noisy)], cancel=cancel)
    assert children_of_this_process() <= before
    assert repository.snapshots() == ()
    assert repository.lock_names() == ()
    packs = {info.name for info in repository.backend.list(FileKind.PACK)}
    assert packs
    assert {pack.hex() for pack in repository.index.packs} == packs
    witness.check(read_data=True)


def full() -> BackendFull:
    return BackendFull(location="here", operation="save", reason="ENOSPC", free_bytes=0)


def unplugged() -> BackendUnavailable:
    return BackendUnavailable(location="here", operation="save", reason="ENODEV")


@pytest.mark.usefixtures("small_packs")
@pytest.mark.parametrize("error", [full, unplugged])
def test_cut_at_any_write_the_repository_is_sound_and_the_next_run_carries_on(
    noisy: Path, error: type[RepositoryError]
) -> None:
    at = 0
    succeeded = False
    while not succeeded:
        at += 1
        backend = FaultyBackend(MemoryBackend())
        repository = Repository.init(backend)
        backend.order(Fault(at, error))  # type: ignore[arg-type]  # a function that makes the error
        try:
            repository.backup([raw(noisy)])
            succeeded = True
        except (BackendFull, BackendUnavailable):
            assert repository.snapshots() == ()
        backend.heal()
        # What the index names is there: nothing refers to what was never written.
        packs = {info.name for info in backend.list(FileKind.PACK)}
        repository.forget_index()
        assert {pack.hex() for pack in repository.index.packs} <= packs
        assert repository.backup([raw(noisy)]).complete
        if at > 100:
            pytest.fail("the fault is never past the last write")
    assert at > 30


@pytest.mark.parametrize("kind", [FileKind.SNAPSHOT, FileKind.INDEX, FileKind.PACK, FileKind.LOCK])
def test_a_full_disk_leaves_no_lock_and_no_snapshot(source: Path, kind: FileKind) -> None:
    backend = FaultyBackend(MemoryBackend())
    repository = Repository.init(backend)
    backend.order(Fault(1, full, frozenset({"save"}), frozenset({kind})))
    with pytest.raises(BackendFull):
        repository.backup([raw(source)])
    assert repository.lock_names() == ()
    assert repository.snapshots() == ()


def test_an_unplugged_drive_is_what_the_error_says_not_the_lock_that_stayed(source: Path) -> None:
    backend = FaultyBackend(MemoryBackend())
    repository = Repository.init(backend)
    backend.order(Fault(2, unplugged, frozenset({"save", "remove", "list", "load"})))
    with pytest.raises(BackendUnavailable):
        repository.backup([raw(source)])
    backend.heal()
    assert repository.snapshots() == ()


def test_a_full_disk_in_a_worker_process_is_told_as_such(
    source: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_save = LocalBackend.save

    def save(self: LocalBackend, kind: FileKind, name: str, data: bytes) -> None:
        if kind is FileKind.PACK:
            raise full()
        real_save(self, kind, name, data)

    monkeypatch.setattr(LocalBackend, "save", save)
    before = children_of_this_process()
    with pytest.raises(BackendFull) as raised:
        repository.backup([raw(source)])
    assert raised.value.data["reason"] == "ENOSPC"
    assert children_of_this_process() <= before
    assert repository.lock_names() == ()


@pytest.mark.usefixtures("small_packs")
@pytest.mark.parametrize("crash", ["killed", "raises"])
def test_a_worker_that_dies_fails_the_run_and_leaves_the_repository_sound(
    repository: Repository, witness: Restic, noisy: Path, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    real_open = reading.open_quietly

    def die(path: bytes) -> int:
        if path.endswith(b"33.bin"):
            if crash == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError("a bug")
        return real_open(path)

    monkeypatch.setattr(reading, "open_quietly", die)
    before = children_of_this_process()
    with pytest.raises(WorkerDied) as raised:
        repository.backup([raw(noisy)])
    monkeypatch.undo()
    assert raised.value.data["exitcode"] == (-signal.SIGKILL if crash == "killed" else 70)
    assert children_of_this_process() <= before
    assert repository.snapshots() == ()
    assert repository.lock_names() == ()
    witness.check(read_data=True)
    assert repository.backup([raw(noisy)]).complete
    witness.check(read_data=True)


def test_while_another_holds_it_alone_nothing_is_touched(repository: Repository, source: Path) -> None:
    with repository.lock(exclusive=True):
        held = repository.lock_names()
        with pytest.raises(RepositoryLocked) as raised:
            repository.backup([raw(source)])
        assert raised.value.data["pid"] == os.getpid()
        assert repository.lock_names() == held
    assert list(repository.backend.list(FileKind.PACK)) == []
    assert repository.lock_names() == ()


def test_a_run_whose_lock_was_taken_away_lists_nothing(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository.init(MemoryBackend())
    real_flush = archiver._Run._flush

    def flush(self: archiver._Run) -> None:
        real_flush(self)
        for name in repository.lock_names():
            repository.remove_lock(name)

    monkeypatch.setattr(archiver._Run, "_flush", flush)
    with pytest.raises(RepositoryLocked):
        repository.backup([raw(source)])
    assert repository.snapshots() == ()


def test_a_source_that_is_pulled_out_lists_nothing(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository.init(MemoryBackend())
    real_flush = archiver._Run._flush

    def flush(self: archiver._Run) -> None:
        real_flush(self)
        source.rename(source.parent / "elsewhere")

    monkeypatch.setattr(archiver._Run, "_flush", flush)
    with pytest.raises(SourceNotFound) as raised:
        repository.backup([raw(source)])
    assert raised.value.data["paths"] == (str(source),)
    assert repository.snapshots() == ()
    assert repository.lock_names() == ()


def test_packs_are_named_in_the_index_as_the_run_goes(
    noisy: Path, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    monkeypatch.setattr(storing, "PACK_BYTES", 64 << 10)
    monkeypatch.setattr(archiver, "CHECKPOINT_BLOBS", 10)
    backend = FaultyBackend(MemoryBackend())
    repository = Repository.init(backend)
    repository.backup([raw(noisy)], clock=clock)
    kinds = [kind for operation, kind, _ in backend.calls if operation == "save" and kind is not FileKind.LOCK]
    assert kinds.index(FileKind.INDEX) < len(kinds) - 10
    assert kinds[-2:] == [FileKind.INDEX, FileKind.SNAPSHOT]


PROGRAM = """
import os, sys
from app.repository import archiver, storing
from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.repository import Repository
storing.PACK_BYTES = 256 << 10
archiver.CHECKPOINT_EVERY_S = 0.05
master = MasterKey.from_json(sys.stdin.buffer.read())
repository = Repository.open(LocalBackend(sys.argv[1]), master=master)
summary = repository.backup([os.fsencode(sys.argv[2])], state_dir=sys.argv[3])
assert summary.complete, summary.problems
"""


def start_backup(folder: Path, source: Path, master: MasterKey) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, folder / "repository", source, folder / "state"], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(master.to_json())
    process.stdin.close()
    return process


@pytest.mark.slow
def test_killed_at_any_moment_the_repository_is_sound(tmp_path: Path, clock: FixedClock) -> None:
    source = tmp_path / "source"
    noise = random.Random(4)
    for number in range(400):
        folder = source / f"{number % 20}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(noise.randbytes(100_000))
    (source / "large.bin").write_bytes(noise.randbytes(30_000_000))
    master = MasterKey.generate()
    key = make_key_file(master, Secret(PASSWORD), hostname="h", username="u", now=clock.now(), n=1 << 10, p=1)
    repository = Repository.init(LocalBackend(tmp_path / "repository"), master, [key])
    restic = Restic.at(tmp_path / "repository", PASSWORD, folder=tmp_path)
    caught_storing = 0
    for delay_s in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6):
        process = start_backup(tmp_path, source, master)
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        caught_storing += process.wait() == -signal.SIGKILL and bool(repository.lock_names())
        time.sleep(0.05)
        (source / f"{int(delay_s * 1000)}.txt").write_bytes(noise.randbytes(200_000))
        for name in repository.lock_names():  # a dead run's lock: ours removes it, restic asks for it
            repository.remove_lock(name)
        restic.check(read_data=True)
    assert caught_storing > 0
    process = start_backup(tmp_path, source, master)
    assert process.wait() == 0
    restic.check(read_data=True)
    restic.restore("latest", tmp_path / "restored")
    restored = Path(f"{tmp_path}/restored{source}")
    for path in source.rglob("*.bin"):
        assert (restored / path.relative_to(source)).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_a_dead_run_s_lock_does_not_stop_the_next_one(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "large.bin").write_bytes(random.Random(5).randbytes(60_000_000))
    master = MasterKey.generate()
    repository = Repository.init(LocalBackend(tmp_path / "repository"), master)
    process = start_backup(tmp_path, source, master)
    while not repository.lock_names():
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert len(repository.lock_names()) == 1
    with repository.lock(exclusive=True):
        assert len(repository.lock_names()) == 1
    assert repository.lock_names() == ()
