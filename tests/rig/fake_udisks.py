"""A small udisks for what no loop device can show: a drive that is worn, that can be switched off, that refuses.

A real D-Bus service on a bus of its own (`tests/rig/udisks.py` has the real udisksd, which comes first for all else).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

BLOCK = "/org/freedesktop/UDisks2/block_devices/sdz1"
DRIVE = "/org/freedesktop/UDisks2/drives/Wd"
_SERVICE = "org.freedesktop.UDisks2"


class FakeUdisks:
    """Answers for one device, /dev/sdz1; `interfaces` are the properties of each, to be changed by the test."""

    def __init__(self) -> None:
        self.interfaces: dict[tuple[str, str], dict[str, Variant]] = {
            (BLOCK, "Block"): {
                "IdUUID": Variant("s", "u-1"),
                "Drive": Variant("o", DRIVE),
                "Size": Variant("t", 10**9),
            },
            (BLOCK, "Filesystem"): {"MountPoints": Variant("aay", [])},
            (DRIVE, "Drive"): {"CanPowerOff": Variant("b", True)},
        }
        self.called: list[str] = []
        self.refusals: dict[str, str] = {}
        """The D-Bus error that a method ends in."""
        self.silent: set[str] = set()
        """Methods that are never answered."""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="fake-udisks", daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10), "the fake udisks did not start"

    def clean_up(self) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        bus.add_message_handler(self._answer)
        await bus.request_name(_SERVICE)
        stopped = asyncio.Event()
        self._stop = stopped.set
        self._ready.set()
        await stopped.wait()
        bus.disconnect()
        with contextlib.suppress(Exception):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast leaves it so

    def _answer(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.destination != _SERVICE:
            return None
        member = message.member or ""
        self.called.append(member)
        if member in self.silent:
            return True
        if member in self.refusals:
            return Message.new_error(message, self.refusals[member], "no")
        match member:
            case "ResolveDevice":
                device = message.body[0]["path"].value
                return Message.new_method_return(message, "ao", [[BLOCK] if device == "/dev/sdz1" else []])
            case "GetAll":
                interface = message.body[0].removeprefix(f"{_SERVICE}.")
                found = self.interfaces.get((message.path or "", interface))
                if found is None:
                    return Message.new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", "No such interface")
                return Message.new_method_return(message, "a{sv}", [found])
            case "Mount":
                return Message.new_method_return(message, "s", ["/media/sdz1"])
            case _:
                return Message.new_method_return(message)
