"""`vangnet repo backup`; `repo` takes it into its group."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli import repo_options as read
from app.cli.repo_place import Place, with_place
from app.cli.session import Session, json_option, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.repository.model import BackupOptions
    from app.repository.opening import Opening

_FILES: Final = click.Path(path_type=Path)


def _exclude_options(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed((
        click.option("-e", "--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches."),
        click.option("--iexclude", multiple=True, metavar="PATTERN", help="The same, capitals or not."),
        click.option("--exclude-file", multiple=True, type=_FILES, metavar="FILE", help="A file with patterns."),
        click.option("--iexclude-file", multiple=True, type=_FILES, metavar="FILE", help="The same, capitals or not."),
        click.option(
            "--exclude-if-present", type=read.marker, multiple=True, metavar="NAME[:HEADER]",
            help="Leave out the rest of folders that hold this file (that begins so).",
        ),
        click.option("--exclude-caches", is_flag=True, help="Leave out what a CACHEDIR.TAG marks as a cache."),
        click.option("--exclude-larger-than", type=read.size, metavar="SIZE", help="Leave out larger files (2G)."),
        click.option("-x", "--one-file-system", is_flag=True, help="Do not cross into other file systems."),
    )):  # fmt: skip
        command = option(command)
    return command


def _source_options(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed((
        click.option("--files-from", multiple=True, type=_FILES, metavar="FILE", help="A file with paths or patterns."),
        click.option(
            "--files-from-verbatim", multiple=True, type=_FILES, metavar="FILE", help="A file with paths, one a line.",
        ),
        click.option(
            "--files-from-raw", multiple=True, type=_FILES, metavar="FILE", help="A file with paths, ended by NULs.",
        ),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("paths", nargs=-1, type=_FILES, metavar="[PATH]…")
@_source_options
@_exclude_options
@click.option("--tag", multiple=True, metavar="TAG[,TAG…]", help="Tags for the snapshot.")
@click.option("-H", "--host", default="", help="The name of this computer in the snapshot.")
@click.option("--time", "at", type=read.moment, metavar="TIME", help="The snapshot's time (2026-11-20 18:00:00).")
@click.option("--parent", metavar="ID", help="Compare with this snapshot.")
@click.option("-f", "--force", is_flag=True, help="Read every file again.")
@click.option("--skip-if-unchanged", is_flag=True, help="Make no snapshot when all is as in the one before.")
@click.option("-n", "--dry-run", is_flag=True, help="Store nothing, only say what would be stored.")
@click.option("--no-cache", is_flag=True, help="Keep no scan state on this computer.")
@json_option
@click.pass_context
@with_place
def backup(
    place: Place,
    ctx: click.Context,
    paths: tuple[Path, ...],
    files_from: tuple[Path, ...],
    files_from_verbatim: tuple[Path, ...],
    files_from_raw: tuple[Path, ...],
    exclude: tuple[str, ...],
    iexclude: tuple[str, ...],
    exclude_file: tuple[Path, ...],
    iexclude_file: tuple[Path, ...],
    exclude_if_present: tuple[str, ...],
    exclude_caches: bool,
    exclude_larger_than: int | None,
    one_file_system: bool,
    tag: tuple[str, ...],
    host: str,
    at: datetime | None,
    parent: str | None,
    force: bool,
    skip_if_unchanged: bool,
    dry_run: bool,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Back up files and folders into a new snapshot."""
    opening = place.opening()
    from app.cli.repo_sources import read_path_patterns, read_paths, read_patterns, read_raw_paths
    from app.repository.model import BackupOptions

    named = chain(
        paths, read_path_patterns(files_from), read_paths(files_from_verbatim), read_raw_paths(files_from_raw)
    )
    sources = [os.fsencode(path.absolute()) for path in named]
    if not sources:
        raise click.UsageError(_("Say what to back up."))
    options = BackupOptions(
        tags=read.split_tags(tag),
        hostname=host,
        exclude=(*exclude, *read_patterns(exclude_file)),
        iexclude=(*iexclude, *read_patterns(iexclude_file)),
        exclude_if_present=exclude_if_present,
        exclude_caches=exclude_caches,
        exclude_larger_than=exclude_larger_than,
        one_file_system=one_file_system,
        time=at,
        parent=parent,
        force=force,
        skip_if_unchanged=skip_if_unchanged,
        dry_run=dry_run,
    )
    session = ctx.find_object(Session)
    return _back_up(opening, sources, options, session=session, no_cache=no_cache, as_json=as_json)


def _back_up(
    opening: Opening,
    sources: list[bytes],
    options: BackupOptions,
    *,
    session: Session | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    from app.cli.repo_output import backup_document, backup_lines, echo_lines, tell_problems, watched
    from app.paths import Home
    from app.repository.archiver import look_ahead
    from app.repository.model import Cancel, Monitor

    home = session.home if session else Home.locate()
    state_dir = None if no_cache else home.engine_cache
    monitor, cancel = Monitor(), Cancel()
    with (
        look_ahead(sources, options=options, state_dir=state_dir, until=lambda: opening.is_over) as ahead,
        watched(monitor, cancel),
    ):
        repository = opening.result()
        summary = repository.backup(
            sources, options=options, monitor=monitor, cancel=cancel, state_dir=state_dir, ahead=ahead
        )
    tell_problems(summary)
    if as_json:
        print_json(backup_document(summary, dry_run=options.dry_run))
    else:
        echo_lines(backup_lines(summary, dry_run=options.dry_run))
    return ExitCode.DONE if summary.complete else ExitCode.INCOMPLETE
