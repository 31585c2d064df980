"""The walk through the questions stops at the first yes."""

from __future__ import annotations

import pytest

from app.policy.load import template_policy
from app.policy.model import Availability, Axis, Classification, Confidentiality, Integrity
from app.policy.questions import classification, level_reached, levels_of

WALKS = [
    (Axis.AVAILABILITY, (True,), "essential"),
    (Axis.AVAILABILITY, (False, True), "important"),
    (Axis.AVAILABILITY, (False, False), "low"),
    (Axis.INTEGRITY, (True,), "absolute"),
    (Axis.INTEGRITY, (False, True), "required"),
    (Axis.INTEGRITY, (False, False), "normal"),
    (Axis.CONFIDENTIALITY, (True,), "public"),
    (Axis.CONFIDENTIALITY, (False, True), "secret"),
    (Axis.CONFIDENTIALITY, (False, False, True), "confidential"),
    (Axis.CONFIDENTIALITY, (False, False, False), "internal"),
]


@pytest.mark.parametrize(("axis", "answers", "level"), WALKS)
def test_first_yes_decides(axis: Axis, answers: tuple[bool, ...], level: str) -> None:
    policy = template_policy()
    reached = level_reached(policy, axis, answers)
    assert reached is not None
    assert reached.id == level
    # Answers to questions that would not have been asked change nothing.
    assert level_reached(policy, axis, (*answers, True, False)) == reached


@pytest.mark.parametrize("axis", Axis)
def test_questions_are_asked_one_by_one_until_the_level_is_known(axis: Axis) -> None:
    policy = template_policy()
    levels = levels_of(policy, axis)
    for asked, level in enumerate(levels[:-1]):
        assert level_reached(policy, axis, (False,) * asked) is None
        assert level.question is not None


def test_classification_waits_for_all_three_axes() -> None:
    policy = template_policy()
    answers = {Axis.AVAILABILITY: (False, True), Axis.INTEGRITY: (True,)}
    assert classification(policy, answers) is None
    whole = {**answers, Axis.CONFIDENTIALITY: (False, True)}
    assert classification(policy, whole) == Classification(
        Availability.IMPORTANT, Integrity.ABSOLUTE, Confidentiality.SECRET
    )
