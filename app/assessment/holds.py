"""What must not be let go of: holds that stand, and suspicions of ransomware that nobody has judged."""

from __future__ import annotations

from app.records.facts import AnomalyVerdict, Facts, Hold


def standing(facts: Facts) -> tuple[Hold, ...]:
    return tuple(hold for hold in facts.holds if hold.stands)


def held_whole(facts: Facts, target: str) -> bool:
    """Tell whether nothing at all may be cleared on a target.

    A suspicion stops it everywhere: until somebody has looked, nobody knows which versions are the good ones.
    """
    suspected = any(anomaly.verdict is AnomalyVerdict.OPEN for anomaly in facts.anomalies)
    return suspected or any(not hold.data_set and hold.target in ("", target) for hold in standing(facts))


def held_sets(facts: Facts, target: str) -> frozenset[str]:
    """Return the data sets whose versions on a target all stay."""
    return frozenset(hold.data_set for hold in standing(facts) if hold.data_set and hold.target in ("", target))
