"""What the agent starts by itself, and what a request leads to: pure functions from the assessment to jobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.assessment.model import Assessment, Obligation, ObligationKind
from app.assessment.schedule import due_now
from app.assessment.timing import ended_by
from app.errors import ExitCode, VangnetError
from app.jobs.conduct import STOPPED_FOR_POWER
from app.jobs.errors import UnknownDataSet, UnknownTarget
from app.policy.machine import Machine
from app.policy.model import DataSetId, Policy
from app.records.facts import Outcome, Request, RequestKind, Run, RunKind

_KINDS = {
    ObligationKind.BACKUP: RunKind.BACKUP,
    ObligationKind.YEARLY_FULL: RunKind.FULL,
    ObligationKind.CHECK: RunKind.CHECK,
    ObligationKind.PRUNE: RunKind.PRUNE,
    ObligationKind.RESTORE_TEST: RunKind.RESTORE_TEST,
}


IN_USE = "repository-locked"
"""The error code of a run that found another process at work on its target: that is over soon."""
HEAVY_REST = timedelta(days=1)
"""How long a full copy, check or test that did not succeed is left alone: each costs hours of reading."""


class NothingConnected(VangnetError):
    """None of the places that the request concerns is there now (`data_set`)."""

    code = "target-not-there"
    exit_code = ExitCode.NOT_THERE


@dataclass(frozen=True, slots=True)
class Job:
    """A run to be started. `data_set` is empty where a whole target is concerned."""

    kind: RunKind
    data_set: str
    target: str
    part: str = ""
    """Of a check: which parts of the packs it reads (`Run.part`)."""

    @property
    def same(self) -> Job:
        """Return what it is about, whatever part: two of these never run at once."""
        return replace(self, part="")

    @property
    def lasts(self) -> bool:
        """Tell whether it goes on for as long as the agent does, beside all that comes and goes."""
        return self.kind is RunKind.SYNC


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is known of earlier attempts at a job when it is decided whether to wait.

    `runs` are its newest runs, newest first; `connected_since` is since when its target is there.
    """

    runs: tuple[Run, ...]
    connected_since: datetime | None
    agent_started: datetime


def due_jobs(
    assessment: Assessment, connected: Collection[str], attempts: Callable[[Job], Attempts] | None
) -> tuple[Job, ...]:
    """Return what the machine may start now on the targets that are here, the most urgent first.

    Without `attempts` no earlier failure makes a job wait (somebody is asking for it now).
    """
    released = replace(
        assessment, obligations=tuple(_released(o, attempts, assessment.at) for o in assessment.obligations)
    )
    jobs = (_job(obligation) for obligation in due_now(released, connected=connected))
    return tuple(
        dict.fromkeys(
            job for job in jobs if job is not None and (attempts is None or not _rests(job, attempts, assessment.at))
        )
    )


def next_stage(due: Sequence[Job], busy: Iterable[Job]) -> tuple[Job, ...]:
    """Return what of the due work may begin, with this work under way: no stampede after a week of being off.

    All copies first, the runner takes a few of them at a time. What reads everything again comes after them, one piece
    at a time: a full back-up, a check, a restore test, the clearing of old versions.
    """
    copies = tuple(job for job in due if job.kind is RunKind.BACKUP)
    if copies or any(not job.lasts for job in busy):
        return copies
    return tuple(due[:1])


def _rests(job: Job, attempts: Callable[[Job], Attempts], now: datetime) -> bool:
    """Tell whether a job that reads everything again has done so, without success, less than a day ago."""
    if job.kind is RunKind.BACKUP:
        return False
    earlier = attempts(job)
    if not earlier.runs or earlier.runs[0].outcome is Outcome.GOOD or _worth_another_try(earlier, now):
        return False
    last = earlier.runs[0]
    return last.error_code != IN_USE and timedelta(0) <= now - (last.finished or last.started) < HEAVY_REST


def _released(obligation: Obligation, attempts: Callable[[Job], Attempts] | None, now: datetime) -> Obligation:
    """Lift the wait after a failure where waiting makes no sense any more."""
    job = _job(obligation)
    if obligation.not_before is None or job is None:
        return obligation
    if attempts is None or _worth_another_try(attempts(job), now):
        return replace(obligation, not_before=None)
    return obligation


def _job(obligation: Obligation) -> Job | None:
    kind = _KINDS.get(obligation.kind)
    if kind is None or obligation.target is None:
        return None
    part = dict(obligation.data).get("part", "") if kind is RunKind.CHECK else ""
    return Job(kind, obligation.data_set or "", obligation.target, part)


def _worth_another_try(attempts: Attempts, now: datetime) -> bool:
    """Tell whether something changed since the last attempt, so that waiting longer makes no sense."""
    if not attempts.runs:
        return True
    last = attempts.runs[0]
    ended = ended_by(last, now)
    match last.outcome:
        case Outcome.INTERRUPTED:
            # A power cut or a kill says nothing about the next try; twice in a row does.
            return all(run.outcome is not Outcome.INTERRUPTED for run in attempts.runs[1:2])
        case Outcome.CANCELLED:
            return last.error_code == STOPPED_FOR_POWER or ended < attempts.agent_started
        case _:
            # A place that was seen arriving in the future was seen by a wrong clock.
            return attempts.connected_since is not None and ended < attempts.connected_since <= now


def requested_jobs(
    request: Request, policy: Policy, machine: Machine, assessment: Assessment, connected: Collection[str]
) -> tuple[Job, ...]:
    """Return the jobs that a request asks for; raises UnknownDataSet, UnknownTarget or NothingConnected.

    A target that is named is tried even when it does not seem to be there: its run then says what is wrong.
    """
    if request.target and all(target.id != request.target for target in machine.targets):
        raise UnknownTarget(target=request.target)
    sets = _sets(request, policy, machine)
    match request.kind:
        case RequestKind.BACKUP:
            wanted = [Job(RunKind.BACKUP, s, t) for s in sets for t in _places(request, machine, s)]
        case RequestKind.FULL:
            wanted = [Job(RunKind.FULL, s, t) for s in sets for t in _planned(request, assessment, machine, s)]
        case RequestKind.CHECK:
            places = (request.target,) if request.target else tuple(target.id for target in machine.targets)
            wanted = [Job(RunKind.CHECK, "", t) for t in places]
        case RequestKind.RESTORE_TEST:
            wanted = [Job(RunKind.RESTORE_TEST, s, t) for s in sets for t in _tested(request, assessment, machine, s)]
        case RequestKind.CANCEL | RequestKind.RELEASE | RequestKind.RESCAN:
            return ()
    jobs = tuple(job for job in dict.fromkeys(wanted) if request.target or job.target in connected)
    if not jobs:
        raise NothingConnected(data_set=request.data_set)
    return jobs


def _sets(request: Request, policy: Policy, machine: Machine) -> tuple[str, ...]:
    here = tuple(s.id for s in policy.data_sets if (f := machine.folders(s.id)) is not None and f.paths)
    if not request.data_set:
        return here
    if request.data_set not in here:
        raise UnknownDataSet(data_set=request.data_set)
    return (request.data_set,)


def _places(request: Request, machine: Machine, data_set: str) -> tuple[str, ...]:
    if request.target:
        return (request.target,)
    return tuple(target.id for target in machine.targets_of(DataSetId(data_set)))


def _planned(request: Request, assessment: Assessment, machine: Machine, data_set: str) -> tuple[str, ...]:
    """Return where the yearly full back-up of a set is to go; where none is owed, its first place."""
    owed = _of_kind(assessment, ObligationKind.YEARLY_FULL, data_set)
    return (request.target,) if request.target else owed or _places(request, machine, data_set)[:1]


def _tested(request: Request, assessment: Assessment, machine: Machine, data_set: str) -> tuple[str, ...]:
    """Return the place whose copy is tested: the one that the assessment thinks best."""
    owed = _of_kind(assessment, ObligationKind.RESTORE_TEST, data_set)
    return (request.target,) if request.target else owed or _places(request, machine, data_set)[:1]


def _of_kind(assessment: Assessment, kind: ObligationKind, data_set: str) -> tuple[str, ...]:
    return tuple(
        obligation.target
        for obligation in assessment.obligations
        if obligation.kind is kind and obligation.data_set == data_set and obligation.target is not None
    )
