"""`--help` of every command and option in the language that the program speaks; `repo` stays in restic's words."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import spoken
from app.cli.main import COMMANDS, IN_RESTICS_WORDS, run, vangnet
from app.i18n import set_language
from app.i18n.compile import merge, po_files
from app.policy.model import Language

DUTCH = merge(po_files())


@pytest.fixture(autouse=True)
def english_before_and_after(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(variable, "C.UTF-8")
    monkeypatch.setenv("VANGNET_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    set_language("en")
    yield
    set_language("en")


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield (), vangnet
    context = click.Context(vangnet)
    for name, entry in COMMANDS.items():
        command = vangnet.get_command(context, name)
        if command is not None and not entry.hidden and name not in IN_RESTICS_WORDS:
            yield from _with_inner((name,), command)


def _with_inner(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _with_inner((*path, name), inner)


ALL = dict(every_command())


def flat(text: str) -> str:
    return " ".join(text.split())


def letters(text: str) -> str:
    """Leave out every space: a line may be broken after a hyphen."""
    return "".join(text.split())


def help_of(path: tuple[str, ...], capsys: pytest.CaptureFixture[str], language: Language | None) -> str:
    spoken_language = ("--lang", language) if language else ()
    assert run([*spoken_language, *path, "--help"]) == 0
    return flat(capsys.readouterr().out)


def test_the_walk_reaches_commands_of_commands() -> None:
    assert len(ALL) > 60
    assert ("adopt", "lost") in ALL
    assert not any(path[:1] == ("repo",) for path in ALL)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_text_of_the_help_is_there_in_dutch_and_in_english(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    in_dutch, in_english = help_of(path, capsys, "nl"), help_of(path, capsys, "en")
    command = ALL[path]
    texts = [command.help, *(option.help for option in command.params if isinstance(option, click.Option))]
    for text in texts:
        assert text, f"{path}: a command or an option without a word of help"
        english = inspect.cleandoc(text)
        dutch = DUTCH.get(english)
        assert dutch, f"no Dutch for {english!r}"
        assert dutch != english
        assert letters(english) in letters(in_english)
        assert letters(dutch) in letters(in_dutch)
        assert letters(english) not in letters(in_dutch)
    assert ("Gebruik: " in in_dutch, "Usage: " in in_english) == (True, True)
    assert "Deze uitleg tonen." in in_dutch
    for word in ("Usage", "Options", "Commands", "[OPTIONS]", "COMMAND", "[required", "default:", "Show this"):
        assert word not in in_dutch, word


def test_the_lines_of_a_group_are_dutch(capsys: pytest.CaptureFixture[str]) -> None:
    assert "show Tonen hoe u een taak doet, waarom, en waarmee ze klaar is." in help_of(("task",), capsys, "nl")


def test_what_click_adds_to_an_option_is_dutch(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(("notify", "list"), capsys, "nl")
    assert "Hoeveel er getoond worden. [standaard: 20; 1<=x<=500]" in said
    assert "Wie het gedaan heeft. [verplicht]" in help_of(("task", "done"), capsys, "nl")


def test_a_group_without_its_command_explains_itself_in_dutch(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--lang", "nl", "task"])
    said = capsys.readouterr()
    assert "Zeggen dat een taak gedaan is" in flat(said.out + said.err)


@pytest.mark.parametrize("path", [(), ("tasks",), ("policy", "show")], ids=" ".join)
def test_the_help_speaks_the_language_of_the_screens(
    path: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Usage: " in help_of(path, capsys, None)
    (tmp_path / "machine.yml").write_text("format: 1\nlanguage: nl\ndata_sets: []\ntargets: []\n", encoding="utf-8")
    assert "Gebruik: " in help_of(path, capsys, None)
    assert "Usage: " in help_of(path, capsys, "en")


def test_a_machine_file_with_a_mistake_does_not_stand_in_the_way_of_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "machine.yml").write_text("language: [", encoding="utf-8")
    assert "Usage: " in help_of(("tasks",), capsys, None)


def test_the_help_of_a_bare_repository_stays_in_restics_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Usage: vangnet repo" in help_of(("repo",), capsys, "nl")


def test_nothing_is_translated_where_no_help_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str | None] = []

    def noted(command: click.Command) -> click.Command:
        asked.append(command.name)
        return command

    monkeypatch.setattr(spoken, "spoken", noted)
    run(["--lang", "nl", "tasks"])
    assert asked == []
    help_of(("tasks",), capsys, "nl")
    assert asked == ["tasks"]
