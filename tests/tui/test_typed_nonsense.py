"""What is typed into a field need make no sense: it is refused there, and nothing that was typed is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from app.tui.restoring import typed_path
from app.tui.screens.people import MailDialog
from app.tui.screens.power_dialogs import read_day
from tests.tui import sample
from tests.tui.answers import filled
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, wait_for


def test_a_home_folder_of_nobody_is_no_folder() -> None:
    assert typed_path("~there-is-no-such-person/x") == Path("~there-is-no-such-person/x")


@pytest.mark.parametrize("text", ["1-1-99999999999999999999", "99999999999999999999-1-1", "1-2", "x-y-z", "31-2-2027"])
def test_a_day_that_cannot_be_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_day(text)


async def test_a_port_in_odd_digits_is_no_port(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.good_facts()))
    async with make_app(source, "en").run_test(size=(100, 40)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("p", "m")
        await wait_for(pilot, "Mail server")
        pilot.app.screen.query_one("#host", Input).value = "smtp.example.org:²"
        pilot.app.screen.query_one("#sender", Input).value = "vangnet@example.org"
        await click(pilot, "#keep")
        await wait_for(pilot, "Who gets told")
        assert not isinstance(pilot.app.screen, MailDialog)
        assert source.account is not None
        assert source.account.port == 587


async def test_half_an_address_does_not_cost_what_else_was_typed(make_app: MakeApp) -> None:
    source = FixedSource(None, draft=replace(filled(), page="people"))
    async with make_app(source, "nl").run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, "Wie is verantwoordelijk")
        pilot.app.screen.query_one("#director", Input).value = "Rita Jacobs"
        pilot.app.screen.query_one("#director_email", Input).value = "rita@"
        await pilot.press("f2")
        shown = await wait_for(pilot, "Who is responsible")
        assert "Rita Jacobs" in shown
        assert "rita@" in shown
