"""The yearly full back-up of everything that is not kept further in an archive (REQUIREMENTS S2-4d)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from app.assessment.copies import target_data
from app.assessment.model import (
    ConnectionState,
    Finding,
    FindingCode,
    KeptFull,
    Obligation,
    ObligationKind,
    State,
    Timing,
)
from app.assessment.school_year import school_year, yearly_duty
from app.assessment.situation import Situation, grounds
from app.assessment.timing import people_timing, with_attempts
from app.policy.machine import Purpose, Target
from app.policy.model import Basis, DataSet, Demand, Plan, Role
from app.records.facts import Outcome, RunKind

BY_ITSELF = timedelta(days=14)
"""People may choose the moment in the window; in its last days the machine starts what they left."""
URGENT = timedelta(days=30)


def exempt(data_set: DataSet, today: date) -> bool:
    """Tell whether a data set needs no full back-up: not kept further, with a reason, an approver, and not ended."""
    if data_set.kept_in_archive or not data_set.exemption_reason or not data_set.exemption_approved_by:
        return False
    return data_set.exemption_until is None or today <= data_set.exemption_until


def exemption_findings(situation: Situation) -> Iterator[Finding]:
    """Name the exemptions that do not hold: what lacks a reason or an approver, and what has ended."""
    today = situation.today
    for data_set, _ in situation.plans:
        if data_set.kept_in_archive or exempt(data_set, today):
            continue
        ended = data_set.exemption_until is not None and today > data_set.exemption_until
        code = FindingCode.EXEMPTION_ENDED if ended else FindingCode.EXEMPTION_INCOMPLETE
        data = (("data_set", data_set.name), ("until", str(data_set.exemption_until or "")))
        yield Finding(code, State.ATTENTION, data_set.id, Basis.SOURCE, ("S2-4d",), data)


def owes_full(data_set: DataSet, plan: Plan, today: date) -> bool:
    return plan.yearly_full and not exempt(data_set, today)


def full_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return the full back-up that each data set owes this school year, on the place meant for it."""
    return tuple(
        _obligation(situation, data_set, plan, target)
        for data_set, plan in situation.covered
        if owes_full(data_set, plan, situation.today) and (target := full_target(situation, data_set)) is not None
    )


def full_prompts(situation: Situation, owed: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    """Ask a person to start the full back-ups of a place, once for all its data sets; met while nothing is owed there.

    A disk that is away is asked for instead (`PLUG_IN_DISK`).
    """
    return tuple(
        _prompt(situation, target, own)
        for target in situation.machine.targets
        if (own := tuple(o for o in owed if o.kind is ObligationKind.YEARLY_FULL and o.target == target.id))
    )


def _prompt(situation: Situation, target: Target, owed: tuple[Obligation, ...]) -> Obligation:
    waiting = tuple(o for o in owed if o.timing is not Timing.MET)
    first = min(waiting or owed, key=lambda o: o.due)
    away = target.removable and situation.connection(target) is not ConnectionState.CONNECTED
    busy = any(o.running for o in owed)
    if not waiting or away or busy:
        timing = Timing.MET
    else:
        timing = people_timing(situation.now, min(situation.now, first.opens), first.due, urgent=URGENT)
    return Obligation(
        id=f"start-full:{target.id}",
        kind=ObligationKind.START_FULL,
        data_set=None,
        target=target.id,
        timing=timing,
        opens=first.opens,
        due=first.due,
        last_met=first.last_met,
        who=Role.IT_PROVIDER,
        basis=first.basis,
        why=first.why,
        data=(
            *target_data(target),
            ("data_sets", str(len(waiting))),
            ("school_year", dict(first.data).get("school_year", "")),
        ),
    )


def full_target(situation: Situation, data_set: DataSet) -> Target | None:
    """Return where the full back-up goes: a place kept for it; else a disk that can lie elsewhere; else any place."""
    kept_for_it = [
        t
        for t in situation.machine.targets
        if t.purpose is Purpose.FULL and (not t.data_sets or data_set.id in t.data_sets)
    ]
    others = sorted(situation.machine.targets_of(data_set.id), key=lambda t: not t.removable)
    return next(iter([*kept_for_it, *others]), None)


def kept_fulls(situation: Situation, target: Target) -> tuple[KeptFull, ...]:
    """Return the full back-ups that a place holds by the records, a school year each: the policy sets them no term."""
    starts = situation.policy.organisation.school_year_starts
    stored: dict[int, int] = {}
    for run in situation.history.on_target(target.id, (RunKind.FULL,)):
        if run.outcome is Outcome.GOOD:
            year = school_year(starts, run.started, situation.tz).year
            stored[year] = stored.get(year, 0) + run.bytes_added
    return tuple(KeptFull(year, stored[year]) for year in sorted(stored, reverse=True))


def _obligation(situation: Situation, data_set: DataSet, plan: Plan, target: Target) -> Obligation:
    history = situation.history
    done = history.full_copies(data_set.id)
    starts = situation.policy.organisation.school_year_starts
    duty = yearly_duty(starts, done, history.set_up, situation.now, situation.tz)
    basis, why = grounds(plan.requirement(Demand.YEARLY_FULL), otherwise=("S2-4d",))
    alone_from = max(duty.opens, duty.due - BY_ITSELF)
    timing = Timing.MET if duty.met else people_timing(situation.now, duty.opens, duty.due, urgent=BY_ITSELF)
    obligation = Obligation(
        id=f"yearly-full:{data_set.id}",
        kind=ObligationKind.YEARLY_FULL,
        data_set=data_set.id,
        target=target.id,
        timing=timing,
        opens=alone_from,
        due=duty.due,
        last_met=duty.last_met,
        who=None,
        basis=basis,
        why=why,
        data=(("data_set", data_set.name), *target_data(target), ("school_year", duty.year.label)),
    )
    fulls = tuple(r for r in history.copy_runs(data_set.id, target.id) if r.kind is RunKind.FULL)
    return with_attempts(obligation, fulls, situation.now)
