"""Looking at the source: the entries of a folder, its signature, and where the paths to back up hang in the tree."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from app.repository.model import FileProblem

if TYPE_CHECKING:
    from app.repository.exclusion import Exclusion

_SIGNED = struct.Struct("<IQQIIQqq")  # mode, inode, links, uid, gid, size, mtime, ctime
_MASK64 = (1 << 64) - 1

Entry = tuple[bytes, os.stat_result]
"""A name in a folder and its status (a link's own, never its target's)."""


class Listing(msgspec.Struct, frozen=True):
    """A folder's entries sorted by name, their signature, and what could not be looked at."""

    entries: list[Entry]
    signature: bytes
    problems: tuple[FileProblem, ...] = ()


Glance = tuple[bytes, tuple[bytes, ...], int, int]
"""What is kept of a listing that was made ahead: its signature, the names of the folders, how many files, their bytes.

Enough for a folder whose own entries are as they were.
"""


class Scanner(msgspec.Struct, frozen=True):
    """Lists folders, leaving out what is excluded."""

    excluded: Exclusion | None

    def list(self, path: bytes) -> Listing:
        """Return what is in a folder; raises OSError when it cannot be listed."""
        entries: list[Entry] = []
        problems: list[FileProblem] = []
        prefix = path if path.endswith(b"/") else path + b"/"
        excluded = self.excluded
        with os.scandir(path) as found:
            for entry in found:
                name = entry.name
                if excluded is not None and excluded.matches(prefix + name):
                    continue
                try:
                    entries.append((name, entry.stat(follow_symlinks=False)))
                except OSError as exc:
                    problems.append(FileProblem(prefix + name, reason_of(exc)))
        if self.excluded is not None:
            entries = self.excluded.sift(path, entries)
        entries.sort(key=_by_name)
        return Listing(entries, sign(entries), tuple(problems))


def _by_name(entry: Entry) -> bytes:
    return entry[0]


def sign(entries: Iterable[Entry]) -> bytes:
    """Return a short hash of all that tells whether an entry may have changed."""
    pack = _SIGNED.pack
    parts: list[bytes] = []
    for name, at in entries:
        parts.append(name)
        parts.append(
            pack(
                at.st_mode, at.st_ino & _MASK64, at.st_nlink, at.st_uid, at.st_gid, at.st_size,
                at.st_mtime_ns, at.st_ctime_ns,
            )
        )  # fmt: skip
    # A name cannot hold "/": what lies between two of them is one name and its numbers, of fixed length.
    return blake2b(b"/".join(parts), digest_size=16).digest()


def reason_of(exc: OSError) -> str:
    """Return the name of an errno, as problems carry it."""
    import errno

    return errno.errorcode.get(exc.errno or 0, "EIO")


class Place(msgspec.Struct, eq=False):
    """A folder above the paths to back up, or such a path itself (`is_target`)."""

    path: bytes
    name: bytes
    status: os.stat_result
    is_target: bool = False
    children: list[Place] = msgspec.field(default_factory=list)


def entries_of(place: Place) -> list[Entry]:
    """Return what leads to the paths, sorted by name."""
    return sorted(((child.name, child.status) for child in place.children), key=_by_name)


def sign_place(place: Place) -> bytes:
    """Return a short hash of what leads to the paths, and of those paths that are no folders."""
    entries = entries_of(place)
    folders = b"/".join(name for name, status in entries if is_folder(status))
    return blake2b(folders, digest_size=16, key=sign(entry for entry in entries if not is_folder(entry[1]))).digest()


def plant(paths: Sequence[bytes]) -> tuple[Place, tuple[bytes, ...], tuple[FileProblem, ...]]:
    """Return the root of a tree that leads to the paths, the absolute paths, and those that are not there.

    A path inside another one is part of it. A folder above is taken for what it leads to, should it be a link.
    """
    absolute = tuple(dict.fromkeys(sorted(os.path.abspath(path) for path in paths)))
    root = Place(b"/", b"", os.stat(b"/"))
    problems: list[FileProblem] = []
    for path in absolute:
        try:
            _plant_one(root, path)
        except OSError as exc:
            problems.append(FileProblem(path, reason_of(exc)))
    return root, absolute, tuple(problems)


def _plant_one(root: Place, path: bytes) -> None:
    at = root
    names = [name for name in path.split(b"/") if name]
    added: list[tuple[Place, Place]] = []
    if not names:
        at.is_target = True
    for number, name in enumerate(names):
        if at.is_target:
            return
        here = os.path.join(at.path, name)
        is_last = number == len(names) - 1
        known = next((child for child in at.children if child.name == name), None)
        if known is None:
            known = Place(here, name, os.lstat(here) if is_last else os.stat(here), is_last)
            added.append((at, known))
        at = known
    for parent, child in added:  # only now: a path that is not there leaves nothing behind
        parent.children.append(child)


def is_folder(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode)
