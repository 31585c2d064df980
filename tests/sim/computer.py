"""The school's computer with an engine stand-in: the real assessment and the real choice of what starts, stepped time.

Only what a run does is made up: it takes its time and ends well, unless the power goes or its disk is taken away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.agent.due import Attempts, Job, due_jobs, next_stage
from app.agent.runner import AT_ONCE
from app.assessment.assess import assess
from app.assessment.judgements import missed_now
from app.assessment.model import Assessment
from app.notices.deciding import Setting, notices_due
from app.notices.model import Notice
from app.policy.machine import Machine
from app.policy.model import Policy
from app.records.facts import (
    DriveSight,
    Facts,
    NoticeState,
    Outcome,
    RestoreTest,
    Run,
    RunId,
    RunKind,
    SentNotice,
    TargetSight,
)
from tests.sim.school import PEOPLE, TZ

TAKES = {
    RunKind.BACKUP: timedelta(minutes=2),
    RunKind.FULL: timedelta(minutes=25),
    RunKind.CHECK: timedelta(minutes=10),
    RunKind.PRUNE: timedelta(minutes=2),
    RunKind.RESTORE_TEST: timedelta(minutes=3),
}
_KEPT = timedelta(days=40)
"""Notices older than this are not looked at any more."""


@dataclass(slots=True)
class Computer:
    """What the agent knows and does. `facts` holds what the records would."""

    policy: Policy
    machine: Machine
    facts: Facts
    now: datetime
    started: datetime
    plugged_in: str = ""
    plugged_since: datetime | None = None
    waiting: deque[Job] = field(default_factory=deque)
    active: dict[Job, tuple[Run, datetime]] = field(default_factory=dict)
    """Each with when it will end."""
    said: list[SentNotice] = field(default_factory=list)
    ended: list[Run] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))
    _running: dict[int, Run] = field(default_factory=dict)

    # --- what is there -----------------------------------------------------------------------------------------

    def plug(self, disk: str) -> None:
        """Swap the disk that is plugged in for another one, or for none."""
        for job in [job for job in self.active if job.target == self.plugged_in]:
            self._end(job, Outcome.FAILED, "target-not-there")
        self.waiting = deque(job for job in self.waiting if job.target != self.plugged_in)
        self.plugged_in, self.plugged_since = disk, self.now
        sights = tuple(
            TargetSight(t.id, not t.removable or t.id == disk, self._since(t.id, disk)) for t in self.machine.targets
        )
        drives = tuple(
            DriveSight("/dev/sdb1", "", "", "", "", t.fs_uuid, "exfat", 10**12, "/media", t.id)
            for t in self.machine.targets
            if t.id == disk
        )
        self.facts = replace(self.facts, targets=sights, drives=drives)

    def _since(self, target: str, disk: str) -> datetime:
        known = {sight.target: sight for sight in self.facts.targets}
        there = target in ("nas", disk)
        if target in known and known[target].connected == there:
            return known[target].since
        return self.now

    def known(self) -> Facts:
        running = tuple(self._running.values())
        return replace(self.facts, runs=(*running, *self.facts.runs))

    def look(self) -> Assessment:
        return assess(self.policy, self.machine, self.known(), self.now, TZ)

    # --- acting, as the agent does -----------------------------------------------------------------------------

    def act(self) -> Assessment:
        """Start what is due, as the agent's tick does; returns what it saw."""
        assessment = self.look()
        since = {health.target: health.since for health in assessment.targets}

        def attempts(job: Job) -> Attempts:
            about = (job.kind, job.data_set, job.target)
            runs = tuple(r for r in self.facts.runs[:400] if (r.kind, r.data_set, r.target) == about)
            return Attempts(runs[:3], since.get(job.target), self.started)

        connected = {"nas", self.plugged_in}
        due = due_jobs(assessment, connected, attempts)
        busy = (*self.active, *self.waiting)
        for job in next_stage(due, busy):
            if all(job.same != other.same for other in (*self.active, *self.waiting)):
                self.waiting.append(job)
        self._begin_what_can()
        return assessment

    def _begin_what_can(self) -> None:
        for job in tuple(self.waiting):
            if len(self.active) >= AT_ONCE:
                return
            if all(job.target != other.target for other in self.active):
                self.waiting.remove(job)
                run = Run(
                    RunId(next(self._ids)), job.kind, job.data_set, job.target, Outcome.RUNNING, self.now, None, "due",
                    part=job.part,
                )  # fmt: skip
                self._running[run.id] = run
                self.active[job] = (run, self.now + TAKES[job.kind])

    def next_end(self) -> datetime | None:
        return min((end for _, end in self.active.values()), default=None)

    def finish_what_ended(self) -> bool:
        """End the runs whose time has come; tells whether nothing waits any more: then the next stage is due."""
        over = [job for job, (_, end) in self.active.items() if end <= self.now]
        for job in over:
            self._end(job, Outcome.GOOD)
        self._begin_what_can()
        return bool(over) and not self.waiting

    def _end(self, job: Job, outcome: Outcome, error: str = "") -> None:
        run, _ = self.active.pop(job)
        del self._running[run.id]
        done = replace(run, outcome=outcome, finished=self.now, error_code=error, snapshot=f"s{run.id}", files=9)
        self.ended.append(done)
        self.facts = replace(self.facts, runs=(done, *self.facts.runs))
        if job.kind is RunKind.RESTORE_TEST and outcome is Outcome.GOOD:
            test = RestoreTest(done.id, job.data_set, job.target, done.snapshot, self.now, 5, 9, True, 1.0, 60.0, True)
            self.facts = replace(self.facts, restore_tests=(test, *self.facts.restore_tests))

    def lose_power(self) -> None:
        for job in tuple(self.active):
            self._end(job, Outcome.INTERRUPTED, "process-gone")
        self.waiting.clear()

    def start(self) -> None:
        self.started = self.now

    # --- telling, as the agent does ----------------------------------------------------------------------------

    def tell(self, assessment: Assessment) -> tuple[Notice, ...]:
        """Say what is to be said now, and remember it."""
        known = {(missed.obligation, missed.due) for missed in self.facts.misses}
        missed = tuple(m for m in missed_now(assessment) if (m.obligation, m.due) not in known)
        if missed:
            self.facts = replace(self.facts, misses=(*missed, *self.facts.misses))
        setting = Setting(assessment, self.known(), PEOPLE, self.policy.calendar, True, self.now, TZ)
        self.said = [notice for notice in self.said if self.now - notice.at < _KEPT]
        notices = notices_due(setting, self.said)
        for notice in notices:
            self.said.append(
                SentNotice(
                    next(self._ids), notice.key, notice.to.role.value, notice.to.name, notice.channel,
                    notice.urgency.value, "", self.now, NoticeState.SENT,
                )
            )  # fmt: skip
        return notices
