"""Lets go of old versions on one target: what the policy's retention does not keep, and then its room.

What stays whatever the retention says: the newest version that is good by the records, everything that a hold protects,
the yearly full back-ups, and snapshots that are not of a data set. Under a hold on everything, or while a suspicion of
ransomware is not judged, nothing is touched at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from app.assessment.holds import held_sets, held_whole
from app.jobs.conduct import Ending, conduct
from app.jobs.copies import CONTINUOUS_TAG, FULL_TAG, SET_TAG, set_tag, snapshots_not_good
from app.jobs.errors import KeepingEverything
from app.jobs.installation import Installation
from app.policy.model import Retention
from app.records.facts import Outcome, Problem, Run, RunId
from app.records.store import Records
from app.repository.forgetter import forget
from app.repository.model import Cancel, Monitor, Snapshot, SnapshotId
from app.repository.pruner import PruneReport, prune
from app.repository.retention import GroupBy, KeepPolicy, decide
from app.targets.place import open_target

NO_ROOM = "no-room"
_BY_SET = frozenset({GroupBy.TAGS})


def run_prune(
    installation: Installation, records: Records, run_id: RunId, *, target: str, monitor: Monitor, cancel: Cancel
) -> Run:
    """Clear a target and record how that ended: `files` counts the versions let go of, `bytes_total` the room won.

    Never waits: another process at work on the target ends the run as FAILED ("repository-locked").
    """

    def work() -> Ending:
        place = installation.target(target)
        facts, clock = records.facts(), installation.clock
        if held_whole(facts, place.id):
            raise KeepingEverything(target=place.id)
        repository = open_target(installation.home, place)
        held = {set_tag(data_set) for data_set in held_sets(facts, place.id)}
        snapshots = repository.snapshots()
        keep = keep_policy(installation.policy.retention)
        report = forget(
            repository,
            keep,
            group_by=_BY_SET,
            only=lambda snapshot: is_version(snapshot) and held.isdisjoint(snapshot.tags),
            hold=always_kept(snapshots, _not_good(records, snapshots), keep, clock.now()),
            clock=clock,
        )
        return _ending(len(report.removed), prune(repository, monitor=monitor, cancel=cancel, clock=clock))

    return conduct(installation, records, run_id, monitor, work)


def keep_policy(retention: Retention) -> KeepPolicy:
    """Return the policy's retention in the engine's words."""
    return KeepPolicy(
        last=retention.keep_last,
        daily=retention.keep_daily,
        weekly=retention.keep_weekly,
        monthly=retention.keep_monthly,
        yearly=retention.keep_yearly,
    )


def is_version(snapshot: Snapshot) -> bool:
    """Tell whether a snapshot is a daily or weekly version of a data set: no yearly full, nor a continuous copy."""
    return any(tag.startswith(SET_TAG) for tag in snapshot.tags) and not {FULL_TAG, CONTINUOUS_TAG} & set(snapshot.tags)


def always_kept(
    snapshots: Iterable[Snapshot], not_good: Collection[str], keep: KeepPolicy, now: datetime
) -> frozenset[SnapshotId]:
    """Return what the retention keeps of the good versions alone.

    Versions that missed files may be newer, but take no good one's place. And a version that a wrong clock dated in the
    future takes no real one's place either.
    """
    good = [snapshot for snapshot in snapshots if is_version(snapshot) and snapshot.id not in not_good]
    past = [snapshot for snapshot in good if snapshot.time <= now]
    decisions = (*decide(good, keep, now=now, group_by=_BY_SET), *decide(past, keep, now=now, group_by=_BY_SET))
    return frozenset(decision.snapshot.id for decision in decisions if decision.keep)


def _not_good(records: Records, snapshots: Iterable[Snapshot]) -> frozenset[str]:
    sets = {tag.removeprefix(SET_TAG) for each in snapshots for tag in each.tags if tag.startswith(SET_TAG)}
    return frozenset().union(*(snapshots_not_good(records, data_set) for data_set in sets))


def _ending(forgotten: int, report: PruneReport) -> Ending:
    problems = tuple(Problem(problem.file, problem.reason) for problem in report.problems)
    if report.stopped_for_space:
        problems = (*problems, Problem("", NO_ROOM))
    return Ending(
        Outcome.INCOMPLETE if problems else Outcome.GOOD,
        files=forgotten,
        bytes_total=report.bytes_freed,
        problems=problems,
    )
