"""What an inspection of one checklist item finds, and the small words to say it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.assessment.model import Assessment, Obligation, ObligationKind
from app.assessment.situation import Situation
from app.clock import format_utc
from app.policy.access import Access
from app.policy.versions import KeptVersion
from app.records.facts import Verdict

YEAR = timedelta(days=366)

Data = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A code with its data; `verdict` None where only a person can say, `known` False where it is not gathered yet."""

    code: str
    data: Data = ()
    verdict: Verdict | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an item's inspection looks at."""

    situation: Situation
    assessment: Assessment
    archive: tuple[KeptVersion, ...] = ()
    """The approved versions of the policy that are kept, the newest first."""
    access: Access | None = None
    """Who can get at the keys on this computer; None where nobody looked."""

    @property
    def now(self) -> datetime:
        return self.situation.now

    def obligations(self, kind: ObligationKind) -> tuple[Obligation, ...]:
        return tuple(o for o in self.assessment.obligations if o.kind is kind)


Inspect = Callable[[Inspection], Evidence]
OfFacts = Callable[[Inspection], Evidence | None]
"""None where the facts say nothing about an item, so that what somebody declared counts."""

NOT_GATHERED = Evidence("not-gathered", known=False)
NOTHING_TO_DO = Evidence("nothing-concerned", verdict=Verdict.NOT_APPLICABLE)


def judged(good: bool) -> Verdict:
    return Verdict.OK if good else Verdict.NOT_OK


def counted(code: str, good: int, total: int, missing: tuple[str, ...] = ()) -> Evidence:
    """Say how many of how many are in order, and name those that are not."""
    data = (("count", str(good)), ("total", str(total)), ("missing", ", ".join(missing)))
    return Evidence(code, data, judged(good == total))


def moment(at: datetime) -> str:
    """Write a moment into data; `app.wording` reads it back."""
    return format_utc(at)


def declared(inspection: Inspection, subject: str) -> Evidence:
    """Look for what a person declared within the last year; whether it holds is for the director to say."""
    own = [a for a in inspection.situation.facts.attestations if a.subject == subject and a.at <= inspection.now]
    newest = max(own, key=lambda a: a.at, default=None)
    if newest is None:
        return Evidence("not-declared")
    data = (("by", newest.by), ("at", moment(newest.at)), ("reference", newest.reference))
    return Evidence("declared" if inspection.now - newest.at <= YEAR else "declared-too-long-ago", data)
