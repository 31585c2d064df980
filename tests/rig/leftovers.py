"""What test processes leave behind when they are killed, taken away by the next run: nothing else, nobody else's.

Each test process and all it starts carry its mark in their environment; a process is a leftover when the test process
that it names is no more. Sticks carry the same mark (`tests/rig/usb.py`).
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.rig import usb
from tests.rig.udev import MARK


def mark_this_process() -> None:
    os.environ[MARK] = usb.this_process()


def sweep() -> None:
    """Take away what killed test processes left: programs that they had started, and sticks, mounted or not."""
    for process in _orphans():
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)
    usb.drop_orphans()


def _orphans() -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        marks = [line for line in environment if line.startswith(MARK.encode() + b"=")]
        if marks and not usb.lives(marks[0].decode(errors="replace").partition("=")[2]):
            found.append(int(folder.name))
    return found
