"""The commands of `vangnet repo` that remove, copy, compare and repair; `repo` takes them into its group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli import repo_options as read
from app.cli.repo_options import chosen_snapshots, filter_options, long_filter_options, snapshot_filter
from app.cli.repo_place import Place, with_place
from app.cli.session import json_option, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.repository.prune_plan import MaxUnused
    from app.repository.pruner import PruneReport
    from app.repository.repository import Repository
    from app.repository.retention import GroupBy, KeepPolicy, Span

_PERIODS: Final = ("hourly", "daily", "weekly", "monthly", "yearly")
_LETTERS: Final = {"last": "-l", "hourly": "-H", "daily": "-d", "weekly": "-w", "monthly": "-m", "yearly": "-y"}

dry_run_option = click.option("-n", "--dry-run", is_flag=True, help="Change nothing, only say what would be done.")


def _keep_options(command: Callable[..., int]) -> Callable[..., int]:
    command = click.option(
        "--keep-tag", "keep_tags", multiple=True, metavar="TAG[,TAG…]", help="Keep what has all these tags."
    )(command)
    for period in reversed(("", *_PERIODS)):
        name = f"--keep-within-{period}" if period else "--keep-within"
        help = f"Keep the {period} ones this far back." if period else "Keep all this far back (1y5m7d2h)."
        command = click.option(name, type=read.span, metavar="DURATION", help=help)(command)
    for period in reversed(("last", *_PERIODS)):
        help = "Keep the last N." if period == "last" else f"Keep the newest of the last N {period} ones."
        option = click.option(_LETTERS[period], f"--keep-{period}", type=read.count, metavar="N", help=help)
        command = option(command)
    return command


def _prune_options(command: Callable[..., int]) -> Callable[..., int]:
    command = click.option("--repack-small", is_flag=True, help="Join small packs, where there are several.")(command)
    command = click.option(
        "--max-repack-size", type=read.size, metavar="SIZE", help="Pack at most this much anew (500M)."
    )(command)
    return click.option(
        "--max-unused", type=read.max_unused, default="5%", metavar="LIMIT",
        help="Tolerate this much unneeded data: 5%, 200M or unlimited.",
    )(command)  # fmt: skip


def _keep_policy(keep: dict[str, int | Span | None], keep_tags: tuple[str, ...]) -> KeepPolicy | None:
    """Return the policy that the options say, None when they say none."""
    from app.repository.retention import KeepPolicy, Span

    if not keep_tags and all(value is None for value in keep.values()):
        return None

    def count(name: str) -> int:
        value = keep[f"keep_{name}"]
        return value if isinstance(value, int) else 0

    def span(name: str) -> Span:
        value = keep[f"keep_{name}"]
        return value if isinstance(value, Span) else Span()

    return KeepPolicy(
        last=count("last"),
        hourly=count("hourly"),
        daily=count("daily"),
        weekly=count("weekly"),
        monthly=count("monthly"),
        yearly=count("yearly"),
        within=span("within"),
        within_hourly=span("within_hourly"),
        within_daily=span("within_daily"),
        within_weekly=span("within_weekly"),
        within_monthly=span("within_monthly"),
        within_yearly=span("within_yearly"),
        tags=tuple(tuple(group.split(",")) for group in keep_tags),
    )


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@_keep_options
@long_filter_options
@click.option(
    "-g", "--group-by", type=read.group_by, default="host,paths", metavar="GROUP", help="What a group has in common."
)
@click.option("--prune", "and_prune", is_flag=True, help="Then remove what nothing needs any more.")
@_prune_options
@dry_run_option
@json_option
@with_place
def forget(
    place: Place,
    /,
    ids: tuple[str, ...],
    keep_tags: tuple[str, ...],
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    group_by: frozenset[GroupBy],
    and_prune: bool,
    max_unused: MaxUnused,
    max_repack_size: int | None,
    repack_small: bool,
    dry_run: bool,
    as_json: bool,
    **keep: int | Span | None,
) -> int:
    """Forget snapshots: those with these IDs, or all that the --keep options do not keep.

    The newest snapshot of each group always stays. The data goes with the next prune.
    """
    from app.cli.repo_maintain_output import forget_document, forget_lines, prune_lines, refused_lines
    from app.cli.repo_output import echo_lines
    from app.repository.forgetter import forget as forget_snapshots

    policy = _keep_policy(keep, keep_tags)
    if (policy is None) == (not ids):
        raise click.UsageError(_("Say what to forget: either IDs, or what to keep (--keep-daily 7 …)."))
    repository = place.open()
    report = forget_snapshots(
        repository,
        policy or [repository.snapshot(text).id for text in ids],
        group_by=group_by,
        only=snapshot_filter(hosts, tags, paths),
        dry_run=dry_run,
    )
    pruned = None
    if and_prune and report.removed and not dry_run:
        pruned = _prune(repository, max_unused, max_repack_size, repack_small=repack_small, dry_run=False)
    if as_json:
        print_json(forget_document(report, pruned))
    else:
        echo_lines(forget_lines(report))
        echo_lines(prune_lines(pruned) if pruned else ())
    for line in refused_lines(report):
        click.echo(line, err=True)
    return ExitCode.FAILED if report.refused or (pruned and not _went_well(pruned)) else ExitCode.DONE


@click.command()
@_prune_options
@dry_run_option
@json_option
@with_place
def prune(
    place: Place, max_unused: MaxUnused, max_repack_size: int | None, repack_small: bool, dry_run: bool, as_json: bool
) -> int:
    """Remove what no snapshot needs any more."""
    from app.cli.repo_maintain_output import prune_document, prune_lines
    from app.cli.repo_output import echo_lines

    report = _prune(place.open(), max_unused, max_repack_size, repack_small=repack_small, dry_run=dry_run)
    if as_json:
        print_json(prune_document(report))
    else:
        echo_lines(prune_lines(report))
    return ExitCode.DONE if _went_well(report) else ExitCode.FAILED


def _prune(
    repository: Repository, max_unused: MaxUnused, max_repack_bytes: int | None, *, repack_small: bool, dry_run: bool
) -> PruneReport:
    from app.cli.repo_output import watched
    from app.repository.model import Cancel, Monitor
    from app.repository.pruner import prune as prune_repository

    monitor, cancel = Monitor(), Cancel()
    with watched(monitor, cancel):
        return prune_repository(
            repository,
            max_unused=max_unused,
            max_repack_bytes=max_repack_bytes,
            repack_small=repack_small,
            dry_run=dry_run,
            monitor=monitor,
            cancel=cancel,
        )


def _went_well(report: PruneReport) -> bool:
    return not report.problems and not report.stopped_for_space


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--from-repo", metavar="LOCATION", help="Where to copy from [env: RESTIC_FROM_REPOSITORY].")
@click.option(
    "--from-password-file", type=click.Path(path_type=Path), metavar="FILE",
    help="A file with its password [env: RESTIC_FROM_PASSWORD_FILE].",
)  # fmt: skip
@filter_options
@json_option
@with_place
def copy(
    place: Place,
    ids: tuple[str, ...],
    from_repo: str | None,
    from_password_file: Path | None,
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    as_json: bool,
) -> int:
    """Copy snapshots from another repository into this one; those that are here already are left out."""
    from app.cli.repo_maintain_output import copy_document, copy_lines
    from app.cli.repo_output import echo_lines, watched
    from app.repository.copier import copy as copy_snapshots
    from app.repository.model import Cancel, Monitor

    source = Place(from_repo, from_password_file, variables="RESTIC_FROM_").open()
    destination, monitor, cancel = place.open(), Monitor(), Cancel()
    chosen = chosen_snapshots(source, ids, snapshot_filter(hosts, tags, paths))
    with watched(monitor, cancel):
        report = copy_snapshots(source, destination, chosen, monitor=monitor, cancel=cancel)
    if as_json:
        print_json(copy_document(report))
    else:
        echo_lines(copy_lines(report))
    return ExitCode.DONE


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--metadata", is_flag=True, help="Name entries too of which only mode, owner or times differ.")
@json_option
@with_place
def diff(place: Place, before: str, after: str, metadata: bool, as_json: bool) -> int:
    """Say what changed between two snapshots: + new, - gone, M other content, T other type, U metadata."""
    from app.cli.repo_maintain_output import diff_document, diff_lines
    from app.cli.repo_output import echo_lines
    from app.repository.diff import diff as compare

    repository = place.open()
    report = compare(repository, repository.snapshot(before), repository.snapshot(after), metadata=metadata)
    if as_json:
        print_json(diff_document(report))
    else:
        echo_lines(diff_lines(report))
    return ExitCode.DONE


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option(
    "--mode", type=click.Choice(["restore-size", "files-by-contents", "blobs-per-file", "raw-data"]),
    default="restore-size", help="What to count.",
)  # fmt: skip
@filter_options
@json_option
@with_place
def stats(
    place: Place,
    ids: tuple[str, ...],
    mode: str,
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    as_json: bool,
) -> int:
    """Say how much the snapshots hold."""
    from app.cli.repo_maintain_output import stats_document, stats_lines
    from app.cli.repo_output import echo_lines
    from app.repository.stats import StatsMode
    from app.repository.stats import stats as count

    repository = place.open()
    chosen = chosen_snapshots(repository, ids, snapshot_filter(hosts, tags, paths))
    report = count(repository, chosen, StatsMode(mode))
    if as_json:
        print_json(stats_document(report))
    else:
        echo_lines(stats_lines(report))
    return ExitCode.DONE
