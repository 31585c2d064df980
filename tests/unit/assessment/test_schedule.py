"""What the machine does now and next."""

from __future__ import annotations

from datetime import timedelta

from app.assessment.model import ObligationKind, Timing
from app.assessment.schedule import due_now, next_runs
from app.records.facts import Outcome
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    T0,
    at,
    data_set,
    disk,
    facts,
    judge,
    machine,
    place,
    policy,
    run,
    sight,
    tended,
)


def test_today_at_six_the_daily_copies() -> None:
    organisation = policy(data_set(), data_set("diplomas"), data_set("fotos", T0))
    runs = [run("2026-11-22 18:04", data_set=s) for s in ("puntenboek", "diplomas", "fotos")]
    planned = next_runs(judge(facts(*runs), of=organisation))
    first = next(r for r in planned if r.kind is ObligationKind.BACKUP)
    assert (first.at, first.kind, first.pace) == (at("2026-11-23 18:00"), ObligationKind.BACKUP, "daily")
    assert set(first.data_sets) == {"puntenboek", "diplomas"}


def test_what_is_due_runs_now() -> None:
    assessment = judge(facts(run(NOW - 3 * DAY)))
    assert next_runs(assessment, limit=1)[0].at == NOW
    assert [o.id for o in due_now(assessment) if o.kind is ObligationKind.BACKUP] == ["backup:puntenboek:nas"]


def test_new_installation_makes_copies_first_and_nothing_else_yet() -> None:
    organisation = policy(data_set(), data_set("diplomas"))
    assessment = judge(facts(set_up_at=NOW), of=organisation)
    assert {o.kind for o in due_now(assessment)} == {ObligationKind.BACKUP}
    assert len(due_now(assessment)) == 2


def test_disk_that_is_away_gets_nothing_until_it_is_there() -> None:
    where = machine(place("nas"), disk("b"))
    late = (run(NOW - 3 * DAY), run(NOW - 9 * DAY, target="b"))
    away = judge(facts(*late), on=where)
    assert {o.target for o in due_now(away)} == {"nas"}
    assert "b" not in {t for r in next_runs(away) for t in r.targets}
    there = judge(facts(*late, targets=(sight("b", connected=True),)), on=where)
    assert {o.target for o in due_now(there)} == {"nas", "b"}
    assert {o.target for o in due_now(away, connected=("b",))} == {"b"}


def test_what_runs_already_is_not_started_again() -> None:
    assessment = judge(tended(run(NOW - 3 * DAY), run(NOW - HOUR, Outcome.RUNNING)))
    assert [o for o in due_now(assessment) if o.kind is ObligationKind.BACKUP] == []


def test_what_failed_a_moment_ago_waits_and_then_goes_on() -> None:
    failed = run(NOW - timedelta(minutes=3), Outcome.FAILED)
    assessment = judge(tended(run(NOW - 3 * DAY), failed))
    assert [o for o in due_now(assessment) if o.kind is ObligationKind.BACKUP] == []
    later = judge(tended(run(NOW - 3 * DAY), failed), now=NOW + timedelta(minutes=15))
    assert next(o.id for o in due_now(later)) == "backup:puntenboek:nas"
    waiting = next(r for r in next_runs(assessment) if r.kind is ObligationKind.BACKUP)
    assert waiting.at == failed.started + timedelta(minutes=17)


def test_overdue_comes_before_due() -> None:
    organisation = policy(data_set(), data_set("diplomas"))
    now = at("2026-11-23 18:30")
    runs = (run("2026-11-22 18:04"), run("2026-11-20 18:04", data_set="diplomas"))
    due = [o for o in due_now(judge(facts(*runs), now=now, of=organisation)) if o.kind is ObligationKind.BACKUP]
    assert [(o.data_set, o.timing) for o in due] == [("diplomas", Timing.OVERDUE), ("puntenboek", Timing.DUE)]
