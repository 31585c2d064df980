"""What went wrong in runs and was not put right since (REQUIREMENTS S0-6, S1-4.2.3)."""

from __future__ import annotations

from collections.abc import Iterator

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation
from app.policy.model import Basis
from app.records.facts import Outcome, Run, RunKind

DAMAGE = frozenset({"check-failed", "repository-damaged", "file-missing"})
"""A check that ended with one of these found damage; with any other error it could not look."""

_TELLING = (Outcome.GOOD, Outcome.INCOMPLETE, Outcome.FAILED)
"""A run that somebody stopped, or that lost power, says nothing about the copies: their age does."""


def run_findings(situation: Situation) -> Iterator[Finding]:
    """Judge the newest copy of each data set on each place, the newest check of each place, the newest tests."""
    yield from _copies(situation)
    yield from _checks(situation)
    yield from _restore_tests(situation)


def _copies(situation: Situation) -> Iterator[Finding]:
    for data_set, _ in situation.plans:
        for target in situation.machine.targets:
            runs = situation.history.copy_runs(data_set.id, target.id)
            newest = next((r for r in runs if r.outcome in _TELLING), None)
            if newest is None or newest.outcome is Outcome.GOOD:
                continue
            failed = newest.outcome is Outcome.FAILED
            code = FindingCode.LAST_RUN_FAILED if failed else FindingCode.LAST_RUN_INCOMPLETE
            data = (*_of(newest), ("data_set", data_set.name), ("target", target.name), ("target_id", target.id))
            yield Finding(code, State.ATTENTION, data_set.id, Basis.SOURCE, ("S1-4.2.3",), data)


def _checks(situation: Situation) -> Iterator[Finding]:
    for target in situation.machine.targets:
        newest = next((r for r in situation.history.checks(target.id) if r.outcome in _TELLING), None)
        if newest is None or newest.outcome is Outcome.GOOD:
            continue
        damaged = newest.error_code in DAMAGE or newest.outcome is Outcome.INCOMPLETE or newest.problems_total > 0
        data = (*_of(newest), ("target", target.name))
        state = State.ERROR if damaged else State.ATTENTION
        yield Finding(FindingCode.CHECK_FAILED, state, target.id, Basis.SOURCE, ("S1-3b",), data)


def _restore_tests(situation: Situation) -> Iterator[Finding]:
    for data_set, _ in situation.plans:
        test = next(iter(situation.history.tests(data_set.id)), None)
        runs = (r for r in situation.history.of_set(RunKind.RESTORE_TEST, data_set.id) if r.outcome in _TELLING)
        run = next(runs, None)
        newer = run is not None and (test is None or run.started > test.at)
        named = (("data_set", data_set.name),)
        if test is not None and not test.identical:
            yield Finding(
                FindingCode.RESTORE_TEST_FAILED, State.ERROR, data_set.id, Basis.SOURCE, ("S0-2", "S0-6"), named
            )
        elif run is not None and newer and run.outcome is not Outcome.GOOD:
            data = (*_of(run), *named)
            yield Finding(FindingCode.RESTORE_TEST_FAILED, State.ATTENTION, data_set.id, Basis.SOURCE, ("S0-2",), data)


def _of(run: Run) -> tuple[tuple[str, str], ...]:
    return (
        ("run", str(run.id)),
        ("error", run.error_code),
        ("problems", str(run.problems_total)),
    )
