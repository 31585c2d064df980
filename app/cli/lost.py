"""`vangnet adopt lost`: the computer that these copies came from is lost, and its key opens no place any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.jobs.lost_computer import PlaceWithoutKey


@click.command()
@click.option("--by", required=True, metavar="NAME", help="Who says so: the director or IT.")
@json_option
@pass_session
def lost(session: Session, by: str, as_json: bool) -> int:
    """Say that the old computer is lost or stolen: its key is taken off every place."""
    from app.jobs.lost_computer import declare_lost

    installation = session.installation()
    with installation.records() as records:
        places = declare_lost(installation, records, by=by)
    if as_json:
        print_json({"places": [_document(place) for place in places]})
    else:
        for place in places:
            click.echo(_line(place))
        click.echo(_("On a stolen computer the passwords of servers and shares are known too: change those as well."))
    return ExitCode.DONE if all(place.here and not place.kept for place in places) else ExitCode.INCOMPLETE


def _line(place: PlaceWithoutKey) -> str:
    name = place.target.name
    if not place.here:
        return _("{place}: not here now. The old key goes at the next copy there.").format(place=name)
    if place.kept:
        keys = ", ".join(sorted({key.name[:8] for key in place.kept}))
        return _("{place}: only ever adds, and kept the old key. Remove keys/{keys}… on the server itself.").format(
            place=name, keys=keys
        )
    if not place.removed:
        return _("{place}: had no key of another computer.").format(place=name)
    computers = ", ".join(sorted({key.hostname for key in place.removed}))
    return _("{place}: the key of {computer} is gone.").format(place=name, computer=computers)


def _document(place: PlaceWithoutKey) -> JsonValue:
    return {
        "place": str(place.target.id),
        "here": place.here,
        "removed": [key.name for key in place.removed],
        "kept": [key.name for key in place.kept],
    }
