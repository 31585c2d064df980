"""A large file is read by several workers, and comes to what one of them would have made of it."""

from __future__ import annotations

import errno
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository import readers, reading, reading_plan, split_file, workers
from app.repository.errors import Cancelled
from app.repository.model import BackupOptions, Cancel, FileProblem, Monitor
from app.repository.reading_plan import LargeFile, ReadingPlan
from app.repository.repository import Repository
from app.repository.split_file import SplitFile
from app.repository.worker import Batch, FilePart
from tests.rig.restic import Restic

MIB = 1 << 20
Happening = Callable[[Path], None]


@pytest.fixture(autouse=True)
def _shared_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share files of a few megabytes, whatever the computer."""
    monkeypatch.setattr(reading_plan, "_SHARED_BYTES", 2 * MIB)
    monkeypatch.setattr(reading_plan, "_SHARED_AT_ONCE_BYTES", 2 * MIB)
    monkeypatch.setattr(split_file, "_PART_BYTES", 2 * MIB)
    monkeypatch.setattr(workers, "worker_count", lambda: 4)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the paths of the parts that are handed out."""
    seen: list[bytes] = []
    take = SplitFile.take_part

    def noting(self: SplitFile) -> FilePart:
        part = take(self)
        seen.append(part.path)
        return part

    monkeypatch.setattr(SplitFile, "take_part", noting)
    return seen


@pytest.fixture
def disk_image(tmp_path: Path) -> Path:
    """Return a folder with one file of 24 MiB: noise, a hole, and noise that does not end at a chunk."""
    folder = tmp_path / "machines"
    folder.mkdir()
    noise = random.Random(3)
    with (folder / "school.img").open("wb") as file:
        file.write(noise.randbytes(9 * MIB + 17))
        file.seek(20 * MIB)
        file.write(noise.randbytes(4 * MIB - 5))
    (folder / "notes.txt").write_text("the machine of the library")
    return folder


def raw(path: Path) -> bytes:
    return os.fsencode(path)


def one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadingPlan, "next_shared", lambda _self, _workers: None)


def test_parts_come_to_the_same_snapshot_as_one_reader(
    repository: Repository, witness: Restic, disk_image: Path, parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = repository.backup([raw(disk_image)])
    assert len(parts) >= 4
    size = sum(path.stat().st_size for path in disk_image.iterdir())
    assert (shared.complete, shared.bytes_read, shared.files_new_or_changed) == (True, size, 2)
    one_reader(monkeypatch)
    alone = repository.backup([raw(disk_image)], options=BackupOptions(force=True))
    assert alone.snapshot.tree == shared.snapshot.tree
    assert alone.blobs_added == 0
    witness.check()


def test_what_was_shared_comes_back_whole(
    repository: Repository, disk_image: Path, tmp_path: Path, parts: list[bytes]
) -> None:
    summary = repository.backup([raw(disk_image)])
    repository.restore(summary.snapshot, raw(tmp_path / "restored"))
    image = disk_image / "school.img"
    assert (tmp_path / "restored" / image.relative_to("/")).read_bytes() == image.read_bytes()
    assert parts


def test_the_progress_counts_every_file_and_byte(repository: Repository, disk_image: Path) -> None:
    monitor = Monitor()
    repository.backup([raw(disk_image)], monitor=monitor)
    assert monitor.files_done == monitor.files_total == 2
    assert monitor.bytes_done == monitor.bytes_total


def test_several_large_files_are_cut_one_after_another(
    repository: Repository, witness: Restic, disk_image: Path, parts: list[bytes]
) -> None:
    for number in range(3):
        (disk_image / f"{number}.vdi").write_bytes(random.Random(number).randbytes((20 - 4 * number) * MIB))
    summary = repository.backup([raw(disk_image)])
    assert summary.complete
    assert len(set(parts)) == 4
    assert sorted(parts, key=parts.index) == [path for path in dict.fromkeys(parts) for _ in range(parts.count(path))]
    witness.check()


def vanish(path: Path) -> None:
    path.unlink()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def be_emptied(path: Path) -> None:
    os.truncate(path, 0)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def be_cut_short(path: Path) -> None:
    os.truncate(path, 10 * MIB)


@pytest.mark.parametrize(
    ("happens", "reasons"),
    [(vanish, ["ENOENT"]), (become_a_pipe, ["changed"]), (be_emptied, []), (grow, []), (be_cut_short, [])],
)
@pytest.mark.parametrize("moment", ["before it is opened", "after its first part", "after its last part"])
def test_a_file_that_changes_meanwhile_is_read_as_a_whole_by_one_worker(
    repository: Repository,
    witness: Restic,
    disk_image: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    happens: Happening,
    reasons: list[str],
) -> None:
    """What comes of it is what the file is then; only one that is no longer there leaves the run incomplete."""
    image = disk_image / "school.img"
    open_image, take_part = reading.open_quietly, SplitFile.take_part

    def opening(path: bytes) -> int:
        if moment == "before it is opened":
            happens(image)
        return open_image(path)

    def taking(self: SplitFile) -> FilePart:
        part = take_part(self)
        if (moment, part.number) == ("after its first part", 0) or (
            moment == "after its last part" and not self.has_parts
        ):
            happens(image)
        return part

    monkeypatch.setattr(split_file, "open_quietly", opening)
    monkeypatch.setattr(SplitFile, "take_part", taking)
    summary = repository.backup([raw(disk_image)])
    assert summary.problems == tuple(FileProblem(raw(image), reason) for reason in reasons)
    repository.restore(summary.snapshot, raw(tmp_path / "restored"))
    restored = tmp_path / "restored" / image.relative_to("/")
    assert restored.exists() is not bool(reasons)
    if not reasons:
        assert restored.read_bytes() == image.read_bytes()
    witness.check()


def test_a_read_error_while_cutting_is_named(
    repository: Repository, disk_image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = disk_image / "school.img"
    preadv, pid = os.preadv, os.getpid()

    def failing(fd: int, buffers: list[memoryview], offset: int) -> int:
        if offset > 4 * MIB and os.readlink(f"/proc/self/fd/{fd}") == str(image):
            raise OSError(errno.EIO, "bad sector")
        return preadv(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", failing)
    summary = repository.backup([raw(disk_image)])
    assert os.getpid() == pid
    assert summary.problems == (FileProblem(raw(image), "EIO"),)
    assert repository.check(read_data=True).sound


def test_a_stop_in_the_middle_keeps_what_was_read(
    repository: Repository, witness: Restic, disk_image: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = Cancel()
    put_part = readers.Readers._put_part

    def cancelling(self: readers.Readers, part: object) -> object:
        cancel.set()
        return put_part(self, part)  # type: ignore[arg-type]

    monkeypatch.setattr(readers.Readers, "_put_part", cancelling)
    open_before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(Cancelled):
        repository.backup([raw(disk_image)], cancel=cancel, state_dir=state_dir)
    assert set(os.listdir("/proc/self/fd")) <= open_before
    monkeypatch.undo()
    witness.check()
    again = repository.backup([raw(disk_image)], state_dir=state_dir)
    assert again.complete
    assert again.bytes_added < disk_image.joinpath("school.img").stat().st_size


@pytest.mark.parametrize(
    ("sizes", "shared"),
    [
        ([50 * MIB], True),
        ([50 * MIB, 49 * MIB], True),
        ([50 * MIB] * 8, False),  # each worker has files of its own
        ([MIB] * 400 + [8 * MIB], False),  # the others are busy for longer than it takes
        ([1 * MIB], False),
    ],
)
def test_a_file_is_shared_when_it_would_keep_the_others_waiting(sizes: list[int], shared: bool) -> None:
    plan = ReadingPlan()
    plan.add_folder(0, b"/machines", [(b"%d" % number, size) for number, size in enumerate(sizes)])
    plan.close()
    file = plan.next_shared(workers=4)
    assert (file is not None) is shared
    assert plan.next_shared(workers=1) is None


def test_while_there_is_more_to_look_at_only_a_file_that_takes_long_is_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_plan, "_SHARED_AT_ONCE_BYTES", 20 * MIB)
    plan = ReadingPlan()
    plan.add_folder(0, b"/machines", [(b"small", 19 * MIB)])
    assert plan.next_shared(workers=4) is None
    plan.close()
    assert plan.next_shared(workers=4)
    plan = ReadingPlan()
    plan.add_folder(0, b"/machines", [(b"large", 20 * MIB)])
    assert plan.next_shared(workers=4)


def test_the_last_of_many_large_files_are_shared() -> None:
    plan = ReadingPlan()
    plan.add_folder(0, b"/machines", [(b"%d" % number, 20 * MIB) for number in range(10)])
    plan.close()
    taken: list[type[LargeFile | Batch]] = []
    while plan.has_batch:
        taken.append(type(plan.next_shared(workers=3) or plan.next_batch()))
    assert taken == [Batch] * 8 + [LargeFile] * 2


def test_a_file_that_changes_while_parts_of_it_still_wait_is_read_as_a_whole(
    repository: Repository, disk_image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a real disk image only a few of very many parts are out when the first comes back as spoiled."""
    monkeypatch.setattr(split_file, "_PART_BYTES", MIB // 2)
    monkeypatch.setattr(workers, "worker_count", lambda: 2)
    image = disk_image / "school.img"
    take_part, taken = SplitFile.take_part, list[int]()

    def taking(self: SplitFile) -> FilePart:
        part = take_part(self)
        taken.append(part.number)
        if part.number == 0:
            grow(image)
        return part

    monkeypatch.setattr(SplitFile, "take_part", taking)
    summary = repository.backup([raw(disk_image)])
    assert summary.complete
    assert len(taken) < 8
    repository.restore(summary.snapshot, raw(tmp_path / "restored"))
    assert (tmp_path / "restored" / image.relative_to("/")).read_bytes() == image.read_bytes()


def test_a_part_of_holes_alone_is_small_enough_for_a_pipe(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that does not fit into a pipe could have two processes wait for each other."""
    folder = tmp_path / "thin"
    folder.mkdir()
    with (folder / "thin.img").open("wb") as file:
        file.write(random.Random(5).randbytes(MIB))
        file.truncate(200 << 30)
    sent: list[int] = []
    take_part = SplitFile.take_part

    def taking(self: SplitFile) -> FilePart:
        part = take_part(self)
        sent.append(len(pickle.dumps(part)))
        return part

    monkeypatch.setattr(SplitFile, "take_part", taking)
    summary = repository.backup([raw(folder)])
    assert (summary.complete, summary.bytes_read) == (True, 200 << 30)
    assert max(sent) < 32 << 10
