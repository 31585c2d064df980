"""The assessment as the agent needs it: made anew when something changed or a moment came, else the last one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.assessment.model import Assessment
from app.clock import Clock
from app.jobs.installation import Installation
from app.records.facts import Facts
from app.records.store import Records

HOLDS_FOR: Final = timedelta(minutes=10)
"""An assessment is made anew after this in any case: it may look at a moment that no obligation names."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An assessment and the facts that it looked at."""

    facts: Facts
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class _Kept:
    judged: Judged
    installation: Installation
    mark: object
    until: datetime
    until_s: float


class Judging:
    """Judges the records; `records` is used in one loop only."""

    def __init__(self, clock: Clock, records: Records) -> None:
        self._clock = clock
        self._records = records
        self._kept: _Kept | None = None

    def now(self, installation: Installation) -> Judged:
        """Return what is so now: nothing has changed since it was found, and no obligation has come to its moment."""
        mark = (self._records.facts_mark(), installation.trouble)
        now, now_s = self._clock.now(), self._clock.monotonic()
        kept = self._kept
        if (
            kept is not None
            and kept.installation is installation
            and kept.mark == mark
            # A clock that was set back is another time too.
            and kept.judged.assessment.at <= now < kept.until
            and now_s < kept.until_s
        ):
            return kept.judged
        facts = self._records.facts()
        judged = Judged(facts, installation.judge(facts))
        at = judged.assessment.at
        until = min((at + HOLDS_FOR, *(moment for moment in _moments(judged.assessment) if moment > at)))
        self._kept = _Kept(judged, installation, mark, until, now_s + HOLDS_FOR.total_seconds())
        return judged


def _moments(assessment: Assessment) -> Iterator[datetime]:
    """Yield every moment at which an obligation says something else than before."""
    for obligation in assessment.obligations:
        yield obligation.opens
        yield obligation.due
        if obligation.not_before is not None:
            yield obligation.not_before
    if assessment.people_back is not None:
        yield assessment.people_back
