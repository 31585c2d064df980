"""Sources that do not hold still, cannot be read, or come from another century."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.errors import ExitCode
from app.repository import reading
from app.repository.model import BackupOptions, BlobId
from tests.fault.places import Kept, contents, raw, write_noise
from tests.rig.commands import vangnet
from tests.rig.faultfs import FaultyFolder, Order


@pytest.fixture
def source(memory_folder: Path) -> Path:
    folder = memory_folder / "source"
    write_noise(folder, [f"{number % 3}/{number}.bin" for number in range(12)], 20_000, random.Random(1))
    write_noise(folder, ["0/large.bin"], 3_000_000, random.Random(2))
    return folder


def vanish(path: Path) -> None:
    path.unlink()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, max(path.stat().st_size - 3000, 0))


def change(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.randbytes(8))


@pytest.mark.parametrize("name", ["2/5.bin", "0/large.bin"], ids=["small", "large"])
@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (vanish, "ENOENT"),
        (become_a_link, "ELOOP"),
        (become_a_pipe, "changed"),
    ],
)
def test_a_file_that_is_no_longer_one_is_named_and_the_rest_is_kept(
    kept: Kept,
    source: Path,
    memory_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Path], None],
    reason: str,
    name: str,
) -> None:
    """Between the listing of its folder and its opening."""
    real_open = reading.open_quietly
    expected = {other: content for other, content in contents(source).items() if other != name}

    def open_after(path: bytes) -> int:
        if path == raw(source / name):
            happens(source / name)
        return real_open(path)

    monkeypatch.setattr(reading, "open_quietly", open_after)
    summary = kept.open().backup([raw(source)])
    assert not summary.complete
    assert [(problem.path, problem.reason) for problem in summary.problems] == [(raw(source / name), reason)]
    kept.assert_sound()
    assert contents(kept.restored(summary.snapshot, memory_folder / "restored")) == expected


@pytest.mark.parametrize("name", ["2/5.bin", "0/large.bin"], ids=["small", "large"])
@pytest.mark.parametrize("happens", [grow, shrink, change])
def test_a_file_that_never_holds_still_is_named_and_read_again_next_time(
    kept: Kept,
    source: Path,
    memory_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Path], None],
    name: str,
) -> None:
    real_read = reading.FileReader._read_content

    def read(self: reading.FileReader, fd: int, expected: int) -> tuple[tuple[BlobId, ...], int]:
        if os.readlink(f"/proc/self/fd/{fd}") == str(source / name):
            happens(source / name)
        return real_read(self, fd, expected)

    monkeypatch.setattr(reading.FileReader, "_read_content", read)
    summary = kept.open().backup([raw(source)], state_dir=memory_folder / "state")
    assert [(problem.path, problem.reason) for problem in summary.problems] == [(raw(source / name), "changed")]
    monkeypatch.undo()
    kept.assert_sound()
    again = kept.open().backup([raw(source)], state_dir=memory_folder / "state")
    assert again.complete
    assert again.files_new_or_changed == 1
    assert contents(kept.restored(again.snapshot, memory_folder / "restored")) == contents(source)


@pytest.mark.rig
def test_what_the_source_s_disk_cannot_read_makes_the_run_incomplete(
    kept: Kept, source: Path, memory_folder: Path, faulty_folder: FaultyFolder
) -> None:
    """EIO in the middle of files, and for a whole folder; by the real program: exit code 3, each named."""
    on_disk = faulty_folder.folder / "documents"
    source.rename(memory_folder / "moved")
    for name, content in contents(memory_folder / "moved").items():
        (faulty_folder.beneath / "documents" / name).parent.mkdir(parents=True, exist_ok=True)
        (faulty_folder.beneath / "documents" / name).write_bytes(content)
    command = ["repo", "-r", str(kept.folder), "-p", str(kept.restic.password_file), "backup", str(on_disk), "--json"]
    env = {"VANGNET_HOME": str(memory_folder / "home")}
    bad = {"0/large.bin", "1/4.bin"}
    with faulty_folder.failing(Order(("read",), "EIO", path="/(large|4).bin")):
        done = vangnet(*command, expect=ExitCode.INCOMPLETE, env=env)
    document = done.document()
    assert {problem["path"] for problem in document["problems"]} == {str(on_disk / name) for name in bad}
    assert {problem["reason"] for problem in document["problems"]} == {"EIO"}
    assert all(str(on_disk / name) in done.err for name in bad)
    kept.assert_sound()
    with faulty_folder.failing(Order(("readdir",), "EIO", path="/1$")):
        document = vangnet(*command, "--force", expect=ExitCode.INCOMPLETE, env=env).document()
    assert [problem["path"] for problem in document["problems"]] == [str(on_disk / "1")]
    # Once it can be read again nothing is missing any more, without anyone asking for it.
    vangnet(*command, expect=ExitCode.DONE, env=env)
    newest = kept.open().snapshots()[-1]
    assert contents(kept.restored(newest, memory_folder / "restored")) == contents(memory_folder / "moved")
    kept.assert_sound()


CENTURIES = [
    datetime(1, 1, 3, tzinfo=UTC),
    datetime(1901, 12, 13, 20, 45, 51, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    datetime(2262, 4, 12, tzinfo=UTC),
    datetime(9999, 12, 28, tzinfo=UTC),
]


@pytest.mark.parametrize("at", CENTURIES, ids=[str(at.year) for at in CENTURIES])
def test_a_computer_with_a_wrong_clock_makes_snapshots_that_restore(
    kept: Kept, source: Path, memory_folder: Path, at: datetime
) -> None:
    summary = kept.open().backup([raw(source)], options=BackupOptions(time=at))
    [snapshot] = kept.open().snapshots()
    assert snapshot.time == at
    assert summary.snapshot.time == at
    [by_restic] = kept.restic.snapshots()
    assert str(by_restic["time"]).startswith(at.strftime("%Y-%m-%dT%H:%M:%S").zfill(19))
    kept.assert_sound()
    assert contents(kept.restored(snapshot, memory_folder / "restored")) == contents(source)


def test_files_from_other_centuries_keep_their_times(kept: Kept, tmp_path: Path) -> None:
    source = tmp_path / "source"  # on a disk: memory would keep any time
    times_ns = [
        int(at.timestamp()) * 10**9 + 123_456_789
        for at in (datetime(1905, 1, 1, tzinfo=UTC), datetime(1969, 6, 1, tzinfo=UTC), datetime(2105, 1, 1, tzinfo=UTC))
    ]
    for number, time_ns in enumerate(times_ns):
        write_noise(source, [f"{number}.bin"], 100, random.Random(number))
        os.utime(source / f"{number}.bin", ns=(time_ns, time_ns))
    stored = [(source / f"{number}.bin").stat().st_mtime_ns for number in range(3)]
    assert stored == times_ns
    snapshot = kept.open().backup([raw(source)]).snapshot
    restored = kept.restored(snapshot, tmp_path / "restored")
    assert [(restored / f"{number}.bin").stat().st_mtime_ns for number in range(3)] == times_ns
    kept.restic.restore(snapshot.id, tmp_path / "by restic")
    by_restic = Path(f"{tmp_path}/by restic{source}")
    assert [(by_restic / f"{number}.bin").stat().st_mtime_ns for number in range(3)] == times_ns
    kept.assert_sound()
