"""A newcomer in a real terminal: from the first question to a file that came back, with the keyboard only."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.paths import Home
from app.records.presence import agent_pid
from tests.rig.commands import vangnet
from tests.rig.terminal import Terminal

DUTCH = {"LANG": "nl_BE.UTF-8", "LC_ALL": "", "LC_MESSAGES": "nl_BE.UTF-8"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home; the agent that the screens start there is ended afterwards."""
    folder = tmp_path / "vangnet"
    yield folder
    pid = agent_pid(Home.in_folder(folder))
    if pid is not None:
        os.kill(pid, signal.SIGTERM)


@pytest.mark.slow
def test_a_newcomer_walks_from_the_first_question_to_a_file_that_came_back(home: Path, tmp_path: Path) -> None:
    marks, nas = tmp_path / "marks", tmp_path / "nas"
    marks.mkdir()
    for number in range(12):
        (marks / f"rapport {number:02}.txt").write_text(f"rapport {number}\n" * 100)
    with Terminal.vangnet("--home", str(home), env={**DUTCH, "HOME": str(tmp_path)}) as terminal:
        terminal.wait_for("Stap 1 van 8")
        terminal.press("Tab", "Tab", "Tab", "Tab")
        terminal.type("Basisschool De Linde")
        terminal.press("PageDown")
        terminal.wait_for("Wie is verantwoordelijk")
        terminal.press("PageDown")
        terminal.wait_for("Welke gegevens hebt u?")
        terminal.press("Down", "Space", "PageDown")
        terminal.wait_for("Waar staat “Puntenboek”")
        terminal.type(str(marks))
        terminal.wait_for("12 bestanden")
        terminal.press("PageDown")
        terminal.wait_for("Valt het werk stil als dit een halve dag weg is?")
        terminal.press("PageDown")
        terminal.wait_for("Kan één fout leiden")
        terminal.press("PageDown")
        terminal.wait_for("Mag iedereen dit zien")
        terminal.press("PageDown")
        terminal.wait_for("Waar komen de kopieën?")
        _add_place(terminal, "NAS", nas)
        terminal.press("PageDown")
        terminal.wait_for("Hoe laat mogen de kopieën")
        terminal.press("PageDown")
        terminal.wait_for("Hangt deze computer aan een noodstroomvoorziening")
        terminal.press("PageDown")
        terminal.wait_for("Klopt dit?")
        terminal.press("PageDown")
        key = _key_on_sheet(terminal.wait_for("Druk dit blad af"))
        terminal.press("PageDown")
        asked = re.search(r"Wat is groep (\d)\?", terminal.wait_for("Wat is groep"))
        assert asked is not None
        terminal.type("0000")
        terminal.press("PageDown")
        terminal.wait_for("niet groep")
        terminal.press("BSpace", "BSpace", "BSpace", "BSpace")
        terminal.type(key[int(asked[1]) - 1])
        terminal.press("PageDown")
        terminal.wait_for("Alles is gekopieerd", timeout_s=60)
        terminal.press("PageDown")
        terminal.wait_for("rapport 00.txt")
        terminal.press("Enter")
        terminal.wait_for("1 bestand is terug")
        terminal.press("PageDown")
        terminal.wait_for("Uw gegevens hebben nu een vangnet")
        terminal.press("PageDown")
        terminal.wait_for("in orde")
        terminal.press("F2")
        terminal.wait_for("Almost everything is safe")
        terminal.press("C-q")
    back = list(tmp_path.glob("Teruggehaald*/**/rapport 00.txt"))
    assert [path.read_text() for path in back] == ["rapport 0\n" * 100]
    status = vangnet("--home", str(home), "status", "--json").document()
    assert [item["state"] for item in status["sets"]] == ["ok"]


@pytest.mark.slow
def test_closing_half_way_resumes_at_the_same_page(home: Path) -> None:
    with Terminal.vangnet("--home", str(home), env=DUTCH) as terminal:
        terminal.wait_for("Stap 1 van 8")
        terminal.press("Tab", "Tab", "Tab", "Tab")
        terminal.type("De Linde")
        terminal.press("PageDown")
        terminal.wait_for("Wie is verantwoordelijk")
        terminal.press("PageDown")
        terminal.wait_for("Welke gegevens hebt u?")
        terminal.press("Down", "Space", "PageDown")
        terminal.wait_for("Waar staat “Puntenboek”")
        terminal.press("Escape")
    with Terminal.vangnet("--home", str(home), env=DUTCH) as terminal:
        terminal.wait_for("Waar staat “Puntenboek”")


def _add_place(terminal: Terminal, name: str, folder: Path) -> None:
    terminal.wait_for("Map toevoegen")
    terminal.press("a")
    terminal.wait_for("Een map voor de kopieën")
    terminal.type(name)
    terminal.press("Tab")
    terminal.type(str(folder))
    terminal.press("Tab", "Tab", "Tab", "Enter")
    terminal.wait_for(f"✔ {name}")


def _key_on_sheet(shown: str) -> tuple[str, ...]:
    """Read the nine groups of four from the picture of the sheet."""
    groups = [group for line in shown.splitlines() for group in re.findall(r"(?<!\S)[0-9A-HJKMNP-TV-Z]{4}(?!\S)", line)]
    assert len(groups) == 9, shown
    return tuple(groups)
