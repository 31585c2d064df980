"""Proves that copies can be read: restores a sample, compares it, measures the time."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.jobs.conduct import Ending, conduct, failed, problems_of
from app.jobs.copies import Copy, copies
from app.jobs.errors import NoCopy, NothingToTest, NotIdentical
from app.jobs.installation import Installation
from app.jobs.restore import leading_folder
from app.jobs.samples import NEWEST, OLDEST, make_sample_folder
from app.policy.model import DataSetId
from app.policy.tiers import tier
from app.records.facts import Outcome, Problem, RestoreTest, RunId
from app.records.store import Records
from app.repository.model import Cancel, FoundEntry, Monitor, Node, NodeType, RestoreOptions

_OLDEST_FILES = 3
"""How many files of the oldest generation a sample takes."""
DIFFERS = "differs-from-source"


@dataclass(slots=True)
class _Sampled:
    """What one walk through a copy keeps: some files at random, the largest, and the totals to extrapolate from."""

    wanted: int
    limit_bytes: int
    dice: random.Random = field(default_factory=random.SystemRandom)
    chosen: list[FoundEntry] = field(default_factory=list)
    largest: FoundEntry | None = None
    files: int = 0
    bytes: int = 0

    def take(self, entries: Iterable[FoundEntry]) -> None:
        """Choose evenly from entries of unknown number (reservoir sampling)."""
        for entry in entries:
            if entry.node.type is not NodeType.FILE:
                continue
            self.files += 1
            self.bytes += entry.node.size
            if entry.node.size > self.limit_bytes:
                continue  # it would not fit beside the person's own files
            if self.largest is None or entry.node.size > self.largest.node.size:
                self.largest = entry
            if len(self.chosen) < self.wanted:
                self.chosen.append(entry)
            elif (place := self.dice.randrange(self.files)) < self.wanted:
                self.chosen[place] = entry

    def sample(self, *, with_largest: bool) -> tuple[FoundEntry, ...]:
        """Return the chosen files without doubles, as far as they fit the limit together."""
        first = [self.largest] if with_largest and self.largest is not None else []
        kept: dict[bytes, FoundEntry] = {}
        total = 0
        for entry in (*first, *self.chosen):
            if entry.path not in kept and total + entry.node.size <= self.limit_bytes:
                kept[entry.path] = entry
                total += entry.node.size
        return tuple(kept.values())


@dataclass(frozen=True, slots=True)
class _Measured:
    """What came of restoring one sample."""

    files: int
    bytes: int
    duration_s: float
    problems: tuple[Problem, ...]


def run_restore_test(
    installation: Installation,
    records: Records,
    run_id: RunId,
    *,
    data_set: str,
    target: str,
    monitor: Monitor,
    cancel: Cancel,
) -> RestoreTest:
    """Restore random files, the largest and some of the oldest copy to `samples.sample_folder`, and compare them.

    Every file is compared with the hashes in the repository, and with the source where that has not changed since.
    With an empty `target` the place with the newest good copy is tested. The test is recorded; where it could not be
    done at all (no copy, disk gone, cancelled), only the run is, and what is returned says `identical` False with 0
    files.
    """
    done: list[RestoreTest] = []

    def work() -> Ending:
        found = [copy for copy in copies(installation, records, data_set, target=target or None) if copy.good]
        if not found:
            raise NoCopy(data_set=data_set, target=target, at="")
        newest = found[0]
        oldest = [copy for copy in found if copy.target == newest.target][-1]
        test, problems = _test(installation, run_id, data_set, newest, oldest, monitor, cancel)
        records.record_restore_test(test)
        done.append(test)
        ending = Ending(Outcome.GOOD, snapshot=test.snapshot, files=test.files, bytes_total=test.bytes)
        error = NotIdentical(data_set=data_set, target=test.target, files=len(problems))
        return ending if test.identical else failed(error, problems)

    run = conduct(installation, records, run_id, monitor, work)
    return done[0] if done else _not_done(installation, run_id, data_set, target, run.duration_s)


def _test(
    installation: Installation,
    run_id: RunId,
    data_set: str,
    newest: Copy,
    oldest: Copy,
    monitor: Monitor,
    cancel: Cancel,
) -> tuple[RestoreTest, tuple[Problem, ...]]:
    folder = make_sample_folder(installation.home, run_id)
    limit = shutil.disk_usage(folder).free // 4
    whole = _Sampled(installation.policy.restore_tests.sample_files, limit)
    whole.take(newest.repository.walk(newest.snapshot))
    sample = whole.sample(with_largest=True)
    if not sample:
        raise NothingToTest(data_set=data_set, target=newest.target.id)
    measured = _restore(installation, newest, sample, folder / NEWEST, monitor, cancel)
    problems = measured.problems + _compare_with_source(sample, folder / NEWEST, leading_folder(newest.snapshot))
    files, size = measured.files, measured.bytes
    if oldest.snapshot.id != newest.snapshot.id:
        first = _Sampled(_OLDEST_FILES, limit)
        first.take(oldest.repository.walk(oldest.snapshot))
        of_oldest = _restore(installation, oldest, first.sample(with_largest=False), folder / OLDEST, monitor, cancel)
        problems += of_oldest.problems
        files, size = files + of_oldest.files, size + of_oldest.bytes
    estimate_s = _estimate(measured, whole)
    test = RestoreTest(
        run=run_id,
        data_set=data_set,
        target=newest.target.id,
        snapshot=newest.snapshot.id,
        at=installation.clock.now(),
        files=files,
        bytes=size,
        identical=not problems,
        duration_s=measured.duration_s,
        full_restore_estimate_s=estimate_s,
        rto_met=estimate_s <= _rto_s(installation, data_set),
    )
    return test, problems


def _restore(
    installation: Installation,
    copy: Copy,
    sample: Sequence[FoundEntry],
    to: Path,
    monitor: Monitor,
    cancel: Cancel,
) -> _Measured:
    if not sample:
        return _Measured(0, 0, 0.0, ())
    to.mkdir(mode=0o700)
    strip = leading_folder(copy.snapshot)
    began = installation.clock.monotonic()
    summary = copy.repository.restore(
        copy.snapshot,
        os.fsencode(to),
        options=RestoreOptions(paths=tuple(entry.path for entry in sample), strip=strip, verify=True),
        monitor=monitor,
        cancel=cancel,
    )
    duration_s = installation.clock.monotonic() - began
    named = {problem.path for problem in summary.problems}
    missing = tuple(
        Problem(entry.path.decode("utf-8", "backslashreplace"), "missing")
        for entry in sample
        if entry.path not in named and not _restored(to, strip, entry.path).is_file()
    )
    return _Measured(len(sample), summary.bytes_written, duration_s, problems_of(summary.problems) + missing)


def _compare_with_source(sample: Sequence[FoundEntry], to: Path, strip: bytes) -> tuple[Problem, ...]:
    """Compare restored files with their source, where its times and size say it is what was backed up."""
    problems = []
    for entry in sample:
        source = Path(os.fsdecode(entry.path))
        restored = _restored(to, strip, entry.path)
        if not _unchanged(source, entry.node) or not restored.is_file():
            continue
        try:
            same = _sha256(source) == _sha256(restored)
        except OSError:
            continue  # the source cannot be read now; that is the next back-up's to tell
        if not same and _unchanged(source, entry.node):
            problems.append(Problem(entry.path.decode("utf-8", "backslashreplace"), DIFFERS))
    return tuple(problems)


def _unchanged(source: Path, node: Node) -> bool:
    try:
        now = source.lstat()
    except OSError:
        return False
    return (
        stat.S_ISREG(now.st_mode)
        and now.st_size == node.size
        and now.st_mtime_ns == node.mtime_ns
        and now.st_ctime_ns == node.ctime_ns
    )


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _restored(to: Path, strip: bytes, path: bytes) -> Path:
    return to / os.fsdecode(path.removeprefix(strip).lstrip(b"/"))


def _estimate(measured: _Measured, whole: _Sampled) -> float:
    """Extrapolate the time of restoring everything, by bytes or by files: whichever takes longer."""
    by_files = whole.files / max(1, measured.files)
    by_bytes = whole.bytes / max(1, measured.bytes) if measured.bytes else 1.0
    return measured.duration_s * max(1.0, by_files, by_bytes)


def _rto_s(installation: Installation, data_set: str) -> float:
    wanted = tier(installation.policy.data_set(DataSetId(data_set)).classification)
    return installation.policy.tiers[wanted].rto.total_seconds()


def _not_done(installation: Installation, run_id: RunId, data_set: str, target: str, duration_s: float) -> RestoreTest:
    return RestoreTest(
        run=run_id,
        data_set=data_set,
        target=target,
        snapshot="",
        at=installation.clock.now(),
        files=0,
        bytes=0,
        identical=False,
        duration_s=duration_s,
        full_restore_estimate_s=0.0,
        rto_met=False,
    )
