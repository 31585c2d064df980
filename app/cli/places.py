"""`vangnet targets`: places and disks. Without an agent it looks for itself."""

from __future__ import annotations

import click

from app.assessment.model import Score, TargetHealth
from app.cli.documents import drive_document, score_document, target_document, where_document
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import NotSetUp
from app.i18n import _
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.records.facts import DriveSight
from app.records.presence import agent_pid
from app.records.store import Records


@click.command()
@json_option
@pass_session
def targets(session: Session, as_json: bool) -> None:
    """List the places for copies, and every USB disk that is plugged in now."""
    from app.wording.places import drive_text, place_text, score_text, where_text
    from app.wording.upkeep import fulls_text

    installation = _installation(session)
    drives = _drives(session, installation)
    health: tuple[TargetHealth, ...] = ()
    scores: tuple[tuple[str, Score], ...] = ()
    places: dict[str, Target] = {}
    if installation is not None:
        with Records.open_to_read(session.home, session.clock) as records:
            assessment = installation.assess(records)
        health = assessment.targets
        scores = tuple((installation.policy.data_set(data_set).name, score) for data_set, score in assessment.scores)
        places = {target.id: target for target in installation.machine.targets}
    if as_json:
        known: list[JsonValue] = [target_document(target) | where_document(places[target.target]) for target in health]
        safe: list[JsonValue] = [{"name": name, **score_document(score)} for name, score in scores]
        print_json({"targets": known, "drives": [drive_document(drive) for drive in drives], "scores": safe})
        return
    now = session.clock.now()
    for target in health:
        assert installation is not None, "only a set-up has places"
        click.echo(f"  {place_text(target, now, installation.timezone)}")
        click.echo(f"      {where_text(places[target.target])}")
        if target.fulls:
            click.echo(f"      {fulls_text(target.fulls)}")
    for name, score in scores:
        assert installation is not None, "only a set-up has data"
        click.echo(f"  {score_text(name, score, now, installation.timezone)}")
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
        with Records.open_to_read(session.home, session.clock) as records:
            return records.facts().drives
    from app.targets.drives import connected_drives

    return connected_drives(installation.machine if installation else None)
