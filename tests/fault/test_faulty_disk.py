"""Every error a disk can give, from a real file system: a typed error, nothing half done, the next run carries on."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import ExitCode
from app.repository import copier, forgetter, pruner
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendUnavailable,
    Cancelled,
)
from app.repository.model import Cancel, RestoreOptions
from app.repository.repair import repair_index, repair_packs
from app.repository.repair_snapshots import repair_snapshots
from app.repository.retention import KeepPolicy
from tests.fault.places import Kept, contents, raw, use_small_packs, write_noise
from tests.fault.processes import Group
from tests.rig.faultfs import FaultyFolder, Operation, Order
from tests.rig.programs import need, run, wait_until

pytestmark = pytest.mark.rig

LONG = bool(os.environ.get("VANGNET_LONG"))

KINDS: dict[str, type[BackendError]] = {
    "EIO": BackendUnavailable,
    "ESTALE": BackendUnavailable,
    "ENOSPC": BackendFull,
    "EDQUOT": BackendFull,
    "EROFS": BackendReadOnly,
}


ERRORS = ("EIO", "ENOSPC", "EROFS", "ESTALE")


def with_errors(*cases: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return each case with an error, so that each error has its turn; every case with every one, given time."""
    if LONG:
        return [(*case, error) for case in cases for error in ERRORS]
    return [(*case, ERRORS[number % len(ERRORS)]) for number, case in enumerate(cases)]


@pytest.fixture(scope="module")
def faulty_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyFolder]:
    """Return a disk that fails on order, for all tests of this module."""
    need("fusermount3")
    disk = FaultyFolder(tmp_path_factory.mktemp("faulty"))
    try:
        yield disk
    finally:
        disk.clean_up()


@pytest.fixture
def on_faulty_disk(faulty_disk: FaultyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Return a repository of its own on that disk; restic looks at what lies beneath."""
    for module in ("storing", "repacking", "pruner"):
        monkeypatch.setattr(f"app.repository.{module}.PACK_BYTES", 64 << 10)
    number = sum(1 for _ in faulty_disk.beneath.glob("repository *"))
    name = f"repository {number}"
    return Kept.make(faulty_disk.folder / name, seen_at=faulty_disk.beneath / name)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    write_noise(folder, [f"{number % 3}/{number}.bin" for number in range(24)], 30_000, random.Random(5))
    return folder


def change(source: Path, seed: int = 6) -> None:
    write_noise(source, [f"new {number % 3}/{number}.bin" for number in range(12)], 30_000, random.Random(seed))


def assert_carries_on(kept: Kept, source: Path, before: set[str], to: Path) -> None:
    """Nothing is half done; the next run works, and what it lists is what is there."""
    assert kept.ids() == before
    kept.assert_sound()
    summary = kept.open().backup([raw(source)])
    assert summary.complete
    assert kept.ids() == before | {summary.snapshot.id}
    assert kept.open().lock_names() == ()
    kept.assert_sound_by_ourselves()
    assert contents(kept.restored(summary.snapshot, to)) == contents(source)


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        *itertools.product(("create", "write", "fsync", "rename"), ("EIO", "ENOSPC", "EROFS", "ESTALE")),
        ("write", "EDQUOT"),
        ("fsyncdir", "EIO"),
        ("fsyncdir", "ENOSPC"),
    ],
)
def test_an_error_while_storing_says_what_it_is_and_lists_nothing(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, operation: Operation, error: str
) -> None:
    kept = on_faulty_disk
    kept.open().backup([raw(source)])
    before = kept.ids()
    change(source)
    # Only where data, index and snapshots lie: the lock can be taken, and given back.
    order = Order((operation,), error, path="/(data|index|snapshots)/", after_calls=2)
    with faulty_disk.failing(order), pytest.raises(KINDS[error]) as raised:
        kept.open().backup([raw(source)])
    assert type(raised.value) is KINDS[error]
    assert raised.value.data["reason"] == error
    assert kept.open().lock_names() == ()
    assert_carries_on(kept, source, before, tmp_path / "restored")


@pytest.mark.parametrize("error", ["EIO", "ESTALE"])
@pytest.mark.parametrize("operation", ["open", "read", "readdir"])
def test_an_error_while_looking_at_the_repository_is_no_damage(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, operation: Operation, error: str
) -> None:
    kept = on_faulty_disk
    kept.open().backup([raw(source)])
    before = kept.ids()
    change(source)
    repository = kept.open()
    with faulty_disk.failing(Order((operation,), error)), pytest.raises(BackendUnavailable) as raised:
        repository.backup([raw(source)])
    assert raised.value.data["reason"] == error
    assert_carries_on(kept, source, before, tmp_path / "restored")


@pytest.mark.parametrize("after_bytes", [0, 50_000, 150_000, 300_000])
def test_a_disk_that_fails_after_some_bytes_keeps_what_came_before(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, after_bytes: int
) -> None:
    kept = on_faulty_disk
    kept.open().backup([raw(source)])
    before = kept.ids()
    change(source)
    with faulty_disk.failing(Order(("write",), "EIO", path="/data/", after_bytes=after_bytes)):
        with pytest.raises(BackendUnavailable):
            kept.open().backup([raw(source)])
    assert_carries_on(kept, source, before, tmp_path / "restored")


def test_a_disk_that_takes_a_part_at_a_time_gets_all_of_it(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path
) -> None:
    with faulty_disk.failing(Order(short=True)):
        snapshot = on_faulty_disk.open().backup([raw(source)]).snapshot
    on_faulty_disk.assert_sound()
    assert contents(on_faulty_disk.restored(snapshot, tmp_path / "restored")) == contents(source)


def test_a_slow_disk_is_waited_for_and_a_cancel_is_heard(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path
) -> None:
    kept = on_faulty_disk
    with faulty_disk.failing(Order(("fsync", "rename"), delay_s=0.02)):
        assert kept.open().backup([raw(source)]).complete
    before = kept.ids()
    change(source)

    class CancelSoon(Cancel):
        asked_at = 0.0

        def is_set(self) -> bool:
            self.asked_at = self.asked_at or time.monotonic()
            return time.monotonic() > self.asked_at + 0.2

    started = time.monotonic()
    with faulty_disk.failing(Order(("fsync",), delay_s=0.1)), pytest.raises(Cancelled):
        kept.open().backup([raw(source)], cancel=CancelSoon())
    assert time.monotonic() - started < 5
    assert_carries_on(kept, source, before, tmp_path / "restored")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS", "ESTALE"])
@pytest.mark.parametrize(
    ("operation", "path", "after_calls"),
    [
        ("unlink", "/(index|data)/", 0),
        ("unlink", "/data/", 3),
        ("create", "/data/", 0),
        ("fsync", "/index/", 0),
        ("rename", "/index/", 0),
        ("fsyncdir", "/index", 0),
    ],
)
def test_a_prune_that_fails_leaves_all_snapshots_whole_and_the_next_one_ends_it(
    on_faulty_disk: Kept,
    faulty_disk: FaultyFolder,
    source: Path,
    tmp_path: Path,
    error: str,
    operation: Operation,
    path: str,
    after_calls: int,
) -> None:
    kept = on_faulty_disk
    for seed in range(3):
        change(source, seed)
        kept.open().backup([raw(source)])
    forgetter.forget(kept.open(), KeepPolicy(last=1))
    before = kept.ids()
    everything = pruner.MaxUnused(share=0.0)
    with faulty_disk.failing(Order((operation,), error, path=path, after_calls=after_calls)):
        if error == "ENOSPC" and operation in ("create", "fsync", "rename"):
            pruner.prune(kept.open(), max_unused=everything)  # without room it does what it can
        else:
            with pytest.raises(KINDS[error]):
                pruner.prune(kept.open(), max_unused=everything)
    assert kept.ids() == before
    kept.assert_sound()
    pruner.prune(kept.open(), max_unused=everything)
    assert pruner.prune(kept.open(), max_unused=everything, dry_run=True).bytes_unneeded_left == 0
    assert_carries_on(kept, source, before, tmp_path / "restored")


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        *with_errors(("write",), ("rename",), ("create",), ("fsync",)),
        *itertools.product(("create", "fsync"), ("EIO", "ENOSPC")),
    ],
)
def test_a_copy_that_fails_lists_nothing_and_the_next_one_carries_on(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, error: str, operation: Operation
) -> None:
    first = Kept.make(tmp_path / "first", master=on_faulty_disk.master)
    first.open().backup([raw(source)])
    with faulty_disk.failing(Order((operation,), error, path="/data/", after_calls=3)):
        with pytest.raises(KINDS[error]):
            copier.copy(first.open(), on_faulty_disk.open())
    assert on_faulty_disk.ids() == set()
    on_faulty_disk.assert_sound()
    copier.copy(first.open(), on_faulty_disk.open())
    on_faulty_disk.assert_sound()
    [copied] = on_faulty_disk.open().snapshots()
    assert contents(on_faulty_disk.restored(copied, tmp_path / "restored")) == contents(source)


@pytest.mark.parametrize("operation", ["create", "write", "fsync", "rename", "fsyncdir"])
def test_a_back_up_that_fails_at_any_one_write_lists_nothing(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, operation: Operation
) -> None:
    kept = on_faulty_disk
    kept.open().backup([raw(source)])
    before = kept.ids()
    change(source)
    for number in itertools.count():
        error = ERRORS[number % len(ERRORS)]
        # Locks are no data: a back-up that cannot refresh one has its own tests.
        order = Order((operation,), error, path="/(data|index|snapshots)", after_calls=number)
        with faulty_disk.failing(order):
            try:
                summary = kept.open().backup([raw(source)])
            except KINDS[error]:
                assert kept.ids() == before
            else:
                break
    assert number > 3
    assert kept.ids() == before | {summary.snapshot.id}
    kept.assert_sound()
    assert contents(kept.restored(summary.snapshot, tmp_path / "restored")) == contents(source)


@pytest.mark.parametrize("error", ERRORS)
def test_a_forget_that_fails_keeps_the_newest_and_the_next_one_ends_it(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, error: str
) -> None:
    kept = on_faulty_disk
    made = [kept.open().backup([raw(source)]).snapshot.id for _ in range(5)]
    order = Order(("unlink",), error, path="/snapshots/", after_calls=2)
    with faulty_disk.failing(order), pytest.raises(KINDS[error]):
        forgetter.forget(kept.open(), KeepPolicy(last=1))
    assert kept.ids() == set(made[2:])  # the oldest go first
    kept.assert_sound()
    forgetter.forget(kept.open(), KeepPolicy(last=1))
    assert_carries_on(kept, source, {made[-1]}, tmp_path / "restored")


Work = Callable[[Kept], object]


def mend_index(kept: Kept) -> object:
    return repair_index(kept.open())


def mend_packs(kept: Kept) -> object:
    repository = kept.open()
    return repair_packs(repository, repository.index.packs[:4])


def mend_snapshots(kept: Kept) -> object:
    return repair_snapshots(kept.open(), forget=True)


@pytest.mark.parametrize(
    ("operation", "error"), with_errors(("create",), ("write",), ("fsync",), ("rename",), ("unlink",))
)
@pytest.mark.parametrize("mend", [mend_index, mend_packs])
def test_a_repair_that_fails_leaves_all_snapshots_whole_and_the_next_one_ends_it(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path,
    mend: Work, operation: Operation, error: str,
) -> None:  # fmt: skip
    kept = on_faulty_disk
    kept.open().backup([raw(source)])
    before = kept.ids()
    with faulty_disk.failing(Order((operation,), error, path="/(data|index)/")), pytest.raises(KINDS[error]):
        mend(kept)
    assert kept.ids() == before
    kept.assert_sound()
    mend(kept)
    assert_carries_on(kept, source, before, tmp_path / "restored")


@pytest.mark.parametrize(
    ("operation", "path", "error"),
    with_errors(("create", "/data/"), ("write", "/index/"), ("rename", "/snapshots/"), ("unlink", "/snapshots/")),
)
def test_a_repair_of_snapshots_that_fails_loses_none(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path,
    operation: Operation, path: str, error: str,
) -> None:  # fmt: skip
    kept = on_faulty_disk
    snapshot = kept.open().backup([raw(source)]).snapshot
    repository = kept.open()
    lost = min(place.pack for _, place in repository.index.blobs() if not place.is_tree)
    (kept.folder / "data" / lost.hex()[:2] / lost.hex()).unlink()
    repair_packs(repository, [lost])
    with faulty_disk.failing(Order((operation,), error, path=path)), pytest.raises(KINDS[error]):
        mend_snapshots(kept)
    assert snapshot.id in kept.ids()
    mend_snapshots(kept)
    [mended] = kept.open().snapshots()
    assert mended.original == snapshot.id
    assert_carries_on(kept, source, {mended.id}, tmp_path / "restored")


@pytest.mark.parametrize(
    "order",
    [Order(short=True), Order(("create", "write", "fsync", "rename", "unlink", "fsyncdir"), delay_s=0.005)],
    ids=["short writes", "slow"],
)
def test_all_that_writes_gets_there_on_a_disk_that_is_slow_or_takes_parts(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path, order: Order
) -> None:
    kept = on_faulty_disk
    first = Kept.make(tmp_path / "first", master=kept.master)
    with faulty_disk.failing(order):
        for seed in range(3):
            change(source, seed)
            first.open().backup([raw(source)])
        copier.copy(first.open(), kept.open())
        forgetter.forget(kept.open(), KeepPolicy(last=1))
        pruner.prune(kept.open(), max_unused=pruner.MaxUnused(share=0.0))
        for mend in (mend_index, mend_packs, mend_snapshots):
            mend(kept)
    [newest] = kept.open().snapshots()
    kept.assert_sound()
    assert contents(kept.restored(newest, tmp_path / "restored")) == contents(source)


def test_bad_sectors_cost_a_restore_only_their_files(
    on_faulty_disk: Kept, faulty_disk: FaultyFolder, source: Path, tmp_path: Path
) -> None:
    kept = on_faulty_disk
    snapshot = kept.open().backup([raw(source)]).snapshot
    repository = kept.open()
    tree_packs = {place.pack.hex() for _, place in repository.index.blobs() if place.is_tree}
    bad = min({pack.hex() for pack in repository.index.packs} - tree_packs)
    with faulty_disk.failing(Order(("read",), "EIO", path=bad)):
        summary = repository.restore(snapshot, raw(tmp_path / "restored"), options=RestoreOptions())
        report = kept.open().check(read_data=True)
    lost = {problem.path for problem in summary.problems}
    assert 0 < len(lost) < 24
    assert {problem.file for problem in report.problems} == {f"data/{bad}"}
    assert {affected for problem in report.problems for affected in problem.snapshots} == {snapshot.id}
    restored = contents(Path(f"{tmp_path}/restored{source}"))
    whole = contents(source)
    assert all(whole[name] == content for name, content in restored.items())
    assert len(restored) == len(whole) - len(lost)


def test_a_dead_mount_is_a_place_that_is_not_there(faulty_folder: FaultyFolder, source: Path) -> None:
    """The file system's own process dies in the middle of a back-up."""
    kept = Kept.make(faulty_folder.folder / "repository", seen_at=faulty_folder.beneath / "repository")
    kept.open().backup([raw(source)])
    change(source)
    faulty_folder.order(Order(("fsync",), delay_s=0.05))

    def back_up() -> None:
        use_small_packs()
        kept.open().backup([raw(source)])

    group = Group(back_up)
    locks = faulty_folder.beneath / "repository/locks"
    wait_until(lambda: any(locks.iterdir()), "it has begun")
    time.sleep(0.1)
    faulty_folder.kill()
    assert group.wait() == ExitCode.NOT_THERE
    with pytest.raises(BackendUnavailable):
        kept.open()
    beneath = Kept(faulty_folder.beneath / "repository", kept.master, kept.restic)
    assert len(beneath.ids()) == 1
    beneath.assert_sound()


# --- a disk that is full -------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 4 MB."""
    need("mount")
    folder = tmp_path / "small"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", folder)
    try:
        yield folder
    finally:
        run("umount", "-l", folder)


def test_a_full_disk_is_said_with_its_space_and_a_prune_makes_room(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("storing", "repacking", "pruner"):
        monkeypatch.setattr(f"app.repository.{module}.PACK_BYTES", 64 << 10)
    kept = Kept.make(small_disk / "repository")
    noise = random.Random(11)
    source = tmp_path / "source"
    held: dict[str, dict[str, bytes]] = {}

    def fill_up() -> None:
        for _ in range(10):
            write_noise(source, [f"{number}.bin" for number in range(20)], 40_000, noise)
            held[kept.open().backup([raw(source)]).snapshot.id] = contents(source)

    with pytest.raises(BackendFull) as raised:
        fill_up()
    free = raised.value.data["free_bytes"]
    assert isinstance(free, int)
    assert 0 <= free < 1 << 20
    assert kept.ids() == held.keys()
    assert len(held) >= 3
    kept.assert_sound_by_ourselves()
    # Full to the last byte: whoever makes room must not need any first.
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
    assert os.statvfs(small_disk).f_bavail == 0
    forgetter.forget(kept.open(), KeepPolicy(last=1))
    report = pruner.prune(kept.open())
    assert report.bytes_freed > 1 << 20
    kept.assert_sound()
    [newest] = kept.open().snapshots()
    assert contents(kept.restored(newest, tmp_path / "restored")) == held[newest.id]
    assert kept.open().backup([raw(source)]).complete
    kept.assert_sound()


def test_more_than_fits_is_refused_and_leaves_what_was_there(small_disk: Path, tmp_path: Path) -> None:
    kept = Kept.make(small_disk / "repository")
    source = tmp_path / "source"
    write_noise(source, ["small.bin"], 100_000, random.Random(1))
    snapshot = kept.open().backup([raw(source)]).snapshot
    write_noise(source, [f"{number}.bin" for number in range(12)], 1 << 20, random.Random(2))
    with pytest.raises(BackendFull):
        kept.open().backup([raw(source)])
    assert kept.ids() == {snapshot.id}
    kept.assert_sound_by_ourselves()
    for path in source.glob("[0-9]*.bin"):
        path.unlink()
    pruner.prune(kept.open())  # what the failed run has left goes, and its half-written file too
    assert not list((small_disk / "repository").rglob("*.tmp"))
    assert kept.open().backup([raw(source)]).complete
    kept.assert_sound()
