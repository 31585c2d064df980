"""Hears that the network changed: a cable, a wireless network, an interface that comes or goes.

udev tells of interfaces (subsystem "net"), the kernel's routing socket of links that go up or down and of addresses;
either is only a hint to look at the places on a network now. A flapping link asks for one look, not for a storm.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable

from app.agent.hints import Calmly, UdevEvents

SETTLE_S = 2.0
"""Addresses and routes come a moment after the link."""
AT_MOST_EVERY_S = 15.0
_RTMGRP_LINK = 0x1
_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV6_IFADDR = 0x100
_MESSAGE_BYTES = 64 << 10


class LinkWatcher:
    """Calls back, in the running loop, some time after the network changed. Works without any rights."""

    def __init__(
        self, changed: Callable[[], Awaitable[None]], *, settle_s: float = SETTLE_S, every_s: float = AT_MOST_EVERY_S
    ) -> None:
        self._changed = changed
        self._calmly = Calmly(self._tell, settle_s=settle_s, every_s=every_s)
        self._udev = UdevEvents("net", self._calmly.hint)
        self._routing: socket.socket | None = None
        self._calls: set[asyncio.Future[None]] = set()

    def start(self) -> None:
        """Begin to listen; what the system does not offer is done without."""
        self._udev.start()
        with contextlib.suppress(OSError):
            routing = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
            routing.bind((0, _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR))
            asyncio.get_running_loop().add_reader(routing.fileno(), self._hear_kernel)
            self._routing = routing

    def stop(self) -> None:
        self._udev.stop()
        if self._routing is not None:
            asyncio.get_running_loop().remove_reader(self._routing.fileno())
            self._routing.close()
            self._routing = None
        self._calmly.stop()
        for call in self._calls:
            call.cancel()

    def _hear_kernel(self) -> None:
        assert self._routing is not None
        with contextlib.suppress(OSError):  # too much at once for the socket's buffer is news as well
            while os.read(self._routing.fileno(), _MESSAGE_BYTES):
                pass
        self._calmly.hint()

    def _tell(self) -> None:
        call = asyncio.ensure_future(self._changed())
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
