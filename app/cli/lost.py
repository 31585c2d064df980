"""`vangnet adopt lost`: the computer that these copies came from is lost, and its key opens no place any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode

if TYPE_CHECKING:
    from app.jobs.lost_computer import PlaceWithoutKey


@click.command()
@click.option("--by", required=True, metavar="NAME", help="Who says so: the director or IT.")
@json_option
@pass_session
def lost(session: Session, by: str, as_json: bool) -> int:
    """Say that the old computer is lost or stolen: its key is taken off every place."""
    from app.jobs.lost_computer import declare_lost
    from app.wording.lost_keys import passwords_too_text

    installation = session.installation()
    with installation.records() as records:
        places = declare_lost(installation, records, by=by)
    if as_json:
        print_json({"places": [_document(place) for place in places]})
    else:
        for place in places:
            click.echo(_line(place))
        click.echo(passwords_too_text())
    return ExitCode.DONE if all(place.here and not place.kept for place in places) else ExitCode.INCOMPLETE


def _line(place: PlaceWithoutKey) -> str:
    from app.wording.lost_keys import lost_key_text

    removed_of = [key.hostname for key in place.removed]
    return lost_key_text(
        place.target.name, here=place.here, removed_of=removed_of, kept=[key.name for key in place.kept]
    )


def _document(place: PlaceWithoutKey) -> JsonValue:
    return {
        "place": str(place.target.id),
        "here": place.here,
        "removed": [key.name for key in place.removed],
        "kept": [key.name for key in place.kept],
    }
