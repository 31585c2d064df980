from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.secret import Secret
from app.targets.errors import RecoveryKeyMistyped
from app.targets.recovery_key import (
    GROUPS,
    group_matches,
    new_recovery_key,
    normalise_recovery_key,
    recovery_sheet_challenge,
)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@st.composite
def keys(draw: st.DrawFn) -> str:
    # Only the check symbols are ours to fill in: try each in all groups at once, until every group has its own.
    symbols = draw(st.text(ALPHABET, min_size=3 * GROUPS, max_size=3 * GROUPS))
    bodies = [symbols[start : start + 3] for start in range(0, 3 * GROUPS, 3)]
    groups: dict[int, str] = {}
    for check in ALPHABET:
        tried = [body + check for body in bodies]
        wrong = named_wrong("-".join(tried))
        groups |= {place: group for place, group in enumerate(tried, 1) if place not in wrong}
        if len(groups) == GROUPS:
            break
    return "-".join(groups[place] for place in range(1, GROUPS + 1))


SAMPLE = new_recovery_key().reveal().split("-")


def named_wrong(key: str) -> tuple[int, ...]:
    try:
        normalise_recovery_key(key)
    except RecoveryKeyMistyped as mistyped:
        groups = mistyped.data["groups"]
        assert isinstance(groups, tuple)
        return groups
    return ()


def wrong_groups(text: str) -> tuple[int, ...]:
    with pytest.raises(RecoveryKeyMistyped) as mistyped:
        normalise_recovery_key(text)
    groups = mistyped.value.data["groups"]
    assert isinstance(groups, tuple)
    return groups


def test_new_key_has_nine_groups_and_is_never_the_same() -> None:
    drawn = {new_recovery_key().reveal() for _ in range(50)}
    assert len(drawn) == 50
    assert all(re.fullmatch(rf"([{ALPHABET}]{{4}}-){{8}}[{ALPHABET}]{{4}}", key) for key in drawn)


@given(keys())
def test_key_survives_being_typed_carelessly(key: str) -> None:
    careless = key.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert normalise_recovery_key(f"  {careless}\n").reveal() == key
    assert normalise_recovery_key(key.replace("-", "").replace("1", "I")).reveal() == key
    assert normalise_recovery_key(key.replace("-", " – ")).reveal() == key
    assert normalise_recovery_key(key).reveal() == key


@given(keys(), st.integers(0, GROUPS - 1), st.integers(0, 3), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_names_its_group(key: str, place: int, symbol: int, other: str) -> None:
    groups = key.split("-")
    changed = groups[place][:symbol] + other + groups[place][symbol + 1 :]
    if changed == groups[place]:
        return
    groups[place] = changed
    assert wrong_groups("-".join(groups)) == (place + 1,)


@given(keys(), st.integers(0, GROUPS - 1), st.integers(0, 2))
def test_two_swapped_neighbours_name_their_group(key: str, place: int, symbol: int) -> None:
    groups = key.split("-")
    letters = list(groups[place])
    letters[symbol], letters[symbol + 1] = letters[symbol + 1], letters[symbol]
    if "".join(letters) == groups[place]:
        return
    groups[place] = "".join(letters)
    assert wrong_groups("-".join(groups)) == (place + 1,)


@given(keys(), st.lists(st.integers(0, GROUPS - 1), min_size=2, max_size=2, unique=True))
def test_two_swapped_groups_are_both_named(key: str, places: list[int]) -> None:
    groups = key.split("-")
    a, b = places
    groups[a], groups[b] = groups[b], groups[a]
    assert wrong_groups("-".join(groups)) == tuple(sorted((a + 1, b + 1)))


def test_missing_symbol_names_the_short_group() -> None:
    groups = SAMPLE.copy()
    groups[4] = groups[4][:3]
    assert wrong_groups("-".join(groups)) == (5,)


def test_symbol_that_no_key_has_names_its_group() -> None:
    groups = SAMPLE.copy()
    groups[2] = "U" + groups[2][1:]
    assert wrong_groups("-".join(groups)) == (3,)


@pytest.mark.parametrize("text", ["", "-", "K7QF", "é" * 36, "0" * 10_000, "\0" * 36])
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(RecoveryKeyMistyped) as mistyped:
        normalise_recovery_key(text)
    assert set(mistyped.value.data) == {"reason", "groups"}


def test_challenge_asks_for_different_groups_of_the_sheet() -> None:
    asked = {recovery_sheet_challenge() for _ in range(200)}
    assert len(asked) > 10
    assert all(1 <= first < second <= GROUPS for first, second in asked)


def test_only_the_asked_group_answers_the_challenge() -> None:
    key = Secret("-".join(SAMPLE))
    assert group_matches(key, 3, SAMPLE[2].lower().replace("0", "O"))
    assert group_matches(key, 3, f" {SAMPLE[2]} ")
    assert not group_matches(key, 3, "UUUU")
    assert not group_matches(key, 3, "")
    others = {group for place, group in enumerate(SAMPLE) if group != SAMPLE[2]}
    assert not any(group_matches(key, 3, group) for group in others)
