"""Ids are made from names: short, safe, never twice the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.setup.identifiers import MAX_ID_LENGTH, slug, unique_slug


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Puntenboek", "puntenboek"),
        ("Diploma's en PV's klassenraad", "diploma-s-en-pv-s-klassenraad"),
        ("Één leerling", "een-leerling"),
        ("   ", "set"),
        ("数据", "set"),
    ],
)
def test_a_name_becomes_a_plain_word(name: str, expected: str) -> None:
    assert slug(name) == expected


@given(st.lists(st.text(max_size=80), max_size=12))
def test_ids_are_safe_and_unique_whatever_the_names(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(unique_slug(name, taken))
    assert len(set(taken)) == len(taken)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", chosen) and len(chosen) <= MAX_ID_LENGTH for chosen in taken)
