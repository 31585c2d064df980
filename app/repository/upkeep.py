"""The small changes to a repository: its keys, locks that nobody holds any more, its format version."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock, SystemClock
from app.repository.backend.base import FileKind
from app.repository.errors import (
    FileMissing,
    KeyInUse,
    KeyNotFound,
    RepositoryDamaged,
    UnsupportedRepository,
    WrongKey,
)
from app.repository.keys import KEY_FILE_LIMIT, KeyFile, open_key_file
from app.repository.locks import is_provably_dead, read_lock
from app.repository.repository import Repository, new_key_file
from app.secret import Secret

# --- keys ----------------------------------------------------------------------------------------------------------


def add_key(repository: Repository, password: Secret, now: datetime) -> KeyFile:
    """Let one more password open the repository. Takes about half a second."""
    key_file = new_key_file(repository.master, password, now)
    repository.add_key(key_file)
    return key_file


def remove_key(repository: Repository, wanted: str, current: Secret) -> str:
    """Remove a key by its id or a prefix of it; return its id.

    Raises KeyNotFound, and KeyInUse for the key that the current password opens: the repository could not be
    opened any more by whoever asks.
    """
    names = [info.name for info in repository.backend.list(FileKind.KEY)]
    matching = [name for name in names if name.startswith(wanted)]
    if not wanted or len(matching) != 1:
        raise KeyNotFound(wanted=wanted, candidates=len(matching))
    [name] = matching
    if len(names) == 1 or _opens(repository, name, current):
        raise KeyInUse(key=name)
    repository.backend.remove(FileKind.KEY, name)
    return name


def change_password(repository: Repository, current: Secret, new: Secret, now: datetime) -> KeyFile:
    """Replace the keys that the current password opens by one for a new password.

    The new key is durable, and has been read back, before an old one goes. Raises WrongKey when the current password
    opens none.
    """
    old = [info.name for info in repository.backend.list(FileKind.KEY) if _opens(repository, info.name, current)]
    if not old:
        raise WrongKey(location=repository.backend.location)
    added = add_key(repository, new, now)
    if not _opens(repository, added.name, new):
        raise RepositoryDamaged(file=f"keys/{added.name}", reason="hash")
    for name in old:
        repository.backend.remove(FileKind.KEY, name)
    return added


def _opens(repository: Repository, name: str, password: Secret) -> bool:
    try:
        data = repository.backend.load(FileKind.KEY, name, limit=KEY_FILE_LIMIT)
        return open_key_file(data, password) == repository.master
    except (WrongKey, RepositoryDamaged, UnsupportedRepository, FileMissing):
        return False


# --- locks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unlocked:
    """How many locks went, and how many are left because their holders may be at work."""

    removed: int
    left: int


def unlock(repository: Repository, *, remove_all: bool = False, clock: Clock | None = None) -> Unlocked:
    """Remove the locks whose holder is gone for certain, or all of them.

    With `remove_all` it is the caller who knows that nobody is at work: a back-up under way may lose what it stored.
    """
    now = (clock or SystemClock()).now()
    removed = left = 0
    for name in repository.lock_names():
        if not remove_all:
            lock = read_lock(repository, name)
            if lock is None or not is_provably_dead(lock, now):
                left += 1
                continue
        with contextlib.suppress(FileMissing):
            repository.remove_lock(name)
            removed += 1
    return Unlocked(removed, left)


# --- format version --------------------------------------------------------------------------------------------------


def migrate(repository: Repository, *, clock: Clock | None = None) -> bool:
    """Turn a repository of version 1 into one of version 2; return False when it is one already.

    What is stored stays as it is; what is added from now on is compressed. The old config is replaced at once and
    durably: at every moment there is one or the other. Raises RepositoryLocked and the backend's errors.
    """
    if repository.version >= 2:
        return False
    with repository.lock(exclusive=True, clock=clock or SystemClock()) as lock:
        lock.ensure_held()
        repository.rewrite_config(version=2)
    return True
