"""`vangnet place`: a server as a place for copies: find one, add it, test any place."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.targets.probe import ProbeResult


@click.group()
def place() -> None:
    """Places for copies on a network: find, add, test."""


@place.command()
@json_option
def find(as_json: bool) -> None:
    """Look for three seconds which servers announce themselves on the local network."""
    from app.targets.discovery import find_servers

    servers = find_servers()
    if as_json:
        documents: list[JsonValue] = [
            {"name": s.name, "kind": s.kind.value, "host": s.host, "port": s.port, "address": s.address}
            for s in servers
        ]
        print_json({"servers": documents})
        return
    for server in servers:
        click.echo(f"  {server.name}: {server.address}")
    if not servers:
        click.echo(_("No server announces itself here. Type its address instead."))


@place.command()
@click.argument("name")
@click.option("--address", required=True, help="sftp://…, smb://…, rest:https://… or s3:https://…, without a password.")
@click.option("--user", default="", help="The name there; for S3 the access key.")
@click.option(
    "--secret-file", type=click.Path(path_type=Path), metavar="FILE", help="A file with the password or private key."
)
@click.option("--server-key", default="", help="The server's public key (SFTP), or its certificate's SHA-256.")
@click.option("--append-only", is_flag=True, help="The server only ever adds.")
@click.option("--region", default="", help="S3: the region.")
@click.option("--virtual-host", is_flag=True, help="S3: the bucket's name is part of the host's.")
@click.option(
    "--retention-days", type=click.IntRange(0, 36_500), default=0, help="S3: so many days nothing is removed."
)
@click.option("--compliance", is_flag=True, help="S3: nobody may shorten that time.")
@click.option("--colour", default="", help="The colour by which people know it.")
@click.option("--site", default="", help="Where it stands.")
@click.option("--offsite", is_flag=True, help="That is another building than the data.")
@click.option("--site-address", default="", help="The address of that place.")
@click.option("--distance-km", type=click.IntRange(0, 20_100), help="How far that is from here, as the crow flies.")
@click.option("--same-zone/--other-zone", default=None, help="Could one flood or fire strike both?")
@pass_session
def add(
    session: Session,
    name: str,
    address: str,
    user: str,
    secret_file: Path | None,
    server_key: str,
    append_only: bool,
    region: str,
    virtual_host: bool,
    retention_days: int,
    compliance: bool,
    colour: str,
    site: str,
    offsite: bool,
    site_address: str,
    distance_km: int | None,
    same_zone: bool | None,
) -> None:
    """Make a folder, share or bucket on a server a place for copies; a place of this name is set anew.

    Nothing that lies there is overwritten. An SSH server's key is learnt now and shown, to compare.
    """
    from app.policy.machine import RemotePlace
    from app.setup.network import NewPlace, add_place, read_secret_file
    from app.targets.remote_prepare import Site

    installation = session.installation()
    place = RemotePlace(address, user, "", server_key, append_only, region, virtual_host, retention_days, compliance)
    secret = read_secret_file(secret_file) if secret_file else None
    new = NewPlace(name, place, secret, Site(site, offsite, site_address, distance_km, same_zone), colour)
    with installation.records() as records:
        target = add_place(installation, records, new, by=getpass.getuser())
    click.echo(_("{disk} is ready for copies ({id}). The first copy starts by itself.").format(disk=name, id=target.id))
    assert target.on_network is not None
    if target.on_network.server_key.startswith(("ssh-", "ecdsa-")):
        from app.repository.backend.ssh import fingerprint

        short = fingerprint(target.on_network.server_key)
        click.echo(_("The server's key is {key}. Compare it with what the server's owner says.").format(key=short))


@place.command()
@click.argument("target")
@click.option("--user", default="", help="The name there, when that has changed too.")
@click.option(
    "--secret-file", type=click.Path(path_type=Path), metavar="FILE", help="A file with the password or private key."
)
@pass_session
def login(session: Session, target: str, user: str, secret_file: Path | None) -> None:
    """Give the new password of the place TARGET after it was changed there; it is tried before it is kept."""
    from app.cli.names import the_target
    from app.secret import Secret
    from app.setup.network import change_login, read_secret_file

    installation = session.installation()
    known = the_target(installation.machine, target)
    if secret_file is not None:
        secret = read_secret_file(secret_file)
    else:
        secret = Secret(
            click.prompt(_("The password of {target}").format(target=known.name), hide_input=True, err=True)
        )
    with installation.records() as records:
        change_login(installation, records, known.id, user=user, secret=secret, by=getpass.getuser())
    click.echo(_("{target} lets us in again. The copies go on by themselves.").format(target=known.name))


@place.command()
@click.argument("target")
@json_option
@pass_session
def test(session: Session, target: str, as_json: bool) -> int:
    """Write, read back and compare on the place TARGET; measure its speed and room."""
    from app.setup.network import try_place

    installation = session.installation()
    found = try_place(installation, installation.target(target))
    if as_json:
        print_json(_document(found))
    else:
        for line in _lines(found):
            click.echo(f"  {line}")
    return ExitCode.DONE if found.same else ExitCode.FAILED


def _document(found: ProbeResult) -> JsonValue:
    return {
        "location": found.location,
        "same": found.same,
        "write_bytes_s": round(found.write_bytes_s),
        "read_bytes_s": round(found.read_bytes_s),
        "answer_s": round(found.answer_s, 4),
        "free_bytes": found.free_bytes,
        "removable": found.removable,
        "locks_objects": found.locks_objects,
    }


def _lines(found: ProbeResult) -> tuple[str, ...]:
    from app.wording.sizes import felt_size

    lines = [
        _("What was written was read back the same.")
        if found.same
        else _("What was read back is not what was written: do not use this place."),
        _("Writes {write} and reads {read} a second; answers in {ms} ms.").format(
            write=felt_size(int(found.write_bytes_s)),
            read=felt_size(int(found.read_bytes_s)),
            ms=max(1, round(found.answer_s * 1000)),
        ),
    ]
    if found.free_bytes is not None:
        lines.append(_("{free} free.").format(free=felt_size(found.free_bytes)))
    if not found.removable:
        lines.append(_("The server only ever adds: nobody can remove copies from here."))
    if found.locks_objects:
        lines.append(_("The server can fix what is written for a while, so that nobody removes it too early."))
    return tuple(lines)
