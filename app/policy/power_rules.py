"""What the policy says about working on battery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PowerRules:
    """How long a UPS must be able to carry on, and when the mains may be trusted again."""

    minimum_runtime: timedelta = timedelta(minutes=5)
    """With less than this left on battery, work is stopped; a UPS that lasts shorter does not pass its test (C24)."""
    mains_steady: timedelta = timedelta(minutes=1)
    """How long the mains must have been back before work goes on."""
    self_test_every: timedelta = timedelta(days=365)


USUAL_POWER = PowerRules()
"""What holds where a policy says nothing about it."""
