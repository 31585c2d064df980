"""The part of the policy file that says what people owe: read with its bounds, refused with the key and the reason."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.policy.duty import DutyScope, ProofForm
from app.policy.errors import PolicyInvalid, Problem, Reason
from app.policy.load import parse_policy, template_text
from app.policy.model import Policy, Postponing, Role

DUTY = """
  - id: extra
    who: staff
    every: 26 weeks
    window: 2 weeks
    basis: recommended
    title: {nl: Extra, en: Extra}
    reason: {nl: Waarom, en: Why}
    steps:
      - {nl: Doe dit, en: Do this}
    asks: {nl: Gedaan?, en: Done?}
"""


def read(text: str) -> Policy:
    return parse_policy(text.encode(), "policy.yml")


def with_duty(old: str = "", new: str = "") -> str:
    assert old in DUTY
    return template_text().replace("\nduties:\n", "\nduties:\n" + DUTY.replace(old, new, 1).rstrip() + "\n", 1)


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(PolicyInvalid) as caught:
        read(text)
    return caught.value.problems


def test_a_row_that_the_office_adds_is_read_with_the_usual_values() -> None:
    duty = read(with_duty()).duty("extra")
    assert duty is not None
    assert (duty.who, duty.every, duty.first) == (Role.STAFF, timedelta(weeks=26), timedelta(weeks=26))
    assert (duty.scope, duty.closed_by, duty.may_be_exempt) == (DutyScope.ORGANISATION, (ProofForm.REMARK,), False)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("    every: 26 weeks\n", "", Reason.MISSING_KEY),
        ("    every: 26 weeks\n", "    every: 26 weeks\n    after_approval: 1 week\n", Reason.MISSING_KEY),
        ("window: 2 weeks", "window: 1 year", Reason.IMPOSSIBLE_VALUE),
        ("who: staff", "who: janitor", Reason.UNKNOWN_VALUE),
        ("id: extra", "id: contacts", Reason.NOT_UNIQUE),
        ("basis: recommended", "basis: recommended\n    closed_by: [handshake]", Reason.UNKNOWN_VALUE),
        ("basis: recommended", "basis: recommended\n    checklist: [C99]", Reason.UNKNOWN_VALUE),
        ("basis: recommended", "basis: recommended\n    whose: An", Reason.UNKNOWN_KEY),
        ("      - {nl: Doe dit, en: Do this}\n", "      - {nl: a, en: b}\n" * 9, Reason.TOO_LARGE),
    ],
)
def test_a_duty_that_cannot_be_is_refused(old: str, new: str, reason: Reason) -> None:
    assert reason in {problem.reason for problem in refused(with_duty(old, new))}


def test_a_policy_without_this_part_asks_nothing_more_and_keeps_the_usual_bounds() -> None:
    text = template_text()
    start, end = text.index("\nduties:\n"), text.index("\npostponing:\n")
    without = text[:start] + re.sub(r"(?s)\npostponing:\n.*?\n\n", "\n\n", text[end:], count=1)
    policy = read(without)
    assert (policy.duties, policy.postponing) == ((), Postponing())


def test_an_event_without_an_id_is_called_after_its_place() -> None:
    policy = read(template_text().replace("    - id: new-storage\n      source: [S1-9.1]\n      nl:", "    - nl:", 1))
    assert policy.review_triggers[0].id == "event-1"
