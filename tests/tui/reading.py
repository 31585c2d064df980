"""Reading a screen as a person does: the characters that stand on it."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.pilot import Pilot


def screen_text(app: App[Any]) -> str:
    """Return what stands on the screen, line by line."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def wait_for(pilot: Pilot[Any], wanted: str, *, tries: int = 100) -> str:
    """Wait until a text stands on the screen; fails with what stands there instead."""
    for _ in range(tries):
        shown = screen_text(pilot.app)
        if wanted in shown:
            return shown
        await pilot.pause(0.05)
    raise AssertionError(f"{wanted!r} did not come; the screen says:\n{screen_text(pilot.app)}")


async def settled(pilot: Pilot[Any], *, looks: int = 4) -> None:
    """Wait until the screen stands still: what a key has asked for may come after the key."""
    before, same = "", 0
    for _ in range(400):
        await pilot.pause(0.03)
        shown = screen_text(pilot.app)
        same = same + 1 if shown == before else 0
        if same == looks:
            return
        before = shown
    raise AssertionError(f"it does not come to rest; the screen says:\n{before}")


async def typed(pilot: Pilot[Any], text: str) -> None:
    """Type a text, key by key."""
    await pilot.press(*text)


async def click(pilot: Pilot[Any], selector: str) -> None:
    """Press a button with the mouse; one that was pressed a moment ago is waited for, as Textual does."""
    for _ in range(100):
        if not pilot.app.screen.query_one(selector).has_class("-active"):
            break
        await pilot.pause(0.02)
    await pilot.click(selector)
