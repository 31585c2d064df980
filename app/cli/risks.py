"""`vangnet risks`: what the director lives with, until when and why."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TextIO

import click

from app.cli.documents import instant
from app.cli.pins import director_pin, pin_option
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.i18n import _


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def risks(ctx: click.Context, as_json: bool) -> None:
    """List what is not as the policy wants it, and which of it the director accepts."""
    if ctx.invoked_subcommand is not None:
        return
    from app.assessment.acceptance import accepting
    from app.wording.findings import finding_text
    from app.wording.risks import acceptance_text

    session: Session = ctx.find_object(Session) or Session.start(None, None)
    installation = session.installation()
    with installation.records() as records:
        findings = installation.assess(records).findings
        acceptances = records.facts().risk_acceptances
    now = session.clock.now()
    documents: list[JsonValue] = []
    for finding in findings:
        accepted = accepting(finding.code, finding.subject, acceptances, now)
        documents.append(
            {
                "finding": finding.code.value,
                "subject": finding.subject,
                "text": finding_text(finding),
                "accepted": None
                if accepted is None
                else {
                    "by": accepted.by,
                    "reason": accepted.reason,
                    "until": instant(accepted.until),
                    "at": instant(accepted.at),
                },
            }
        )
        if not as_json:
            name = f"{finding.code}:{finding.subject}" if finding.subject else finding.code
            click.echo(f"  {name}\n      {finding_text(finding)}")
            if accepted is not None:
                click.echo(f"      {acceptance_text(accepted, installation.timezone)}")
    if as_json:
        print_json({"risks": documents})
    elif not findings:
        click.echo(_("Everything is as the policy wants it."))


@risks.command()
@click.argument("finding", metavar="FINDING[:SUBJECT]")
@click.option("--reason", required=True, help="Why this can be lived with.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day.")
@click.option("--by", default="", metavar="NAME", help="Who accepts it; the director by default.")
@pin_option
@pass_session
def accept(session: Session, finding: str, reason: str, until: datetime, by: str, pin_file: TextIO | None) -> None:
    """Accept a finding until a day, with the director's PIN. An earlier day withdraws it."""
    from app.jobs.power import accept_risk
    from app.wording.risks import acceptance_text

    installation = session.installation()
    last = datetime.combine(until.date(), time(23, 59, 59), tzinfo=installation.timezone).astimezone(UTC)
    code, _colon, subject = finding.partition(":")
    with installation.records() as records:
        pin = director_pin(installation, records, pin_file, name=by)
        accepted = accept_risk(installation, records, code, subject, reason=reason, until=last, by=by, pin=pin)
    click.echo(acceptance_text(accepted, installation.timezone))
