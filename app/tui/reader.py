"""Takes the pictures that the screens show: whole ones when a fact has come, only new numbers in between.

What it takes to read a home is loaded in its thread, with the first picture: something stands on the screen before.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.records.facts import Outcome, Progress, Run
from app.records.presence import agent_pid
from app.records.room import RoomTrouble, room_trouble
from app.tui.picture import Picture

if TYPE_CHECKING:
    from app.clock import Clock
    from app.jobs.installation import Installation
    from app.paths import Home
    from app.records.store import Records

_RUNS_SHOWN: Final = 60
_LOOK_AT_ALL_EVERY_S: Final = 15.0
"""Even when nothing has been written: what is due changes with the time."""
_AGENT_ASKED_EVERY_S: Final = 2.0
_COPY_HOLDS_S: Final = 15.0
"""How long a copy is shown of records that lie where nothing can be written; with room again it goes sooner."""
_COPIED_AT_MOST_EVERY_S: Final = 1.0


class PictureReader:
    """Takes pictures; lives in one thread, with the one connection."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._records: Records | None = None
        self._installation: Installation | None = None
        self._read_as: tuple[int, ...] = ()
        self._version = -1
        self._event = -1
        self._picture: Picture | None = None
        self._looked_s = 0.0
        self._agent = (0.0, False)
        self._trouble: RoomTrouble | None = None
        self._opened_s = 0.0

    def records(self) -> Records:
        """Return the records; a copy of them while nothing can be written there, which refuses writing."""
        from app.records.store import Records

        if self._records is not None and self._records.is_copy and self._copy_is_old():
            self.close()
        if self._records is None:
            self._records = Records.open_to_read(self._home, self._clock)
            self._opened_s = time.monotonic()
            self.forget()
        return self._records

    def _copy_is_old(self) -> bool:
        holds_s = _COPY_HOLDS_S if room_trouble(self._home.data) else _COPIED_AT_MOST_EVERY_S
        return time.monotonic() - self._opened_s > holds_s

    def installation(self) -> Installation:
        """Return the files as they are now: read again after one of them has changed."""
        from app.jobs.installation import Installation

        stamps = tuple(_stamp(path) for path in (self._home.policy_file, self._home.machine_file))
        if self._installation is None or stamps != self._read_as:
            self._installation = Installation.load_working(self._home, self._clock)
            self._read_as = stamps
            self._picture = None
        return self._installation

    def forget(self) -> None:
        """Take a whole new picture next time: something was written here."""
        self._event = -1

    def look(self) -> Picture:
        installation, records = self.installation(), self.records()
        version = records.data_version()
        age_s = time.monotonic() - self._looked_s
        agent = self._agent_runs()
        trouble, self._trouble = self._trouble, installation.trouble
        if trouble is not self._trouble:
            self.forget()
        before = self._picture
        if before is not None and age_s < _LOOK_AT_ALL_EVERY_S and before.agent_running == agent and self._event >= 0:
            if version == self._version:
                return before
            event = records.last_event_id()
            if event == self._event:  # only numbers have changed: facts push an event
                self._version = version
                self._picture = replace(before, now=self._clock.now(), progress=_progress(records, before.running))
                return self._picture
        self._version = version
        self._event = records.last_event_id()
        self._looked_s = time.monotonic()
        self._picture = self._whole(installation, records, agent)
        return self._picture

    def _whole(self, installation: Installation, records: Records, agent: bool) -> Picture:
        from app.assessment.assess import assess
        from app.assessment.checklist import evidence
        from app.assessment.schedule import next_runs
        from app.jobs.director import current_school_year
        from app.policy.access import look_at_access
        from app.policy.plan import derive_plans
        from app.policy.versions import kept_versions

        policy, machine = installation.policy, installation.machine
        facts, now = records.facts(), self._clock.now()
        assessment = assess(
            policy, machine, facts, now, installation.timezone, refused=installation.refused, trouble=self._trouble
        )
        running = records.running()
        runs = records.runs(limit=_RUNS_SHOWN)
        shown = {run.id for run in runs}
        return Picture(
            now=now,
            timezone=installation.timezone,
            policy=policy,
            machine=machine,
            facts=facts,
            assessment=assessment,
            plans=derive_plans(policy),
            evidence=evidence(
                policy,
                machine,
                facts,
                assessment,
                now,
                archive=kept_versions(self._home.policy_archive),
                access=look_at_access(self._home.secrets),
            ),
            school_year=current_school_year(installation),
            next_runs=next_runs(assessment, limit=3),
            runs=(*(run for run in running if run.id not in shown), *runs),
            progress=_progress(records, running),
            agent_running=agent,
        )

    def _agent_runs(self) -> bool:
        asked_s, runs = self._agent
        if time.monotonic() - asked_s > _AGENT_ASKED_EVERY_S or not asked_s:
            runs = agent_pid(self._home) is not None
            self._agent = (time.monotonic(), runs)
        return runs

    def close(self) -> None:
        if self._records is not None:
            self._records.close()
            self._records = None


def _progress(records: Records, runs: tuple[Run, ...]) -> tuple[Progress, ...]:
    found = (records.progress(run.id) for run in runs if run.outcome is Outcome.RUNNING)
    return tuple(progress for progress in found if progress is not None)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
