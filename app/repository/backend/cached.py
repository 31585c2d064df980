"""A place on a network whose index files and snapshots are kept on this computer too: they are small and never change.

For who writes often. Who checks or restores asks the place itself: what is kept here proves nothing about it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.repository.backend.base import Backend, FileInfo, FileKind
from app.repository.errors import RepositoryDamaged

_KEPT = frozenset({FileKind.INDEX, FileKind.SNAPSHOT})


class CachedBackend:
    """Another backend, with a folder (0700) of what it has sent before. The files are sealed as they are there.

    What is kept is believed only while its name is its hash; losing it costs time and nothing else.
    """

    def __init__(self, inner: Backend, folder: Path) -> None:
        self._inner = inner
        self._folder = folder

    @property
    def inner(self) -> Backend:
        """The place itself."""
        return self._inner

    @property
    def shared_by_fork(self) -> bool:
        return self._inner.shared_by_fork

    @property
    def location(self) -> str:
        return self._inner.location

    def create(self) -> None:
        self._inner.create()

    def exists(self, kind: FileKind, name: str = "") -> bool:
        return self._inner.exists(kind, name)

    def load(self, kind: FileKind, name: str = "", *, limit: int) -> bytes:
        if kind not in _KEPT:
            return self._inner.load(kind, name, limit=limit)
        kept = self._kept(kind, name, limit)
        if kept is not None:
            return kept
        data = self._inner.load(kind, name, limit=limit)
        self._keep(kind, name, data)
        return data

    def load_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        return self._inner.load_range(kind, name, offset, length)

    def save(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        self._inner.save(kind, name, data)
        if kind in _KEPT:
            self._keep(kind, name, data)

    def remove(self, kind: FileKind, name: str) -> None:
        if kind in _KEPT:
            self._forget(kind, name)
        self._inner.remove(kind, name)

    def list(self, kind: FileKind) -> Iterator[FileInfo]:
        if kind not in _KEPT:
            return self._inner.list(kind)
        found = tuple(self._inner.list(kind))
        self._forget_others(kind, {info.name for info in found})
        return iter(found)

    def remove_leftovers(self) -> int:
        return self._inner.remove_leftovers()

    def free_bytes(self) -> int | None:
        return self._inner.free_bytes()

    def close(self) -> None:
        self._inner.close()

    # --- what is kept ------------------------------------------------------------------------------------------

    def _kept(self, kind: FileKind, name: str, limit: int) -> bytes | None:
        path = self._path(kind, name)
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() == name and len(data) <= limit:
            return data
        self._forget(kind, name)
        return None

    def _keep(self, kind: FileKind, name: str, data: bytes | bytearray | memoryview) -> None:
        if hashlib.sha256(data).hexdigest() != name:
            return  # damaged at the place: who reads it will say so
        path = self._path(kind, name)
        with contextlib.suppress(OSError):  # a full disk here is no reason not to use the place
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(prefix=".", dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(draft, path)
            except OSError:
                os.unlink(draft)
                raise

    def _forget(self, kind: FileKind, name: str) -> None:
        with contextlib.suppress(OSError):
            self._path(kind, name).unlink(missing_ok=True)

    def _forget_others(self, kind: FileKind, names: set[str]) -> None:
        with contextlib.suppress(OSError):
            for path in (self._folder / kind.value).iterdir():
                if path.name not in names:  # a draft, too, that a killed process has left
                    path.unlink(missing_ok=True)

    def _path(self, kind: FileKind, name: str) -> Path:
        if not name or not name.isalnum():
            raise RepositoryDamaged(file=f"{kind.value}/{name[:64]}", reason="name")
        return self._folder / kind.value / name
