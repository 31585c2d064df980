"""Continuous copying: how far behind a session is, and what it showed once it was over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.records.facts.runs import RunId


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where the continuous copying of a set to a place stands: the newest numbers of its session (`run`)."""

    data_set: str
    target: str
    run: RunId
    since: datetime
    """When the session began."""
    at: datetime
    """When these numbers were written: every few seconds while the session lives."""
    safe_until: datetime | None
    """Whatever was saved before this moment is in a copy; None until the session's first copy."""
    waiting_since: datetime | None
    """The moment of the oldest change that is in no copy yet; None when there is none."""
    link_up: bool
    """False while the place does not answer: changes wait, and are caught up with later."""
    copies: int = 0
    max_lag_s: float = 0.0
    """The longest that a change of this session has waited."""
    late_s: float = 0.0
    """For how long in this session a change had waited longer than the policy allows."""


@dataclass(frozen=True, slots=True)
class SyncPeriod:
    """A session of continuous copying that is over: the evidence of how far behind the copies were."""

    run: RunId
    data_set: str
    target: str
    begun: datetime
    ended: datetime
    copies: int
    max_lag_s: float
    late_s: float
