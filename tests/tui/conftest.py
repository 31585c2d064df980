"""What the tests of the screens share: an app on fixed values at a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from app.clock import FixedClock
from app.i18n import language, set_language
from app.paths import Home
from app.policy.model import Language
from app.tui.app import VangnetApp
from tests.tui import sample
from tests.tui.fixed import FixedSource

MakeApp = Callable[..., VangnetApp]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting, home folder or moment of this machine may show in a picture; the language is put back."""
    for variable in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLORTERM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/school"))
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _input: None)  # a cursor that blinks is in every second picture
    spoken = language()
    yield
    set_language(spoken)


@pytest.fixture
def make_app() -> MakeApp:
    """Make the application on a source, without an agent."""

    def make(source: FixedSource, spoken: Language = "nl", **more: Any) -> VangnetApp:
        home = Home.in_folder(Path("/nonexistent/vangnet"))
        clock = FixedClock(sample.NOW)
        return VangnetApp(home, clock, language=spoken, source=source, **{"start_agent": False, **more})

    return make
