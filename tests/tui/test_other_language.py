"""F2 says every text again in the other language, and leaves one where one was."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from app.tui.widgets.rows import Rows
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import settled, typed, wait_for


@pytest.mark.parametrize(
    ("key", "rows", "dutch"),
    [
        ("1", "tasks", "Te doen"),
        ("2", "runs", "afloop"),
        ("4", "items", "Jaarlijkse controle"),
        ("t", "all-tasks", "Taken · iedereen"),
        ("p", "people", "Wie verwittigd wordt"),
    ],
)
async def test_the_cursor_stays_on_its_row_in_the_other_language(
    make_app: MakeApp, key: str, rows: str, dutch: str
) -> None:
    source = FixedSource(sample.picture(sample.attention_facts()))
    async with make_app(source, "en").run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press(key)
        await settled(pilot)
        await pilot.press("down")
        before = pilot.app.screen.query_one(f"#{rows}", Rows).key
        await pilot.press("f2")
        await wait_for(pilot, dutch)
        await settled(pilot)
        list_now = pilot.app.screen.query_one(f"#{rows}", Rows)
        assert list_now.has_focus
        assert list_now.key == before
        await pilot.press("up")
        assert list_now.key != before


async def test_what_is_looked_for_is_looked_for_again_in_the_other_language(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.good_facts()))
    async with make_app(source, "en").run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("3")
        await wait_for(pilot, "Type at least two letters.")
        await pilot.press("f2")
        await wait_for(pilot, "Typ minstens twee letters.")
        assert not pilot.app.screen.query_one("#to-line").display
        await typed(pilot, "rapport")
        await wait_for(pilot, "Rapport Kerst 3A.odt")
        await pilot.press("f2")
        await wait_for(pilot, "Which file do you look for?")
        await wait_for(pilot, "Rapport Kerst 3A.odt")
        words = pilot.app.screen.query_one("#words", Input)
        assert words.value == "rapport"
        assert words.has_focus
