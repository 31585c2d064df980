"""Tells when something changes under the folders of a data set, by the kernel's word (inotify) where that can be had.

The kernel watches folders, not paths: where a path leads to another folder than before (renamed, mounted over, a link
that was changed), the watch begins anew. Where the kernel has no watches left, a change is assumed every now and then.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import watchfiles

from app.clock import Clock

_LOOK_EVERY_S = 0.5

_Changes = Generator[set[tuple[watchfiles.Change, str]], None, None]


class Watch:
    """Watches folders or files, and what lies below them; a context manager. For one thread.

    What changes in `ours` is not told: the numbers of a session are not to bring about the next copy. Without the
    kernel's word (`blind`), a change is assumed every `assume_every_s` seconds.
    """

    def __init__(
        self, paths: Sequence[Path], *, ours: Iterable[Path] = (), clock: Clock, assume_every_s: float = 30.0
    ) -> None:
        self._paths = tuple(paths)
        self._ours = tuple({f"{path.resolve()}/" for path in ours})
        self._clock = clock
        self._assume_every_s = assume_every_s
        self._assumed_s = clock.monotonic()
        self._leads_to: tuple[tuple[int, int] | None, ...] = ()
        self._changes: _Changes | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def blind(self) -> bool:
        """Nothing tells of changes: they are assumed, and may have come at any time since the last."""
        return self._changes is None

    def wait(self) -> bool:
        """Wait for half a second at most; tell whether something has changed, or may have."""
        now_leads_to = tuple(_leads_to(path) for path in self._paths)
        if now_leads_to != self._leads_to:
            self._leads_to = now_leads_to
            self._begin()
            return True
        if self._changes is not None:
            return self._hear(self._changes)
        time.sleep(_LOOK_EVERY_S)
        if self._clock.monotonic() - self._assumed_s < self._assume_every_s:
            return False
        self._assumed_s = self._clock.monotonic()
        self._begin()  # there may be room by now
        return True

    def _begin(self) -> None:
        self._end()
        present = [path.resolve() for path, leads_to in zip(self._paths, self._leads_to, strict=True) if leads_to]
        if present:
            self._changes = _changes_of(present)
            self._hear(self._changes)  # it watches from now on, not from the next call

    def _hear(self, changes: _Changes) -> bool:
        try:
            changed = next(changes)
        except (OSError, RuntimeError, StopIteration):  # no watches left, or a folder that may not be read
            self._end()
            return True
        return any(not f"{path}/".startswith(self._ours) for _, path in changed)

    def _end(self) -> None:
        if self._changes is not None:
            self._changes.close()
            self._changes = None


def _leads_to(path: Path) -> tuple[int, int] | None:
    """Return what tells the folder at a path from another one, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _changes_of(paths: Sequence[Path]) -> _Changes:
    """Yield what changed under the paths, an empty set twice a second."""
    return watchfiles.watch(
        *paths,
        watch_filter=None,
        debounce=300,
        step=50,
        rust_timeout=int(1000 * _LOOK_EVERY_S),
        yield_on_timeout=True,
        raise_interrupt=False,
        ignore_permission_denied=False,  # it would ignore a lack of watches too, and watch a part only
    )
