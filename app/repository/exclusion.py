"""What a back-up leaves out: by pattern, by size, in marked folders (source: restic manual, "Excluding Files")."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from app.repository.model import BackupOptions
from app.repository.patterns import EitherCase

CACHE_MARKER = "CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55"
"""What marks a folder as a cache (source: Cache Directory Tagging Standard)."""

_HEADER_LIMIT = 4096

Entry = tuple[bytes, os.stat_result]


@dataclass(frozen=True, slots=True)
class Marker:
    """A file that has the rest of its folder left out, when it begins with a header."""

    name: bytes
    header: bytes

    @classmethod
    def parse(cls, text: str) -> Marker:
        """Read `FILENAME[:HEADER]`; raises ValueError."""
        name, _colon, header = text.partition(":")
        if not name or "/" in name or len(header) > _HEADER_LIMIT:
            raise ValueError(f"not a marker: {text[:80]!r}")
        return cls(os.fsencode(name), os.fsencode(header))

    def is_in(self, folder: bytes, entries: Sequence[Entry]) -> bool:
        """Tell whether this marker is among the entries of a folder; one that cannot be read is none."""
        if not any(name == self.name for name, _ in entries):
            return False
        if not self.header:
            return True
        try:
            fd = os.open(os.path.join(folder, self.name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return stat.S_ISREG(os.fstat(fd).st_mode) and os.pread(fd, len(self.header), 0) == self.header
        except OSError:
            return False
        finally:
            os.close(fd)


class Exclusion:
    """Tells what is left out of folders. What is named for a back-up itself is never left out."""

    __slots__ = ("_larger_than", "_markers", "_patterns")

    def __init__(self, options: BackupOptions) -> None:
        self._patterns = EitherCase(options.exclude, options.iexclude)
        self._larger_than = options.exclude_larger_than
        caches = (CACHE_MARKER,) if options.exclude_caches else ()
        self._markers = tuple(Marker.parse(text) for text in (*options.exclude_if_present, *caches))

    def matches(self, path: bytes) -> bool:
        """Tell whether a pattern leaves out this absolute path."""
        return self._patterns.matches(path)

    def sift(self, folder: bytes, entries: list[Entry]) -> list[Entry]:
        """Return those entries of a folder that its markers and their size leave in."""
        if (limit := self._larger_than) is not None:
            entries = [entry for entry in entries if not _is_larger(entry[1], limit)]
        for name in [marker.name for marker in self._markers if marker.is_in(folder, entries)]:
            entries = [entry for entry in entries if entry[0] == name]
        return entries


def exclusion_of(options: BackupOptions) -> Exclusion | None:
    """Return what these options leave out, None for nothing; raises ValueError for a marker that is none."""
    exclusion = Exclusion(options)
    return exclusion if _says_anything(options) else None


def exclusion_key(options: BackupOptions) -> tuple[str, ...]:
    """Return what tells two back-ups apart that leave out different things."""
    further = (
        *(f"iexclude={pattern}" for pattern in options.iexclude),
        *(f"exclude-if-present={marker}" for marker in options.exclude_if_present),
        *(["exclude-caches"] if options.exclude_caches else []),
        *([] if options.exclude_larger_than is None else [f"exclude-larger-than={options.exclude_larger_than}"]),
    )
    return (*options.exclude, *further, f"one-file-system={options.one_file_system}")


def _says_anything(options: BackupOptions) -> bool:
    return bool(
        options.exclude
        or options.iexclude
        or options.exclude_if_present
        or options.exclude_caches
        or options.exclude_larger_than is not None
    )


def _is_larger(status: os.stat_result, limit: int) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_size > limit
