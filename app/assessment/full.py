"""The yearly full back-up of everything that is not kept further in an archive (REQUIREMENTS S2-4d)."""

from __future__ import annotations

from app.assessment.copies import target_data
from app.assessment.model import Obligation, ObligationKind, Timing
from app.assessment.school_year import yearly_duty
from app.assessment.situation import Situation, grounds
from app.assessment.timing import machine_timing, with_attempts
from app.policy.machine import Purpose, Target
from app.policy.model import DataSet, Demand, Plan
from app.records.facts import RunKind


def exempt(data_set: DataSet) -> bool:
    """Tell whether a data set needs no full back-up: not kept further, with a reason and someone who approved it."""
    return not data_set.kept_in_archive and bool(data_set.exemption_reason) and bool(data_set.exemption_approved_by)


def owes_full(data_set: DataSet, plan: Plan) -> bool:
    return plan.yearly_full and not exempt(data_set)


def full_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return the full back-up that each data set owes this school year, on the place meant for it."""
    return tuple(
        _obligation(situation, data_set, plan, target)
        for data_set, plan in situation.covered
        if owes_full(data_set, plan) and (target := full_target(situation, data_set)) is not None
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


def _obligation(situation: Situation, data_set: DataSet, plan: Plan, target: Target) -> Obligation:
    history = situation.history
    done = history.full_copies(data_set.id)
    starts = situation.policy.organisation.school_year_starts
    duty = yearly_duty(starts, done, history.set_up, situation.now, situation.tz)
    basis, why = grounds(plan.requirement(Demand.YEARLY_FULL), otherwise=("S2-4d",))
    timing = Timing.MET if duty.met else machine_timing(situation.now, duty.opens, duty.due)
    obligation = Obligation(
        id=f"yearly-full:{data_set.id}",
        kind=ObligationKind.YEARLY_FULL,
        data_set=data_set.id,
        target=target.id,
        timing=timing,
        opens=duty.opens,
        due=duty.due,
        last_met=duty.last_met,
        who=None,
        basis=basis,
        why=why,
        data=(("data_set", data_set.name), *target_data(target), ("school_year", duty.year.label)),
    )
    fulls = tuple(r for r in history.copy_runs(data_set.id, target.id) if r.kind is RunKind.FULL)
    return with_attempts(obligation, fulls)
