"""`--lang` is obeyed by everything that is said after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import app.tui.app
from app.cli.main import run
from app.i18n import set_language
from app.policy.model import Language


@pytest.fixture(autouse=True)
def english_before_and_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(variable, "C.UTF-8")
    set_language("en")
    yield
    set_language("en")


def test_the_help_lists_the_commands_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", "nl", "--help"]) == 0
    assert "Eén zin: is alles veilig?" in capsys.readouterr().out


def test_the_screens_speak_the_language_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Language | None] = []
    monkeypatch.setattr(app.tui.app, "run", lambda _home, language: opened.append(language))
    assert run(["--home", "/nonexistent/vangnet", "--lang", "nl"]) == 0
    assert run(["--home", "/nonexistent/vangnet"]) == 0
    assert opened == ["nl", None]
