"""A real org.freedesktop.Notifications service on the session bus: one JSON line for each notice, and a click on it.

Run as a program with DBUS_SESSION_BUS_ADDRESS set; prints "READY" once it owns the name.
"""

from __future__ import annotations

import asyncio
import json

from dbus_fast import Message, MessageType, RequestNameReply
from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"


async def serve() -> None:
    bus = await MessageBus().connect()
    shown = 0

    def signal(member: str, signature: str, *body: object) -> None:
        bus.send(Message.new_signal(PATH, NAME, member, signature, list(body)))

    def hear(message: Message) -> Message | bool:
        nonlocal shown
        if message.message_type is not MessageType.METHOD_CALL or message.interface != NAME:
            return False
        if message.member != "Notify":
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "only Notify")
        shown += 1
        _app, _replaces, _icon, title, body, actions, hints, _timeout = message.body
        print(
            json.dumps({"title": title, "body": body, "actions": actions, "urgency": hints["urgency"].value}),
            flush=True,
        )
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, signal, "ActionInvoked", "us", shown, actions[0])
        loop.call_later(0.2, signal, "NotificationClosed", "uu", shown, 2)
        return Message.new_method_return(message, "u", [shown])

    bus.add_message_handler(hear)
    assert await bus.request_name(NAME) is RequestNameReply.PRIMARY_OWNER
    print("READY", flush=True)
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast leaves it so


if __name__ == "__main__":
    asyncio.run(serve())
