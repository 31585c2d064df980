"""`vangnet lines`: the internet lines, their agreements, the guided test of the alternative, and their failures."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

from app.cli.documents import instant
from app.cli.power import by_option, print_outages
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _


@click.group(invoke_without_command=True)
@click.option("--probe", "probe_now", is_flag=True, help="Probe them now instead of telling what was last seen.")
@json_option
@click.pass_context
def lines(ctx: click.Context, probe_now: bool, as_json: bool) -> None:
    """List the internet lines: is each there, which is in use, and what was agreed about it."""
    if ctx.invoked_subcommand is not None:
        return
    from app.power.lines import probe_lines
    from app.records.facts import LineSight
    from app.wording.power import line_state, sla_text

    session: Session = ctx.find_object(Session) or Session.start(None, None)
    installation = session.installation()
    known = installation.machine.lines
    with installation.records() as records:
        sights = {sight.line: sight for sight in records.facts().lines}
    if probe_now:
        now = session.clock.now()
        probes = asyncio.run(probe_lines(known))
        sights = {p.line: LineSight(p.line, now, p.up, now, p.latency_ms, p.in_use) for p in probes}
    if as_json:
        documents: list[JsonValue] = []
        for line in known:
            sight = sights.get(line.id)
            documents.append(
                {
                    "line": line.id,
                    "name": line.name,
                    "role": line.role.value,
                    "interface": line.interface,
                    "gateway": line.gateway,
                    "provider": line.provider,
                    "sla_expires": line.sla.expires.isoformat() if line.sla.expires else None,
                    "sla_contact": line.sla.contact,
                    "sla_not_possible": line.sla.not_possible,
                    "at": instant(sight.at) if sight else None,
                    "up": sight.up if sight else None,
                    "in_use": sight.in_use if sight else None,
                    "latency_ms": sight.latency_ms if sight else None,
                }
            )
        print_json({"lines": documents})
        return
    for line in known:
        state = line_state(sights.get(line.id))
        click.echo(f"  {line.name} ({line.id}): {state}; {sla_text(line.sla.expires, line.sla.not_possible)}")
    if not known:
        click.echo(_("No internet line is registered."))


@lines.command()
@click.argument("line_id", metavar="LINE")
@click.option("--name", required=True, help="What people call it.")
@click.option("--role", type=click.Choice(["main", "alternative"]), required=True,
              help="The usual line, or the one for when it fails.")  # fmt: skip
@click.option("--interface", default="", metavar="CARD", help="The network card that leads to it (eth1).")
@click.option("--gateway", default="", metavar="ADDRESS", help="The address of its router.")
@click.option("--provider", default="", help="Who supplies it.")
@by_option
@pass_session
def add(
    session: Session, line_id: str, name: str, role: str, interface: str, gateway: str, provider: str, by: str
) -> None:
    """Register a line, or write anew what is known of it; its agreement is kept."""
    from app.jobs.power import keep_line
    from app.policy.lines import Line, LineId, LineRole, Sla

    if not interface and not gateway:
        raise click.UsageError(_("Name its network card (--interface) or its router (--gateway)."))
    installation = session.installation()
    sla = next((line.sla for line in installation.machine.lines if line.id == line_id), Sla())
    line = Line(LineId(line_id), name, LineRole(role), interface, gateway, provider, sla)
    with installation.records() as records:
        keep_line(installation, records, line, by=by)


@lines.command()
@click.argument("line_id", metavar="LINE")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Until when the agreement holds.")
@click.option("--contact", default="", help="Whom to call when the line fails.")
@click.option("--reference", default="", help="Where the contract is kept.")
@click.option("--not-possible", default="", metavar="REASON", help="Why there is no agreement.")
@by_option
@pass_session
def sla(
    session: Session, line_id: str, expires: datetime | None, contact: str, reference: str, not_possible: str, by: str
) -> None:
    """Record the agreement with the provider of a line, or why there is none."""
    from app.jobs.power import keep_sla
    from app.policy.lines import Sla

    if (expires is None) == (not not_possible):
        raise click.UsageError(_("Say until when it holds (--expires), or why there is none (--not-possible)."))
    installation = session.installation()
    agreed = Sla(expires.date() if expires else None, contact, reference, not_possible)
    with installation.records() as records:
        keep_sla(installation, records, line_id, agreed, by=by)


@lines.command()
@click.argument("line_id", metavar="LINE")
@click.option("--wait", "wait_s", type=click.FloatRange(1, 3600), default=300.0, metavar="SECONDS",
              help="How long to wait at each step.")  # fmt: skip
@by_option
@json_option
@pass_session
def test(session: Session, line_id: str, wait_s: float, by: str, as_json: bool) -> ExitCode:
    """Guide a test of the alternative line: unplug the main one, see whether work goes on, plug it in again."""
    from app.jobs.power import the_line
    from app.power.failover import Step, try_failover
    from app.wording.failover import step_text

    installation = session.installation()
    line = the_line(installation.machine, line_id)

    def tell(step: Step) -> None:
        click.echo(step_text(step), err=True)

    done = asyncio.run(
        try_failover(installation.machine.lines, line, by=by, clock=session.clock, on_step=tell, wait_s=wait_s)
    )
    with installation.records() as records:
        records.record_line_test(done)
    if as_json:
        print_json({"line": done.line, "passed": done.passed, "latency_ms": done.latency_ms, "by": done.by})
    return ExitCode.DONE if done.passed else ExitCode.FAILED


@lines.command()
@json_option
@pass_session
def log(session: Session, as_json: bool) -> None:
    """The failures of the lines, the newest first."""
    from app.records.facts import OutageKind

    print_outages(session, OutageKind.LINE, as_json=as_json)
