"""A computer whose clock is far wrong makes copies all the same, and believes nothing of it once the clock is right."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.assessment.model import Obligation, ObligationKind, Timing
from app.clock import FixedClock
from app.jobs.backup import run_backup
from app.jobs.installation import Installation
from app.records.facts import Outcome, Run, RunKind
from app.records.store import Records
from app.repository.model import Cancel, Monitor
from tests.e2e.installation import TestHome, make_installation, restic_check

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
LAST_SECOND_BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
BEYOND_32_BITS = datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


def back_up(installation: Installation, records: Records) -> Run:
    run = records.start_run(
        RunKind.BACKUP, data_set="marks", target="nas", reason="due", pid=os.getpid(), pid_started=0.0
    )
    return run_backup(installation, records, run, data_set="marks", target="nas", monitor=Monitor(), cancel=Cancel())


def copy_of(installation: Installation, records: Records) -> Obligation:
    obligations = installation.assess(records).obligations
    return next(
        o for o in obligations if o.kind is ObligationKind.BACKUP and (o.data_set, o.target) == ("marks", "nas")
    )


@pytest.mark.parametrize("wrong", [LAST_SECOND_BEFORE_1970, BEYOND_32_BITS])
def test_a_clock_that_was_far_wrong_is_forgotten_when_it_is_right(school: TestHome, wrong: datetime) -> None:
    astray = replace(school.installation(), clock=FixedClock(wrong))
    with astray.records() as records:
        assert back_up(astray, records).outcome is Outcome.GOOD
        assert astray.assess(records).obligations
    right = replace(astray, clock=FixedClock(NOW))
    with right.records() as records:
        assert copy_of(right, records).timing in {Timing.DUE, Timing.OVERDUE}, "no copy is known from about now"
        assert back_up(right, records).outcome is Outcome.GOOD
        assert copy_of(right, records).timing is Timing.MET
        assert records.verify_journal().ok
    tomorrow = replace(right, clock=FixedClock(NOW + timedelta(days=2)))
    with tomorrow.records() as records:
        assert copy_of(tomorrow, records).timing in {Timing.DUE, Timing.OVERDUE}
    restic_check(school.place("nas"), school.home)
