"""Rings when somebody has written to the records: nothing need be asked of them while nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
from pathlib import Path
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_IN_MODIFY: Final = 0x2
_IN_MOVED_TO: Final = 0x80
_IN_CREATE: Final = 0x100
_HEADER: Final = struct.Struct("iIII")
_AT_ONCE_BYTES: Final = 16 << 10


class Bell:
    """The kernel's word (inotify(7)) that a SQLite database was written to, by whatever process.

    Every commit writes to the database's log beside it. Where the kernel has no watches left the bell does not work,
    and whoever waits must look for themselves now and then; they do in any case.
    """

    def __init__(self, database: Path) -> None:
        self._folder = database.parent
        self._name = os.fsencode(database.name)
        self._rung = asyncio.Event()
        self._handle: int | None = None

    @property
    def works(self) -> bool:
        return self._handle is not None

    def start(self) -> None:
        """Begin to listen in the running loop."""
        handle: int = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if handle < 0:
            return
        # The folder, not the file: the log is made anew now and then.
        if _LIBC.inotify_add_watch(handle, os.fsencode(self._folder), _IN_MODIFY | _IN_MOVED_TO | _IN_CREATE) < 0:
            os.close(handle)
            return
        self._handle = handle
        asyncio.get_running_loop().add_reader(handle, self._hear)

    def stop(self) -> None:
        if self._handle is not None:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = None

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Wait until it rings, or has rung since the last time; at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()

    def _hear(self) -> None:
        assert self._handle is not None
        with contextlib.suppress(OSError):
            said = os.read(self._handle, _AT_ONCE_BYTES)
            at = 0
            while at < len(said):
                watch, _mask, _cookie, length = _HEADER.unpack_from(said, at)
                at += _HEADER.size
                name = said[at : at + length].rstrip(b"\0")
                at += length
                if watch < 0 or self._concerns(name):  # below zero: there was more than the kernel could keep
                    self.ring()

    def _concerns(self, name: bytes) -> bool:
        return name.startswith(self._name) and not name.endswith(b"-shm")
