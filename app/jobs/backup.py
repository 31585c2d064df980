"""Backs up one data set to one target, and says honestly how that went."""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from app.assessment.school_year import school_year
from app.jobs.conduct import Ending, conduct, failed, problems_of
from app.jobs.copies import FULL_TAG, set_tag, snapshots_not_good
from app.jobs.errors import ReadBackFailed, SourceEmpty, SourceMissing
from app.jobs.installation import Installation
from app.jobs.lost_computer import take_off_lost_keys
from app.jobs.settings_beside import leave_settings_beside
from app.jobs.suspicion import look_for_attack
from app.policy.machine import DataSetFolders, Target
from app.records.facts import Outcome, Problem, Run, RunId, RunKind
from app.records.store import Records
from app.repository.errors import RepositoryDamaged
from app.repository.marking import Marks
from app.repository.model import BackupOptions, BackupSummary, Cancel, Monitor, PackId, Snapshot
from app.repository.read_subset import ReadSubset
from app.repository.repository import Repository
from app.targets.full_place import full_repositories, open_full
from app.targets.keys import KeyRing, settle_keys
from app.targets.place import open_target

SAME_ATTEMPT = timedelta(days=14)
"""So long after an attempt at a full back-up that was cut off, the next one goes on from it."""


@dataclass(frozen=True, slots=True)
class Source:
    """The folders of a data set that can be read now, and those that should be there and are not."""

    paths: tuple[Path, ...]
    problems: tuple[Problem, ...]

    @property
    def raw_paths(self) -> list[bytes]:
        return [os.fsencode(path) for path in self.paths]


def run_backup(
    installation: Installation,
    records: Records,
    run_id: RunId,
    *,
    data_set: str,
    target: str,
    full: bool = False,
    monitor: Monitor,
    cancel: Cancel,
) -> Run:
    """Back up a data set and record how it ended; never raises for a failed run: the outcome says it.

    GOOD only when every file was stored. `full` reads every file again, into a repository of the school year's own, and
    before the copy counts reads everything back from the medium.
    """

    def work() -> Ending:
        ready = prepare_backup(installation, records, run_id, data_set=data_set, target=target)
        main, place = ready.repository, ready.place
        repository = _repository_for_full(installation, records, place, main, data_set) if full else main
        force = full and not reread_already(repository, records, data_set, installation.clock.now())
        summary = repository.backup(
            ready.source.raw_paths,
            options=_options(ready.folders, place, full=full, force=force, resume=_was_cut_off(records, run_id)),
            monitor=monitor,
            cancel=cancel,
            state_dir=installation.home.engine_cache,
            clock=installation.clock,
        )
        ending = conclude_backup(installation, records, ready, summary)
        return _read_back(repository, place, summary.snapshot, ending, monitor, cancel) if full else ending

    return conduct(installation, records, run_id, monitor, work)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A back-up that can begin: its place is open, and its source was looked at."""

    run: RunId
    place: Target
    folders: DataSetFolders
    repository: Repository
    source: Source


def prepare_backup(
    installation: Installation, records: Records, run_id: RunId, *, data_set: str, target: str
) -> Prepared:
    """Open the place and look at the source; raises what is wrong with either."""
    place = installation.target(target)
    folders = installation.folders(data_set)
    main = open_target(installation.home, place, remember=True)
    # A disk that was in the safe when the recovery sheet was renewed learns of it here.
    ring, known = KeyRing.load(installation.home), (main, *full_repositories(installation.home, place))
    for repository in known:
        settle_keys(repository, ring)
    take_off_lost_keys(records, place.id, known, ring)
    source = examine_source(folders, _previous_good(main, records, data_set), main)
    return Prepared(run_id, place, folders, main, source)


def conclude_backup(installation: Installation, records: Records, ready: Prepared, summary: BackupSummary) -> Ending:
    """Look at what a copy shows, and return how its run ended."""
    data_set, target = ready.folders.data_set, ready.place.id
    look_for_attack(installation, records, ready.run, data_set=data_set, target=target, summary=summary)
    leave_settings_beside(installation, ready.place, ready.repository)
    return _ending(summary, ready.source.problems)


def examine_source(folders: DataSetFolders, previous: Snapshot | None, repository: Repository) -> Source:
    """Look whether the folders are there and hold what they held: an unmounted disk leaves an empty folder behind.

    Raises SourceMissing when none is there, SourceEmpty when all are empty. One that is missing, or empty while the
    last good copy has files in it, is a problem: the run can then be incomplete at best.
    """
    missing = [path for path in folders.paths if not path.exists()]
    present = tuple(path for path in folders.paths if path not in missing)
    if not present:
        raise SourceMissing(data_set=folders.data_set, folders=_names(folders.paths))
    empty = [path for path in present if _is_empty(path)]
    if len(empty) == len(present):
        raise SourceEmpty(data_set=folders.data_set, folders=_names(present))
    emptied = [path for path in empty if previous is not None and _held_files(repository, previous, path)]
    return Source(
        # A link itself would be copied as a link, and nothing behind it.
        paths=tuple(path.resolve() if path.is_symlink() else path for path in present),
        problems=(
            *(Problem(_name(path), SourceMissing.code) for path in missing),
            *(Problem(_name(path), SourceEmpty.code) for path in emptied),
        ),
    )


def _is_empty(path: Path) -> bool:
    if not path.is_dir():
        return False
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except OSError:
        return False  # not readable is another problem than empty; the engine names it


def _held_files(repository: Repository, snapshot: Snapshot, path: Path) -> bool:
    return any(entry.path != os.fsencode(path) for entry in repository.walk(snapshot, os.fsencode(path)))


def _previous_good(repository: Repository, records: Records, data_set: str) -> Snapshot | None:
    """Return the last copy that was whole: compared with one of an emptied folder, nothing would seem missing."""
    not_good = snapshots_not_good(records, data_set)
    tag = set_tag(data_set)
    good = [copy for copy in repository.snapshots() if tag in copy.tags and copy.id not in not_good]
    return good[-1] if good else None


def _repository_for_full(
    installation: Installation, records: Records, place: Target, main: Repository, data_set: str
) -> Repository:
    """Return the repository of this school year's full back-ups on a place."""
    organisation, now = installation.policy.organisation, installation.clock.now()
    newest = next(iter(_good_runs(records, data_set)), None)
    return open_full(
        installation.home,
        place,
        main,
        school_year(organisation.school_year_starts, now, installation.timezone).year,
        organisation=organisation.name,
        clock=installation.clock,
        need_bytes=newest.bytes_total if newest else 0,
    )


def _good_runs(records: Records, data_set: str) -> list[Run]:
    runs = records.runs(limit=10, data_set=data_set, kind=RunKind.BACKUP)
    return [run for run in runs if run.outcome is Outcome.GOOD]


def reread_already(repository: Repository, records: Records, data_set: str, now: datetime) -> bool:
    """Tell whether an earlier attempt at this full back-up has read everything again, but did not end well.

    It was cut off while it read back, or missed files: then only what changed since, and what was missed, is read. A
    copy that did not read back well is no such attempt: its medium lost something, and everything is read again.
    """
    tags = {set_tag(data_set), FULL_TAG}
    earlier = [
        copy
        for copy in repository.snapshots()
        if tags <= set(copy.tags) and timedelta(0) <= now - copy.time <= SAME_ATTEMPT
    ]
    ended = {run.snapshot: run for run in records.runs(limit=50, data_set=data_set, kind=RunKind.FULL) if run.snapshot}
    outcomes = [ended[copy.id].outcome if copy.id in ended else Outcome.INTERRUPTED for copy in earlier]
    return bool(outcomes) and set(outcomes) <= {Outcome.INTERRUPTED, Outcome.INCOMPLETE, Outcome.CANCELLED}


def backup_options(folders: DataSetFolders, *, verify: bool) -> BackupOptions:
    """Return how a set's daily copy is made; `verify` looks a second time at every pack before it is written."""
    return BackupOptions(tags=(set_tag(folders.data_set),), exclude=folders.exclude, verify_sealed=verify)


def _was_cut_off(records: Records, run_id: RunId) -> bool:
    """Tell whether the attempt before this run did not come to its end, and not long ago: it is gone on with."""
    run = records.run(run_id)
    earlier = records.runs(limit=5, data_set=run.data_set, target=run.target, kind=run.kind)
    before = next((known for known in earlier if known.id != run_id), None)
    if before is None or before.outcome not in (Outcome.INTERRUPTED, Outcome.CANCELLED):
        return False
    return timedelta(0) <= run.started - before.started <= SAME_ATTEMPT


def _options(folders: DataSetFolders, place: Target, *, full: bool, force: bool, resume: bool) -> BackupOptions:
    tags = (set_tag(folders.data_set), FULL_TAG) if full else (set_tag(folders.data_set),)
    # A stick that lies about what it wrote is common enough to pay for a second look at every pack.
    return BackupOptions(tags=tags, exclude=folders.exclude, force=force, resume=resume, verify_sealed=place.removable)


def _ending(summary: BackupSummary, source_problems: tuple[Problem, ...]) -> Ending:
    problems = (*source_problems, *problems_of(summary.problems))
    return Ending(
        outcome=Outcome.INCOMPLETE if problems else Outcome.GOOD,
        snapshot=summary.snapshot.id,
        files=summary.files,
        files_new_or_changed=summary.files_new_or_changed,
        bytes_total=summary.bytes_total,
        bytes_added=summary.bytes_added,
        problems=problems,
        unnamed_problems=summary.problems_count - len(summary.problems),
    )


def _read_back(
    repository: Repository, place: Target, snapshot: Snapshot, ending: Ending, monitor: Monitor, cancel: Cancel
) -> Ending:
    """Read every pack back that the new snapshot needs, whichever run wrote it."""
    try:
        subset = PacksOf(packs=_packs_of(repository, snapshot, monitor, cancel))
        report = repository.check(read_data=True, subset=subset, monitor=monitor, cancel=cancel)
        problems = tuple(Problem(problem.file, problem.reason) for problem in report.problems)
    except RepositoryDamaged as exc:
        problems = (Problem(str(exc.data.get("file", "")), str(exc.data.get("reason", ""))),)
    if not problems:
        return ending
    return replace(failed(ReadBackFailed(target=place.id, problems=len(problems)), problems), snapshot=snapshot.id)


@dataclass(frozen=True, slots=True)
class PacksOf(ReadSubset):
    """Just these packs."""

    packs: frozenset[PackId] = frozenset()

    def choose(self, sizes: Mapping[PackId, int], chance: random.Random) -> Collection[PackId]:  # noqa: ARG002
        return self.packs & sizes.keys()


def _packs_of(repository: Repository, snapshot: Snapshot, monitor: Monitor, cancel: Cancel) -> frozenset[PackId]:
    marks = Marks(repository, repository.index)
    marks.mark_below([snapshot.tree], monitor=monitor, cancel=cancel)
    return frozenset(place.pack for _, place in marks.places())


def _names(paths: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(_name(path) for path in paths)


def _name(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
