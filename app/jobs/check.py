"""Checks the copies on one target."""

from __future__ import annotations

from app.jobs.conduct import Ending, conduct, failed
from app.jobs.errors import CheckFailed
from app.jobs.installation import Installation
from app.records.facts import Outcome, Problem, Run, RunId
from app.records.store import Records
from app.repository.model import Cancel, CheckReport, Monitor
from app.targets.place import open_target


def run_check(
    installation: Installation,
    records: Records,
    run_id: RunId,
    *,
    target: str,
    read_data: bool = True,
    monitor: Monitor,
    cancel: Cancel,
) -> Run:
    """Check a target and record what was found: GOOD without a problem, FAILED with every problem named.

    With `read_data` every byte is read and compared; without it only the structure is.
    """

    def work() -> Ending:
        place = installation.target(target)
        repository = open_target(installation.home, place)
        return _ending(place.id, repository.check(read_data=read_data, monitor=monitor, cancel=cancel))

    return conduct(installation, records, run_id, monitor, work)


def _ending(target: str, report: CheckReport) -> Ending:
    if report.sound:
        return Ending(Outcome.GOOD, files=report.packs, bytes_total=report.bytes_read)
    problems = tuple(Problem(problem.file, problem.reason) for problem in report.problems)
    return failed(CheckFailed(target=target, problems=len(problems)), problems)
