"""restic's file patterns: `*`, `?`, `[…]` within a name, `**` across folders, a leading `/` for the top.

A pattern without a leading `/` matches at any depth; what matches a folder matches all below it (source: restic
manual, "Excluding Files").
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache

_CLASS = re.compile(rb"\[(\^?)((?:\\.|[^\]\\])+)\]", re.DOTALL)


class Patterns:
    """A set of patterns over absolute paths in bytes; empty matches nothing."""

    __slots__ = ("_match",)

    def __init__(self, patterns: Iterable[str]) -> None:
        alternatives = [_translate(os.fsencode(pattern)) for pattern in patterns if pattern]
        # Without an alternative: a look-ahead that never holds.
        self._match = re.compile(b"|".join(alternatives) or b"(?!)", re.DOTALL).search

    def matches(self, path: bytes) -> bool:
        """Tell whether a pattern matches this absolute path, or a folder above it."""
        return self._match(path) is not None


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
