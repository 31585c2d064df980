"""Laws of the assessment: evidence helps, time does not heal, names are unique and stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.assessment.model import Assessment, State, Timing
from app.assessment.schedule import due_now, next_runs
from app.policy.machine import Machine, Purpose
from app.policy.model import Policy
from app.records.facts import Facts, Outcome, Run, RunKind
from tests.unit.assessment.builders import (
    SET_UP,
    T0,
    T1,
    T2,
    approval,
    at,
    data_set,
    disk,
    facts,
    judge,
    machine,
    place,
    policy,
    restore_test,
    run,
    sight,
)

ORGANISATION = policy(data_set("a", T1), data_set("b", T0), data_set("c", T2))
PLACES = (
    (place("nas"),),
    (place("nas"), disk("x")),
    (disk("x"), disk("y")),
    (place("nas"), place("elders", offsite=True), disk("x"), disk("vol", purpose=Purpose.FULL)),
)
OLDEST = SET_UP - timedelta(days=10)

moments = st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda passed: SET_UP + passed)
machines = st.sampled_from(PLACES).map(lambda targets: machine(*targets, of=ORGANISATION))


@st.composite
def run_until(draw: st.DrawFn, now: datetime, where: Machine, *, good: bool = False) -> Run:
    age = draw(st.timedeltas(timedelta(0), now - OLDEST) | st.timedeltas(timedelta(0), timedelta(days=9)))
    kind = draw(st.sampled_from((RunKind.BACKUP, RunKind.BACKUP, RunKind.FULL, RunKind.CHECK)))
    whole = kind is RunKind.CHECK or (kind is RunKind.FULL and draw(st.booleans()))
    outcome = Outcome.GOOD if good or draw(st.booleans()) else draw(st.sampled_from(tuple(Outcome)))
    return run(
        max(now - age, OLDEST),
        outcome,
        data_set="" if whole else draw(st.sampled_from("abc")),
        target=draw(st.sampled_from([t.id for t in where.targets])),
        kind=kind,
        error=draw(st.sampled_from(("", "repository-damaged", "target-not-there"))),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Machine, Facts, datetime]:
    where, now = draw(machines), draw(moments)
    runs = draw(st.lists(run_until(now, where), max_size=8))
    sights = tuple(
        sight(t.id, connected=draw(st.booleans()), since=now - timedelta(days=1))
        for t in where.targets
        if draw(st.booleans())
    )
    tests = tuple(
        restore_test(moment, data_set=name, identical=draw(st.booleans()), by=draw(st.sampled_from(("", "An"))))
        for name in "abc"
        for moment in draw(st.lists(st.datetimes(OLDEST.replace(tzinfo=None), now.replace(tzinfo=None)), max_size=2))
        for moment in (moment.replace(tzinfo=now.tzinfo),)
    )
    approvals = (approval(min(SET_UP, now)),) if draw(st.booleans()) else ()
    return where, facts(*runs, targets=sights, restore_tests=tests, approvals=approvals), now


def look(known: Facts, where: Machine, now: datetime, organisation: Policy = ORGANISATION) -> Assessment:
    return judge(known, of=organisation, on=where, now=now)


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_names_of_obligations_are_unique(world: tuple[Machine, Facts, datetime]) -> None:
    where, known, now = world
    ids = [o.id for o in look(known, where, now).obligations]
    assert len(ids) == len(set(ids))


@given(worlds(), st.timedeltas(timedelta(0), timedelta(days=500)))
@settings(max_examples=150, deadline=None)
def test_time_alone_meets_nothing_and_renames_nothing(world: tuple[Machine, Facts, datetime], wait: timedelta) -> None:
    where, known, now = world
    before, after = look(known, where, now), look(known, where, now + wait)
    timings = {o.id: o.timing for o in after.obligations}
    assert set(timings) == {o.id for o in before.obligations}
    late = [o.id for o in before.obligations if o.timing is Timing.OVERDUE]
    assert [i for i in late if timings[i] is not Timing.OVERDUE] == []
    healths = {h.data_set: h.state for h in after.data_sets}
    assert all(healths[h.data_set] >= h.state for h in before.data_sets)


@given(st.data(), worlds())
@settings(max_examples=250, deadline=None)
def test_more_good_evidence_never_makes_anything_worse(
    data: st.DataObject, world: tuple[Machine, Facts, datetime]
) -> None:
    where, known, now = world
    extra = data.draw(run_until(now, where, good=True))
    before = look(known, where, now)
    after = look(replace(known, runs=(*known.runs, extra)), where, now)
    assert after.state <= before.state
    for worse, better in zip(after.data_sets, before.data_sets, strict=True):
        assert worse.state <= better.state
    for (_, more), (_, less) in zip(after.scores, before.scores, strict=True):
        assert (more.copies, more.offsite) >= (less.copies, less.offsite)
        assert more.errors <= less.errors


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_nothing_is_green_without_a_good_copy(world: tuple[Machine, Facts, datetime]) -> None:
    where, known, now = world
    for health in look(known, where, now).data_sets:
        good = [r for r in known.runs if r.outcome is Outcome.GOOD and r.data_set in (health.data_set, "")]
        assert health.state is not State.OK or good


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_the_machine_starts_only_what_is_its_own_and_there(world: tuple[Machine, Facts, datetime]) -> None:
    where, known, now = world
    assessment = look(known, where, now)
    connected = {t.target for t in assessment.targets if t.connection.value in ("connected", "unknown")}
    for owed in due_now(assessment):
        assert owed.who is None
        assert owed.target is None or owed.target in connected
        assert owed.opens <= now
    assert all(r.at >= now for r in next_runs(assessment))


@given(st.integers(0, 1500), st.integers(0, 23), st.integers(0, 59))
@settings(max_examples=200, deadline=None)
def test_daily_copy_made_when_due_is_always_in_time(start: int, hour: int, minute: int) -> None:
    """A machine that is always on and starts its copy when it may never sees it overdue, whatever the clock does."""
    where = machine(at_time=(hour, minute), of=policy())
    made = at("2024-01-01 12:00") + timedelta(days=start)
    for _ in range(4):
        known = facts(run(made), set_up_at=at("2024-01-01 12:00"))
        owed = next(o for o in judge(known, now=made, on=where).obligations if o.id == "backup:puntenboek:nas")
        assert made < owed.opens <= owed.due
        assert owed.opens - made <= timedelta(hours=25)
        due = judge(known, now=owed.opens, on=where)
        timing = next(o.timing for o in due.obligations if o.id == owed.id)
        assert timing is Timing.DUE
        assert due.data_sets[0].last_good == made
        made = owed.opens + timedelta(seconds=40)
