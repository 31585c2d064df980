"""Keeps the sessions of continuous copying going: one for each set and place that the policy wants it for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from app.agent.due import Job
from app.assessment.continuous import continuous_targets
from app.jobs.installation import Installation
from app.policy.plan import derive_plans
from app.records.facts import Outcome, Run, RunKind
from app.records.store import Records

REST = timedelta(minutes=5)
"""How long after a session that could not go on another one is tried."""


def sessions_wanted(installation: Installation) -> tuple[Job, ...]:
    """Return the sessions that there should be now; a place that is away is waited for by its session."""
    machine = installation.machine
    return tuple(
        Job(RunKind.SYNC, plan.data_set, target.id)
        for plan in derive_plans(installation.policy)
        if plan.continuous and (folders := machine.folders(plan.data_set)) is not None and folders.paths
        for target in continuous_targets(machine, plan.data_set)
    )


def sessions_to_start(
    installation: Installation, last_runs: Callable[[Job], tuple[Run, ...]], now: datetime
) -> tuple[Job, ...]:
    """Return the sessions to begin: those wanted, but for those that have failed a moment ago."""
    return tuple(job for job in sessions_wanted(installation) if not _rests(last_runs(job), now))


def _rests(runs: tuple[Run, ...], now: datetime) -> bool:
    if not runs:
        return False
    match runs[0].outcome:
        case Outcome.FAILED:
            pass
        case Outcome.INTERRUPTED if len(runs) > 1 and runs[1].outcome is Outcome.INTERRUPTED:
            pass
        case _:
            return False
    ended = runs[0].finished or runs[0].started
    return timedelta(0) <= now - ended < REST


def close_periods(records: Records) -> None:
    """Record the evidence of sessions that could not do so themselves: their process was killed."""
    for state in records.sync_states():
        if not records.has_sync_period(state.run) and records.run(state.run).outcome is not Outcome.RUNNING:
            from app.jobs.sync import close_period  # it brings the engine along, which an idle agent needs not

            close_period(records, state)
