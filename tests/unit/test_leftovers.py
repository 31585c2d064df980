"""The tests clean up after test processes that were killed, and touch nothing that belongs to others."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.rig import leftovers
from tests.rig.programs import wait_until
from tests.rig.usb import UsbRig

ROOT = Path(__file__).parents[2]
STARTS_ONE = """
import subprocess, sys, time
from tests.rig import leftovers
leftovers.mark_this_process()
print(subprocess.Popen(["sleep", "300"], stdout=subprocess.DEVNULL, start_new_session=True).pid, flush=True)
time.sleep(300)
"""
PLUGS_IN = """
import sys, time
from pathlib import Path
from tests.rig.usb import UsbRig
folder = Path(sys.argv[1])
rig = UsbRig(folder)
plugged = rig.plug_in(rig.make_stick())
rig.mount(plugged, folder / "a place")
print(plugged.device, flush=True)
time.sleep(300)
"""


@contextmanager
def started(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Have another test process run."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def other(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Have another test process run, and wait for its first word."""
    with started(code, *arguments) as process:
        yield process, _next_line(process)


def test_programs_of_a_killed_test_process_are_ended_and_those_of_a_living_one_are_not() -> None:
    with other(STARTS_ONE) as (living, its), other(STARTS_ONE) as (dying, orphan):
        dying.kill()
        dying.wait()
        leftovers.sweep()
        wait_until(lambda: not _runs(int(orphan)), "the orphan's end")
        assert living.poll() is None
        assert _runs(int(its))
        os.kill(int(its), signal.SIGKILL)


@pytest.mark.rig
def test_sticks_of_a_killed_test_process_are_taken_out_also_mounted_ones(udev: None, tmp_path: Path) -> None:
    with other(PLUGS_IN, str(tmp_path)) as (process, device):
        leftovers.sweep()
        assert (tmp_path / "a place").is_mount(), "its owner lives"
        process.kill()
        process.wait()
        leftovers.sweep()
    assert not (tmp_path / "a place").is_mount()
    assert not Path(device).exists()


@pytest.mark.rig
def test_a_stick_whose_folder_was_cleared_away_is_taken_out(usb: UsbRig, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "place")
    leftovers.sweep()
    assert (tmp_path / "place").is_mount()
    plugged.stick.image.unlink()
    Path(f"/run/vangnet-rig/{plugged.device.name}.env").unlink()
    leftovers.sweep()
    assert not (tmp_path / "place").is_mount()
    plugged.mounts.clear()


TAKES_A_TURN = """
import sys, time
from tests.rig.turns import turn
with turn(alone=sys.argv[1] == "alone"):
    print("in", flush=True)
    time.sleep(300)
"""


def test_who_times_something_waits_for_the_others_and_keeps_them_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # away from the turn of this very test
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "one")
    with other(TAKES_A_TURN, "beside") as (first, _in), other(TAKES_A_TURN, "beside") as (second, _in_too):
        with started(TAKES_A_TURN, "alone") as alone:
            wait_until(lambda: _is_held(next(tmp_path.glob("*/door"))), "it stands at the door", timeout_s=30)
            with started(TAKES_A_TURN, "beside") as late:
                first.kill()
                assert not _has_spoken(alone)
                second.kill()
                assert _next_line(alone) == "in"
                assert not _has_spoken(late)
                alone.kill()
                assert _next_line(late) == "in"


def _is_held(lock: Path) -> bool:
    with lock.open("a+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _has_spoken(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], 0.5)[0])


def _next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
