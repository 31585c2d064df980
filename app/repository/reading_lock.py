"""The lock of those who only read for a while: it keeps a prune from removing what they are reading."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from app.repository.errors import BackendFull, BackendReadOnly
from app.repository.repository import Repository


@contextlib.contextmanager
def reading_lock(repository: Repository) -> Iterator[None]:
    """Hold a shared lock, refreshed by a thread; raises RepositoryLocked while a prune is at work.

    A place that cannot take a lock (read-only, full) is read without one: there, nobody can prune either.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(BackendReadOnly, BackendFull):
            stack.enter_context(repository.lock(refresh_in_thread=True))
        yield
