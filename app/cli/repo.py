"""`vangnet repo`: a bare repository, no organisation needed; restic's own flags where it has the same ones."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from app.cli.repo_options import chosen_snapshots, filter_options, moment, snapshot_filter
from app.cli.repo_place import META, Place, with_place
from app.cli.session import JsonValue, json_option, print_json
from app.errors import ExitCode
from app.i18n import _


class _Commands(click.Group):
    """A group that imports commands of other modules when they are called."""

    elsewhere: Mapping[str, tuple[str, str]] = {}
    """The module and the name of each of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, name = self.elsewhere[cmd_name]
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands)
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
@click.argument("ids", nargs=-1, metavar="[ID]…")
@filter_options
@click.option("--latest", type=click.IntRange(min=1), metavar="N", help="Only the last N of each computer and paths.")
@json_option
@with_place
def snapshots(
    place: Place,
    ids: tuple[str, ...],
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    latest: int | None,
    as_json: bool,
) -> int:
    """List the snapshots, oldest first."""
    from app.cli.repo_output import echo_lines, snapshot_document, snapshot_line
    from app.repository.retention import group_snapshots

    found = chosen_snapshots(place.open(), ids, snapshot_filter(hosts, tags, paths))
    if latest is not None:
        newest = {snapshot.id for group in group_snapshots(found) for snapshot in group[:latest]}
        found = [snapshot for snapshot in found if snapshot.id in newest]
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
@filter_options
@click.option("-O", "--oldest", type=moment, metavar="TIME", help="Only what was changed then or later.")
@click.option("-N", "--newest", type=moment, metavar="TIME", help="Only what was changed then or before.")
@click.option("-l", "--long", is_flag=True, help="With mode, owner, size and time.")
@json_option
@with_place
def find(
    place: Place,
    pattern: str,
    snapshot: tuple[str, ...],
    hosts: tuple[str, ...],
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    oldest: datetime | None,
    newest: datetime | None,
    long: bool,
    as_json: bool,
) -> int:
    """Find every version of what is called PATTERN: a part of a name, or a pattern with *, ? and []."""
    from app.cli.repo_output import echo_lines, entry_document, entry_line, time_of

    repository = place.open()
    wanted = chosen_snapshots(repository, snapshot, snapshot_filter(hosts, tags, paths))
    found = (
        entry
        for entry in repository.find(pattern, wanted)
        if (oldest is None or time_of(entry.node.mtime_ns) >= oldest)
        and (newest is None or time_of(entry.node.mtime_ns) <= newest)
    )
    if as_json:
        print_json([entry_document(entry) for entry in found])
    else:
        echo_lines(f"{entry.snapshot.short_id}  {entry_line(entry, long=long)}" for entry in found)
    return ExitCode.DONE


@click.group(cls=_Commands)
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


repo.elsewhere = {
    "backup": ("app.cli.repo_backup", "backup"),
    "restore": ("app.cli.repo_restore", "restore"),
    "check": ("app.cli.repo_restore", "check"),
    "forget": ("app.cli.repo_maintain", "forget"),
    "prune": ("app.cli.repo_maintain", "prune"),
    "copy": ("app.cli.repo_maintain", "copy"),
    "diff": ("app.cli.repo_maintain", "diff"),
    "stats": ("app.cli.repo_maintain", "stats"),
    "repair": ("app.cli.repo_repair", "repair"),
    "unlock": ("app.cli.repo_upkeep", "unlock"),
    "migrate": ("app.cli.repo_upkeep", "migrate"),
}
repo.add_command(key)
key.elsewhere = {
    "add": ("app.cli.repo_upkeep", "add_key"),
    "remove": ("app.cli.repo_upkeep", "remove_key"),
    "passwd": ("app.cli.repo_upkeep", "change_password"),
}
