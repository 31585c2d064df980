"""Which tests may run beside which: one that times something has the machine to itself, as far as tests go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

LONGEST_WAIT_S = 240.0
"""After which a test begins anyway: another may hang, and waiting must not."""


_KEPT_TOGETHER = {
    "udev": "disks",  # each sees the disks of all
    "demo": "demo",  # takes long to make: once, in one process
    "lost": "lost",
}
"""Tests that ask for such a fixture run one after the other, in one process: the name of their group."""


def group_of(item: pytest.Item) -> str | None:
    """Name the group of a test that asks for a fixture which is not to be there twice."""
    asked = getattr(item, "fixturenames", ())
    return next((group for fixture, group in _KEPT_TOGETHER.items() if fixture in asked), None)


def folder_of(run: str) -> Path:
    """Return where the processes of a run keep their locks."""
    return Path(tempfile.gettempdir()) / f"vangnet-turns-{run}"


@contextlib.contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Have a turn beside other tests, or `alone` among the test processes of one run.

    Whoever waits to be alone holds the door, so that none slips in before.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:  # one process is always alone
        yield
        return
    folder = folder_of(run)
    folder.mkdir(exist_ok=True)
    # Locks of a process (fcntl), not of a file (flock): children that are forked do not keep them.
    with (folder / "door").open("a+b") as door, (folder / "room").open("a+b") as room:
        _take(door, fcntl.LOCK_EX)
        _take(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.lockf(door, fcntl.LOCK_UN)
        yield


def _take(lock: BinaryIO, kind: int) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < deadline:
        try:
            fcntl.lockf(lock, kind | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.01)
        else:
            return
