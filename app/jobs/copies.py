"""The copies of data sets as their snapshots tell: tags say which set, the records say which ended well."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.errors import VangnetError
from app.jobs.errors import NoCopy
from app.jobs.installation import Installation
from app.policy.machine import Target
from app.records.facts import Outcome, RunKind
from app.records.store import Records
from app.repository.model import Snapshot
from app.repository.repository import Repository
from app.targets.full_place import full_repositories
from app.targets.place import open_target

FULL_TAG = "full"
SET_TAG = "set:"
CONTINUOUS_TAG = "continuous"
"""Of the many small copies that keep up with changes; they are thinned soon."""
_RUNS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Copy:
    """A snapshot of a data set on a target that is open now. `good`: the records do not say it missed files."""

    target: Target
    repository: Repository
    snapshot: Snapshot
    good: bool


def set_tag(data_set: str) -> str:
    """Return the tag that every snapshot of a data set carries."""
    return f"{SET_TAG}{data_set}"


def open_connected(installation: Installation, only: str | None = None) -> Iterator[tuple[Target, Repository]]:
    """Yield the targets that are here and open, in the machine file's order; the others are passed over.

    After a target's own repository come those of the yearly full back-ups that lie beside it.

    Named by `only`, a target that cannot be opened raises its error (TargetNotThere, WrongDisk, WrongKey …).
    """
    if only:
        target = installation.target(only)
        yield target, open_target(installation.home, target)
        yield from ((target, full) for full in full_repositories(installation.home, target))
        return
    for target in installation.machine.targets:
        repository = None
        with contextlib.suppress(VangnetError, OSError):
            repository = open_target(installation.home, target)
        if repository is not None:
            yield target, repository
            yield from ((target, full) for full in full_repositories(installation.home, target))


def copies(
    installation: Installation, records: Records, data_set: str, *, target: str | None = None
) -> tuple[Copy, ...]:
    """Return the copies of a data set on connected targets, newest first."""
    unwell = snapshots_not_good(records, data_set)
    found = [
        Copy(place, repository, snapshot, snapshot.id not in unwell)
        for place, repository in open_connected(installation, target)
        for snapshot in repository.snapshots()
        if set_tag(data_set) in snapshot.tags
    ]
    return tuple(sorted(found, key=lambda copy: copy.snapshot.time, reverse=True))


def newest_copy(
    installation: Installation,
    records: Records,
    data_set: str,
    *,
    at: datetime | None = None,
    target: str | None = None,
) -> Copy:
    """Return the newest good copy made at or before `at`; one that missed files only where no good one is.

    Raises NoCopy when no connected target has any.
    """
    candidates = [
        copy
        for copy in copies(installation, records, data_set, target=target)
        if at is None or copy.snapshot.time <= at
    ]
    if not candidates:
        raise NoCopy(data_set=data_set, target=target or "", at=at.isoformat() if at else "")
    return next((copy for copy in candidates if copy.good), candidates[0])


def snapshots_not_good(records: Records, data_set: str) -> frozenset[str]:
    """Return the ids of the snapshots that the records know to have missed files, or not to have been read back."""
    return frozenset(
        run.snapshot
        for kind in (RunKind.BACKUP, RunKind.FULL)
        for run in records.runs(limit=_RUNS_LOOKED_AT, data_set=data_set, kind=kind)
        if run.snapshot and run.outcome is not Outcome.GOOD
    )
