"""`vangnet people` and `vangnet notify`: who is told, over which channels, and whether that works."""

from __future__ import annotations

import asyncio
from typing import TextIO

import click

from app.cli.documents import instant
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _
from app.notices.accounts import Accounts, MailAccount, Security, load_accounts, save_accounts
from app.notices.errors import NotDelivered
from app.notices.people import Arrival, remove_person, send_test, set_person
from app.policy.machine import Person
from app.policy.model import Role
from app.policy.people import TOLD, people_of
from app.records.facts import NoticeState
from app.secret import Secret
from app.wording.notices import channel_text, role_text, trouble_text
from app.wording.times import felt_time

MAX_SECRET_CHARS = 2_000
_roles = click.Choice([role.value for role in TOLD])


@click.group(invoke_without_command=True)
@click.pass_context
def people(ctx: click.Context) -> None:
    """Who is told when something happens."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(people_list)


@people.command("list")
@json_option
@pass_session
def people_list(session: Session, as_json: bool = False) -> None:
    """List who is told, and how."""
    from app.notices.deciding import channels_of, unreachable

    installation = session.installation()
    told = people_of(installation.policy, installation.machine)
    missing = unreachable(told)
    if as_json:
        rows: list[JsonValue] = [
            {"role": p.role.value, "name": p.name, "email": p.email, "services": list(p.services)} for p in told
        ]
        print_json({"people": rows, "unreachable": [role.value for role in missing]})
        return
    for person in told:
        ways = ", ".join([person.email] * bool(person.email) + list(person.services)) or _("no address yet")
        click.echo(f"  {role_text(person.role):<18} {person.name:<28} {ways}")
    for role in missing:
        click.echo(_("Nobody can be reached as {role}.").format(role=role_text(role)))
    if any(channels_of(p) == ("email",) for p in told) and load_accounts(session.home).mail is None:
        click.echo(_("There is no mail account to send from yet: vangnet notify mail."))


@people.command("set")
@click.argument("role", type=_roles)
@click.argument("name")
@click.option("--email", default="", metavar="ADDRESS", help="Where mail for this person goes.")
@click.option("--service", "services", multiple=True, metavar="NAME", help="A service of `vangnet notify service`.")
@pass_session
def people_set(session: Session, role: str, name: str, email: str, services: tuple[str, ...]) -> None:
    """Tell somebody from now on, or change how."""
    installation = session.installation()
    set_person(session.home, installation.policy, Person(Role(role), name, email, services))
    click.echo(_("{name} is told from now on.").format(name=name))


@people.command("remove")
@click.argument("role", type=_roles)
@click.argument("name")
@pass_session
def people_remove(session: Session, role: str, name: str) -> None:
    """Tell somebody nothing any more."""
    installation = session.installation()
    remove_person(session.home, installation.policy, Role(role), name)
    click.echo(_("{name} is not told any more.").format(name=name))


@click.group()
def notify() -> None:
    """The channels over which people are told."""


@notify.command()
@json_option
@pass_session
def test(session: Session, as_json: bool) -> int:
    """Send a test to each person, and say what arrived."""
    installation = session.installation()
    arrivals = asyncio.run(send_test(session.home, installation.policy, installation.machine))
    good = bool(arrivals) and all(arrival.trouble is None for arrival in arrivals)
    if as_json:
        rows: list[JsonValue] = [
            {
                "role": a.to.role.value, "name": a.to.name, "channel": a.channel,
                "arrived": a.trouble is None, "trouble": a.trouble or "",
            }
            for a in arrivals
        ]  # fmt: skip
        print_json({"ok": good, "sent": rows})
    else:
        for arrival in arrivals:
            click.echo(_arrival_line(arrival))
        if not arrivals:
            click.echo(_("There is nobody to tell yet: vangnet people set."))
    return ExitCode.DONE if good else ExitCode.FAILED


def _arrival_line(arrival: Arrival) -> str:
    name = arrival.to.name or role_text(arrival.to.role)
    sign, said = ("✔", _("handed over")) if arrival.trouble is None else ("✖", trouble_text(arrival.trouble))
    return f"  {sign} {name:<28} {channel_text(arrival.channel):<26} {said}"


@notify.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="How many to list.")
@json_option
@pass_session
def notify_list(session: Session, limit: int, as_json: bool) -> None:
    """List what people were told, the newest first, and what could not be sent yet."""
    installation = session.installation()
    with installation.records() as records:
        sent = records.notices(limit=limit)
    if as_json:
        rows: list[JsonValue] = [
            {
                "at": instant(n.at), "role": n.role, "person": n.person, "channel": n.channel, "title": n.title,
                "state": n.state.value, "attempts": n.attempts, "error": n.error,
            }
            for n in sent
        ]  # fmt: skip
        print_json({"notices": rows})
        return
    signs = {NoticeState.SENT: "✔", NoticeState.WAITING: "…", NoticeState.GIVEN_UP: "✖"}
    for n in sent:
        when = felt_time(n.at, session.clock.now(), installation.timezone)
        why = f"  ({trouble_text(n.error)})" if n.error else ""
        click.echo(f"  {signs[n.state]} {when:<20} {n.person or channel_text(n.channel):<24} {n.title}{why}")
    if not sent:
        click.echo(_("Nobody has been told anything yet."))


@notify.command()
@click.option("--host", required=True, help="The server that mail is handed to.")
@click.option("--port", type=click.IntRange(1, 65535), help="587 with starttls, 465 with tls, 25 with none.")
@click.option("--security", type=click.Choice([s.value for s in Security]), default="starttls", show_default=True,
              help="How the connection is protected.")  # fmt: skip
@click.option("--sender", required=True, metavar="ADDRESS", help="Who the mail comes from.")
@click.option("--user", default="", help="The name to log in with; none when the server asks for none.")
@click.option("--password-file", type=click.File("r"), help="Read the password from a file (- for standard input).")
@pass_session
def mail(
    session: Session,
    host: str,
    port: int | None,
    security: str,
    sender: str,
    user: str,
    password_file: TextIO | None,
) -> None:
    """Set the account that mail is sent from; the password is kept among the secrets."""
    session.installation()
    password = Secret("")
    if user:
        password = _secret(password_file, _("Password of {user}").format(user=user))
    usual = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}[Security(security)]
    account = MailAccount(host, port or usual, Security(security), sender, user, password)
    _change(session, load_accounts(session.home).with_mail(account))
    click.echo(_("Mail goes over {host} from now on. Try it: vangnet notify test.").format(host=host))


@notify.command()
@click.argument("name")
@click.option("--address-file", type=click.File("r"), help="Read apprise's address from a file (- for standard input).")
@click.option("--remove", is_flag=True, help="Forget this service.")
@pass_session
def service(session: Session, name: str, address_file: TextIO | None, remove: bool) -> None:
    """Set a service that apprise reaches (Signal, Telegram, Teams …); its address is kept among the secrets."""
    session.installation()
    known = load_accounts(session.home)
    if remove:
        _change(session, known.without_service(name))
        return
    address = _secret(address_file, _("Address of {name}").format(name=name))
    _change(session, known.with_service(name, address))
    click.echo(_("Give it to somebody: vangnet people set ROLE NAME --service {name}").format(name=name))


@notify.command()
@click.option("--address-file", type=click.File("r"), help="Read the web address from a file (- for standard input).")
@click.option("--remove", is_flag=True, help="Signal nothing any more.")
@pass_session
def ping(session: Session, address_file: TextIO | None, remove: bool) -> None:
    """Set the web address that hears of every good copy, and raises the alarm when it hears nothing."""
    from app.notices.delivery import Parcel
    from app.notices.sending import send

    session.installation()
    known = load_accounts(session.home)
    if remove:
        _change(session, known.with_ping(None))
        return
    _change(session, known.with_ping(_secret(address_file, _("Web address"))))
    # "/start" proves the address without claiming a copy that was not made.
    trouble = asyncio.run(send(session.home, Parcel("ping", "", "/start", "")))
    if trouble is not None:
        raise NotDelivered(channel="ping", reason=trouble.value)
    click.echo(_("The address answers. It hears of every good copy from now on."))


def _secret(source: TextIO | None, prompt: str) -> Secret:
    if source is not None:
        return Secret(source.readline(MAX_SECRET_CHARS + 2).strip())
    return Secret(click.prompt(prompt, hide_input=True, err=True))


def _change(session: Session, accounts: Accounts) -> None:
    save_accounts(session.home, accounts)
