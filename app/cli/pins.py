"""The director's PIN: asked for, never an argument that a process list would show; and renewed when it is forgotten."""

from __future__ import annotations

from typing import TextIO

import click

from app.cli.session import Session, pass_session
from app.errors import ExitCode
from app.i18n import _
from app.jobs.installation import Installation
from app.policy.model import Role
from app.records.store import Records
from app.secret import Secret

MAX_PIN_CHARS = 64
_MAX_KEY_CHARS = 200

pin_option = click.option(
    "--pin-file", type=click.File("r"), help="Read the director's PIN from a file (- for standard input)."
)


def director_pin(installation: Installation, records: Records, source: TextIO | None, *, name: str = "") -> Secret:
    """Read the PIN from the file given, else from the terminal without showing it; the first time one is chosen."""
    from app.jobs.director import choose_pin, role_holder
    from app.records.pins import has_pin

    if source is not None:
        pin = Secret(source.readline(MAX_PIN_CHARS + 2).strip())
    elif has_pin(installation.home, Role.DIRECTOR):
        pin = Secret(click.prompt(_("The director's PIN"), hide_input=True, err=True))
    else:
        pin = _chosen()
    if not has_pin(installation.home, Role.DIRECTOR):
        choose_pin(installation, records, name=name or role_holder(installation, Role.DIRECTOR), pin=pin)
    return pin


def _chosen() -> Secret:
    return Secret(click.prompt(_("Choose a PIN for the director"), hide_input=True, confirmation_prompt=True, err=True))


@click.command("director-pin")
@click.option("--by", required=True, metavar="NAME", help="The director whose PIN it is from now on.")
@click.option("--key-file", type=click.File("r"), help="Read the recovery key from a file (- for standard input).")
@pin_option
@pass_session
def director_pin_renewal(session: Session, by: str, key_file: TextIO | None, pin_file: TextIO | None) -> int:
    """Give the director a new PIN with the key of the recovery sheet: forgotten, or another director."""
    from app.jobs.recovery import renew_pin

    if key_file is not None:
        key = key_file.readline(_MAX_KEY_CHARS + 2).strip()
    else:
        key = click.prompt(_("The key of the recovery sheet"), hide_input=True, err=True)
    pin = Secret(pin_file.readline(MAX_PIN_CHARS + 2).strip()) if pin_file is not None else _chosen()
    installation = session.installation()
    with installation.records() as records:
        renew_pin(installation, records, name=by, pin=pin, recovery_key=key)
    click.echo(_("{name} has a new PIN. What was signed before stays valid.").format(name=by))
    return ExitCode.DONE
