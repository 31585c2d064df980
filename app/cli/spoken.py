"""`--help` in the language that the program speaks: looked up when it is printed, never when a command is imported.

The texts are the commands' own docstrings and the `help=` of their options; `app.i18n.extract` finds them there.
`vangnet repo …` is left in restic's words.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from app.cli.session import Session
from app.errors import VangnetError
from app.i18n import N_, _, set_language
from app.paths import Home

_CLICKS_OWN: Final = (
    N_("Usage: "),
    N_("[OPTIONS]"),
    N_("COMMAND [ARGS]..."),
    N_("[COMMAND] [ARGS]..."),
    N_("Options"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("required"),
)
"""What click writes by itself."""

_EXTRA: Final = re.compile(r"^(?P<help>.*?)(?:  )?\[(?P<extra>[^\[\]]*)\]$", re.DOTALL)
"""How click ends the line of an option: "Who did it.  [required; default: 3]"."""
_DEFAULT: Final = "default: "


class SpokenFormatter(click.HelpFormatter):
    """Writes what click adds of its own in the language spoken now."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_(heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, _with_extra(text)) for term, text in rows], col_max, col_spacing)


class SpokenContext(click.Context):
    """The context of a command whose help follows the language of the program."""

    formatter_class = SpokenFormatter

    def get_help(self) -> str:
        """Return the help of this command in the language that the program speaks here."""
        _speak_as_set_up(self)
        return spoken(self.command).get_help(self)


def follow_language(command: click.Command) -> None:
    """Have the help of a command, and of those in it, follow the language; nothing is looked up yet."""
    command.context_class = SpokenContext
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            follow_language(inner)


def spoken(command: click.Command) -> click.Command:
    """Return a command of which every text is in the language spoken now; the command itself stays as it is."""
    said = copy.copy(command)
    said.help = _text(command.help)
    said.options_metavar = _text(command.options_metavar)
    said.params = [_spoken_parameter(parameter) for parameter in command.params]
    if isinstance(said, click.Group):
        said.subcommand_metavar = _(said.subcommand_metavar)
        said.commands = {name: _spoken_line(inner) for name, inner in said.commands.items()}
    return said


def _spoken_line(command: click.Command) -> click.Command:
    """Return a command whose one line in the help of its group can be made."""
    said = copy.copy(command)
    said.help = _text(command.help)
    return said


def _spoken_parameter(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option):
        return parameter
    said = copy.copy(parameter)
    said.help = _text(parameter.help)
    return said


def _text(text: str | None) -> str | None:
    return None if text is None else _(inspect.cleandoc(text))


def _with_extra(text: str) -> str:
    found = _EXTRA.match(text)
    if found is None:
        return _(text)
    extras = "; ".join(_extra(extra) for extra in found["extra"].split("; "))
    return f"{found['help']}  [{extras}]".strip()


def _extra(extra: str) -> str:
    if extra.startswith(_DEFAULT):
        return _("default: {value}").format(value=extra.removeprefix(_DEFAULT))
    return _(extra)


def _speak_as_set_up(context: click.Context) -> None:
    """Speak the language of the screens, as a command does once it has read the machine file; `--lang` goes first."""
    session = context.find_object(Session)
    asked = context.find_root().params
    if session is None:  # the program's own help comes before there is a session
        home, language = Home.locate(_folder(asked.get("home"))), asked.get("lang")
    else:
        home, language = session.home, session.language_asked
    if language is None:
        from app.policy.load import load_machine

        with contextlib.suppress(VangnetError, OSError):  # not set up yet, or a mistake in it: the session's language
            set_language(load_machine(home.machine_file).language)


def _folder(given: object) -> Path | None:
    return given if isinstance(given, Path) else None
