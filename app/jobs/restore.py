"""Gets files back, always to a place of their own, and journals who did what."""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.jobs.conduct import Ending, problems_of
from app.jobs.copies import Copy, newest_copy
from app.jobs.errors import RestoreIntoSource, UnknownDataSet
from app.jobs.installation import Installation
from app.jobs.unrecorded import UNRECORDED, Asked, conduct_anyhow
from app.policy.model import DataSetId
from app.records.errors import RecordsUnusable
from app.records.facts import Outcome, Problem, Run, RunId, RunKind
from app.records.store import Records
from app.repository.model import Cancel, Monitor, Overwrite, RestoreOptions, Snapshot
from app.targets.drives import connected_drives
from app.targets.place import connection

SKIPPED = "exists"
"""The reason of a file that was left alone because something stood in its place."""


def restore(
    installation: Installation,
    records: Records,
    *,
    data_set: str,
    paths: Sequence[Path] = (),
    to: Path,
    at: datetime | None = None,
    target: str | None = None,
    overwrite: Overwrite = "never",
    monitor: Monitor,
    cancel: Cancel,
) -> Run:
    """Restore a data set, or `paths` of it (absolute, as they were), below the folder `to`; records and journals it.

    Takes the newest good copy made at or before `at` on a connected target. Where nothing can be written down it is
    done all the same, unrecorded. Raises UnknownDataSet, UnknownTarget and RestoreIntoSource before anything is
    recorded; what goes wrong later is in the run (NoCopy, TargetNotThere …).
    """
    _require_known(installation, data_set)
    if target:
        installation.target(target)
    destination = to.expanduser().absolute()
    folders = installation.machine.folders(DataSetId(data_set))
    _refuse_source(installation, destination, folders.paths if folders else ())

    def work(run_id: RunId) -> Ending:
        copy = newest_copy(installation, records, data_set, at=at, target=target)
        _refuse_source(installation, destination, tuple(Path(os.fsdecode(path)) for path in copy.snapshot.paths))
        summary = copy.repository.restore(
            copy.snapshot,
            os.fsencode(destination),
            options=_options(copy.snapshot, paths, overwrite),
            monitor=monitor,
            cancel=cancel,
        )
        skipped = tuple(Problem(path.decode("utf-8", "backslashreplace"), SKIPPED) for path in summary.skipped)
        problems = (*problems_of(summary.problems), *skipped)
        if run_id != UNRECORDED:
            with contextlib.suppress(RecordsUnusable):  # what came back may have filled the disk
                _note(records, run_id, copy, paths, destination)
        return Ending(
            outcome=Outcome.INCOMPLETE if problems else Outcome.GOOD,
            snapshot=copy.snapshot.id,
            files=summary.files,
            bytes_total=summary.bytes_written,
            problems=problems,
        )

    return conduct_anyhow(installation, records, Asked(RunKind.RESTORE, data_set, target or ""), monitor, work)


def _options(snapshot: Snapshot, paths: Sequence[Path], overwrite: Overwrite) -> RestoreOptions:
    return RestoreOptions(
        paths=tuple(os.fsencode(path) for path in paths),
        overwrite=overwrite,
        strip=leading_folder(snapshot),
        verify=True,
    )


def leading_folder(snapshot: Snapshot) -> bytes:
    """Return the folder that everything in a copy lay in: left out of restored paths."""
    return os.path.commonpath([os.path.dirname(path) for path in snapshot.paths])  # noqa: PTH120  bytes


def _require_known(installation: Installation, data_set: str) -> None:
    # A computer that replaces a lost one has no folders for the set yet, and gets its files back all the same.
    if all(known.id != data_set for known in installation.policy.data_sets):
        raise UnknownDataSet(data_set=data_set)


def _refuse_source(installation: Installation, destination: Path, sources: tuple[Path, ...]) -> None:
    """Keep what comes back apart from the data itself and from the copies; `sources` are the folders that come back."""
    arriving = [destination.resolve()]
    if sources:
        leading = os.path.commonpath([path.parent for path in sources])
        arriving += [(destination / path.relative_to(leading)).resolve() for path in sources]
    for protected in _protected(installation):
        real = protected.resolve()
        inside = any(real == folder or real in folder.parents for folder in arriving)
        if inside or any(folder in real.parents for folder in arriving[1:]):
            raise RestoreIntoSource(to=str(destination), folder=str(protected))


def _protected(installation: Installation) -> tuple[Path, ...]:
    """Return the folders of the data and of the copies, those on disks that are plugged in among them."""
    machine = installation.machine
    data = tuple(path for folders in machine.data_sets for path in folders.paths)
    drives = connected_drives(machine)
    on_disks = (connection(place, drives).folder for place in machine.targets if place.removable)
    places = tuple(place.path for place in machine.targets if not place.removable)
    return (*data, *places, *(folder for folder in on_disks if folder is not None))


def _note(records: Records, run_id: RunId, copy: Copy, paths: Sequence[Path], destination: Path) -> None:
    body = {
        "run": run_id,
        "by": _user(),
        "target": copy.target.id,
        "snapshot": copy.snapshot.id,
        "paths": [os.fsencode(path).decode("utf-8", "backslashreplace") for path in paths],
        "to": os.fsencode(destination).decode("utf-8", "backslashreplace"),
    }
    records.note("restored", body, subject=str(run_id), data=(("target", copy.target.id),))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
