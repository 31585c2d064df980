"""`vangnet targets`: places and disks. Without an agent it looks for itself."""

from __future__ import annotations

import click

from app.assessment.model import TargetHealth
from app.cli.documents import drive_document, target_document
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import NotSetUp
from app.i18n import _
from app.jobs.installation import Installation
from app.records.facts import DriveSight
from app.records.presence import agent_pid
from app.records.store import Records


@click.command()
@json_option
@pass_session
def targets(session: Session, as_json: bool) -> None:
    """List the places for copies, and every USB disk that is plugged in now."""
    from app.wording.places import drive_text, place_text
    from app.wording.upkeep import fulls_text

    installation = _installation(session)
    drives = _drives(session, installation)
    health: tuple[TargetHealth, ...] = ()
    if installation is not None:
        with Records.open(session.home, session.clock) as records:
            health = installation.assess(records).targets
    if as_json:
        known: list[JsonValue] = [target_document(target) for target in health]
        print_json({"targets": known, "drives": [drive_document(drive) for drive in drives]})
        return
    for target in health:
        assert installation is not None, "only a set-up has places"
        click.echo(f"  {place_text(target, session.clock.now(), installation.timezone)}")
        if target.fulls:
            click.echo(f"      {fulls_text(target.fulls)}")
    for drive in drives:
        click.echo(f"  {drive_text(drive)}")
    if not health and not drives:
        click.echo(_("No places for copies yet, and no USB disk is plugged in."))


def _installation(session: Session) -> Installation | None:
    try:
        return session.installation()
    except NotSetUp:
        return None


def _drives(session: Session, installation: Installation | None) -> tuple[DriveSight, ...]:
    if agent_pid(session.home) is not None:
        with Records.open(session.home, session.clock) as records:
            return records.facts().drives
    from app.targets.drives import connected_drives

    return connected_drives(installation.machine if installation else None)
