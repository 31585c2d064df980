"""The earlier back-up that a new one is compared with, and what this computer has noted of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.repository.errors import RepositoryDamaged
from app.repository.exclusion import exclusion_key
from app.repository.model import BackupOptions, Snapshot
from app.repository.repository import Repository
from app.repository.snapshots import readable_path
from app.repository.state import SourceState, load_state, save_state, state_path
from app.repository.unfinished import Unfinished, forget_unfinished, load_unfinished, save_unfinished


@dataclass(slots=True)
class Earlier:
    """What is known of an earlier back-up of the same paths."""

    parent: Snapshot | None
    state: SourceState
    state_file: Path | None
    unfinished: Unfinished = field(default_factory=Unfinished)

    def save(self, seen: SourceState) -> None:
        """Keep what this run has seen for the next one; a state that cannot be kept costs only time."""
        if self.state_file is not None:
            with contextlib.suppress(OSError):
                save_state(self.state_file, seen)
            forget_unfinished(self._note)

    def note(self, so_far: Unfinished) -> None:
        """Keep what this run has read, should it not come to its end."""
        if self.state_file is not None:
            save_unfinished(self._note, so_far)

    def with_note(self) -> Earlier:
        """Return this with what an interrupted run has left."""
        return self if self.state_file is None else replace(self, unfinished=load_unfinished(self._note))

    @property
    def _note(self) -> Path:
        assert self.state_file is not None
        return self.state_file.with_suffix(".unfinished")


def find_earlier(
    repository: Repository, paths: tuple[bytes, ...], options: BackupOptions, state_dir: Path | str | None
) -> Earlier:
    """Find the snapshot and state to compare with; the state counts while its snapshot and index are still there."""
    state_file = None
    if state_dir is not None:
        ids = [store.id for store in repository.stores]
        state_file = state_path(state_dir, ids, options.hostname, paths, exclusion_key(options))
    if options.force:
        forced = Earlier(None, SourceState(), state_file)
        return forced.with_note() if options.resume else forced
    wanted = None if options.parent is None else repository.snapshot(options.parent)
    try:
        if state_file is not None:
            state = load_state(state_file)
            known = _snapshot_of(repository, state, wanted)
            if known is not None:
                # Without the index files it knew, a prune or a repair has been at work: the trees say what is left.
                trusted = state if state.indexes <= repository.index_names() else SourceState()
                return Earlier(known, trusted, state_file).with_note()
        parent = wanted or _newest_alike(repository, paths, options.hostname)
    except RepositoryDamaged:
        parent = None  # a snapshot that cannot be read is a matter for a check; here it costs only time
    return Earlier(parent, SourceState(), state_file).with_note()


def _snapshot_of(repository: Repository, state: SourceState, wanted: Snapshot | None) -> Snapshot | None:
    """Return the snapshot that a state is of, when it is still listed and none other is to be compared with."""
    if state.snapshot is None or (wanted is not None and wanted.id != state.snapshot):
        return None
    return repository.snapshot(state.snapshot) if repository.has_snapshot(state.snapshot) else None


def _newest_alike(repository: Repository, paths: tuple[bytes, ...], hostname: str) -> Snapshot | None:
    """Return the newest snapshot of the same paths on the same computer."""
    readable = {readable_path(path) for path in paths}
    alike = [
        snapshot
        for snapshot in repository.snapshots()
        if snapshot.hostname == hostname and {readable_path(path) for path in snapshot.paths} == readable
    ]
    return alike[-1] if alike else None
