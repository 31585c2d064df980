"""The irreducible polynomial in a repository's config.

restic cuts files with it and refuses a repository whose polynomial is not irreducible; we use it as the seed of our
own chunker. Polynomials over GF(2) are integers, bit n being the coefficient of x^n.
"""

from __future__ import annotations

import os

DEGREE = 53


def random_polynomial() -> int:
    """Return a random irreducible polynomial of degree 53."""
    while True:
        candidate = int.from_bytes(os.urandom(8), "little") % (1 << DEGREE) | 1 << DEGREE | 1
        if is_irreducible(candidate):
            return candidate


def is_irreducible(polynomial: int) -> bool:
    """Tell whether a polynomial has no factors (Ben-Or's test)."""
    degree = polynomial.bit_length() - 1
    if degree < 1:
        return False
    power = 2  # x^(2^i) modulo the polynomial
    for _ in range(degree // 2):
        power = _modulo(_square(power), polynomial)
        if _common_divisor(polynomial, power ^ 2) != 1:
            return False
    return True


def _square(a: int) -> int:
    # Squaring over GF(2) puts a zero between the bits.
    return int("0".join(f"{a:b}"), 2)


def _modulo(a: int, b: int) -> int:
    length = b.bit_length()
    while a.bit_length() >= length:
        a ^= b << (a.bit_length() - length)
    return a


def _common_divisor(a: int, b: int) -> int:
    while b:
        a, b = b, _modulo(a, b)
    return a
