"""Derive what must happen for each data set: pure, every field traces to rules, and the stricter rule wins."""

from __future__ import annotations

from datetime import timedelta

from app.policy.checks import holds, shortest_copy_interval
from app.policy.model import DataSet, Demand, Plan, Policy, Requirement, Rule
from app.policy.tiers import needs_encryption, tier


def derive_plans(policy: Policy) -> tuple[Plan, ...]:
    """Return the plan of every data set, in the policy's order."""
    return tuple(derive_plan(policy, data_set) for data_set in policy.data_sets)


def derive_plan(policy: Policy, data_set: DataSet) -> Plan:
    """Return what the policy's rules ask for one data set.

    `max_age` is about the last good *version*; how far a continuous copy may lag is the `every` of its own
    requirement. The yearly full copy has no interval: it follows the school year; whether a set is exempt from it is
    a question of the day, for the assessment.
    """
    level = tier(data_set.classification)
    confidentiality = data_set.classification.confidentiality
    requirements = _strictest(
        tuple(_requirement(policy, data_set, rule) for rule in policy.rules if holds(rule, level, confidentiality))
    )
    max_age = shortest_copy_interval(policy.rules, level, confidentiality)
    if max_age is None:
        raise ValueError(f"no rule says how often {data_set.id} is copied")  # the loader refuses such a policy
    demands = {requirement.demand for requirement in requirements}
    return Plan(
        data_set=data_set.id,
        tier=level,
        max_age=max_age,
        continuous=Demand.CONTINUOUS_OFFSITE in demands,
        encrypted=Demand.ENCRYPTION in demands or needs_encryption(data_set.classification),
        ups_count=2 if Demand.REDUNDANT_UPS in demands else 1 if Demand.UPS in demands else 0,
        alternative_line=Demand.ALTERNATIVE_LINE in demands,
        fire_protection=Demand.FIRE_PROTECTION in demands,
        restore_test_every=_restore_test_every(policy, data_set, requirements),
        yearly_full=Demand.YEARLY_FULL in demands,
        requirements=requirements,
    )


def _strictest(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Keep one requirement per demand: of several rules for one demand the shortest interval counts."""
    kept: dict[Demand, Requirement] = {}
    for requirement in requirements:
        known = kept.get(requirement.demand)
        if known is None or _interval(requirement) < _interval(known):
            kept[requirement.demand] = requirement
    return tuple(kept.values())


def _requirement(policy: Policy, data_set: DataSet, rule: Rule) -> Requirement:
    every = rule.every
    match rule.demand:
        case Demand.RESTORE_TEST:
            every = _shorter(every, policy.restore_tests.every[tier(data_set.classification)])
        case Demand.FULL_DRILL:
            every = _shorter(every, policy.restore_tests.full_drill_every)
        case _:
            pass
    return Requirement(rule.demand, every, rule)


def _restore_test_every(policy: Policy, data_set: DataSet, requirements: tuple[Requirement, ...]) -> timedelta:
    intervals = [r.every for r in requirements if r.demand is Demand.RESTORE_TEST and r.every is not None]
    return min(intervals, default=policy.restore_tests.every[tier(data_set.classification)])


def _shorter(every: timedelta | None, plan_every: timedelta) -> timedelta:
    return plan_every if every is None else min(every, plan_every)


def _interval(requirement: Requirement) -> timedelta:
    return timedelta.max if requirement.every is None else requirement.every
