"""The page for the IT provider names everything that can go wrong and every part of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from app.policy.errors import Reason
from app.policy.load import template_text

PAGE = (Path(__file__).parents[3] / "docs" / "policy-file.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_documented(reason: Reason) -> None:
    assert f"`{reason}`" in PAGE


@pytest.mark.parametrize("part", [key for key in yaml.safe_load(template_text()) if key != "format"])
def test_part_of_the_policy_is_documented(part: str) -> None:
    assert f"`{part}`" in PAGE
