"""The tasks, the copies of another computer and the later pages of the set-up as pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.policy.machine import Ups, UpsId
from app.policy.model import Language
from app.power.discovery import Discovery, FoundUps
from app.records.facts import DriveSight, UpsSight
from app.tui.screens.other_copies import OtherCopiesScreen
from tests.tui import sample
from tests.tui.answers import filled
from tests.tui.conftest import MakeApp
from tests.tui.fixed import KEY, FixedSource
from tests.tui.reading import click, settled, wait_for

Compare = Callable[..., bool]
Do = Callable[[Pilot[Any]], Awaitable[None]]
SMALL, LARGE = (80, 24), (140, 40)
LANGUAGES = pytest.mark.parametrize("spoken", ["nl", "en"])
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
DISK = DriveSight("/dev/sdb1", "60A", "Kingston", "DataTraveler", "BACKUP", "77AA", "ext4", 64_000_000_000, "/media/x")


def steps(first: str, *keys: str, until: str = "") -> Do:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, first)
        for key in keys:
            await pilot.press(key)
            await settled(pilot, looks=2)
        if until:
            await wait_for(pilot, until)
        await settled(pilot)

    return do


@LANGUAGES
@SIZES
def test_the_tasks(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    app = make_app(FixedSource(sample.picture(sample.tasks_facts())), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps("De Linde", "t", until="An Claes)"))


@LANGUAGES
def test_how_a_task_is_done(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    app = make_app(FixedSource(sample.picture(sample.tasks_facts())), spoken)
    before = steps("De Linde", "t", "r", "r", "r", "home", "enter", until="1. ")
    assert snap_compare(app, terminal_size=SMALL, run_before=before)


@LANGUAGES
def test_what_shows_that_a_task_was_done(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    app = make_app(FixedSource(sample.picture(sample.tasks_facts())), spoken)
    before = steps("De Linde", "t", "r", "r", "r", "home", "d", until="?")
    assert snap_compare(app, terminal_size=SMALL, run_before=before)


@LANGUAGES
@pytest.mark.parametrize("page", ["time", "power"])
def test_the_later_pages_of_the_set_up(snap_compare: Compare, make_app: MakeApp, page: str, spoken: Language) -> None:
    source = FixedSource(None, draft=replace(filled(), page=page))
    sight = UpsSight("ups", "ups", sample.NOW, reachable=True, runtime_s=1500.0)
    source.upses = Discovery((FoundUps(Ups(UpsId("ups"), "Eaton Ellipse"), sight),), ())
    until = "Eaton" if page == "power" else "18"
    assert snap_compare(make_app(source, spoken), terminal_size=SMALL, run_before=steps("8", until=until))


@LANGUAGES
def test_the_copies_of_another_computer(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    source = FixedSource(None)
    source.plugged = (DISK,)
    app = make_app(source, spoken)

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "8")
        screen = OtherCopiesScreen()
        await pilot.app.push_screen(screen)
        await wait_for(pilot, "Kingston")
        screen.query_one("#place", Input).value = "/media/x"
        screen.query_one("#key", Input).value = KEY.reveal()
        await click(pilot, "#open")
        await wait_for(pilot, "Puntenboek")
        await settled(pilot)

    assert snap_compare(app, terminal_size=SMALL, run_before=do)


@LANGUAGES
def test_copies_on_a_server_are_asked_for_with_a_password(
    spoken: Language, make_app: MakeApp, snap_compare: Compare
) -> None:
    app = make_app(FixedSource(None), spoken)

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "8")
        screen = OtherCopiesScreen()
        await pilot.app.push_screen(screen)
        screen.query_one("#place", Input).value = "sftp://nas/vangnet"
        await wait_for(pilot, "Gebruikersnaam" if spoken == "nl" else "User name")
        await settled(pilot)

    assert snap_compare(app, terminal_size=SMALL, run_before=do)
