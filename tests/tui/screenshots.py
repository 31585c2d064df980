"""The pictures of the README, made from the sample school: `python -m tests.tui.screenshots` writes them anew."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from textual.pilot import Pilot

from app.clock import FixedClock
from app.paths import Home
from app.tui.app import VangnetApp
from tests.tui import sample
from tests.tui.answers import filled
from tests.tui.fixed import FixedSource
from tests.tui.reading import wait_for

FOLDER: Final = Path(__file__).parents[2] / "assets" / "screenshots"
SMALL: Final = (80, 24)

Walk = Callable[[Pilot[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what the app shows, in Dutch, and the way there."""

    source: Callable[[], FixedSource]
    walk: Walk


def _keys(*keys: str, until: str) -> Walk:
    async def walk(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde" if pilot.app.screen.query("#masthead") else "8")
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.05)
        await wait_for(pilot, until)
        await pilot.pause(0.3)

    return walk


async def _a_file_back(pilot: Pilot[Any]) -> None:
    await _keys("3", *"rapport", until="Rapport Kerst 3A.odt")(pilot)
    await pilot.press("enter")
    await wait_for(pilot, "Versies van Rapport Kerst 3A")


def _at(page: str) -> FixedSource:
    return FixedSource(None, draft=replace(filled(), page=page))


def _attention() -> FixedSource:
    return FixedSource(sample.picture(sample.attention_facts()))


def _good() -> FixedSource:
    return FixedSource(sample.picture(sample.good_facts()))


def _half_a_year() -> FixedSource:
    return FixedSource(sample.picture(replace(sample.good_facts(), answers=sample.answers(31))))


SHOTS: Final[dict[str, Shot]] = {
    "today-nl": Shot(_attention, _keys(until="Bijna alles is veilig")),
    "get-files-back-nl": Shot(_good, _a_file_back),
    "set-up-question-nl": Shot(lambda: _at("availability:grade-book"), _keys(until="UPS")),
    "year-nl": Shot(_half_a_year, _keys("4", "u", until="C32")),
}


async def draw(shot: Shot) -> str:
    """Return a picture as SVG."""
    home, clock = Home.in_folder(Path("/nonexistent/vangnet")), FixedClock(sample.NOW)
    app = VangnetApp(home, clock, language="nl", source=shot.source(), start_agent=False)
    async with app.run_test(size=SMALL) as pilot:
        await shot.walk(pilot)
        return app.export_screenshot(title="Vangnet")


def said(svg: str) -> list[str]:
    """Return what stands in a picture, piece by piece, whatever it looks like."""
    return [html.unescape(text).replace("\xa0", " ") for text in re.findall(r">([^<]+)</text>", svg)]


def main() -> None:
    """Write every picture, at home in the sample school."""
    with patch.object(Path, "home", lambda: Path("/home/school")):
        for name, shot in SHOTS.items():
            (FOLDER / f"{name}.svg").write_text(asyncio.run(draw(shot)))


if __name__ == "__main__":
    main()
