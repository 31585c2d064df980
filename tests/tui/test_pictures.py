"""The screens as pictures, at a fixed time, size and language. Look at a new picture before you accept it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from app.policy.machine import TargetKind
from app.policy.model import Language
from app.targets.discovery import FoundServer
from app.tui.picture import Picture
from app.tui.theme import HIGH_CONTRAST, LIGHT
from tests.tui import sample
from tests.tui.answers import filled
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import settled, wait_for

Compare = Callable[..., bool]
Do = Callable[[Pilot[Any]], Awaitable[None]]

SMALL, LARGE = (80, 24), (140, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
LANGUAGES = pytest.mark.parametrize("spoken", ["nl", "en"])


def state(name: str) -> Picture:
    match name:
        case "good":
            return sample.picture(sample.good_facts())
        case "attention":
            return sample.picture(sample.attention_facts())
        case "error":
            return sample.picture(sample.error_facts())
        case _:
            return sample.picture(sample.running_facts(), progress=(sample.RUNNING,))


def steps(*keys: str, until: str = "") -> Do:
    """Press keys, then wait until a text stands there."""

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde" if pilot.app.screen.query("#masthead") else "8")
        for key in keys:
            await pilot.press(key)
            await settled(pilot, looks=2)
        if until:
            await wait_for(pilot, until)
        await settled(pilot)

    return do


@LANGUAGES
@SIZES
@pytest.mark.parametrize("name", ["good", "attention", "error", "running"])
def test_today(snap_compare: Compare, make_app: MakeApp, name: str, size: tuple[int, int], spoken: Language) -> None:
    app = make_app(FixedSource(state(name)), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps())


@pytest.mark.parametrize("theme", [LIGHT.name, HIGH_CONTRAST.name])
def test_today_in_other_themes(snap_compare: Compare, make_app: MakeApp, theme: str) -> None:
    app = make_app(FixedSource(state("attention")))

    async def do(pilot: Pilot[Any]) -> None:
        await steps()(pilot)
        pilot.app.theme = theme
        await settled(pilot)

    assert snap_compare(app, terminal_size=SMALL, run_before=do)


@LANGUAGES
@SIZES
def test_the_copies(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    picture = state("running")
    picture = replace(picture, runs=(*picture.runs[:1], *sample.odd_runs(), *picture.runs[1:]))
    app = make_app(FixedSource(picture), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps("2"))


def test_a_failed_copy(snap_compare: Compare, make_app: MakeApp) -> None:
    picture = state("good")
    app = make_app(FixedSource(replace(picture, runs=(*sample.odd_runs(), *picture.runs))))
    assert snap_compare(app, terminal_size=SMALL, run_before=steps("2", "down", "enter", until="De schijf is vol"))


@LANGUAGES
@SIZES
def test_get_files_back(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    app = make_app(FixedSource(state("good")), spoken)

    async def do(pilot: Pilot[Any]) -> None:
        await steps("3", *"rapport", until="Rapport Kerst 3A.odt")(pilot)
        await pilot.press("enter")
        await wait_for(pilot, "Versies van Rapport Kerst 3A" if spoken == "nl" else "Versions of Rapport Kerst 3A")
        await pilot.press("down")
        await wait_for(pilot, "46 kB")
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=do)


@LANGUAGES
@SIZES
def test_the_year(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    facts = replace(sample.good_facts(), answers=sample.answers(31))
    app = make_app(FixedSource(sample.picture(facts)), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps("4", "u", until="C32"))


@LANGUAGES
def test_the_help(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    app = make_app(FixedSource(state("good")), spoken)
    asked = "Wat is dit?" if spoken == "nl" else "What is this?"
    assert snap_compare(app, terminal_size=SMALL, run_before=steps("question_mark", until=asked))


@LANGUAGES
@SIZES
def test_a_server_as_a_place(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    source = FixedSource(None, draft=replace(filled(), page="places"))
    source.servers = (FoundServer("SCHOOL-NAS", TargetKind.SMB, "school-nas.local", 445),)
    assert snap_compare(make_app(source, spoken), terminal_size=size, run_before=steps("n", until="SCHOOL-NAS"))


PAGES = {
    "organisation": "Nederlands",
    "data": "Website",
    "folder:grade-book": "204",
    "availability:grade-book": "UPS",
    "confidentiality:grade-book": "(•)",
    "places": "NAS school",
    "summary": "18:00",
}


@LANGUAGES
@SIZES
@pytest.mark.parametrize("page", PAGES)
def test_the_set_up(
    snap_compare: Compare, make_app: MakeApp, page: str, size: tuple[int, int], spoken: Language
) -> None:
    app = make_app(FixedSource(None, draft=replace(filled(), page=page)), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps(until=PAGES[page]))


@LANGUAGES
@SIZES
def test_the_recovery_sheet(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    app = make_app(FixedSource(None, draft=replace(filled(), page="summary")), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps("pagedown", until="K7QF 2M9D 8XTW"))
