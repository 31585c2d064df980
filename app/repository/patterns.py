"""restic's file patterns: `*`, `?`, `[…]` within a name, `**` across folders, a leading `/` for the top.

A pattern without a leading `/` matches at any depth; what matches a folder matches all below it (source: restic
manual, "Excluding Files").
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby

_CLASS = re.compile(rb"\[(\^?)((?:\\.|[^\]\\])+)\]", re.DOTALL)


class Patterns:
    """A list of patterns over absolute paths in bytes; empty matches nothing.

    A pattern that begins with `!` takes back what those before it matched. With `any_case`, capitals and small letters
    are the same.
    """

    __slots__ = ("_any_case", "_match", "_turns")

    def __init__(self, patterns: Iterable[str], *, any_case: bool = False) -> None:
        self._any_case = any_case
        self._turns: list[tuple[bool, Callable[[bytes], object]]] = []
        for takes_back, turn in groupby((pattern for pattern in patterns if pattern), key=_takes_back):
            alternatives = [_translate(self._raw(pattern[takes_back:])) for pattern in turn]
            self._turns.append((takes_back, re.compile(b"|".join(alternatives), re.DOTALL).search))
        self._match = self._turns[0][1] if len(self._turns) == 1 and not self._turns[0][0] else self._in_turn

    def matches(self, path: bytes) -> bool:
        """Tell whether a pattern matches this absolute path, or a folder above it."""
        found = self._match(self._lowered(path) if self._any_case else path)
        return found is not None and found is not False

    def _in_turn(self, path: bytes) -> bool:
        matched = False
        for takes_back, match in self._turns:
            if matched is takes_back and match(path) is not None:
                matched = not takes_back
        return matched

    def _raw(self, pattern: str) -> bytes:
        return os.fsencode(pattern.lower() if self._any_case else pattern)

    @staticmethod
    def _lowered(path: bytes) -> bytes:
        return os.fsencode(os.fsdecode(path).lower())


class EitherCase:
    """Two lists of patterns, one for which capitals count and one for which they do not; false when both are empty."""

    __slots__ = ("_lists",)

    def __init__(self, patterns: Sequence[str], any_case: Sequence[str]) -> None:
        self._lists = tuple(
            Patterns(given, any_case=folded) for given, folded in ((patterns, False), (any_case, True)) if given
        )

    def __bool__(self) -> bool:
        return bool(self._lists)

    def matches(self, path: bytes) -> bool:
        """Tell whether a pattern of either list matches this absolute path, or a folder above it."""
        for patterns in self._lists:  # noqa: SIM110  a generator costs more, for every entry of a source
            if patterns.matches(path):
                return True
        return False


def _takes_back(pattern: str) -> bool:
    return pattern.startswith("!")


def is_glob(pattern: str) -> bool:
    """Tell whether a text uses any of a pattern's special characters."""
    return any(char in pattern for char in "*?[")


def _translate(pattern: bytes) -> bytes:
    parts = [part for part in pattern.split(b"/") if part not in (b"", b".")]
    translated = b""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == b"**":
            translated += b".*" if last else b"(?:[^/]+/)*"
        else:
            translated += translate_name(part) + (b"(?:/|\\Z)" if last else b"/")
    return (b"\\A/" if pattern.startswith(b"/") else b"/") + translated


@lru_cache(maxsize=256)
def translate_name(pattern: bytes) -> bytes:
    """Return the regular expression of a pattern for one name, without anchors."""
    out: list[bytes] = []
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == b"*":
            out.append(b"[^/]*")
        elif char == b"?":
            out.append(b"[^/]")
        elif char == b"\\" and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at : at + 1]))
        elif char == b"[" and (found := _CLASS.match(pattern, at)):
            members = found[2].replace(b"[", b"\\[")
            out.append(b"[" + found[1] + members + b"]")
            at = found.end() - 1
        else:
            out.append(re.escape(char))
        at += 1
    return b"".join(out)
