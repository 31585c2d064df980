"""The small changes of `vangnet repo`: keys, locks, the format version; `repo` takes them into its group."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.repo_place import Place, read_password, with_place
from app.cli.session import json_option, print_json
from app.errors import ExitCode
from app.i18n import _


@click.command()
@click.option("--remove-all", is_flag=True, help="Remove the locks of those too who may be at work.")
@json_option
@with_place
def unlock(place: Place, remove_all: bool, as_json: bool) -> int:
    """Remove locks whose holder is gone for certain."""
    from app.repository.upkeep import unlock as remove_locks

    done = remove_locks(place.open(), remove_all=remove_all)
    if as_json:
        print_json({"removed": done.removed, "left": done.left})
    else:
        click.echo(_("{removed} locks removed, {left} left.").format(removed=done.removed, left=done.left))
    return ExitCode.DONE


@click.command()
@click.argument("name", type=click.Choice(["upgrade_repo_v2"]), default="upgrade_repo_v2")
@json_option
@with_place
def migrate(place: Place, name: str, as_json: bool) -> int:  # noqa: ARG001  the only one there is
    """Turn a repository of format version 1 into version 2, after a check."""
    from app.cli.repo_output import check_document, check_lines, echo_lines, watched
    from app.repository.model import Cancel, Monitor
    from app.repository.upkeep import migrate as upgrade

    repository, monitor, cancel = place.open(), Monitor(), Cancel()
    if repository.version < 2:
        with watched(monitor, cancel):
            report = repository.check(monitor=monitor, cancel=cancel)
        if not report.sound:
            if as_json:
                print_json({"migrated": False, "version": repository.version, "check": check_document(report)})
            else:
                echo_lines(check_lines(report))
            return ExitCode.FAILED
    migrated = upgrade(repository)
    if as_json:
        print_json({"migrated": migrated, "version": repository.version})
    else:
        click.echo(_("The repository is of version {version}.").format(version=repository.version))
    return ExitCode.DONE


_new_password_option = click.option(
    "--new-password-file", type=click.Path(path_type=Path), metavar="FILE", help="A file with the new password."
)


@click.command("add")
@_new_password_option
@json_option
@with_place
def add_key(place: Place, new_password_file: Path | None, as_json: bool) -> int:
    """Let one more password open the repository."""
    from app.clock import SystemClock
    from app.repository.upkeep import add_key as add

    added = add(place.open(), read_password(new_password_file, twice=True), SystemClock().now())
    if as_json:
        print_json({"id": added.name})
    else:
        click.echo(_("Key {id} is added.").format(id=added.name[:8]))
    return ExitCode.DONE


@click.command("remove")
@click.argument("id")
@json_option
@with_place
def remove_key(place: Place, id: str, as_json: bool) -> int:
    """Remove a key; not the one that you open the repository with."""
    from app.repository.repository import Repository
    from app.repository.upkeep import remove_key as remove

    password = place.password()
    removed = remove(Repository.open(place.backend(), password=password), id, password)
    if as_json:
        print_json({"id": removed})
    else:
        click.echo(_("Key {id} is removed.").format(id=removed[:8]))
    return ExitCode.DONE


@click.command("passwd")
@_new_password_option
@json_option
@with_place
def change_password(place: Place, new_password_file: Path | None, as_json: bool) -> int:
    """Replace the password that you open the repository with."""
    from app.clock import SystemClock
    from app.repository.repository import Repository
    from app.repository.upkeep import change_password as change

    password = place.password()
    repository = Repository.open(place.backend(), password=password)
    added = change(repository, password, read_password(new_password_file, twice=True), SystemClock().now())
    if as_json:
        print_json({"id": added.name})
    else:
        click.echo(_("The password is changed; the key is now {id}.").format(id=added.name[:8]))
    return ExitCode.DONE
