"""Opening a repository: its config, and the key file that a password fits.

Deriving a key takes a third of a second on purpose. `Opening` does that in a thread, so that a program can go on
loading or looking meanwhile; this module therefore imports little.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from app.repository import keys
from app.repository.backend.base import Backend, FileKind
from app.repository.crypto import MasterKey
from app.repository.errors import (
    BackendError,
    BackendUnavailable,
    FileMissing,
    RepositoryDamaged,
    RepositoryNotFound,
    UnsupportedRepository,
    WrongKey,
)
from app.secret import Secret

if TYPE_CHECKING:
    from app.repository.repository import Repository

_CONFIG_LIMIT = 64 << 10
_KEYS_TRIED = 20


class Opening:
    """A repository that is being opened with a password.

    With `abandonable` a program that ends sooner does not wait: for places that may not answer. Else it ends after it,
    for a thread that wakes up in a program that is being taken down may abort it.
    """

    def __init__(self, backend: Backend, password: Secret, *, abandonable: bool = True) -> None:
        self._backend = backend
        self._password = password
        self._config = b""
        self._master: MasterKey | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._derive, name="opening", daemon=abandonable)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Tell whether `result` would return (or raise) without waiting."""
        return not self._thread.is_alive()

    def result(self) -> Repository:
        """Return the open repository; waits, and raises what `Repository.open` does."""
        from app.repository.repository import Repository

        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._master is not None
        return Repository.unlocked(self._backend, self._master, self._config)

    def _derive(self) -> None:
        try:
            self._config = load_config(self._backend)
            self._master = find_master(self._backend, self._password)
        except BaseException as exc:  # noqa: BLE001  raised by `result`, in the thread of who asks
            self._error = exc


def load_config(backend: Backend) -> bytes:
    """Return the sealed config; raises RepositoryNotFound when there is none, and the backend's errors."""
    try:
        return backend.load(FileKind.CONFIG, limit=_CONFIG_LIMIT)
    except FileMissing as exc:
        raise RepositoryNotFound(location=backend.location) from exc
    except BackendUnavailable as exc:
        if exc.data.get("reason") == "ENOENT":  # not even the folder is there
            raise RepositoryNotFound(location=backend.location) from exc
        raise


def find_master(backend: Backend, password: Secret) -> MasterKey:
    """Return the master key from the first key file that a password fits.

    Raises WrongKey when it fits none, and what is wrong with the key file when there is only one.
    """
    names = sorted(info.name for info in backend.list(FileKind.KEY))
    refused: Exception | None = None
    work_left = keys.WORK_LIMIT
    for name in names[:_KEYS_TRIED]:
        try:
            data = backend.load(FileKind.KEY, name, limit=keys.KEY_FILE_LIMIT)
            work_left -= keys.work_of(data)
            if work_left < 0:  # twenty costly ones would keep a person waiting for minutes
                break
            return keys.open_key_file(data, password)
        except WrongKey:
            continue
        except (RepositoryDamaged, UnsupportedRepository, BackendError) as exc:
            refused = exc
    if refused is not None and len(names) == 1:
        raise refused
    raise WrongKey(location=backend.location)
