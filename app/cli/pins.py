"""Asking for the director's PIN: never as an argument, where a process list would show it."""

from __future__ import annotations

from typing import TextIO

import click

from app.i18n import _
from app.jobs.installation import Installation
from app.policy.model import Role
from app.records.store import Records
from app.secret import Secret

MAX_PIN_CHARS = 64

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
        chosen = click.prompt(_("Choose a PIN for the director"), hide_input=True, confirmation_prompt=True, err=True)
        pin = Secret(chosen)
    if not has_pin(installation.home, Role.DIRECTOR):
        choose_pin(installation, records, name=name or role_holder(installation, Role.DIRECTOR), pin=pin)
    return pin
