"""The engine: restic repositories (format versions 1 and 2), written, read, checked and mended in Python.

This is its public face; `docs/engine.md` shows its use. Each name is loaded when it is first asked for, so that
`import app.repository` costs nothing. What is not listed here may change with any version.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.errors import VangnetError
    from app.repository.backend.base import Backend
    from app.repository.backend.local import LocalBackend
    from app.repository.backend.memory import MemoryBackend
    from app.repository.crypto import MasterKey
    from app.repository.errors import (
        BackendError,
        BackendFull,
        BackendReadOnly,
        BackendUnavailable,
        Cancelled,
        RepositoryDamaged,
        RepositoryError,
        RepositoryExists,
        RepositoryLocked,
        RepositoryNotFound,
        SnapshotNotFound,
        SourceNotFound,
        UnsupportedRepository,
        WrongKey,
    )
    from app.repository.model import (
        BackupOptions,
        BackupSummary,
        Cancel,
        CheckReport,
        FoundEntry,
        Monitor,
        Node,
        RestoreOptions,
        RestoreSummary,
        Snapshot,
    )
    from app.repository.repository import Repository, new_key_file
    from app.secret import Secret

__all__ = [
    "Backend",
    "BackendError",
    "BackendFull",
    "BackendReadOnly",
    "BackendUnavailable",
    "BackupOptions",
    "BackupSummary",
    "Cancel",
    "Cancelled",
    "CheckReport",
    "FoundEntry",
    "LocalBackend",
    "MasterKey",
    "MemoryBackend",
    "Monitor",
    "Node",
    "Repository",
    "RepositoryDamaged",
    "RepositoryError",
    "RepositoryExists",
    "RepositoryLocked",
    "RepositoryNotFound",
    "RestoreOptions",
    "RestoreSummary",
    "Secret",
    "Snapshot",
    "SnapshotNotFound",
    "SourceNotFound",
    "UnsupportedRepository",
    "VangnetError",
    "WrongKey",
    "new_key_file",
]

_HOMES = {
    "Backend": "app.repository.backend.base",
    "LocalBackend": "app.repository.backend.local",
    "MasterKey": "app.repository.crypto",
    "MemoryBackend": "app.repository.backend.memory",
    "Repository": "app.repository.repository",
    "Secret": "app.secret",
    "VangnetError": "app.errors",
    "new_key_file": "app.repository.repository",
    **dict.fromkeys(
        [
            "BackupOptions", "BackupSummary", "Cancel", "CheckReport", "FoundEntry", "Monitor", "Node",
            "RestoreOptions", "RestoreSummary", "Snapshot",
        ],
        "app.repository.model",
    ),
}  # fmt: skip
"""Where a name is defined; in `app.repository.errors` when it is not listed."""


if not TYPE_CHECKING:  # mypy would otherwise take every misspelt name for one of ours

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found: object = getattr(import_module(_HOMES.get(name, "app.repository.errors")), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
