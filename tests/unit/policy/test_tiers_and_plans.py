"""From levels to tiers to plans: over every combination of the 36 levels, and over the typical data sets."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from itertools import product

import pytest

from app.policy.load import template_policy
from app.policy.model import (
    Availability,
    Basis,
    Classification,
    Confidentiality,
    DataSet,
    DataSetId,
    Demand,
    Integrity,
    Plan,
    Policy,
    Rule,
    RuleId,
    Tier,
)
from app.policy.plan import derive_plan, derive_plans
from app.policy.tiers import needs_encryption, tier

LEVELS = [Classification(*levels) for levels in product(Availability, Integrity, Confidentiality)]

# REQUIREMENTS section 1, row by row.
TIER_TABLE = {
    (Availability.LOW, Integrity.NORMAL): Tier.T0,
    (Availability.LOW, Integrity.REQUIRED): Tier.T1,
    (Availability.LOW, Integrity.ABSOLUTE): Tier.T2,
    (Availability.IMPORTANT, Integrity.NORMAL): Tier.T1,
    (Availability.IMPORTANT, Integrity.REQUIRED): Tier.T1,
    (Availability.IMPORTANT, Integrity.ABSOLUTE): Tier.T2,
    (Availability.ESSENTIAL, Integrity.NORMAL): Tier.T2,
    (Availability.ESSENTIAL, Integrity.REQUIRED): Tier.T2,
    (Availability.ESSENTIAL, Integrity.ABSOLUTE): Tier.T2,
}


def a_set(levels: Classification, *, kept_in_archive: bool = True) -> DataSet:
    return DataSet(DataSetId("grades"), "Puntenboek", levels, kept_in_archive=kept_in_archive)


def plan_for(levels: Classification) -> Plan:
    return derive_plan(template_policy(), a_set(levels))


def with_rules(*rules: Rule) -> Policy:
    policy = template_policy()
    return dataclasses.replace(policy, rules=policy.rules + rules)


def a_rule(demand: Demand, every: timedelta | None, tiers: tuple[Tier, ...] = ()) -> Rule:
    text = template_policy().rules[0].text
    return Rule(RuleId("own"), demand, tiers, (), every, Basis.RECOMMENDED, (), (), text)


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_tier_is_the_higher_of_availability_and_integrity(levels: Classification) -> None:
    assert tier(levels) is TIER_TABLE[levels.availability, levels.integrity]


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_confidentiality_decides_encryption_and_nothing_else(levels: Classification) -> None:
    encrypted = levels.confidentiality in (Confidentiality.CONFIDENTIAL, Confidentiality.SECRET)
    assert needs_encryption(levels) is encrypted
    plan = plan_for(levels)
    assert plan.encrypted is encrypted
    public = plan_for(dataclasses.replace(levels, confidentiality=Confidentiality.PUBLIC))
    without_encryption = tuple(r for r in plan.requirements if r.demand is not Demand.ENCRYPTION)
    assert dataclasses.replace(plan, encrypted=False, requirements=without_encryption) == public


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_plan_is_what_the_tier_demands(levels: Classification) -> None:
    plan = plan_for(levels)
    everywhere = {Demand.YEARLY_FULL, Demand.OTHER_MEDIUM_AND_SITE, Demand.RESTORE_TEST, Demand.KEY_TEST}
    fire = {Demand.FIRE_PROTECTION, Demand.SAFETY_PLAN, Demand.PROCESSOR_CLAUSES, Demand.OFFLINE_COPY}
    of_tier = {
        Tier.T0: {Demand.WEEKLY_COPY},
        Tier.T1: {Demand.DAILY_COPY, Demand.UPS} | fire,
        Tier.T2: {
            Demand.CONTINUOUS_OFFSITE, Demand.DAILY_VERSIONS, Demand.REDUNDANT_UPS, Demand.ALTERNATIVE_LINE,
            Demand.ISP_SLA, Demand.FULL_DRILL,
        } | fire,
    }[plan.tier]  # fmt: skip
    encryption = {Demand.ENCRYPTION} if needs_encryption(levels) else set()
    assert {requirement.demand for requirement in plan.requirements} == everywhere | of_tier | encryption
    assert plan.max_age == (timedelta(days=7), timedelta(days=1), timedelta(days=1))[plan.tier]
    assert plan.ups_count == plan.tier
    assert plan.continuous is (plan.tier is Tier.T2)
    assert plan.alternative_line is (plan.tier is Tier.T2)
    assert plan.fire_protection is (plan.tier >= Tier.T1)
    assert plan.restore_test_every == (timedelta(days=365), timedelta(weeks=13), timedelta(weeks=13))[plan.tier]
    assert plan.yearly_full


@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_every_requirement_traces_to_a_rule_of_the_policy(levels: Classification) -> None:
    for requirement in plan_for(levels).requirements:
        assert requirement.rule in template_policy().rules
        assert requirement.rule.demand is requirement.demand
        assert requirement.rule.source


def strength(plan: Plan) -> tuple[object, ...]:
    """Something that is larger, field by field, the stronger the plan."""
    return (
        plan.tier, -plan.max_age, plan.continuous, plan.encrypted, plan.ups_count, plan.alternative_line,
        plan.fire_protection, -plan.restore_test_every, plan.yearly_full,
    )  # fmt: skip


RANKS = {level: rank for kind in (Availability, Integrity, Confidentiality) for rank, level in enumerate(kind)}


def at_most(lower: Classification, higher: Classification) -> bool:
    return (
        RANKS[lower.availability] <= RANKS[higher.availability]
        and RANKS[lower.integrity] <= RANKS[higher.integrity]
        and RANKS[lower.confidentiality] <= RANKS[higher.confidentiality]
    )


# What a higher tier may ask instead of what a lower one asks.
STRONGER = {
    Demand.WEEKLY_COPY: {Demand.DAILY_COPY, Demand.DAILY_VERSIONS},
    Demand.DAILY_COPY: {Demand.DAILY_VERSIONS},
    Demand.UPS: {Demand.REDUNDANT_UPS},
}


def test_raising_a_level_never_weakens_a_plan() -> None:
    pairs = [(low, high) for low in LEVELS for high in LEVELS if at_most(low, high)]
    assert len(pairs) == 6 * 6 * 10
    for low, high in pairs:
        weak, strong = plan_for(low), plan_for(high)
        assert all(s >= w for s, w in zip(strength(strong), strength(weak), strict=True)), (low, high)  # type: ignore[operator]
        demands = {requirement.demand for requirement in strong.requirements}
        for requirement in weak.requirements:
            assert demands & ({requirement.demand} | STRONGER.get(requirement.demand, set())), (low, high)


def test_the_policy_asks_a_full_copy_of_everything_for_an_exemption_may_end() -> None:
    plan = derive_plan(template_policy(), a_set(LEVELS[0], kept_in_archive=False))
    assert plan.yearly_full
    assert plan.requirement(Demand.YEARLY_FULL) is not None


def test_stricter_of_two_rules_wins() -> None:
    hourly = with_rules(a_rule(Demand.DAILY_COPY, timedelta(hours=1), (Tier.T1,)))
    grades = a_set(Classification(Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL))
    plan = derive_plan(hourly, grades)
    assert plan.max_age == timedelta(hours=1)
    daily = plan.requirement(Demand.DAILY_COPY)
    assert daily is not None
    assert daily.rule.id == "own"
    assert [r.demand for r in plan.requirements].count(Demand.DAILY_COPY) == 1


def test_laxer_rule_of_ones_own_changes_nothing() -> None:
    lax = with_rules(a_rule(Demand.DAILY_COPY, timedelta(days=30)), a_rule(Demand.RESTORE_TEST, timedelta(days=3650)))
    grades = a_set(Classification(Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL))
    plan = derive_plan(lax, grades)
    assert plan.max_age == timedelta(days=1)
    assert plan.restore_test_every == timedelta(weeks=13)


def test_encryption_stays_even_where_a_policy_value_lacks_the_rule() -> None:
    policy = template_policy()
    bare = dataclasses.replace(policy, rules=tuple(r for r in policy.rules if r.demand is not Demand.ENCRYPTION))
    assert derive_plan(
        bare, a_set(Classification(Availability.LOW, Integrity.NORMAL, Confidentiality.SECRET))
    ).encrypted


def test_plans_stand_in_the_order_of_the_policy() -> None:
    sets = tuple(dataclasses.replace(a_set(levels), id=DataSetId(f"s{n}")) for n, levels in enumerate(LEVELS))
    policy = dataclasses.replace(template_policy(), data_sets=sets)
    assert [plan.data_set for plan in derive_plans(policy)] == [data_set.id for data_set in sets]
