"""`vangnet setup --from FILE.yml`: the same set-up as the wizard's, without screens."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.session import Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _, set_language


@click.command()
@click.option(
    "--from", "source", required=True, type=click.Path(path_type=Path), metavar="FILE.yml",
    help="The answers; docs/commands.md describes them.",
)  # fmt: skip
@click.option(
    "--recovery-sheet", type=click.Path(path_type=Path), metavar="FILE",
    help="Write the recovery sheet to this new file instead of showing it.",
)  # fmt: skip
@json_option
@pass_session
def setup(session: Session, source: Path, recovery_sheet: Path | None, as_json: bool) -> int:
    """Make the keys, the places for copies and the policy from a file of answers."""
    from app.policy.load import template_policy
    from app.setup.answers_file import load_answers
    from app.setup.apply import apply_setup
    from app.setup.recovery_sheet import RecoverySheet, save_sheet, sheet_text
    from app.targets.drives import connected_drives

    if as_json and recovery_sheet is None:
        raise click.UsageError(_("--json wants --recovery-sheet FILE: the key is not part of the document."))
    if recovery_sheet is not None and recovery_sheet.exists():
        raise click.UsageError(_("{file} exists already.").format(file=recovery_sheet))
    answers = load_answers(source, template_policy())
    if session.language_asked is None and answers.organisation is not None:
        set_language(answers.organisation.language)
    result = apply_setup(session.home, answers, clock=session.clock, drives=connected_drives())
    sheet = RecoverySheet(
        organisation=result.policy.organisation.name,
        made_on=session.clock.now().date(),
        key=result.recovery_key,
        places=tuple(target.name for target in result.machine.targets),
        it_provider=answers.people.it_provider,
    )
    if recovery_sheet is not None:
        save_sheet(sheet, recovery_sheet)
    if as_json:
        print_json(
            {
                "home": str(session.home.config),
                "sets": [data_set.id for data_set in result.policy.data_sets],
                "targets": [target.id for target in result.machine.targets],
                "recovery_sheet": str(recovery_sheet),
            }
        )
        return ExitCode.DONE
    if recovery_sheet is None:
        click.echo(sheet_text(sheet))
    else:
        click.echo(_("The recovery sheet is in {file}. Print it, then delete the file.").format(file=recovery_sheet))
    click.echo(_("Set up. Now make the first copy: vangnet backup"))
    return ExitCode.DONE
