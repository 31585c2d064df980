"""Hints from the system that something may have changed: heard in the agent's loop, and passed on calmly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pyudev

from app.udev import context

_EVENTS_AT_ONCE = 256


class UdevEvents:
    """udev's word that something changed in one subsystem; needs no rights, and one file descriptor."""

    def __init__(self, subsystem: str, heard: Callable[[], None]) -> None:
        self._subsystem = subsystem
        self._heard = heard
        self._monitor: pyudev.Monitor | None = None

    @property
    def are_heard(self) -> bool:
        return self._monitor is not None

    def start(self) -> None:
        """Begin to listen in the running loop; without udev nothing is heard."""
        with contextlib.suppress(OSError, ImportError):
            monitor = pyudev.Monitor.from_netlink(context(), "udev")
            monitor.filter_by(self._subsystem)
            monitor.start()
            asyncio.get_running_loop().add_reader(monitor.fileno(), self._hear)
            self._monitor = monitor

    def stop(self) -> None:
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor = None

    def _hear(self) -> None:
        assert self._monitor is not None
        # Only that something happened matters: what is so now is read afresh, so lost events do no harm.
        with contextlib.suppress(OSError):  # the socket's buffer ran over
            for _event in range(_EVENTS_AT_ONCE):
                if self._monitor.poll(timeout=0) is None:
                    break
        self._heard()


class Calmly:
    """Calls once for a burst of hints, some time after its first, and not too often; in the running loop."""

    def __init__(self, call: Callable[[], None], *, settle_s: float, every_s: float) -> None:
        self._call = call
        self._settle_s = settle_s
        self._every_s = every_s
        self._timer: asyncio.TimerHandle | None = None
        self._last_s: float | None = None

    def hint(self) -> None:
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = self._settle_s
        if self._last_s is not None:
            wait_s = max(wait_s, self._last_s + self._every_s - loop.time())
        self._timer = loop.call_later(wait_s, self._now)

    def stop(self) -> None:
        """Call no more for what was hinted."""
        if self._timer is not None:
            self._timer.cancel()

    def _now(self) -> None:
        self._timer = None
        self._last_s = asyncio.get_running_loop().time()
        self._call()
