"""`vangnet repo restore` and `check`; `repo` takes them into its group."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli import repo_options as read
from app.cli.repo_options import filter_options, snapshot_filter
from app.cli.repo_place import Place, with_place
from app.cli.session import Session, json_option, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.repository.model import Overwrite
    from app.repository.read_subset import ReadSubset

_OVERWRITE: Final = ("never", "always", "if-changed", "if-newer", "keep")


def _selection_options(command: Callable[..., int]) -> Callable[..., int]:
    files = click.Path(path_type=Path)
    for option in reversed((
        click.option("-i", "--include", multiple=True, metavar="PATTERN", help="Only what matches."),
        click.option("--iinclude", multiple=True, metavar="PATTERN", help="The same, capitals or not."),
        click.option("--include-file", multiple=True, type=files, metavar="FILE", help="A file with patterns."),
        click.option("-e", "--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches."),
        click.option("--iexclude", multiple=True, metavar="PATTERN", help="The same, capitals or not."),
        click.option("--exclude-file", multiple=True, type=files, metavar="FILE", help="A file with patterns."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("snapshot", metavar="SNAPSHOT[:FOLDER]")
@click.option("-t", "--target", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Restore below.")
@_selection_options
@filter_options
@click.option(
    "--overwrite", type=click.Choice(_OVERWRITE), default="never",
    help="What to do with files in the way; keep: what differs is kept as NAME.original.",
)  # fmt: skip
@click.option("--verify", is_flag=True, help="Read every restored file back.")
@click.option("-n", "--dry-run", is_flag=True, help="Write nothing, only say what would be done.")
@json_option
@with_place
def restore(
    place: Place,
    snapshot: str,
    target: Path,
    include: tuple[str, ...],
    iinclude: tuple[str, ...],
    include_file: tuple[Path, ...],
    exclude: tuple[str, ...],
    iexclude: tuple[str, ...],
    exclude_file: tuple[Path, ...],
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    overwrite: Overwrite,
    verify: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Restore a snapshot, or one FOLDER of it, below a folder of your choice.

    --host, --tag and --path choose among the snapshots that "latest" is the latest of.
    """
    opening = place.opening()
    from app.cli.repo_output import echo_lines, restore_document, restore_lines, tell_skipped, watched
    from app.cli.repo_sources import read_patterns
    from app.repository import restorer as _loaded_meanwhile  # noqa: F401
    from app.repository.model import Cancel, Monitor, RestoreOptions

    wanted, _colon, folder = snapshot.partition(":")
    options = RestoreOptions(
        include=(*include, *read_patterns(include_file)),
        iinclude=iinclude,
        exclude=(*exclude, *read_patterns(exclude_file)),
        iexclude=iexclude,
        overwrite=overwrite,
        strip=os.fsencode(folder),
        verify=verify,
        dry_run=dry_run,
    )
    repository, monitor, cancel = opening.result(), Monitor(), Cancel()
    chosen = read.latest_or_named(repository, wanted, snapshot_filter(hosts, tags, paths))
    with watched(monitor, cancel):
        summary = repository.restore(chosen, os.fsencode(target), options=options, monitor=monitor, cancel=cancel)
    tell_skipped(summary)
    if as_json:
        print_json(restore_document(summary, chosen, dry_run=dry_run))
    else:
        echo_lines(restore_lines(summary, dry_run=dry_run))
    return ExitCode.DONE if summary.complete else ExitCode.FAILED


@click.command()
@click.option("--read-data", is_flag=True, help="Read every byte, not only what is where.")
@click.option(
    "--read-data-subset", "subset", type=read.subset, metavar="SUBSET",
    help="Read a part of the data: 2/7 (the second of seven parts), 5% or 1G (at random).",
)  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Keep no note on this computer of what is damaged.")
@json_option
@click.pass_context
@with_place
def check(
    place: Place, ctx: click.Context, read_data: bool, subset: ReadSubset | None, no_cache: bool, as_json: bool
) -> int:
    """Check that everything is there and fits together.

    The next back-up from this computer stores anew what is damaged and still at the source.
    """
    if read_data and subset is not None:
        raise click.UsageError(_("--read-data reads everything; --read-data-subset a part."))
    opening = place.opening()
    from app.cli.repo_output import check_document, check_lines, echo_lines, watched
    from app.paths import Home
    from app.repository import checker as _loaded_meanwhile  # noqa: F401
    from app.repository.model import Cancel, Monitor

    session = ctx.find_object(Session)
    state_dir = None if no_cache else (session.home if session else Home.locate()).engine_cache
    repository, monitor, cancel = opening.result(), Monitor(), Cancel()
    with watched(monitor, cancel):
        report = repository.check(
            read_data=read_data or subset is not None,
            subset=subset,
            monitor=monitor,
            cancel=cancel,
            state_dir=state_dir,
        )
    if as_json:
        print_json(check_document(report))
    else:
        echo_lines(check_lines(report))
    return ExitCode.DONE if report.sound else ExitCode.FAILED
