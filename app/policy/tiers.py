"""The rule at the heart: the protection tier is max(B, I), and V decides encryption (REQUIREMENTS section 1)."""

from __future__ import annotations

from typing import Final

from app.policy.model import Availability, Classification, Confidentiality, Integrity, Tier

_OF_AVAILABILITY: Final = {
    Availability.LOW: Tier.T0,
    Availability.IMPORTANT: Tier.T1,
    Availability.ESSENTIAL: Tier.T2,
}
_OF_INTEGRITY: Final = {
    Integrity.NORMAL: Tier.T0,
    Integrity.REQUIRED: Tier.T1,
    Integrity.ABSOLUTE: Tier.T2,
}
_ENCRYPTED: Final = frozenset({Confidentiality.CONFIDENTIAL, Confidentiality.SECRET})


def tier(classification: Classification) -> Tier:
    """Return the protection tier; the confidentiality has no part in it."""
    return max(_OF_AVAILABILITY[classification.availability], _OF_INTEGRITY[classification.integrity])


def needs_encryption(classification: Classification) -> bool:
    """Whether a copy may never be written unencrypted (S2-4f); no policy file can loosen this."""
    return classification.confidentiality in _ENCRYPTED
