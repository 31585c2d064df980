"""`vangnet adopt`: the copies of another computer, with the recovery sheet: listed, got back, taken over."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from app.cli.documents import instant
from app.cli.lost import lost
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _
from app.secret import Secret

if TYPE_CHECKING:
    from app.jobs.other_copies import OtherCopies, OtherPlace

MAX_KEY_CHARS = 200
_SECRET_LIMIT = 64 << 10
_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Where:
    """The copies and how they open, as the command line names them. The key is on the first line of its file."""

    place: str
    key_file: TextIO | None
    user: str
    secret_file: str
    server_key: str
    region: str
    virtual_host: bool


def _opens_copies(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the argument PLACE and the options that open it, as one `where`."""

    @functools.wraps(command)
    def gathered(
        *args: object, place: str, key_file: TextIO | None, user: str, secret_file: str, server_key: str, region: str,
        virtual_host: bool, **more: object,
    ) -> object:  # fmt: skip
        where = Where(place, key_file, user, secret_file, server_key, region, virtual_host)
        return command(*args, where=where, **more)

    options = (
        click.argument("place"),
        click.option("--key-file", type=click.File("r"), help="A file with the recovery key (-: standard input)."),
        click.option("--user", default="", help="On a server: the name there; for S3 the access key."),
        click.option(
            "--secret-file", default="", metavar="FILE",
            help="On a server: a file with the password or private key (-: the rest of standard input).",
        ),
        click.option("--server-key", default="", help="The server's public key (SFTP), or its certificate's SHA-256."),
        click.option("--region", default="", help="S3: the region."),
        click.option("--virtual-host", is_flag=True, help="S3: the bucket's name is part of the host's."),
    )  # fmt: skip
    decorated: Callable[..., object] = gathered
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@click.group()
def adopt() -> None:
    """Open the copies of another computer with the recovery sheet; nothing is written to them until "take"."""


adopt.add_command(lost)


@adopt.command("list")
@_opens_copies
@json_option
@pass_session
def list_copies(session: Session, where: Where, as_json: bool) -> None:
    """List the data sets in the copies in PLACE (a folder, or an address like sftp://host/folder), and their dates."""
    with _open(where, _key(where)) as copies:
        _list(session, copies, as_json=as_json)


def _list(session: Session, copies: OtherCopies, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "place": copies.where,
                "organisation": copies.organisation,
                "can_be_taken_over": copies.policy is not None and not session.home.machine_file.exists(),
                "sets": [
                    {
                        "set": found.id,
                        "name": found.name,
                        "folders": [str(folder) for folder in found.folders],
                        "versions": [instant(version.time.astimezone(UTC)) for version in found.versions],
                    }
                    for found in copies.data_sets()
                ],
            }
        )
        return
    click.echo(_("Copies of {organisation}, in {path}").format(organisation=copies.organisation, path=copies.where))
    for found in copies.data_sets():
        newest = found.versions[0].time.astimezone()
        click.echo(f"  {found.id:<28} {len(found.versions):>5} ×   {newest:%d-%m-%Y %H:%M}   {found.name}")


@adopt.command()
@_opens_copies
@click.argument("data_set", metavar="SET")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--to", "destination", type=click.Path(path_type=Path), required=True, help="Into this folder.")
@click.option("--at", "at_text", default="", metavar="WHEN", help="As it was then: a date, a time, “yesterday”.")
@json_option
@pass_session
def restore(
    session: Session,
    where: Where,
    data_set: str,
    paths: tuple[Path, ...],
    destination: Path,
    at_text: str,
    as_json: bool,
) -> int:
    """Get a data set back from the copies, or some of its files, into a folder of its own."""
    from app.cli.restore import read_when
    from app.jobs.other_copies import restore_other

    at = read_when(at_text, session.clock.now(), session.clock.now().astimezone().tzinfo or UTC) if at_text else None
    with _open(where, _key(where)) as copies:
        summary = restore_other(copies, data_set, to=destination, at=at, paths=paths)
    if as_json:
        print_json(
            {
                "outcome": "incomplete" if summary.problems else "good",
                "files": summary.files,
                "bytes": summary.bytes_written,
                "to": str(destination),
                "problems": [problem.reason for problem in summary.problems],
            }
        )
    else:
        click.echo(_("{count} files are back in {path}.").format(count=summary.files, path=destination))
    return ExitCode.INCOMPLETE if summary.problems else ExitCode.DONE


@adopt.command()
@_opens_copies
@click.option("--by", required=True, metavar="NAME", help="Who does this.")
@json_option
@pass_session
def take(session: Session, where: Where, by: str, as_json: bool) -> int:
    """Let this computer go on with the copies, when the old one is gone: its policy, its places, its keys."""
    from app.jobs.taking_over import take_over

    key = _key(where)
    with _open(where, key) as copies:
        taken = take_over(session.home, copies, key, by=by, clock=session.clock)
    missing: list[JsonValue] = [str(folder) for folder in taken.missing_folders]
    if as_json:
        print_json({"organisation": taken.policy.organisation.name, "missing_folders": missing})
        return ExitCode.DONE
    click.echo(_("This computer goes on for {organisation}.").format(organisation=taken.policy.organisation.name))
    for folder in missing:
        click.echo(_("Get these files back first: {path}").format(path=folder))
    click.echo(_("Was the old computer lost or stolen? Then take its key off the places: vangnet adopt lost --by NAME"))
    return ExitCode.DONE


@contextlib.contextmanager
def _open(where: Where, key: str) -> Iterator[OtherCopies]:
    from app.jobs.other_copies import open_other

    copies = open_other(_place_of(where), key)
    try:
        yield copies
    finally:
        copies.close()


def _place_of(where: Where) -> OtherPlace:
    from app.repository.backend.address import is_remote

    if not is_remote(where.place):
        return Path(where.place)
    from app.jobs.other_copies import OnServer, trusted
    from app.policy.machine import RemotePlace

    secret = _secret(where)
    place = RemotePlace(
        where.place, where.user, "", where.server_key, region=where.region, virtual_host=where.virtual_host
    )
    server = trusted(OnServer(place, secret))
    if server.place.server_key != where.server_key:
        from app.repository.backend.ssh import fingerprint

        short = fingerprint(server.place.server_key)
        click.echo(
            _("The server's key is {key}. Compare it with what the server's owner says.").format(key=short), err=True
        )
    return server


def _secret(where: Where) -> Secret | None:
    from app.setup.network import read_secret_file

    if where.secret_file == _STDIN:
        # What follows the key, where that came from there too.
        stream = where.key_file if where.key_file is not None and where.key_file.name == "<stdin>" else sys.stdin
        text = stream.read(_SECRET_LIMIT)
        return Secret(text if text.startswith("-----BEGIN ") else text.strip("\r\n"))
    return read_secret_file(Path(where.secret_file)) if where.secret_file else None


def _key(where: Where) -> str:
    if where.key_file is not None:
        return where.key_file.readline(MAX_KEY_CHARS + 2).strip()
    return str(click.prompt(_("The key of the recovery sheet"), hide_input=True, err=True))
