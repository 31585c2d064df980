"""What `vangnet repo backup` reads from files: patterns to leave out, and paths to back up, in restic's formats."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from glob import escape, has_magic, iglob
from pathlib import Path

import click

from app.i18n import _

_LIMIT = 64 << 20
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)


def read_patterns(files: Iterable[Path]) -> Iterator[str]:
    """Yield the patterns of files: one a line, `#` begins a comment, `$NAME` stands for a variable, `$$` for `$`."""
    for file in files:
        for line in os.fsdecode(_read(file)).splitlines():
            if pattern := _uncommented(line):
                yield _VARIABLE.sub(_value, pattern)


def read_path_patterns(files: Iterable[Path]) -> Iterator[Path]:
    """Yield what the lines of files match: paths or patterns with `*`, `?` and `[]`; `#` begins a comment."""
    for file in files:
        for line in os.fsdecode(_read(file)).splitlines():
            pattern = _uncommented(line)
            if not pattern:
                continue
            if has_magic(pattern):
                yield from sorted(Path(found) for found in iglob(pattern, include_hidden=True))  # noqa: PTH207  absolute too
            else:
                yield Path(pattern)


def read_paths(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the paths in files: one a line, taken as they are."""
    for file in files:
        yield from (Path(os.fsdecode(line)) for line in _read(file).split(b"\n") if line)


def read_raw_paths(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the paths in files, each ended by a NUL (as `find -print0` writes them); raises UsageError."""
    for file in files:
        data = _read(file)
        if data and not data.endswith(b"\0"):
            raise click.UsageError(_("{file} does not end with a NUL.").format(file=file))
        yield from (Path(os.fsdecode(name)) for name in data.split(b"\0") if name)


def _uncommented(line: str) -> str:
    line = line.strip()
    return "" if line.startswith("#") else line


def _value(variable: re.Match[str]) -> str:
    dollar, braced, bare = variable.groups()
    return "$" if dollar else escape(os.environ.get(braced or bare, ""))


def _read(file: Path) -> bytes:
    """Return what a file holds, or standard input for `-`; raises UsageError."""
    try:
        if file == Path("-"):
            data = sys.stdin.buffer.read(_LIMIT + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(_LIMIT + 1)
    except OSError as exc:
        raise click.UsageError(_("{file} cannot be read.").format(file=file)) from exc
    if len(data) > _LIMIT:
        raise click.UsageError(_("{file} is too long.").format(file=file))
    return data.removeprefix(b"\xef\xbb\xbf")
