"""The recovery key: what is printed, typed back years later, and named wrong group by wrong group.

Nine groups of four: three symbols of chance (15 bits; 135 in all) and one check symbol, in Crockford's base 32
(source: douglascrockford's Base32: no I, L, O, U; case and look-alikes do not matter). The check is a linear code over
GF(32) with another constant in each group: one wrong symbol, two swapped neighbours and two swapped groups are found.
The text exactly as printed, "K7QF-9D2M-…", is the repository's password.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

from app.secret import Secret
from app.targets.errors import RecoveryKeyMistyped

GROUPS = 9
GROUP_SYMBOLS = 4
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_WEIGHTS = (2, 4, 8)  # distinct, and none is 1: a swap with the check symbol shows as well
_TYPED_LIMIT = 200
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212_.,:;/|]+")


def new_recovery_key() -> Secret:
    """Draw a new recovery key, spelled as it is printed."""
    return Secret("-".join(_spell(tuple(secrets.randbelow(32) for _ in _WEIGHTS), place) for place in range(GROUPS)))


def normalise_recovery_key(typed: str) -> Secret:
    """Return the key as printed from what a person typed: any case, spacing, and O for 0 or I and L for 1.

    Raises RecoveryKeyMistyped, naming the groups that cannot be right.
    """
    text = unicodedata.normalize("NFKC", typed[: _TYPED_LIMIT + 1]).strip().upper()
    pieces = [piece for piece in _SEPARATORS.split(text) if piece]
    symbols = "".join(pieces)
    if len(typed) > _TYPED_LIMIT or len(symbols) != GROUPS * GROUP_SYMBOLS:
        raise RecoveryKeyMistyped(reason="length", groups=_groups_of_wrong_length(pieces))
    groups = [symbols[start : start + GROUP_SYMBOLS] for start in range(0, len(symbols), GROUP_SYMBOLS)]
    strange = tuple(n for n, group in enumerate(groups, 1) if any(symbol not in _VALUES for symbol in group))
    if strange:
        raise RecoveryKeyMistyped(reason="symbol", groups=strange)
    spelled = [_respell(group, place) for place, group in enumerate(groups)]
    wrong = tuple(n for n, group in enumerate(spelled, 1) if group is None)
    if wrong:
        raise RecoveryKeyMistyped(reason="check", groups=wrong)
    return Secret("-".join(group for group in spelled if group))


def recovery_sheet_challenge(count: int = 2) -> tuple[int, ...]:
    """Choose the groups (numbered from 1, ascending) that a person must type back from the sheet."""
    return tuple(sorted(secrets.SystemRandom().sample(range(1, GROUPS + 1), count)))


def group_matches(recovery: Secret, group: int, typed: str) -> bool:
    """Tell whether what was typed is that group (from 1) of the sheet."""
    text = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed[:_TYPED_LIMIT])).upper()
    if len(text) != GROUP_SYMBOLS or any(symbol not in _VALUES for symbol in text):
        return False
    wanted = recovery.reveal().split("-")[group - 1]
    return Secret("".join(_ALPHABET[_VALUES[symbol]] for symbol in text)) == Secret(wanted)


def _spell(values: tuple[int, ...], place: int) -> str:
    return "".join(_ALPHABET[value] for value in (*values, _check(values, place)))


def _respell(group: str, place: int) -> str | None:
    values = tuple(_VALUES[symbol] for symbol in group)
    body = values[:-1]
    return _spell(body, place) if values[-1] == _check(body, place) else None


def _check(values: tuple[int, ...], place: int) -> int:
    check = place + 1
    for value, weight in zip(values, _WEIGHTS, strict=True):
        check ^= _times(value, weight)
    return check


def _times(a: int, b: int) -> int:
    """Multiply in GF(32), modulo x⁵ + x² + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x20:
            a ^= 0x25
        b >>= 1
    return product


def _groups_of_wrong_length(pieces: list[str]) -> tuple[int, ...]:
    if len(pieces) != GROUPS:
        return ()
    return tuple(n for n, piece in enumerate(pieces, 1) if len(piece) != GROUP_SYMBOLS)
