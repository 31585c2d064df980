"""What must hold between the parts of a policy, beyond each value being right by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from app.policy.errors import Reason
from app.policy.model import Axis, Confidentiality, Demand, Level, Policy, Rule, Tier, TierInfo
from app.policy.yamlfile import Report

COPY_DEMANDS: Final = frozenset({Demand.WEEKLY_COPY, Demand.DAILY_COPY, Demand.DAILY_VERSIONS})
"""The demands that say how old the last good copy may be; their rules need an `every`."""


def holds(rule: Rule, tier: Tier, confidentiality: Confidentiality) -> bool:
    """Whether a rule is for data of this tier and confidentiality."""
    return (not rule.tiers or tier in rule.tiers) and (
        not rule.confidentiality or confidentiality in rule.confidentiality
    )


def shortest_copy_interval(rules: tuple[Rule, ...], tier: Tier, confidentiality: Confidentiality) -> timedelta | None:
    """Return how old the last good copy of such data may be: the strictest rule wins; None without any rule."""
    intervals = [
        rule.every
        for rule in rules
        if rule.demand in COPY_DEMANDS and rule.every is not None and holds(rule, tier, confidentiality)
    ]
    return min(intervals, default=None)


def check_rules(rules: tuple[Rule, ...], line: int, report: Report) -> None:
    """Report a tier without any copy, a tier with rarer copies than the one below it, and absent encryption."""
    for confidentiality in Confidentiality:
        before: timedelta | None = None
        for tier in Tier:
            interval = shortest_copy_interval(rules, tier, confidentiality)
            if interval is None:
                report.add(Reason.MISSING_RULE, line, "rules", found=tier.name, expected=tuple(sorted(COPY_DEMANDS)))
                return
            if before is not None and interval > before:
                report.add(Reason.WEAKER_THAN_LOWER_TIER, line, "rules", found=tier.name, expected=("copy",))
                return
            before = interval
    for confidentiality in (Confidentiality.CONFIDENTIAL, Confidentiality.SECRET):
        for tier in Tier:
            if not any(r.demand is Demand.ENCRYPTION and holds(r, tier, confidentiality) for r in rules):
                found = f"{tier.name}, {confidentiality}"
                report.add(Reason.MISSING_RULE, line, "rules", found=found, expected=(Demand.ENCRYPTION,))
                return


def check_tiers(tiers: tuple[TierInfo, ...], line: int, report: Report) -> None:
    """Report a higher tier that may stay away longer, or lose more, than the one below it."""
    for lower, higher in pairwise(tiers):
        for name, low, high in (("rto", lower.rto, higher.rto), ("rpo", lower.rpo, higher.rpo)):
            if high > low:
                key = f"tiers.{higher.tier.name}.{name}"
                report.add(Reason.WEAKER_THAN_LOWER_TIER, line, key, found=higher.tier.name, expected=(name,))


def check_levels(levels: tuple[Level, ...], values: dict[Axis, tuple[str, ...]], line: int, report: Report) -> None:
    """Report an axis that misses a level, asks nothing to reach one, or asks something to reach the last one."""
    for axis in Axis:
        asked = [level for level in levels if level.axis is axis]
        key = f"levels.{axis}"
        for missing in _missing(values[axis], [level.id for level in asked]):
            report.add(Reason.MISSING_KEY, line, key, found=missing, expected=values[axis])
        for level in asked[:-1]:
            if level.question is None:
                report.add(Reason.MISSING_KEY, line, f"{key}.{level.id}.question", expected=("question",))
        if asked and asked[-1].question is not None:
            report.add(Reason.IMPOSSIBLE_VALUE, line, f"{key}.{asked[-1].id}.question", expected=("null",))


def check_duties(policy: Policy, line: int, report: Report) -> None:
    """Report a duty that is evidence for an item which the checklist does not have."""
    items = tuple(str(item.id) for item in policy.checklist)
    for duty in policy.duties:
        for item in duty.items:
            if item not in items and not report.problems:
                report.add(Reason.UNKNOWN_VALUE, line, f"duties.{duty.id}.checklist", found=item, expected=items)


def _missing(wanted: tuple[str, ...], there: list[str]) -> Iterator[str]:
    return (value for value in wanted if value not in there)
