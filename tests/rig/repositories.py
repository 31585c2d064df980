"""Repositories for tests that are not about keys."""

from __future__ import annotations

from app.clock import SystemClock
from app.repository.backend.base import Backend
from app.repository.crypto import MasterKey
from app.repository.keys import make_key_file
from app.repository.repository import Repository
from app.secret import Secret

PASSWORD = "geheim"


def init_with_password(backend: Backend, master: MasterKey | None = None, password: str = PASSWORD) -> Repository:
    """Make a repository that a password opens, with the least work that restic accepts."""
    master = master or MasterKey.generate()
    key = make_key_file(
        master, Secret(password), hostname="h", username="u", now=SystemClock().now(), n=1 << 10, r=8, p=1
    )
    return Repository.init(backend, master, [key])
