"""A source that changes and repositories to keep it in, with restic as the witness."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.repository import archiver, copier, pruner, repacking, storing
from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.keys import make_key_file
from app.repository.model import RestoreOptions, Snapshot
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.restic import Restic

PASSWORD = "correct horse"
SMALL_PACK = 64 << 10


def raw(path: Path) -> bytes:
    return os.fsencode(path)


@dataclass(frozen=True, slots=True)
class Kept:
    """A repository in a folder, its master key, and restic on it."""

    folder: Path
    master: MasterKey
    restic: Restic

    @classmethod
    def make(cls, folder: Path, *, seen_at: Path | None = None, master: MasterKey | None = None) -> Kept:
        """Make a repository; restic looks at it in `seen_at`, should that be a better place to look at it."""
        master = master or MasterKey.generate()
        # The cheapest key that is one: restic derives it at every command.
        key = make_key_file(
            master, Secret(PASSWORD), hostname="h", username="u", now=datetime(2026, 5, 4, tzinfo=UTC), n=1 << 10, p=1
        )
        Repository.init(LocalBackend(folder), master, [key])
        password_folder = (seen_at or folder).parent
        return cls(folder, master, Restic.at(seen_at or folder, PASSWORD, folder=password_folder))

    def open(self) -> Repository:
        return Repository.open(LocalBackend(self.folder), master=self.master)

    def ids(self) -> set[str]:
        return {snapshot.id for snapshot in self.open().snapshots()}

    def assert_sound(self) -> None:
        """Have restic check every byte, after it has taken away the locks of the dead."""
        if self.open().lock_names():
            self.restic.run("unlock")
        self.restic.check(read_data=True)

    def assert_sound_by_ourselves(self) -> None:
        report = self.open().check(read_data=True)
        assert report.sound, report.problems

    def restored(self, snapshot: Snapshot, to: Path) -> Path:
        """Restore a snapshot and return where its one path is now."""
        summary = self.open().restore(snapshot, raw(to), options=RestoreOptions())
        assert summary.complete, summary.problems
        return Path(os.fsdecode(raw(to) + snapshot.paths[0]))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_noise(folder: Path, names: Iterable[str], size: int, noise: random.Random) -> None:
    """Write files that no compression makes smaller."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise.randbytes(size))


def use_small_packs(size: int = SMALL_PACK, checkpoint_s: float = 0.02) -> None:
    """Have many packs and index files from little data: in a process of one's own, for it is not undone."""
    for module in (storing, repacking, pruner):
        vars(module)["PACK_BYTES"] = size
    archiver.CHECKPOINT_EVERY_S = checkpoint_s
    copier._CHECKPOINT_EVERY_S = checkpoint_s
