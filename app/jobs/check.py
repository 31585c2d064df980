"""Checks the copies on one target."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.assessment.checks import PARTS, STRUCTURE, parts_of
from app.jobs.conduct import Ending, conduct, failed
from app.jobs.errors import CheckFailed
from app.jobs.installation import Installation
from app.jobs.unrecorded import Asked, conduct_anyhow
from app.records.facts import Outcome, Problem, Run, RunId, RunKind
from app.records.store import Records
from app.repository.model import Cancel, CheckReport, Monitor, PackId
from app.repository.read_subset import ReadSubset
from app.targets.place import open_target


@dataclass(frozen=True, slots=True)
class Parts(ReadSubset):
    """Several of the thirteen parts into which the packs of a place are dealt."""

    numbers: frozenset[int] = frozenset()

    def choose(self, sizes: Mapping[PackId, int], chance: random.Random) -> Collection[PackId]:
        """Return the packs of these parts; which part a pack is in never changes."""
        each = (ReadSubset(part=number, parts=PARTS).choose(sizes, chance) for number in self.numbers)
        return frozenset(pack for packs in each for pack in packs)


def run_check(
    installation: Installation,
    records: Records,
    run_id: RunId,
    *,
    target: str,
    part: str = "",
    monitor: Monitor,
    cancel: Cancel,
) -> Run:
    """Check a target and record what was found: GOOD without a problem, FAILED with every problem named.

    The structure is always checked whole; `part` says of which packs every byte is read (`Run.part`): all of them,
    some, or none ("structure").
    """

    return conduct(installation, records, run_id, monitor, lambda: _check(installation, target, part, monitor, cancel))


def check_now(
    installation: Installation, records: Records, *, target: str, part: str = "", monitor: Monitor, cancel: Cancel
) -> Run:
    """Check a target in this process as `run_check` does; where that cannot be recorded, it is checked all the same."""
    return conduct_anyhow(
        installation, records, Asked(RunKind.CHECK, "", target, part), monitor,
        lambda _run_id: _check(installation, target, part, monitor, cancel),
    )  # fmt: skip


def _check(installation: Installation, target: str, part: str, monitor: Monitor, cancel: Cancel) -> Ending:
    place = installation.target(target)
    repository = open_target(installation.home, place)
    subset = Parts(numbers=parts_of(part)) if part else None
    report = repository.check(
        read_data=part != STRUCTURE,
        subset=subset,
        monitor=monitor,
        cancel=cancel,
        state_dir=installation.home.engine_cache,
    )
    return _ending(place.id, report)


def _ending(target: str, report: CheckReport) -> Ending:
    if report.sound:
        return Ending(Outcome.GOOD, files=report.packs_read, bytes_total=report.bytes_read)
    problems = tuple(Problem(problem.file, problem.reason) for problem in report.problems)
    return failed(CheckFailed(target=target, problems=len(problems)), problems)
