"""The policy template: the file from which an organisation's policy is made."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.policy.load import parse_policy
from app.policy.model import Policy

TEMPLATE_NAME = "policy-template.yml"
_PACKAGED = Path(__file__).parent / TEMPLATE_NAME
_IN_CHECKOUT = Path(__file__).parent.parent.parent / TEMPLATE_NAME


def template_text() -> str:
    """Return the template as it ships: beside this module in an installed package, at the top of a checkout."""
    path = _PACKAGED if _PACKAGED.is_file() else _IN_CHECKOUT
    return path.read_text(encoding="utf-8")


@cache
def template_policy() -> Policy:
    """Return the template as a policy: its levels, rules, checklist and typical data sets; no data sets yet."""
    return parse_policy(template_text().encode(), TEMPLATE_NAME)
