"""The system programs that the rigs stand on: a missing one fails the test and says which package brings it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = {
    "udevadm": "udev",
    "/lib/systemd/systemd-udevd": "udev",
    "losetup": "mount",
    "mount": "mount",
    "partx": "util-linux",
    "blkid": "util-linux",
    "sgdisk": "gdisk",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mkfs.exfat": "exfatprogs",
    "mount.exfat-fuse": "exfat-fuse",
    "/lib/nut/dummy-ups": "nut-server",
    "/lib/nut/upsd": "nut-server",
    "fusermount3": "fuse3",
    "/usr/libexec/udisks2/udisksd": "udisks2",
    "dbus-daemon": "dbus",
    "dbus-send": "dbus",
    "restic": "restic",
    "ip": "iproute2",
    "sysctl": "procps",
    "umockdev-run": "umockdev",
    "umockdev-wrapper": "umockdev",
    "dpkg": "dpkg",
    "/usr/sbin/sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "smbd": "samba",
    "smbpasswd": "samba-common-bin",
}


def need(*programs: str) -> None:
    """Fail, never skip, when a program is missing or we are not root."""
    if os.geteuid() != 0:
        pytest.fail("this rig plugs in devices: run it as root (or leave it out with -m 'not rig')", pytrace=False)
    missing = [p for p in programs if not (Path(p).exists() if p.startswith("/") else shutil.which(p))]
    if missing:
        packages = " ".join(sorted({PACKAGES[program] for program in missing}))
        pytest.fail(f"missing: {', '.join(missing)}. apt-get install {packages}", pytrace=False)


def run(*command: str | Path) -> str:
    """Run a program to its end; a failure shows all it said."""
    done = subprocess.run([os.fspath(part) for part in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_until(true: Callable[[], bool], what: str, *, timeout_s: float = 5.0) -> None:
    """Wait for something to become so; fails with `what` when it does not."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a program that we started, and reap it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait(5)
