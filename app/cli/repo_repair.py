"""`vangnet repo repair`: the index, packs and snapshots of a damaged repository."""

from __future__ import annotations

import click

from app.cli.repo_options import chosen_snapshots, filter_options, snapshot_filter
from app.cli.repo_place import Place, with_place
from app.cli.session import json_option, print_json
from app.errors import ExitCode
from app.i18n import _


@click.group()
def repair() -> None:
    """Repair a damaged repository: first the index, then packs, then snapshots. Copy the medium before, if you can."""


@repair.command("index")
@json_option
@with_place
def repair_index(place: Place, as_json: bool) -> int:
    """Write the index anew from what the packs themselves list."""
    from app.cli.repo_maintain_output import index_repair_document, index_repair_lines
    from app.cli.repo_output import echo_lines, watched
    from app.repository.model import Cancel, Monitor
    from app.repository.repair import repair_index as repair

    repository, monitor, cancel = place.open(), Monitor(), Cancel()
    with watched(monitor, cancel):
        report = repair(repository, monitor=monitor, cancel=cancel)
    if as_json:
        print_json(index_repair_document(report))
    else:
        echo_lines(index_repair_lines(report))
    return ExitCode.FAILED if report.problems else ExitCode.DONE


@repair.command("packs")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@json_option
@with_place
def repair_packs(place: Place, ids: tuple[str, ...], as_json: bool) -> int:
    """Move what is whole in damaged packs (as check names them) into new ones, and remove the damaged ones."""
    from app.cli.repo_maintain_output import packs_repair_document, packs_repair_lines
    from app.cli.repo_output import echo_lines, watched
    from app.repository.model import Cancel, Monitor, PackId
    from app.repository.repair import repair_packs as repair

    try:
        packs = [PackId(bytes.fromhex(text.removeprefix("data/"))) for text in ids]
    except ValueError as exc:
        raise click.UsageError(_("A pack's ID is 64 hexadecimal digits.")) from exc
    if any(len(pack) != 32 for pack in packs):
        raise click.UsageError(_("A pack's ID is 64 hexadecimal digits."))
    repository, monitor, cancel = place.open(), Monitor(), Cancel()
    with watched(monitor, cancel):
        report = repair(repository, packs, monitor=monitor, cancel=cancel)
    if as_json:
        print_json(packs_repair_document(report))
    else:
        echo_lines(packs_repair_lines(report))
    return ExitCode.FAILED if report.problems else ExitCode.DONE


@repair.command("snapshots")
@click.argument("ids", nargs=-1, metavar="[ID]…")
@filter_options
@click.option("--forget", is_flag=True, help="Forget the damaged snapshots that are listed again.")
@click.option("-n", "--dry-run", is_flag=True, help="Change nothing, only say what would be done.")
@json_option
@with_place
def repair_snapshots(
    place: Place,
    ids: tuple[str, ...],
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    forget: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """List damaged snapshots again without what is lost. What is left of a file is called NAME.damaged."""
    from app.cli.repo_maintain_output import snapshots_repair_document, snapshots_repair_lines
    from app.cli.repo_output import echo_lines, watched
    from app.repository.model import Cancel, Monitor
    from app.repository.repair_snapshots import repair_snapshots as repair

    repository, monitor, cancel = place.open(), Monitor(), Cancel()
    chosen = chosen_snapshots(repository, ids, snapshot_filter(hosts, tags, paths))
    with watched(monitor, cancel):
        report = repair(repository, chosen, forget=forget, dry_run=dry_run, monitor=monitor, cancel=cancel)
    if as_json:
        print_json(snapshots_repair_document(report))
    else:
        echo_lines(snapshots_repair_lines(report))
    return ExitCode.FAILED if report.lost else ExitCode.DONE
