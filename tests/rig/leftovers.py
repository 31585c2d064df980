"""What test processes leave behind when they are killed, taken away by the next run: nothing else, nobody else's.

Each test process and all it starts carry its mark in their environment; a process is a leftover when the test process
that it names is no more. Sticks carry the same mark (`tests/rig/usb.py`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import subprocess
from pathlib import Path

from tests.rig import usb
from tests.rig.udev import MARK


def mark_this_process() -> None:
    os.environ[MARK] = usb.this_process()


def sweep() -> None:
    """Take away what killed test processes left: programs that they had started, mounts, sticks."""
    for process in _orphans():
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)
    for place in _dead_fuse_mounts():
        subprocess.run(["fusermount3", "-u", "-z", place], capture_output=True, timeout=30)
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


def _dead_fuse_mounts() -> list[str]:
    """Return pytest's own folders where a file system was served by a program that is gone."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, place, kind, *_rest = line.split()
        if not kind.startswith("fuse") or not re.search(r"/pytest-of-[^/]+/pytest-\d+/", place):
            continue
        try:
            os.stat(place)
        except OSError as exc:
            if exc.errno == errno.ENOTCONN:
                found.append(place)
    return found
