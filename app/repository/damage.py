"""Telling damage of one file of a repository from a place that went away."""

from __future__ import annotations

from typing import Protocol

from app.repository.backend.base import Backend, FileKind
from app.repository.errors import BackendError, FileMissing, RepositoryDamaged

_CONFIG_LIMIT = 1 << 20


class _HasBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def is_damage(repository: _HasBackend, error: Exception) -> bool:
    """Tell whether an error concerns one file of the repository, rather than a place that went away.

    A bad sector and a pulled-out disk both answer EIO; the config tells them apart.
    """
    if isinstance(error, RepositoryDamaged | FileMissing):
        return True
    if not isinstance(error, BackendError):
        return False
    try:
        repository.backend.load(FileKind.CONFIG, limit=_CONFIG_LIMIT)
    except (BackendError, RepositoryDamaged):
        return False
    return True
