"""A repository: opening one, and what one does with it. What it stores is in `stored`.

Writing back-ups, restoring, checking and searching live in modules of their own; the methods here lead to them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.clock import Clock, SystemClock
from app.repository import keys
from app.repository.backend.base import Backend, FileKind
from app.repository.config import Config, decode_config, new_config
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryDamaged, RepositoryExists, WrongKey
from app.repository.keys import KeyFile
from app.repository.model import (
    BackupOptions,
    BackupSummary,
    Cancel,
    CheckReport,
    FoundEntry,
    Monitor,
    RestoreOptions,
    RestoreSummary,
    Snapshot,
)
from app.repository.opening import find_master, load_config
from app.repository.stored import StoredFiles
from app.secret import Secret

if TYPE_CHECKING:
    from app.repository.ahead import Ahead
    from app.repository.read_subset import ReadSubset


class Repository(StoredFiles):
    """An open repository. Reading is safe from several threads; one back-up at a time."""

    # --- opening -----------------------------------------------------------------------------------------------

    @classmethod
    def init(
        cls,
        backend: Backend,
        master: MasterKey | None = None,
        key_files: Sequence[KeyFile] = (),
        *,
        polynomial: int | None = None,
        clock: Clock | None = None,  # noqa: ARG003  part of the pinned signature: nothing in a config has a time
    ) -> Repository:
        """Make a repository of version 2 and return it open; raises RepositoryExists where one is.

        The config comes last: without it there is no repository, so an interrupted `init` can be repeated.
        """
        config = new_config(polynomial)
        if backend.exists(FileKind.CONFIG):
            raise RepositoryExists(location=backend.location)
        master = master or MasterKey.generate()
        backend.create()
        for key_file in key_files:
            backend.save(FileKind.KEY, key_file.name, key_file.data)
        backend.save(FileKind.CONFIG, "", master.seal(config.encode()))
        return cls(backend, master, config)

    @classmethod
    def open(cls, backend: Backend, *, password: Secret | None = None, master: MasterKey | None = None) -> Repository:
        """Open a repository with a password or the master key itself.

        Raises RepositoryNotFound, WrongKey, RepositoryDamaged or UnsupportedRepository. With the master key this
        takes a millisecond, with a password about half a second for each key file tried.
        """
        sealed = load_config(backend)
        if master is None:
            if password is None:
                raise ValueError("a repository opens with a password or a master key")
            return cls.unlocked(backend, find_master(backend, password), sealed)
        try:
            return cls.unlocked(backend, master, sealed)
        except RepositoryDamaged as exc:
            if exc.data.get("reason") == "mac":
                raise WrongKey(location=backend.location) from exc
            raise

    @classmethod
    def unlocked(cls, backend: Backend, master: MasterKey, sealed_config: bytes) -> Repository:
        """Return the repository of a config that is read already; raises RepositoryDamaged, UnsupportedRepository."""
        return cls(backend, master, decode_config(master.open(sealed_config, file="config")))

    def config(self, repository_id: str) -> Config:
        """Return the config of a repository like this one, under another id."""
        return Config(self.version, repository_id, f"{self.polynomial:x}")

    def over(self, backend: Backend) -> Repository:
        """Return this repository as it is seen through another backend."""
        return Repository(backend, self.master, self.config(self.id))

    def rewrite_config(self, *, version: int) -> None:
        """Replace the config by one of another format version, at once and durably; for `upkeep.migrate`."""
        config = Config(version, self.id, f"{self.polynomial:x}").encode()
        sealed = self.master.seal(config)
        if len(sealed) == len(load_config(self.backend)):
            # A backend takes a file of the same size for one that is there already, and leaves it: be longer.
            sealed = self.master.seal(config + b"\n")
        self.backend.save(FileKind.CONFIG, "", sealed)
        stored = self.master.open(load_config(self.backend), file="config")
        if decode_config(stored).version != version:
            raise RepositoryDamaged(file="config", reason="not-replaced")
        self.version = version

    # --- the work, in modules of its own -----------------------------------------------------------------------

    def backup(
        self,
        paths: Sequence[bytes],
        *,
        options: BackupOptions | None = None,
        monitor: Monitor | None = None,
        cancel: Cancel | None = None,
        state_dir: Path | str | None = None,
        clock: Clock | None = None,
        ahead: Ahead | None = None,
    ) -> BackupSummary:
        """Back up paths into a new snapshot; see `archiver.backup`."""
        from app.repository import archiver

        return archiver.backup(
            self,
            paths,
            options=options or BackupOptions(),
            monitor=monitor or Monitor(),
            cancel=cancel or Cancel(),
            state_dir=state_dir,
            clock=clock or SystemClock(),
            ahead=ahead,
        )

    def restore(
        self,
        snapshot: Snapshot,
        to: bytes,
        *,
        options: RestoreOptions | None = None,
        monitor: Monitor | None = None,
        cancel: Cancel | None = None,
    ) -> RestoreSummary:
        """Restore a snapshot, or a part of it, below a folder; see `restorer.restore`."""
        from app.repository import restorer

        return restorer.restore(
            self,
            snapshot,
            to,
            options=options or RestoreOptions(),
            monitor=monitor or Monitor(),
            cancel=cancel or Cancel(),
        )

    def check(
        self,
        *,
        read_data: bool = False,
        monitor: Monitor | None = None,
        cancel: Cancel | None = None,
        subset: ReadSubset | None = None,
        state_dir: Path | str | None = None,
    ) -> CheckReport:
        """Check the repository; see `checker.check`."""
        from app.repository import checker

        return checker.check(
            self,
            read_data=read_data,
            monitor=monitor or Monitor(),
            cancel=cancel or Cancel(),
            subset=subset,
            state_dir=state_dir,
        )

    def walk(self, snapshot: Snapshot, path: bytes = b"/") -> Iterator[FoundEntry]:
        """Yield the entries of a snapshot at and below a path; see `finder.walk`."""
        from app.repository import finder

        return finder.walk(self, snapshot, path)

    def ls(self, snapshot: Snapshot, path: bytes = b"/") -> tuple[FoundEntry, ...]:
        """Return the entries of one folder of a snapshot; see `finder.ls`."""
        from app.repository import finder

        return finder.ls(self, snapshot, path)

    def find(self, pattern: str, snapshots: Sequence[Snapshot] | None = None) -> Iterator[FoundEntry]:
        """Yield the entries whose name or path matches; see `finder.find`."""
        from app.repository import finder

        return finder.find(self, pattern, snapshots)

    def entry_at(self, snapshot: Snapshot, path: bytes) -> FoundEntry | None:
        """Return the entry of a snapshot at a path, None when there is none; see `finder.entry_at`."""
        from app.repository import finder

        return finder.entry_at(self, snapshot, path)

    def versions(self, path: bytes) -> tuple[FoundEntry, ...]:
        """Return the distinct versions of a path, newest first; see `finder.versions`."""
        from app.repository import finder

        return finder.versions(self, path)


def this_host() -> str:
    """Return this computer's name, as snapshots and locks carry it."""
    return os.uname().nodename


def this_user() -> str:
    """Return the name of the user we run as, a number when the system knows no name."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def new_key_file(master: MasterKey, password: Secret, now: datetime) -> KeyFile:
    """Make a key file for this computer and user."""
    return keys.make_key_file(master, password, hostname=this_host(), username=this_user(), now=now)
