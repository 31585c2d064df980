"""How often copies were on time, over the school year (REQUIREMENTS C08, C09): counted from the copies themselves.

Days on which nobody is there do not count, and a closed day lengthens no gap: the computer may be off then.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.assessment.local_time import local_moment
from app.assessment.school_year import school_year
from app.assessment.situation import Situation
from app.assessment.timing import grace
from app.policy.model import DataSet, Plan

DAY = timedelta(days=1)
DAILY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PaceKept:
    """Of one data set this school year: how many times a copy was due and was there, and the longest gap."""

    data_set: DataSet
    on_time: int
    due: int
    longest_gap: timedelta


def pace_kept(situation: Situation, data_set: DataSet, plan: Plan) -> PaceKept:
    """Count, at the end of each day that counts (daily) or each week, whether a copy young enough was there."""
    copies = sorted({at for t in situation.machine.targets for at in situation.history.copies(data_set.id, t.id)})
    since = _since(situation, data_set, copies)
    points = _points(situation, since, plan)
    allowed = plan.max_age + grace(plan.max_age)

    def there(point: datetime) -> bool:
        index = bisect_right(copies, point)
        if not index:
            return False
        return point - copies[index - 1] - _closed_time(situation, copies[index - 1], point) <= allowed

    ends = [since, *(at for at in copies if since < at <= situation.now), situation.now]
    gaps = (b - a - _closed_time(situation, a, b) for a, b in pairwise(ends))
    return PaceKept(data_set, sum(map(there, points)), len(points), max(gaps, default=timedelta(0)))


def _since(situation: Situation, data_set: DataSet, copies: list[datetime]) -> datetime:
    """Return from when on copies were owed: the set-up, the data set's own beginning, or the school year's."""
    starts = school_year(situation.policy.organisation.school_year_starts, situation.now, situation.tz).starts
    begun = copies[:1]
    if data_set.classified_on is not None:
        # Classified anew is not begun anew: a copy from before tells.
        begun = [min(*begun, local_moment(data_set.classified_on, 0, 0, situation.tz), situation.now)]
    return min(max(starts, situation.history.set_up, *begun), situation.now)


def _points(situation: Situation, since: datetime, plan: Plan) -> tuple[datetime, ...]:
    step = DAY if plan.max_age <= DAILY else plan.max_age
    day = since.astimezone(situation.tz).date() + step
    points = []
    while (point := local_moment(day + DAY, 0, 0, situation.tz)) <= situation.now:
        if step > DAY or situation.policy.calendar.is_open(day):
            points.append(point)
        day += step
    return tuple(points)


def _closed_time(situation: Situation, after: datetime, until: datetime) -> timedelta:
    """Return how much of a time whole closed days take up."""
    first = after.astimezone(situation.tz).date() + DAY
    last = until.astimezone(situation.tz).date() - DAY
    days = (last - first).days + 1
    return DAY * sum(not situation.policy.calendar.is_open(first + n * DAY) for n in range(max(0, days)))
