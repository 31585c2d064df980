"""Repositories for tests that are not about keys."""

from __future__ import annotations

from app.clock import SystemClock
from app.repository.backend.base import Backend, FileKind
from app.repository.crypto import MasterKey
from app.repository.keys import KeyFile, make_key_file
from app.repository.repository import Repository
from app.secret import Secret

PASSWORD = "geheim"


def init_with_password(backend: Backend, master: MasterKey | None = None, password: str = PASSWORD) -> Repository:
    """Make a repository that a password opens, with the least work that restic accepts."""
    master = master or MasterKey.generate()
    return Repository.init(backend, master, [_cheap_key(master, password)])


def make_cheap(backend: Backend, password: str = PASSWORD) -> None:
    """Put a key that costs little to open in the place of the one that a repository was made with."""
    master = Repository.open(backend, password=Secret(password)).master
    [costly] = [info.name for info in backend.list(FileKind.KEY)]
    cheap = _cheap_key(master, password)
    backend.save(FileKind.KEY, cheap.name, cheap.data)
    backend.remove(FileKind.KEY, costly)


def _cheap_key(master: MasterKey, password: str) -> KeyFile:
    return make_key_file(
        master, Secret(password), hostname="h", username="u", now=SystemClock().now(), n=1 << 10, r=8, p=1
    )
