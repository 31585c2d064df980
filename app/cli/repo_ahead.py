"""The key of `vangnet repo`, derived while the rest of the program loads: it takes longer than all other beginnings.

What the command line says is guessed here at a glance, long before it is read in earnest. `Place` takes what was begun
only when it names the same repository and the same password file; a wrong guess costs a tenth of a second of one core.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.repository.opening import Opening

PASSWORD_LIMIT = 64 << 10

_begun: dict[tuple[str, str], Opening] = {}
_folder_only: list[str] = []
_REPO = ("-r", "--repo")
_PASSWORD = ("-p", "--password-file")


def begin(arguments: Sequence[str], env: Mapping[str, str] = os.environ) -> None:
    """Begin to open the repository in a folder that a command line of `vangnet repo` seems to name."""
    if arguments[:1] != ["repo"] or not _opens(arguments):
        return
    location = _value(arguments, _REPO) or env.get("RESTIC_REPOSITORY", "")
    file = _value(arguments, _PASSWORD) or env.get("RESTIC_PASSWORD_FILE", "")
    folder = location.removeprefix("local:")
    if not file or not os.access(folder, os.X_OK):
        return
    try:
        password = password_in(file)
    except (OSError, UnicodeDecodeError):
        return  # the command will say so
    if password:
        gc.disable()  # until the command is at work: nothing that is loaded goes away again
        from app.repository.backend.local import LocalBackend
        from app.repository.opening import Opening
        from app.secret import Secret

        if "copy" not in arguments:  # it may have connections to another repository
            _folder_only.append(folder)
        _begun[location, file] = Opening(LocalBackend(os.fsencode(folder)), Secret(password), abandonable=False)


def take(location: str | None, file: os.PathLike[str] | None) -> Opening | None:
    """Return what was begun for this repository and password file, once."""
    gc.enable()
    return _begun.pop((location or "", "" if file is None else os.fspath(file)), None)


def end(code: int) -> None:
    """End the process here if it has used a repository in a folder only: Python takes as long to end as to begin.

    Nothing waits for its end by then but the two streams.
    """
    if _folder_only:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # the usual end says what there is to say
        os._exit(code)


def password_in(file: str | os.PathLike[str]) -> str:
    """Return the password in a file, empty when there is none; raises OSError and UnicodeDecodeError."""
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, PASSWORD_LIMIT).decode("utf-8-sig").strip()
    finally:
        os.close(fd)


def _opens(arguments: Sequence[str]) -> bool:
    return not {"init", "--help", "-h"}.intersection(arguments)


def _value(arguments: Sequence[str], names: tuple[str, str]) -> str:
    """Return the last value of an option: `-r X`, `-rX`, `--repo X` or `--repo=X`."""
    short, long = names
    found = ""
    for at, argument in enumerate(arguments):
        if argument in names:
            found = arguments[at + 1] if at + 1 < len(arguments) else ""
        elif argument.startswith(long + "="):
            found = argument[len(long) + 1 :]
        elif argument.startswith(short) and not argument.startswith("--"):
            found = argument[len(short) :]
    return found
