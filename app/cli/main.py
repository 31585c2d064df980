"""The command line: global options, commands that are imported only when they are used, errors into words."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import click

from app.cli.session import Session
from app.cli.spoken import SpokenContext, follow_language
from app.errors import ExitCode, VangnetError
from app.i18n import N_, Language, _, language_of, set_language
from app.paths import Home


class Entry(NamedTuple):
    """Where a command lives, and its line in `--help` (so that the help imports no command)."""

    module: str
    attribute: str
    summary: str
    hidden: bool = False


COMMANDS: Final[dict[str, Entry]] = {
    "status": Entry("app.cli.status", "status", N_("One sentence: is everything safe? And what is where.")),
    "tasks": Entry("app.cli.task", "tasks", N_("What people have to do now.")),
    "task": Entry("app.cli.task", "task", N_("One task: how to do it, done, put off.")),
    "targets": Entry("app.cli.places", "targets", N_("The places for copies, and the USB disks plugged in now.")),
    "disk": Entry("app.cli.disk", "disk", N_("Set a disk up for copies, erase one, let one go, say who has it.")),
    "place": Entry("app.cli.place", "place", N_("A server as a place for copies: find one, add it, test it.")),
    "power": Entry("app.cli.power", "power", N_("The UPSes: on mains or on battery, and for how long.")),
    "lines": Entry("app.cli.lines", "lines", N_("The internet lines, and what was agreed about them.")),
    "risks": Entry("app.cli.risks", "risks", N_("What the director accepts for now.")),
    "backup": Entry("app.cli.backup", "backup", N_("Make a copy now.")),
    "versions": Entry("app.cli.restore", "versions", N_("The versions of one file.")),
    "find": Entry("app.cli.restore", "find", N_("Look for a file by its name.")),
    "restore": Entry("app.cli.restore", "restore", N_("Get files back, in a folder of their own.")),
    "restore-test": Entry("app.cli.restore", "restore_test", N_("Prove that the copies can be read.")),
    "check": Entry("app.cli.check", "check", N_("Check that the copies are whole.")),
    "policy": Entry("app.cli.policy", "policy", N_("Show, check and approve the policy.")),
    "checklist": Entry("app.cli.checklist", "checklist", N_("The director's yearly checklist.")),
    "judge": Entry("app.cli.judging", "judge", N_("What went wrong and waits for the director's verdict.")),
    "alarm": Entry("app.cli.judging", "alarm", N_("Possible ransomware: what was seen, and what it was.")),
    "watch-files": Entry("app.cli.judging", "watch_files", N_("Files that give ransomware away.")),
    "people": Entry("app.cli.telling", "people", N_("Who is told when something happens.")),
    "notify": Entry("app.cli.telling", "notify", N_("The channels over which people are told, and a test.")),
    "journal": Entry("app.cli.journal", "journal", N_("Verify or export the journal.")),
    "setup": Entry("app.cli.setup", "setup", N_("Set up from a file, without screens.")),
    "recovery-sheet": Entry(
        "app.cli.recovery", "recovery_sheet", N_("A new recovery sheet, when the old one is lost.")
    ),
    "director-pin": Entry(
        "app.cli.pins", "director_pin_renewal", N_("A new PIN for the director, when it is forgotten.")
    ),
    "adopt": Entry("app.cli.adopt", "adopt", N_("Open the copies of another computer, on a new one.")),
    "demo": Entry("app.cli.demo", "demo", N_("A sample school walks the whole way.")),
    "repo": Entry("app.cli.repo", "repo", N_("A bare repository, for the IT provider.")),
    "agent": Entry("app.cli.agent", "agent", N_("The process that does the work.")),
    "worker": Entry("app.cli.agent", "worker", "", hidden=True),
    "deliver": Entry("app.cli.agent", "deliver", "", hidden=True),
}

IN_RESTICS_WORDS: Final = frozenset({"repo"})
"""Commands whose help is English always: their options are restic's own, for who knows them."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when the program starts."""

    context_class = SpokenContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(entry.module), entry.attribute)
        assert isinstance(command, click.Command)
        if cmd_name not in IN_RESTICS_WORDS:
            follow_language(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _(entry.summary)) for name, entry in COMMANDS.items() if not entry.hidden]
        with formatter.section(_("Commands")):
            formatter.write_dl(rows)


def _speak(_ctx: click.Context, _parameter: click.Parameter, language: Language | None) -> Language | None:
    """Speak the language asked for from here on: the help, which ends the program, is the first to need it."""
    if language is not None:
        set_language(language)
    return language


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home", type=click.Path(path_type=Path), is_eager=True, metavar="DIR",
    help="Keep everything of Vangnet in this folder.",
)  # fmt: skip
@click.option("--lang", type=click.Choice(["nl", "en"]), is_eager=True, callback=_speak, help="Speak Dutch or English.")
@click.version_option(package_name="vangnet", prog_name="vangnet")
@click.pass_context
def vangnet(ctx: click.Context, home: Path | None, lang: str | None) -> None:
    """A safety net for the data of a school or a small business. Without a command: the screens."""
    session = Session.start(home, lang)
    ctx.obj = session
    if ctx.invoked_subcommand is None:
        from app.tui.app import run as run_screens

        run_screens(session.home, session.language_asked)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code. Errors become a text on stderr, or JSON where that was asked."""
    set_language(language_of())
    try:
        returned = vangnet.main(list(arguments), prog_name="vangnet", standalone_mode=False)
        return returned if isinstance(returned, int) else ExitCode.DONE
    except click.ClickException as exc:
        exc.show()
        return ExitCode.USAGE
    except click.exceptions.Abort:
        click.echo(_("Stopped."), err=True)
        return 130
    except BrokenPipeError:
        # The reader of our output went away; without this Python complains while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except VangnetError as exc:
        _show_error(exc, as_json="--json" in arguments)
        return exc.exit_code
    except OSError as exc:
        error = _unusable(exc, arguments)
        if error is None:
            raise
        _show_error(error, as_json="--json" in arguments)
        return error.exit_code


def _unusable(problem: OSError, arguments: Sequence[str]) -> VangnetError | None:
    """Return what a file of ours that could not be written says; None when it is another trouble."""
    from app.records.errors import RecordsUnusable
    from app.records.room import unwritable

    given = [after for before, after in pairwise(arguments) if before == "--home"]
    given += [word.removeprefix("--home=") for word in arguments if word.startswith("--home=")]
    try:
        with unwritable(Home.locate(Path(given[-1]) if given else None)):
            raise problem
    except RecordsUnusable as exc:
        return exc
    except OSError:
        return None


def _show_error(error: VangnetError, *, as_json: bool) -> None:
    from app.policy.errors import FileInvalid
    from app.wording.errors import explain

    said = explain(error)
    if as_json:
        import json

        data = {key: str(value) for key, value in error.data.items()}
        document = {"error": {"code": error.code, "what": said.what, "data": data}}
        click.echo(json.dumps(document, ensure_ascii=False))
    # The mistakes of a file are what a person needs; the details of other errors are for the log.
    details = said.details if isinstance(error, FileInvalid) else ()
    for line in (said.what, *(f"  {detail}" for detail in details), said.safe, said.do):
        if line:
            click.echo(line, err=True)
