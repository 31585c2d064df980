"""`vangnet recovery-sheet FILE`: a new recovery sheet in the place of one that was lost."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from app.cli.session import Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _
from app.policy.model import Role


@click.command("recovery-sheet")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@pass_session
def recovery_sheet(session: Session, file: Path, as_json: bool) -> int:
    """Make a new recovery key and write its sheet to a new FILE; the key of the old sheet stops working."""
    from app.jobs.director import role_holder
    from app.jobs.recovery import renew_recovery_key
    from app.setup.recovery_sheet import RecoverySheet, save_sheet

    if file.exists():
        raise click.UsageError(_("{file} exists already.").format(file=file))
    if not file.absolute().parent.is_dir():
        raise click.UsageError(_("There is no folder {folder}.").format(folder=file.absolute().parent))
    installation = session.installation()
    with installation.records() as records:
        renewal = renew_recovery_key(installation, records, by=getpass.getuser())
    sheet = RecoverySheet(
        organisation=installation.policy.organisation.name,
        made_on=session.clock.now().date(),
        key=renewal.key,
        places=tuple(target.name for target in installation.machine.targets),
        it_provider=role_holder(installation, Role.IT_PROVIDER),
    )
    save_sheet(sheet, file)
    if as_json:
        print_json({"recovery_sheet": str(file), "waiting": [target.id for target in renewal.waiting]})
        return ExitCode.DONE
    click.echo(_("The recovery sheet is in {file}. Print it, then delete the file.").format(file=file))
    for target in renewal.waiting:
        click.echo(
            _("{place} is not there now: the old key works there until its next copy.").format(place=target.name)
        )
    return ExitCode.DONE
