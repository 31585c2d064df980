"""Notices on this computer's desktop: org.freedesktop.Notifications on the session bus, with a key to open Vangnet.

Notify(app, replaces, icon, summary, body, [action, label …], {hints}, timeout) → id
ActionInvoked(id, action) and NotificationClosed(id, why) follow as signals.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.i18n import _
from app.notices.delivery import Parcel, Trouble
from app.paths import Home

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

ANSWER_S: Final = 5.0
OPEN: Final = "default"
"""The specification's name for a click on the notice itself."""
_NAME: Final = "org.freedesktop.Notifications"
_PATH: Final = "/org/freedesktop/Notifications"
_URGENCY: Final = {False: 1, True: 2}
_TERMINALS: Final = (
    ("xdg-terminal-exec",),
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("xterm", "-e"),
)


def session_bus() -> str:
    """Return the address of the desktop's bus; empty where nobody has a desktop here."""
    given = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if given:
        return given
    socket = Path(f"/run/user/{os.getuid()}/bus")
    return f"unix:path={socket}" if socket.exists() else ""


class Desktop:
    """Shows notices; the connection is made with the first one and kept for the answers. For one asyncio loop."""

    def __init__(self, on_open: Callable[[], None]) -> None:
        self._on_open = on_open
        self._bus: MessageBus | None = None
        self._shown: set[int] = set()

    async def show(self, parcel: Parcel) -> Trouble | None:
        """Show a notice; return why that was not possible."""
        from dbus_fast import DBusError

        try:
            async with asyncio.timeout(ANSWER_S):
                number = await self._notify(parcel)
        except TimeoutError:
            await self.close()
            return Trouble.TIMEOUT
        except (OSError, DBusError, EOFError, ValueError):
            await self.close()
            return Trouble.NO_DESKTOP
        if number is None:
            return Trouble.NO_DESKTOP
        self._shown.add(number)
        return None

    async def close(self) -> None:
        """Let go of the bus; what is shown stays."""
        bus, self._bus = self._bus, None
        if bus is not None:
            with contextlib.suppress(OSError, EOFError):
                bus.disconnect()

    async def _notify(self, parcel: Parcel) -> int | None:
        from dbus_fast import Message, MessageType, Variant

        bus = await self._connected()
        hints = {"urgency": Variant("y", _URGENCY[parcel.critical]), "desktop-entry": Variant("s", "vangnet")}
        reply = await bus.call(
            Message(
                destination=_NAME,
                path=_PATH,
                interface=_NAME,
                member="Notify",
                signature="susssasa{sv}i",
                body=[
                    "Vangnet",
                    0,
                    "vangnet",
                    parcel.title,
                    parcel.body,
                    [OPEN, _("Open Vangnet"), "open", _("Open Vangnet")],
                    hints,
                    0 if parcel.critical else -1,
                ],
            )
        )
        if reply.message_type is not MessageType.METHOD_RETURN or not reply.body:
            return None
        number: object = reply.body[0]
        return number if isinstance(number, int) else None

    async def _connected(self) -> MessageBus:
        from dbus_fast import BusType, Message
        from dbus_fast.aio import MessageBus

        if self._bus is not None and self._bus.connected:
            return self._bus
        address = session_bus()
        if not address:
            raise ValueError("no session bus")
        bus = await MessageBus(bus_address=address, bus_type=BusType.SESSION).connect()
        bus.add_message_handler(self._hear)
        await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[f"type='signal',interface='{_NAME}',path='{_PATH}'"],
            )
        )
        self._bus = bus
        return bus

    def _hear(self, message: Message) -> bool:
        if message.interface != _NAME or not message.body or message.body[0] not in self._shown:
            return False
        if message.member == "ActionInvoked":
            self._on_open()
        elif message.member == "NotificationClosed":
            self._shown.discard(message.body[0])
        return False


def open_vangnet(home: Home) -> bool:
    """Start the screens in a terminal of the desktop; tell whether one was found."""
    program = (sys.executable, "-m", "app", *home.arguments)
    for name, *before in _TERMINALS:
        found = shutil.which(name)
        if found is not None:
            import subprocess

            with contextlib.suppress(OSError):
                terminal = subprocess.Popen(
                    [found, *before, *program],
                    cwd=Path(__file__).parents[2],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                # Somebody must hear of its end, or it stays in the list of processes.
                threading.Thread(target=terminal.wait, name="terminal", daemon=True).start()
                return True
    return False
