"""Work in a process group of its own, to be killed with all its workers at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from app.errors import VangnetError

CRASHED = 70


class Group:
    """A forked process that leads its own group; its workers belong to that group."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            _live(work)
        # Both sides do it: whoever comes first, a kill then reaches the group.
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)

    def wait(self) -> int:
        """Return the exit code: that of a VangnetError, `CRASHED` for any other exception."""
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def kill_after(self, delay_s: float) -> bool:
        """Kill the whole group after a while, as the power switch would; return whether it was still at work."""
        deadline = time.monotonic() + delay_s
        while (left := deadline - time.monotonic()) > 0:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                assert status == 0, f"the work failed by itself: {os.waitstatus_to_exitcode(status)}"
                return False
            time.sleep(min(left, 0.002))
        return self.kill()

    def kill(self) -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self.wait()
        while any(_members(self.pid)):  # a worker may still be inside a system call
            time.sleep(0.001)
        assert code in (0, -signal.SIGKILL), f"the work failed by itself: {code}"
        return code != 0


def run_apart(work: Callable[[], object]) -> int:
    """Do work in a process of its own and return its exit code."""
    return Group(work).wait()


def _live(work: Callable[[], object]) -> None:
    """The whole life of the process; never returns."""
    code = CRASHED
    try:
        os.setpgid(0, 0)
        work()
        code = 0
    except VangnetError as exc:
        code = int(exc.exit_code)
    except BaseException:  # noqa: BLE001  the end of a process: the test sees the code
        traceback.print_exc()
    finally:
        os._exit(code)


def _members(group: int) -> list[int]:
    """Return the living processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            state, _parent, of = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state not in "ZX":
                found.append(int(entry.name))
    return found
