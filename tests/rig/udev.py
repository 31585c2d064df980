"""The real udevd, shared by every test process on this machine: started when none runs, ended by the last to leave."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tests.rig.programs import need, run, stop, wait_until

STATE = Path("/run/vangnet-rig")
_UDEVD = "/lib/systemd/systemd-udevd"
_RULES = Path("/run/udev/rules.d/55-vangnet-usb.rules")
_PID_FILE = STATE / "udevd.pid"
MARK = "VANGNET_TEST_PROCESS"
"""What test processes start carries this in its environment: whose it is (`tests/rig/leftovers.py`)."""
_started: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def running_udev() -> Iterator[None]:
    """Have udevd running with the rules that turn loop disks into USB disks."""
    need(_UDEVD, "udevadm")
    STATE.mkdir(exist_ok=True)
    with (STATE / "users.lock").open("w") as users, (STATE / "change.lock").open("w") as change:
        try:
            with _alone(change):
                fcntl.flock(users, fcntl.LOCK_SH)
                if not _answers():
                    _start()
                _RULES.parent.mkdir(parents=True, exist_ok=True)
                wanted = Path(__file__).with_name("vangnet-usb.rules").read_bytes()
                if not _RULES.exists() or _RULES.read_bytes() != wanted:
                    _RULES.write_bytes(wanted)
                run("udevadm", "control", "--reload", "--timeout=10")
            yield
        finally:
            with _alone(change), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # only when nobody else uses it
                _RULES.unlink(missing_ok=True)
                _stop()


@contextlib.contextmanager
def _alone(lock: TextIO) -> Iterator[None]:
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def _answers() -> bool:
    ping = ("udevadm", "control", "--ping", "--timeout=10")
    return subprocess.run(ping, capture_output=True, timeout=30).returncode == 0


def _start() -> None:
    # In a session of its own: another test process may still need it when this one is done.
    with (STATE / "udevd.log").open("ab") as log:
        process = subprocess.Popen(
            [_UDEVD], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_unmarked(), start_new_session=True
        )
    _started.append(process)
    _PID_FILE.write_text(str(process.pid))
    wait_until(_answers, "udevd answers", timeout_s=10)


def _unmarked() -> dict[str, str]:
    """What belongs to all test processes bears the mark of none."""
    return {name: value for name, value in os.environ.items() if name != MARK}


def _stop() -> None:
    """End the udevd that a rig started; one that was there before is left alone."""
    if not _PID_FILE.exists():
        return
    pid = int(_PID_FILE.read_text())
    _PID_FILE.unlink()
    for process in _started:
        if process.pid == pid:
            stop(process)
            return
    if _is_udevd(pid):  # started by a test process that is gone
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not _is_udevd(pid), "udevd ends")


def _is_udevd(pid: int) -> bool:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    return name == "systemd-udevd" and rest.split()[0] != "Z"
