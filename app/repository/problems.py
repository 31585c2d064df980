"""What a run says of single files, named up to a limit and counted past it: a dead disk has a million problems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from app.repository.model import FileProblem

MOST_NAMED = 10_000

Said = TypeVar("Said", FileProblem, bytes)


class _Named(Generic[Said]):
    """A growing set. What comes past `MOST_NAMED` is only counted."""

    __slots__ = ("_named", "unnamed")

    def __init__(self) -> None:
        self._named: dict[Said, None] = {}
        self.unnamed = 0

    def __len__(self) -> int:
        """Return how many there are, named or not."""
        return len(self._named) + self.unnamed

    def append(self, said: Said) -> None:
        if len(self._named) < MOST_NAMED:
            self._named[said] = None
        elif said not in self._named:
            self.unnamed += 1

    def extend(self, more: Iterable[Said]) -> None:
        for said in more:
            self.append(said)


class Problems(_Named[FileProblem]):
    """What went wrong with single files."""

    __slots__ = ()

    def named(self) -> tuple[FileProblem, ...]:
        """Return those that are named, sorted by path."""
        return tuple(sorted(self._named, key=lambda problem: (problem.path, problem.reason)))


class Paths(_Named[bytes]):
    """Paths that something is to be said of."""

    __slots__ = ()

    def named(self) -> tuple[bytes, ...]:
        """Return those that are named, in the order in which they were met."""
        return tuple(self._named)
