"""Watching folders: whatever becomes of them, a change is told of or assumed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import watchfiles

from app.clock import SystemClock
from app.jobs.watching import Watch

PATIENCE_S = 30.0


def tells(watch: Watch) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if watch.wait():
            return True
    return False


def settled(watch: Watch) -> Watch:
    """Return a watch that has told all there was to tell until now."""
    quiet = 0
    while quiet < 3:
        quiet = 0 if watch.wait() else quiet + 1
    return watch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "marks"
    made.mkdir()
    (made / "a.txt").write_text("a")
    return made


def test_a_change_is_told_and_quiet_is_quiet(folder: Path) -> None:
    with Watch([folder], clock=SystemClock()) as watch:
        settled(watch)
        assert not watch.blind
        assert not watch.wait()
        (folder / "b.txt").write_text("b")
        assert tells(watch)


def test_a_folder_that_another_took_the_place_of_is_watched_too(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "new"
    other.mkdir()
    with Watch([folder], clock=SystemClock()) as watch:
        settled(watch)
        folder.rename(tmp_path / "old")
        other.rename(folder)
        assert tells(watch), "the new folder itself is a change"
        settled(watch)
        (folder / "b.txt").write_text("b")
        assert tells(watch)


def test_a_link_is_followed_wherever_it_leads(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    link = tmp_path / "link"
    link.symlink_to(folder)
    with Watch([link], clock=SystemClock()) as watch:
        settled(watch)
        (folder / "b.txt").write_text("b")
        assert tells(watch)
        link.unlink()
        link.symlink_to(other)
        assert tells(watch)
        settled(watch)
        (other / "c.txt").write_text("c")
        assert tells(watch)


def test_a_folder_that_comes_later_is_watched_from_then_on(folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    with Watch([folder, later], clock=SystemClock()) as watch:
        settled(watch)
        later.mkdir()
        assert tells(watch)
        settled(watch)
        (later / "b.txt").write_text("b")
        assert tells(watch)


def test_what_we_write_ourselves_is_no_change(folder: Path) -> None:
    ours = folder / ".local" / "vangnet"
    ours.mkdir(parents=True)
    with Watch([folder], ours=[ours], clock=SystemClock()) as watch:
        settled(watch)
        (ours / "vangnet.db").write_text("numbers")
        assert not any(watch.wait() for _ in range(4))
        (folder / "b.txt").write_text("b")
        assert tells(watch)


@pytest.mark.parametrize("error", [OSError("OS file watch limit reached."), RuntimeError("no more instances")])
def test_without_watches_changes_are_assumed_until_there_is_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def none_left(*_: object, **__: object) -> Iterator[object]:
        yield from ()
        raise error

    with Watch([folder], clock=SystemClock(), assume_every_s=0.1) as watch:
        with monkeypatch.context() as patched:
            patched.setattr(watchfiles, "watch", none_left)
            assert watch.wait()
            assert watch.blind
            assert tells(watch)
            assert tells(watch)
        assert tells(watch)
        assert not watch.blind


def test_the_kernels_own_limit_ends_no_watch(folder: Path) -> None:
    """In a user namespace of its own, where the limit can be as low as one likes."""
    for number in range(20):
        (folder / str(number)).mkdir()
    program = dedent(f"""
        from pathlib import Path
        from app.clock import SystemClock
        from app.jobs.watching import Watch
        limit = Path("/proc/sys/user/max_inotify_%s")
        limit.write_text("%d")
        with Watch([Path({str(folder)!r})], clock=SystemClock(), assume_every_s=0.1) as watch:
            assert watch.wait() and watch.blind
            assert any(watch.wait() for _ in range(5))
            limit.write_text("1000")
            while watch.blind:
                watch.wait()
    """)
    for which, most in (("watches", 5), ("instances", 0)):
        command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", program % (which, most)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr
