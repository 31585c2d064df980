"""Copies one data set continuously to a place elsewhere: a session that lasts, with a small copy after each change.

The file system tells of changes (inotify). A copy is made when they have paused for a moment, or when the oldest has
waited long enough; after a long copy the next one waits as long, so that a storm of changes ends in few copies. While
the place does not answer the changes wait, and nothing is forgotten: a copy always looks at the whole set.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.assessment.continuous import lag_allowed
from app.assessment.holds import held_sets, held_whole
from app.clock import Clock
from app.errors import VangnetError
from app.jobs.backup import examine_source
from app.jobs.conduct import Ending, conduct, problems_of
from app.jobs.copies import CONTINUOUS_TAG, set_tag
from app.jobs.installation import Installation
from app.jobs.settings_beside import leave_settings_beside
from app.jobs.suspicion import GrowingSuspicion
from app.jobs.thinning import Steadiness, thin
from app.jobs.watching import Watch
from app.policy.machine import DataSetFolders, Target
from app.policy.plan import derive_plan
from app.records.facts import Outcome, Problem, Run, RunId, SyncPeriod, SyncState
from app.records.store import Records
from app.repository.backend.remote import Patience
from app.repository.errors import BackendError, Cancelled, RepositoryLocked
from app.repository.model import BackupOptions, Cancel, Monitor
from app.repository.repository import Repository
from app.targets.errors import TargetError
from app.targets.place import open_target

_PATIENCE = Patience(retry_s=10.0)
"""A session tries again by itself: soon it must be able to say that changes wait."""


_CLOCK_SET_BACK = timedelta(seconds=2)
"""So much less on the clock than has passed means that somebody set it; less than that is how clocks are kept right."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When a copy is made, in seconds."""

    quiet: float = 0.7
    """After so long without another change."""
    at_most: float = 3.0
    """Or when the oldest change has waited so long, while changes go on."""
    sweep: float = 300.0
    """So often all is looked at even when nothing was told: a full queue of the kernel loses news."""
    blind: float = 30.0
    """So often a copy is made where the kernel cannot tell of changes: its watches are all in use."""
    retry: float = 2.0
    """How long after a place did not answer it is tried again; doubled each time, up to `retry_most`."""
    retry_most: float = 60.0
    thin: float = 3600.0
    """How often the versions of a session are thinned."""
    session: float = 24 * 3600.0
    """A session ends after this, clean, and the next begins: its evidence is then in the journal."""
    write: float = 5.0
    """How often the numbers are written while nothing happens."""


def run_sync(
    installation: Installation,
    records: Records,
    run_id: RunId,
    *,
    data_set: str,
    target: str,
    monitor: Monitor,
    cancel: Cancel,
    pace: Pace | None = None,
) -> Run:
    """Copy a data set continuously until asked to stop, and record how that went; never raises for what went wrong.

    GOOD when every change was in a copy at the end; CANCELLED when it was stopped while some waited: the next session
    begins by copying those. The evidence is a `SyncPeriod`.
    """

    def work() -> Ending:
        session = _Session(installation, records, run_id, data_set, target, monitor, cancel, pace or Pace())
        try:
            return session.carry_out()
        finally:
            session.close()

    return conduct(installation, records, run_id, monitor, work)


def close_period(records: Records, state: SyncState) -> None:
    """Record the evidence of a session whose process is gone, from the last numbers it wrote."""
    records.record_sync_period(
        SyncPeriod(
            run=state.run,
            data_set=state.data_set,
            target=state.target,
            begun=state.since,
            ended=state.at,
            copies=state.copies,
            max_lag_s=state.max_lag_s,
            late_s=state.late_s,
        )
    )


class _Session:
    """One session: what has changed, what is safe, and when the next copy is due."""

    def __init__(
        self,
        installation: Installation,
        records: Records,
        run_id: RunId,
        data_set: str,
        target: str,
        monitor: Monitor,
        cancel: Cancel,
        pace: Pace,
    ) -> None:
        self._installation = installation
        self._records = records
        self._clock: Clock = installation.clock
        self._target: Target = installation.target(target)
        self._folders: DataSetFolders = installation.folders(data_set)
        self._allowed_s = _allowed(installation, data_set).total_seconds()
        self._monitor = monitor
        self._cancel = cancel
        self._pace = pace
        now = self._clock.now()
        self._state = SyncState(
            data_set=data_set,
            target=target,
            run=run_id,
            since=now,
            at=now,
            safe_until=None,
            # What changed while nobody looked is unknown: the first copy answers that, and it is due at once.
            waiting_since=min(_waiting_before(records, data_set, target) or now, now),
            link_up=True,
        )
        self._repository: Repository | None = None
        self._suspicion = GrowingSuspicion(installation, records, run_id, data_set=data_set, target=target)
        self._ending = Ending(Outcome.GOOD)
        self._steadiness = Steadiness(self._clock)
        begun = self._clock.monotonic()
        self._looked_s = begun
        self._begun_s = self._told_s = self._thinned_s = self._swept_s = self._written_s = begun
        self._first_change_s = begun - pace.at_most
        self._not_before_s = begun
        self._retry_s = pace.retry

    def carry_out(self) -> Ending:
        self._write()
        home = self._installation.home
        ours = (home.config, home.data, home.cache, home.runtime)
        with Watch(self._folders.paths, ours=ours, clock=self._clock, assume_every_s=self._pace.blind) as watch:
            while True:
                changed = watch.wait()
                self._look_at_clock()
                if changed:
                    self._note_change(unseen=watch.blind)
                if self._cancel.is_set():
                    return self._leave()
                if self._copy_is_due:
                    self._copy(watch.wait)
                elif self._clock.monotonic() - self._begun_s > self._pace.session and not self._waits:
                    return self._leave()

    def close(self) -> None:
        """Write the session's last numbers, and its evidence."""
        self._look_at_clock()
        self._write()
        close_period(self._records, self._state)
        self._let_go()

    # --- time ----------------------------------------------------------------------------------------------------

    @property
    def _waits(self) -> bool:
        return self._state.waiting_since is not None

    @property
    def _copy_is_due(self) -> bool:
        now = self._clock.monotonic()
        if now < self._not_before_s:
            return False
        if now - self._swept_s > self._pace.sweep:
            return True
        quiet, waited = now - self._told_s, now - self._first_change_s
        return self._waits and (quiet >= self._pace.quiet or waited >= self._pace.at_most)

    def _note_change(self, *, unseen: bool) -> None:
        """Have a copy made soon; a change that nobody saw may have come right after the last one began."""
        now = self._clock.monotonic()
        self._told_s = now
        if not self._waits:
            self._first_change_s = now
            since = self._state.safe_until if unseen else None
            self._state = replace(self._state, waiting_since=since or self._clock.now())
            self._write()

    def _look_at_clock(self) -> None:
        """Count how long the oldest change has waited by now, and for how long that was too long."""
        self._steadiness.look()
        now, looked_s = self._clock.now(), self._clock.monotonic()
        state = _as_the_clock_is_now(self._state, now, looked_s - self._looked_s)
        self._looked_s = looked_s
        if state.waiting_since is not None:
            lag = (now - state.waiting_since).total_seconds()
            passed = (now - state.at).total_seconds()
            late = min(max(0.0, lag - self._allowed_s), max(0.0, passed))
            state = replace(state, max_lag_s=max(state.max_lag_s, lag), late_s=state.late_s + late)
        self._state = replace(state, at=now)
        if looked_s - self._written_s >= self._pace.write:
            self._write()

    def _write(self) -> None:
        self._written_s = self._clock.monotonic()
        self._records.write_sync_state(self._state)

    # --- copying -------------------------------------------------------------------------------------------------

    def _copy(self, more: Callable[[], bool]) -> None:
        """Make a copy of the set as it is now; `more` tells what changed meanwhile."""
        began, began_s = self._clock.now(), self._clock.monotonic()
        try:
            self._back_up()
        except (TargetError, BackendError, RepositoryLocked) as exc:
            self._wait_for_place(exc)
            return
        ended = self._clock.now()
        took = self._clock.monotonic() - began_s
        began = min(began, ended - timedelta(seconds=took))  # on the clock as it is now
        self._swept_s = began_s
        self._retry_s = self._pace.retry
        self._not_before_s = self._clock.monotonic() + min(took, self._pace.retry_most)
        self._look_at_clock()
        # A change that was told of by now may have come after its file was read: it waits since the copy began.
        waiting = began if more() else None
        self._first_change_s = self._told_s = self._clock.monotonic()
        self._state = replace(
            self._state, safe_until=began, waiting_since=waiting, link_up=True, copies=self._state.copies + 1
        )
        self._write()
        if self._clock.monotonic() - self._thinned_s > self._pace.thin:
            self._thin()

    def _back_up(self) -> None:
        repository = self._open()
        source = examine_source(self._folders, None, repository)
        summary = repository.backup(
            [os.fsencode(path) for path in source.paths],
            options=BackupOptions(
                tags=(set_tag(self._state.data_set), CONTINUOUS_TAG),
                exclude=self._folders.exclude,
                skip_if_unchanged=True,
            ),
            monitor=self._monitor,
            cancel=self._cancel,
            state_dir=self._installation.home.engine_cache,
            clock=self._clock,
        )
        self._suspicion.add(summary)
        if not self._state.copies:  # the first copy of a session: what was written down since the last one goes along
            leave_settings_beside(self._installation, self._target, repository)
        problems: tuple[Problem, ...] = (*source.problems, *problems_of(summary.problems))
        self._ending = Ending(
            outcome=Outcome.INCOMPLETE if problems else Outcome.GOOD,
            snapshot=summary.snapshot.id,
            files=summary.files,
            files_new_or_changed=self._ending.files_new_or_changed + summary.files_new_or_changed,
            bytes_total=summary.bytes_total,
            bytes_added=self._ending.bytes_added + summary.bytes_added,
            problems=problems,
            unnamed_problems=summary.problems_count - len(summary.problems),
        )

    def _open(self) -> Repository:
        if self._repository is None or not self._target.remote:
            # A folder or disk may be another one by now: it is looked at before every copy.
            self._repository = open_target(self._installation.home, self._target, remember=True, patience=_PATIENCE)
        return self._repository

    def _let_go(self) -> None:
        if self._repository is not None:
            self._repository.backend.close()
            self._repository = None

    def _wait_for_place(self, error: VangnetError) -> None:
        """Let the changes wait until the place answers; each try that fails doubles the wait."""
        if not isinstance(error, RepositoryLocked):
            self._let_go()
            self._state = replace(self._state, link_up=False)
        waiting = self._state.waiting_since or self._clock.now()
        self._not_before_s = self._clock.monotonic() + self._retry_s
        self._retry_s = min(2 * self._retry_s, self._pace.retry_most)
        self._state = replace(self._state, waiting_since=waiting)
        self._look_at_clock()
        self._write()

    def _thin(self) -> None:
        self._thinned_s = self._clock.monotonic()
        facts = self._records.facts()
        if held_whole(facts, self._target.id) or self._state.data_set in held_sets(facts, self._target.id):
            return
        if self._target.only_adds or not self._steadiness.steady:
            return
        # Thinning is housekeeping: a place that is busy or away just now is thinned an hour later.
        with contextlib.suppress(TargetError, BackendError, RepositoryLocked):
            thin(self._open(), self._state.data_set, self._state.at, self._clock)

    def _leave(self) -> Ending:
        if self._waits:
            return replace(self._ending, outcome=Outcome.CANCELLED, error_code=Cancelled.code)
        return self._ending


def _allowed(installation: Installation, data_set: str) -> timedelta:
    """Return how far the policy lets the continuous copy of a set lag behind."""
    found = next(s for s in installation.policy.data_sets if s.id == data_set)
    return lag_allowed(derive_plan(installation.policy, found))


def _waiting_before(records: Records, data_set: str, target: str) -> datetime | None:
    """Return since when a change waits that an earlier session did not come to."""
    states = (s for s in records.sync_states() if (s.data_set, s.target) == (data_set, target))
    return next((state.waiting_since for state in states), None)


def _as_the_clock_is_now(state: SyncState, now: datetime, passed_s: float) -> SyncState:
    """Move the moments of a session along when the clock was set back: what waits has waited no less for it.

    A clock that goes forward is believed: the computer may have slept, and what waited has waited.
    """
    back = timedelta(seconds=passed_s) - (now - state.at)
    if back < _CLOCK_SET_BACK:
        return state
    return replace(
        state,
        since=state.since - back,
        safe_until=None if state.safe_until is None else state.safe_until - back,
        waiting_since=None if state.waiting_since is None else state.waiting_since - back,
    )
