"""Tells when a disk arrives, leaves, is mounted or unmounted: udev's events and the kernel's table of mounts."""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.policy.machine import Machine
from app.records.facts import DriveSight
from app.targets.drives import connected_drives
from app.targets.mountinfo import MOUNTINFO
from app.udev import context

if TYPE_CHECKING:
    import pyudev  # 50 ms to import: done where udev is asked

SETTLE_S = 0.2
"""How long a burst of events is waited out: a stick with partitions arrives in several."""
_SETTLE_AT_MOST_S = 0.6
_EVENTS_AT_ONCE = 256

OnChange = Callable[[tuple[DriveSight, ...]], Awaitable[None]]


class DriveWatcher:
    """Calls back with the drives, within a second, whenever one arrives, leaves, is mounted or unmounted.

    Also one that left and came back at once, when nothing has changed in the end.
    Lives in one asyncio loop: `await start()`, later `stop()`. The callback runs in that loop, one at a time; what it
    raises goes to the loop's exception handler and the watch goes on.
    """

    def __init__(self, on_change: OnChange, machine: Machine | None = None) -> None:
        self._on_change = on_change
        self._machine = machine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._monitor: pyudev.Monitor | None = None
        self._mounts: _MountChanges | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._first_event_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._came_or_went = False
        self._last: tuple[DriveSight, ...] = ()

    async def start(self) -> tuple[DriveSight, ...]:
        """Begin to watch; return what is there now. Without udev this watches mounts only."""
        import pyudev

        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(ImportError, OSError):
            monitor = pyudev.Monitor.from_netlink(context(), "udev")
            monitor.filter_by("block")
            monitor.start()
            self._monitor = monitor
            self._loop.add_reader(monitor.fileno(), self._drain_events)
        with contextlib.suppress(OSError):
            self._mounts = _MountChanges()
            self._loop.add_reader(self._mounts.fileno(), self._mounts_changed)
        self._last = connected_drives(self._machine)
        return self._last

    def retarget(self, machine: Machine | None) -> None:
        """Name the targets of another machine file from now on."""
        self._machine = machine
        self._look_soon()

    async def stop(self) -> None:
        """Stop watching; no callback comes after this."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        self._loop = None
        if self._monitor is not None:
            loop.remove_reader(self._monitor.fileno())
            self._monitor = None
        if self._mounts is not None:
            loop.remove_reader(self._mounts.fileno())
            self._mounts.close()
            self._mounts = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _drain_events(self) -> None:
        # Only that something happened matters: what is there now is read afresh, so lost events do no harm.
        assert self._monitor is not None
        for _event in range(_EVENTS_AT_ONCE):
            try:
                device = self._monitor.poll(timeout=0)
            except OSError:  # the socket's buffer ran over; the next look tells the truth
                break
            if device is None:
                break
            # A disk that left and is back by the time we look: whoever looked in between must hear of it.
            self._came_or_went |= device.action in ("add", "remove")
        self._look_soon()

    def _mounts_changed(self) -> None:
        assert self._mounts is not None
        self._mounts.acknowledge()
        self._look_soon()

    def _look_soon(self) -> None:
        if self._loop is None:
            return
        now = self._loop.time()
        if self._first_event_at is None:
            self._first_event_at = now
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(
            min(now + SETTLE_S, self._first_event_at + _SETTLE_AT_MOST_S), self._start_looking
        )

    def _start_looking(self) -> None:
        self._timer = None
        self._first_event_at = None
        if self._task is not None and not self._task.done():
            self._again = True
            return
        assert self._loop is not None
        self._task = self._loop.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._again = False
            came_or_went, self._came_or_went = self._came_or_went, False
            drives = connected_drives(self._machine)
            if drives != self._last or came_or_went:
                self._last = drives
                await self._tell(drives)
            if not self._again:
                return

    async def _tell(self, drives: tuple[DriveSight, ...]) -> None:
        try:
            await self._on_change(drives)
        except Exception as exc:  # noqa: BLE001  a callback's mistake must not end the watch
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a drive callback failed", "exception": exc})


class _MountChanges:
    """A file descriptor that becomes readable when something is mounted or unmounted."""

    # mountinfo is always readable; a change shows as priority data (proc(5)), which only an epoll of our own
    # can ask for.
    def __init__(self) -> None:
        self._file = MOUNTINFO.open("rb")
        self._epoll = select.epoll()
        self._epoll.register(self._file.fileno(), select.EPOLLPRI)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def acknowledge(self) -> None:
        self._epoll.poll(0)

    def close(self) -> None:
        self._epoll.close()
        self._file.close()
