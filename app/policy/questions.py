"""The walk through the questions that classify a data set: stop at the first yes (REQUIREMENTS section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.policy.checks import holds
from app.policy.model import (
    Availability,
    Axis,
    Classification,
    Confidentiality,
    Integrity,
    Level,
    Policy,
    Rule,
    Tier,
    TierInfo,
)
from app.policy.tiers import tier


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a classification leads to, to show before it is saved: the tier in plain words and its rules."""

    tier: TierInfo
    rules: tuple[Rule, ...]


def levels_of(policy: Policy, axis: Axis) -> tuple[Level, ...]:
    """Return the levels of an axis in the order in which they are asked; the last one has no question."""
    return tuple(level for level in policy.levels if level.axis is axis)


def level_reached(policy: Policy, axis: Axis, answers: Sequence[bool]) -> Level | None:
    """Return the level of the first yes, the last level when every question got a no, None while questions are left.

    Answers stand in the order of the questions; what comes after the first yes is ignored.
    """
    levels = levels_of(policy, axis)
    for level, yes in zip(levels[:-1], answers, strict=False):
        if yes:
            return level
    return levels[-1] if len(answers) >= len(levels) - 1 else None


def classification(policy: Policy, answers: Mapping[Axis, Sequence[bool]]) -> Classification | None:
    """Return the classification that the answers on the three axes lead to; None while a question is open."""
    reached = {axis: level_reached(policy, axis, answers.get(axis, ())) for axis in Axis}
    availability, integrity, confidentiality = (reached[axis] for axis in Axis)
    if availability is None or integrity is None or confidentiality is None:
        return None
    return Classification(Availability(availability.id), Integrity(integrity.id), Confidentiality(confidentiality.id))


def consequence(policy: Policy, levels: Classification) -> Consequence:
    """Return what a classification means, before it is saved."""
    protection: Tier = tier(levels)
    return Consequence(
        tier=policy.tiers[protection],
        rules=tuple(rule for rule in policy.rules if holds(rule, protection, levels.confidentiality)),
    )
