"""`vangnet power`: the UPSes, what hangs on them, their tests, and the log of outages."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, TextIO

import click

from app.cli.documents import instant, ups_document
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode, NotSetUp
from app.i18n import _
from app.records.facts import UpsSight
from app.records.presence import agent_pid
from app.records.store import Records

if TYPE_CHECKING:
    from app.jobs.installation import Installation
    from app.records.facts import Outage, UpsTest

NUT_TIMEOUT_S = 2.0
MAX_PASSWORD_CHARS = 256

by_option = click.option("--by", required=True, metavar="NAME", help="Who does it.")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def power(ctx: click.Context, as_json: bool) -> None:
    """List each UPS with its state, charge (%), runtime (s) and load (%)."""
    if ctx.invoked_subcommand is not None:
        return
    session: Session = ctx.find_object(Session) or Session.start(None, None)
    installation = _installation(session)
    upses = _upses(session, installation)
    if as_json:
        print_json({"upses": [_document(ups, installation) for ups in upses]})
        return
    from app.wording.power import protects_text, trouble_text, ups_text

    known = {} if installation is None else {ups.id: ups for ups in installation.machine.upses}
    for ups in upses:
        click.echo(f"  {ups_text(ups, session.clock.now())}")
        if trouble_text(ups):
            click.echo(f"      {trouble_text(ups)}")
        own = next((entry for name, entry in known.items() if name == ups.ups), None)
        if own is not None and installation is not None:
            behind = protects_text(own.protects, installation.machine)
            click.echo("      " + _("{id} feeds: {devices}").format(id=own.id, devices=behind))
    if not upses:
        click.echo(_("No UPS is being watched."))


@power.command()
@click.option("--host", default="127.0.0.1", metavar="HOST", help="Look on another computer.")
@click.option("--nut-port", type=click.IntRange(1, 65535), default=3493, metavar="PORT", help="Where NUT listens.")
@click.option("--apcupsd-port", type=click.IntRange(1, 65535), default=3551, metavar="PORT",
              help="Where apcupsd listens.")  # fmt: skip
@click.option("--add", is_flag=True, help="Write what is found into the machine file.")
@json_option
@pass_session
def find(session: Session, host: str, nut_port: int, apcupsd_port: int, add: bool, as_json: bool) -> None:
    """Look which UPSes there are, and say what to do about one that nobody reads."""
    from app.power.discovery import discover
    from app.wording.ups_steps import usb_steps

    found = asyncio.run(
        discover(clock=session.clock, host=host, nut_port=nut_port, apcupsd_port=apcupsd_port, timeout_s=NUT_TIMEOUT_S)
    )
    if add:
        from app.jobs.power import add_ups

        for entry in found.found:
            installation = session.installation()
            with installation.records() as records:
                add_ups(installation, records, entry.ups, by="vangnet power find")
    if as_json:
        print_json(
            {
                "found": [{**ups_document(e.sight), "kind": e.ups.kind.value, "port": e.ups.port} for e in found.found],
                "unread": [
                    {"vendor_id": usb.vendor_id, "product_id": usb.product_id, "name": f"{usb.vendor} {usb.product}"}
                    for usb in found.unread
                ],
            }
        )
        return
    from app.wording.power import ups_state

    for entry in found.found:
        click.echo(f"  {entry.ups.name} ({entry.ups.kind}, {entry.ups.ups}): {ups_state(entry.sight)}")
    for usb in found.unread:
        click.echo("  " + _("{name} hangs on USB, but no program reads it.").format(name=f"{usb.vendor} {usb.product}"))
        for number, step in enumerate(usb_steps(), 1):
            click.echo(f"    {number}. {step}")
    if not found.found and not found.unread:
        click.echo(_("No UPS was found."))


@power.command()
@click.argument("ups")
@click.option("--unplugged", "minutes", type=click.FloatRange(0, 10_000), metavar="MINUTES",
              help="The plug was pulled; it said that it lasts so many minutes.")  # fmt: skip
@click.option("--remark", default="", help="What is worth knowing about it.")
@by_option
@json_option
@pass_session
def test(session: Session, ups: str, minutes: float | None, remark: str, by: str, as_json: bool) -> ExitCode:
    """Have a UPS test its battery, or record a test that was done by pulling its plug."""
    from app.jobs.power import self_test, unplugged_test
    from app.records.facts import TestResult
    from app.wording.power import ups_test_text

    installation = session.installation()
    if minutes is None:
        click.echo(_("The UPS tests its battery; that takes up to a minute."), err=True)
        done = asyncio.run(self_test(installation, ups, by=by))
    else:
        done = unplugged_test(installation, ups, minutes=minutes, by=by, remark=remark)
    with installation.records() as records:
        records.record_ups_test(done)
    if as_json:
        print_json(_test_document(done))
    else:
        click.echo(ups_test_text(done, session.clock.now(), installation.timezone))
    return ExitCode.FAILED if done.result is TestResult.FAILED else ExitCode.DONE


@power.command()
@click.argument("ups")
@click.argument("devices", nargs=-1, required=True)
@by_option
@pass_session
def protects(session: Session, ups: str, devices: tuple[str, ...], by: str) -> None:
    """Record what hangs on a UPS: pc, and the names of places (nas)."""
    from app.jobs.power import keep_protects

    installation = session.installation()
    with installation.records() as records:
        keep_protects(installation, records, ups, devices, by=by)


@power.command()
@click.argument("ups")
@click.argument("since", type=click.DateTime(["%Y-%m-%d"]))
@by_option
@pass_session
def battery(session: Session, ups: str, since: datetime, by: str) -> None:
    """Record when a new battery was put in (2026-11-20)."""
    from app.jobs.power import keep_battery_date

    installation = session.installation()
    with installation.records() as records:
        keep_battery_date(installation, records, ups, date(since.year, since.month, since.day), by=by)


@power.command()
@click.argument("ups")
@click.option("--password-file", type=click.File("r"), help="Read it from a file (- for standard input).")
@pass_session
def password(session: Session, ups: str, password_file: TextIO | None) -> None:
    """Keep the password for a UPS's server; it is asked, never an argument."""
    from app.jobs.power import the_ups
    from app.power.passwords import keep_ups_password
    from app.secret import Secret

    known = the_ups(session.installation().machine, ups)
    if password_file is not None:
        secret = Secret(password_file.readline(MAX_PASSWORD_CHARS + 2).rstrip("\n"))
    else:
        secret = Secret(click.prompt(_("Password"), hide_input=True, err=True))
    keep_ups_password(session.home, known.id, secret)


@power.command()
@json_option
@pass_session
def log(session: Session, as_json: bool) -> None:
    """The outages of the mains, the newest first."""
    from app.records.facts import OutageKind

    print_outages(session, OutageKind.POWER, as_json=as_json)


def print_outages(session: Session, kind: str, *, as_json: bool) -> None:
    """Print the log of outages of one kind."""
    from app.wording.power import outage_text

    installation = session.installation()
    with installation.records() as records:
        outages = [outage for outage in records.outages() if outage.kind == kind]
    if as_json:
        print_json({"outages": [outage_document(outage) for outage in outages]})
        return
    for outage in outages:
        said = outage_text(outage, installation.machine, session.clock.now(), installation.timezone)
        click.echo(f"  {said}")
    if not outages:
        click.echo(_("Nothing has failed."))


def outage_document(outage: Outage) -> dict[str, JsonValue]:
    return {
        "id": outage.id,
        "kind": outage.kind.value,
        "subject": outage.subject,
        "cause": outage.cause.value,
        "began": instant(outage.began),
        "ended": instant(outage.ended) if outage.ended else None,
        "critical": outage.critical,
        "lowest_charge_percent": outage.lowest_charge_percent,
        "lowest_runtime_s": outage.lowest_runtime_s,
    }


def _test_document(test: UpsTest) -> dict[str, JsonValue]:
    return {
        "ups": test.ups,
        "at": instant(test.at),
        "how": test.how.value,
        "result": test.result.value,
        "runtime_s": test.runtime_s,
        "charge_percent": test.charge_percent,
        "by": test.by,
        "remark": test.remark,
    }


def _document(ups: UpsSight, installation: Installation | None) -> dict[str, JsonValue]:
    known = () if installation is None else installation.machine.upses
    protected: list[JsonValue] = [device for own in known if own.id == ups.ups for device in own.protects]
    return {
        **ups_document(ups),
        "trouble": ups.trouble,
        "battery_date": ups.battery_date,
        "test_result": ups.test_result,
        "protects": protected,
    }


def _installation(session: Session) -> Installation | None:
    try:
        return session.installation()
    except NotSetUp:
        return None


def _upses(session: Session, installation: Installation | None) -> tuple[UpsSight, ...]:
    if agent_pid(session.home) is not None:
        with Records.open(session.home, session.clock) as records:
            return records.facts().upses
    from app.power.discovery import discover
    from app.power.monitor import read_machine_upses

    configured = installation.machine.upses if installation else ()
    if configured:
        return asyncio.run(read_machine_upses(configured, timeout_s=NUT_TIMEOUT_S, clock=session.clock))
    found = asyncio.run(discover(clock=session.clock, timeout_s=NUT_TIMEOUT_S))
    return tuple(entry.sight for entry in found.found)
