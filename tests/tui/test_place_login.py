"""The window for a password that was changed on a server: tried before it is kept, and never shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.policy.machine import RemotePlace, TargetKind
from app.policy.model import Language
from app.records.facts import TargetSight
from app.repository.errors import ServerLoginRefused
from app.secret import Secret
from app.setup.network import ServerLook
from app.tui.picture import Picture
from app.tui.screens.place_login import PlaceLogin
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, screen_text, wait_for

Compare = Callable[..., bool]
LANGUAGES = pytest.mark.parametrize("spoken", ["nl", "en"])
ADDRESS = "sftp://backup.sint-jan.example/de-linde"
ELSEWHERE = replace(
    sample.NAS, kind=TargetKind.SFTP, path=Path(ADDRESS), on_network=RemotePlace(ADDRESS, "linde"), offsite=True
)


def refused() -> Picture:
    """The server does not let us in since an hour."""
    facts = sample.good_facts()
    sight = TargetSight(ELSEWHERE.id, connected=False, since=sample.NOW - timedelta(hours=1), reason="login")
    machine = replace(
        sample.machine(), targets=tuple(ELSEWHERE if t.id == ELSEWHERE.id else t for t in sample.machine().targets)
    )
    others = tuple(s for s in facts.targets if s.target != sight.target)
    return sample.picture(replace(facts, targets=(sight, *others)), on=machine)


async def opened(pilot: Pilot[Any], title: str) -> None:
    await wait_for(pilot, title)
    await pilot.press("t")
    await wait_for(pilot, title)
    rows = pilot.app.screen.query_one("#all-tasks")
    rows.focus()
    for _ in range(30):
        if isinstance(pilot.app.screen, PlaceLogin):
            return
        chosen = getattr(rows, "key", "")
        if str(chosen).startswith("enter-password:"):
            await pilot.press("enter")
            await pilot.pause(0.1)
        else:
            await pilot.press("down")
            await pilot.pause(0.02)
    raise AssertionError(screen_text(pilot.app))


async def test_the_new_password_is_typed_under_tasks(make_app: MakeApp) -> None:
    source = FixedSource(refused())
    source.server_look = ServerLook(ServerLoginRefused(location=ADDRESS, operation="connect"))
    async with make_app(source, "en").run_test(size=(100, 40)) as pilot:
        await opened(pilot, "Enter the password of")
        assert pilot.app.screen.query_one("#user", Input).value == "linde"
        await click(pilot, "#keep")
        await wait_for(pilot, "Type the password, please")
        pilot.app.screen.query_one("#password", Input).value = "old one"
        await click(pilot, "#keep")
        await wait_for(pilot, "The server does not accept our name, password or key")
        assert source.logins == []
        source.server_look = ServerLook()
        pilot.app.screen.query_one("#password", Input).value = "hunter2"
        assert "hunter2" not in screen_text(pilot.app)
        await click(pilot, "#keep")
        await wait_for(pilot, "1 to do now")
        assert not isinstance(pilot.app.screen, PlaceLogin)
    assert source.logins == [(ELSEWHERE.id, "linde", Secret("hunter2"))]


@LANGUAGES
def test_asking_for_the_password(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await opened(pilot, "Vul het wachtwoord" if spoken == "nl" else "Enter the password")
        await pilot.pause(0.1)

    assert snap_compare(make_app(FixedSource(refused()), spoken), terminal_size=(80, 24), run_before=do)
