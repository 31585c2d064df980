"""`vangnet adopt`: the copies of another computer, with the recovery sheet: listed, got back, taken over."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from app.cli.documents import instant
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.jobs.other_copies import OtherCopies

MAX_KEY_CHARS = 200

_place = click.argument("place", type=click.Path(path_type=Path))
_key_option = click.option(
    "--key-file", type=click.File("r"), help="Read the recovery key from a file (- for standard input)."
)


@click.group()
def adopt() -> None:
    """Open the copies of another computer with the recovery sheet; nothing is written to them until "take"."""


@adopt.command("list")
@_place
@_key_option
@json_option
@pass_session
def list_copies(session: Session, place: Path, key_file: TextIO | None, as_json: bool) -> None:
    """List the data sets in the copies, and their dates."""
    copies = _open(place, _key(key_file))
    if as_json:
        print_json(
            {
                "place": str(copies.folder),
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
    click.echo(_("Copies of {organisation}, in {path}").format(organisation=copies.organisation, path=copies.folder))
    for found in copies.data_sets():
        newest = found.versions[0].time.astimezone()
        click.echo(f"  {found.id:<28} {len(found.versions):>5} ×   {newest:%d-%m-%Y %H:%M}   {found.name}")


@adopt.command()
@_place
@click.argument("data_set", metavar="SET")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--to", "destination", type=click.Path(path_type=Path), required=True, help="Into this folder.")
@click.option("--at", "at_text", default="", metavar="WHEN", help="As it was then: a date, a time, “yesterday”.")
@_key_option
@json_option
@pass_session
def restore(
    session: Session,
    place: Path,
    data_set: str,
    paths: tuple[Path, ...],
    destination: Path,
    at_text: str,
    key_file: TextIO | None,
    as_json: bool,
) -> int:
    """Get a data set back from the copies, or some of its files, into a folder of its own."""
    from app.cli.restore import read_when
    from app.jobs.other_copies import restore_other

    at = read_when(at_text, session.clock.now(), session.clock.now().astimezone().tzinfo or UTC) if at_text else None
    copies = _open(place, _key(key_file))
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
@_place
@click.option("--by", required=True, metavar="NAME", help="Who does this.")
@_key_option
@json_option
@pass_session
def take(session: Session, place: Path, by: str, key_file: TextIO | None, as_json: bool) -> int:
    """Let this computer go on with the copies, when the old one is gone: its policy, its places, its keys."""
    from app.jobs.other_copies import take_over

    key = _key(key_file)
    taken = take_over(session.home, _open(place, key), key, by=by, clock=session.clock)
    missing: list[JsonValue] = [str(folder) for folder in taken.missing_folders]
    if as_json:
        print_json({"organisation": taken.policy.organisation.name, "missing_folders": missing})
        return ExitCode.DONE
    click.echo(_("This computer goes on for {organisation}.").format(organisation=taken.policy.organisation.name))
    for folder in missing:
        click.echo(_("Get these files back first: {path}").format(path=folder))
    return ExitCode.DONE


def _open(place: Path, key: str) -> OtherCopies:
    from app.jobs.other_copies import open_other

    return open_other(place, key)


def _key(source: TextIO | None) -> str:
    if source is not None:
        return source.readline(MAX_KEY_CHARS + 2).strip()
    return str(click.prompt(_("The key of the recovery sheet"), hide_input=True, err=True))
