"""`vangnet repo`: a bare repository, no organisation needed; restic's own flags where it has the same ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.repo_maintain import copy, diff, forget, prune, stats
from app.cli.repo_place import META, Place, with_place
from app.cli.repo_repair import repair
from app.cli.repo_upkeep import add_key, change_password, migrate, remove_key, unlock
from app.cli.session import JsonValue, Session, json_option, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.repository.model import Snapshot


@click.group()
@click.option("-r", "--repo", "location", metavar="LOCATION", help="The repository [env: RESTIC_REPOSITORY].")
@click.option(
    "-p", "--password-file", type=click.Path(path_type=Path), metavar="FILE", help="A file with the password."
)
@click.pass_context
def repo(ctx: click.Context, location: str | None, password_file: Path | None) -> None:
    """A bare repository, no organisation needed. It is a restic repository: restic can read and write it too."""
    ctx.meta[META] = location, password_file


@repo.command()
@json_option
@with_place
def init(place: Place, as_json: bool) -> int:
    """Make a repository."""
    from app.clock import SystemClock
    from app.repository.crypto import MasterKey
    from app.repository.repository import Repository, new_key_file

    backend = place.backend()
    master = MasterKey.generate()
    key_file = new_key_file(master, place.password(twice=True), SystemClock().now())
    made = Repository.init(backend, master, [key_file])
    if as_json:
        print_json({"id": made.id, "repository": backend.location, "version": made.version, "key": key_file.name})
    else:
        click.echo(_("Made repository {id} at {location}.").format(id=made.id[:10], location=backend.location))
    return ExitCode.DONE


@repo.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("-e", "--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches.")
@click.option("--tag", multiple=True, metavar="TAG[,TAG…]", help="Tags for the snapshot.")
@click.option("-H", "--host", default="", help="The name of this computer in the snapshot.")
@click.option("-f", "--force", is_flag=True, help="Read every file again.")
@click.option("-x", "--one-file-system", is_flag=True, help="Do not cross into other file systems.")
@click.option("--no-cache", is_flag=True, help="Keep no scan state on this computer.")
@json_option
@click.pass_context
@with_place
def backup(
    place: Place,
    ctx: click.Context,
    paths: tuple[Path, ...],
    exclude: tuple[str, ...],
    tag: tuple[str, ...],
    host: str,
    force: bool,
    one_file_system: bool,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Back up files and folders into a new snapshot."""
    opening = place.opening()
    from app.cli.repo_output import backup_document, backup_lines, echo_lines, tell_problems, watched
    from app.paths import Home
    from app.repository.archiver import look_ahead
    from app.repository.model import BackupOptions, Cancel, Monitor

    session = ctx.find_object(Session)
    home = session.home if session else Home.locate()
    options = BackupOptions(
        tags=_split(tag), hostname=host, exclude=exclude, one_file_system=one_file_system, force=force
    )
    sources = [os.fsencode(path.absolute()) for path in paths]
    state_dir = None if no_cache else home.engine_cache
    ahead = look_ahead(sources, options=options, state_dir=state_dir, until=lambda: opening.is_over)
    repository, monitor, cancel = opening.result(), Monitor(), Cancel()
    with watched(monitor, cancel):
        summary = repository.backup(
            sources, options=options, monitor=monitor, cancel=cancel, state_dir=state_dir, ahead=ahead
        )
    tell_problems(summary.problems)
    if as_json:
        print_json(backup_document(summary))
    else:
        echo_lines(backup_lines(summary))
    return ExitCode.DONE if summary.complete else ExitCode.INCOMPLETE


@repo.command()
@click.option("--tag", multiple=True, metavar="TAG", help="Only those with all these tags.")
@click.option("-H", "--host", default="", help="Only those of this computer.")
@json_option
@with_place
def snapshots(place: Place, tag: tuple[str, ...], host: str, as_json: bool) -> int:
    """List the snapshots, oldest first."""
    from app.cli.repo_output import echo_lines, snapshot_document, snapshot_line

    found = [
        snapshot
        for snapshot in place.open().snapshots()
        if set(_split(tag)) <= set(snapshot.tags) and host in ("", snapshot.hostname)
    ]
    if as_json:
        print_json([snapshot_document(snapshot) for snapshot in found])
    else:
        echo_lines(snapshot_line(snapshot) for snapshot in found)
    return ExitCode.DONE


@repo.command()
@click.argument("snapshot")
@click.argument("path", default="/")
@click.option("-l", "--long", is_flag=True, help="With mode, owner, size and time.")
@click.option("--recursive", is_flag=True, help="Everything below PATH too.")
@json_option
@with_place
def ls(place: Place, snapshot: str, path: str, long: bool, recursive: bool, as_json: bool) -> int:
    """List what a snapshot holds: everything, or the folder PATH."""
    from app.cli.repo_output import echo_lines, entry_document, entry_line, snapshot_document

    repository = place.open()
    wanted = repository.snapshot(snapshot)
    folder = os.fsencode(path)
    everything = recursive or path == "/"
    entries = repository.walk(wanted, folder) if everything else repository.ls(wanted, folder)
    if as_json:
        listed: list[JsonValue] = [entry_document(entry) for entry in entries]
        print_json({"snapshot": snapshot_document(wanted), "entries": listed})
    else:
        echo_lines(entry_line(entry, long=long) for entry in entries)
    return ExitCode.DONE


@repo.command()
@click.argument("pattern")
@click.option("-s", "--snapshot", multiple=True, metavar="ID", help="Look only in these snapshots.")
@click.option("-l", "--long", is_flag=True, help="With mode, owner, size and time.")
@json_option
@with_place
def find(place: Place, pattern: str, snapshot: tuple[str, ...], long: bool, as_json: bool) -> int:
    """Find every version of what is called PATTERN: a part of a name, or a pattern with *, ? and []."""
    from app.cli.repo_output import echo_lines, entry_document, entry_line

    repository = place.open()
    wanted: list[Snapshot] | None = [repository.snapshot(text) for text in snapshot] if snapshot else None
    found = repository.find(pattern, wanted)
    if as_json:
        print_json([entry_document(entry) for entry in found])
    else:
        echo_lines(f"{entry.snapshot.short_id}  {entry_line(entry, long=long)}" for entry in found)
    return ExitCode.DONE


@repo.command()
@click.argument("snapshot", metavar="SNAPSHOT[:FOLDER]")
@click.option("-t", "--target", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Restore below.")
@click.option("-i", "--include", multiple=True, metavar="PATTERN", help="Only what matches.")
@click.option("-e", "--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches.")
@click.option(
    "--overwrite", type=click.Choice(["never", "always"]), default="never", help="What to do with files in the way."
)
@click.option("--verify", is_flag=True, help="Read every restored file back.")
@json_option
@with_place
def restore(
    place: Place,
    snapshot: str,
    target: Path,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    overwrite: str,
    verify: bool,
    as_json: bool,
) -> int:
    """Restore a snapshot, or one FOLDER of it, below a folder of your choice."""
    opening = place.opening()
    from app.cli.repo_output import echo_lines, restore_document, restore_lines, shown, tell_problems, watched
    from app.repository import restorer as _loaded_meanwhile  # noqa: F401
    from app.repository.model import Cancel, Monitor, RestoreOptions

    wanted, _colon, folder = snapshot.partition(":")
    options = RestoreOptions(
        include=include,
        exclude=exclude,
        overwrite="always" if overwrite == "always" else "never",
        strip=os.fsencode(folder),
        verify=verify,
    )
    repository, monitor, cancel = opening.result(), Monitor(), Cancel()
    with watched(monitor, cancel):
        summary = repository.restore(
            repository.snapshot(wanted), os.fsencode(target), options=options, monitor=monitor, cancel=cancel
        )
    for path in summary.skipped:
        click.echo(_("{path}: was there already").format(path=shown(path)), err=True)
    tell_problems(summary.problems)
    if as_json:
        print_json(restore_document(summary))
    else:
        echo_lines(restore_lines(summary))
    return ExitCode.DONE if summary.complete else ExitCode.FAILED


@repo.command()
@click.option("--read-data", is_flag=True, help="Read every byte, not only what is where.")
@json_option
@with_place
def check(place: Place, read_data: bool, as_json: bool) -> int:
    """Check that everything is there and fits together."""
    opening = place.opening()
    from app.cli.repo_output import check_document, check_lines, echo_lines, watched
    from app.repository import checker as _loaded_meanwhile  # noqa: F401
    from app.repository.model import Cancel, Monitor

    repository, monitor, cancel = opening.result(), Monitor(), Cancel()
    with watched(monitor, cancel):
        report = repository.check(read_data=read_data, monitor=monitor, cancel=cancel)
    if as_json:
        print_json(check_document(report))
    else:
        echo_lines(check_lines(report))
    return ExitCode.DONE if report.sound else ExitCode.FAILED


@repo.group()
def key() -> None:
    """The keys that open the repository."""


@key.command("list")
@json_option
@with_place
def list_keys(place: Place, as_json: bool) -> int:
    """List the keys: who made each, where and when."""
    from app.cli.repo_output import echo_lines

    found = place.open().keys()
    if as_json:
        print_json(
            [
                {"id": info.name, "username": info.username, "hostname": info.hostname, "created": info.created}
                for info in found
            ]
        )
    else:
        echo_lines(f"{info.name[:8]}  {info.username:<12}  {info.hostname:<16}  {info.created}" for info in found)
    return ExitCode.DONE


def _split(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for group in tags for tag in group.split(",") if tag)


for added in (forget, prune, copy, diff, stats, unlock, migrate, repair):
    repo.add_command(added)
for added in (add_key, remove_key, change_password):
    key.add_command(added)
