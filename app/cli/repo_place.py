"""The repository that `-r` and `--password-file` name, for every command of `vangnet repo`."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from app.cli.repo_ahead import password_in
from app.i18n import _
from app.secret import Secret

if TYPE_CHECKING:
    from app.repository.backend.base import Backend
    from app.repository.opening import Opening
    from app.repository.repository import Repository

P = ParamSpec("P")

META = "app.cli.repo"
"""Where the group leaves what stood before the command's name, in click's context."""

_ON_A_NETWORK = re.compile(r"(sftp|rest|s3|smb):").match
_OTHER_KINDS = re.compile(r"(b2|azure|gs|swift|rclone):").match


class Place:
    """The repository that the options name; opened by the command."""

    def __init__(self, location: str | None, password_file: Path | None, *, variables: str = "RESTIC_") -> None:
        self._location = location or os.environ.get(f"{variables}REPOSITORY")
        file = os.environ.get(f"{variables}PASSWORD_FILE")
        self._password_file = password_file or (Path(file) if file else None)

    def backend(self) -> Backend:
        """Return the backend for a location: a folder (also `local:FOLDER`), or an address on a network.

        Raises UsageError.
        """
        from app.repository.backend.local import LocalBackend

        if not self._location:
            raise click.UsageError(_("Name the repository with -r or RESTIC_REPOSITORY."))
        if _ON_A_NETWORK(self._location):
            from app.cli.repo_remote import remote_backend

            return remote_backend(self._location)
        if kind := _OTHER_KINDS(self._location):
            raise click.UsageError(_("Repositories of the kind “{kind}” are not offered.").format(kind=kind[1]))
        return LocalBackend(os.fsencode(self._location.removeprefix("local:")))

    def password(self, *, twice: bool = False) -> Secret:
        """Read the password file, or ask at the terminal; raises UsageError."""
        return read_password(self._password_file, twice=twice)

    def opening(self) -> Opening:
        """Begin to open the repository; the command loads what it needs while the key is derived."""
        from app.cli import repo_ahead
        from app.repository.opening import Opening

        return repo_ahead.take(self._location, self._password_file) or Opening(self.backend(), self.password())

    def open(self) -> Repository:
        opening = self.opening()
        from app.repository import repository as _loaded_meanwhile  # noqa: F401

        return opening.result()


def read_password(file: Path | None, *, twice: bool = False) -> Secret:
    """Read a password file, or ask at the terminal; raises UsageError."""
    if file is None:
        if not sys.stdin.isatty():
            raise click.UsageError(_("Name a file with the password: --password-file or RESTIC_PASSWORD_FILE."))
        return Secret(click.prompt(_("Password"), hide_input=True, confirmation_prompt=twice, err=True))
    try:
        text = password_in(file)
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(_("{file} cannot be read.").format(file=file)) from exc
    if not text:
        raise click.UsageError(_("{file} is empty.").format(file=file))
    return Secret(text)


def with_place(command: Callable[Concatenate[Place, P], int]) -> Callable[P, int]:
    """Give a command `-r` and `--password-file`, after the command's name or before it."""

    @click.option("-r", "--repo", "location", metavar="LOCATION", help="The repository [env: RESTIC_REPOSITORY].")
    @click.option(
        "-p", "--password-file", type=click.Path(path_type=Path), metavar="FILE",
        help="A file with the password [env: RESTIC_PASSWORD_FILE].",
    )  # fmt: skip
    @click.pass_context
    @functools.wraps(command)
    def called(ctx: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> int:
        location, password_file = kwargs.pop("location"), kwargs.pop("password_file")
        before: tuple[str | None, Path | None] = ctx.meta.get(META, (None, None))
        assert location is None or isinstance(location, str)
        assert password_file is None or isinstance(password_file, Path)
        return command(Place(location or before[0], password_file or before[1]), *args, **kwargs)

    return called
