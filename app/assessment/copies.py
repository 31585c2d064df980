"""The copies: how old the last good one of each data set on each place is, and may be (REQUIREMENTS S2-4a to c).

The demand is met by the age of the last good copy, never by a timer: a computer that was off catches up by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.assessment.local_time import last_occurrence, later
from app.assessment.model import ConnectionState, Obligation, ObligationKind, State
from app.assessment.people_there import absence
from app.assessment.situation import Situation, grounds
from app.assessment.timing import grace, machine_timing, with_attempts
from app.policy.machine import Target
from app.policy.model import DataSet, Demand, Plan, Requirement, Tier

DISK_MAY_LAG = timedelta(days=7)
"""How old the copy on a disk that travels may be, when a place that is always there keeps the daily one (advice)."""
TO_CATCH_UP = timedelta(hours=4)
"""So long after people are back and the computer is on again, everything is up to date."""
FAR_TOO_OLD = 3
"""So many times the allowed age makes a copy an error: 72 hours for a daily one (checklist C08)."""


@dataclass(frozen=True, slots=True)
class CopyAge:
    """The last good copy of a data set on a place, and what is allowed there.

    `expires` is when that copy is as old as it may be; `due` is never before what a new installation is given. On a
    disk that travels both make way for days on which nobody is there: it is due before such days or after them.
    """

    data_set: DataSet
    plan: Plan
    target: Target
    last_good: datetime | None
    expires: datetime | None
    opens: datetime
    due: datetime
    late_from: datetime
    allowed: timedelta

    def late(self, now: datetime) -> bool:
        return now > self.late_from

    def fresh(self, now: datetime) -> bool:
        """Tell whether there is a good copy, young enough."""
        return self.expires is not None and now <= self.expires + grace(self.allowed)


def copy_ages(situation: Situation) -> tuple[CopyAge, ...]:
    """Judge every data set on every place for its daily copies."""
    return tuple(
        copy_age(situation, data_set, plan, target)
        for data_set, plan in situation.covered
        for target in situation.machine.targets_of(data_set.id)
    )


def copy_age(situation: Situation, data_set: DataSet, plan: Plan, target: Target) -> CopyAge:
    """Judge one data set on one place."""
    last = situation.history.last_copy(data_set.id, target.id)
    set_up, tz = situation.history.set_up, situation.tz
    allowed = _allowed(situation, data_set, plan, target)
    expires = later(last, allowed, tz) if last else None
    due = max(expires or set_up, later(set_up, allowed, tz))
    opens = set_up
    if last is not None:
        # A disk that is plugged in gets its copy at the plan's pace, whatever it is allowed to lag.
        soonest = later(last, plan.max_age, tz)
        # One that was caught up just before that hour is not made again at it.
        opens = last_occurrence(situation.machine.backup_time, last + plan.max_age / 24, soonest, tz) or soonest
    due, late_from = _when_people_are_there(situation, target, last, due, due + grace(allowed))
    return CopyAge(data_set, plan, target, last, expires, opens, due, late_from, allowed)


def _when_people_are_there(
    situation: Situation, target: Target, last: datetime | None, due: datetime, late_from: datetime
) -> tuple[datetime, datetime]:
    """Move what a disk owes out of the days on which nobody can plug it in: before them, or else after them.

    On a place that is always there the copy stays due: the machine makes it whenever the computer is on. But if it was
    off with everybody gone, the copy is late only when it is not made once they are back.
    """
    away = absence(situation.policy.calendar, due, situation.tz)
    if away is None:
        return due, late_from
    if not target.removable:
        return due, max(late_from, away.back + TO_CATCH_UP)
    late_from = max(late_from, away.settled)
    before = situation.now < away.leave and (last is None or last < away.ask)
    return (min(due, away.ask) if before else away.back), late_from


def copy_obligations(situation: Situation, ages: tuple[CopyAge, ...]) -> tuple[Obligation, ...]:
    """Turn the ages into obligations of the machine, one for each data set and place."""
    return tuple(_obligation(situation, age) for age in ages)


def demand_of(plan: Plan) -> Requirement | None:
    """Return the requirement that sets the pace of a plan's copies; the strictest where several do."""
    demands = (Demand.DAILY_COPY, Demand.DAILY_VERSIONS, Demand.WEEKLY_COPY)
    found = [r for d in demands if (r := plan.requirement(d)) is not None]
    return min(found, key=lambda r: r.every or timedelta.max, default=None)


def pace(allowed: timedelta) -> str:
    """Name the pace of copies: "daily", "weekly", or the days between them."""
    days = allowed / timedelta(days=1)
    return {1.0: "daily", 7.0: "weekly"}.get(days, f"{days:g}")


def age_state(situation: Situation, last: datetime | None, allowed: timedelta) -> State:
    """Return the light for the newest good copy of a data set; without one it counts from the set-up.

    An old copy from before the set-up is never worse than none at all.
    """
    now, tz = situation.now, situation.tz
    settling = now <= later(situation.history.set_up, allowed, tz) + grace(allowed)
    none_yet = State.ATTENTION if settling else State.ERROR
    if last is None:
        return none_yet
    if now <= later(last, allowed, tz) + grace(allowed):
        return State.OK
    expired = later(last, allowed, tz)
    away = absence(situation.policy.calendar, expired, tz)
    # It became too old while nobody was there: they have a morning to catch up before that is called an error.
    excused = away is not None and now <= away.back + TO_CATCH_UP
    too_old = now > later(last, allowed * FAR_TOO_OLD, tz) and not excused
    return min(none_yet, State.ERROR if too_old else State.ATTENTION)


def _allowed(situation: Situation, data_set: DataSet, plan: Plan, target: Target) -> timedelta:
    if not target.removable or carries_demand(situation, data_set, target):
        return plan.max_age
    # Disks that take turns come back when all the others have been here.
    turns = sum(bool(t.disk_set) for t in situation.machine.targets_of(data_set.id)) if target.disk_set else 1
    return max(plan.max_age, DISK_MAY_LAG * turns)


def carries_demand(situation: Situation, data_set: DataSet, target: Target) -> bool:
    """Tell whether the pace of the policy rests on this disk: no place is always there, and it has the newest copy."""
    places = situation.machine.targets_of(data_set.id)
    if any(not place.removable for place in places):
        return False

    def rank(place: Target) -> tuple[float, bool, int]:
        last = situation.history.last_copy(data_set.id, place.id)
        plugged_in = situation.connection(place) is ConnectionState.CONNECTED
        return last.timestamp() if last else 0.0, plugged_in, -places.index(place)

    return max(places, key=rank).id == target.id


def _obligation(situation: Situation, age: CopyAge) -> Obligation:
    basis, why = grounds(demand_of(age.plan), otherwise=_why(age.plan.tier))
    obligation = Obligation(
        id=f"backup:{age.data_set.id}:{age.target.id}",
        kind=ObligationKind.BACKUP,
        data_set=age.data_set.id,
        target=age.target.id,
        timing=machine_timing(situation.now, age.opens, age.late_from),
        opens=age.opens,
        due=age.due,
        last_met=age.last_good,
        who=None,
        basis=basis,
        why=why,
        data=(("data_set", age.data_set.name), *target_data(age.target), ("pace", pace(age.plan.max_age))),
    )
    return with_attempts(obligation, situation.history.copy_runs(age.data_set.id, age.target.id), situation.now)


def target_data(target: Target) -> tuple[tuple[str, str], ...]:
    """Return what a text needs to point at a place."""
    return ("target", target.name), ("colour", target.colour), ("site", target.site)


def _why(tier: Tier) -> tuple[str, ...]:
    return ("S2-4c",) if tier is Tier.T0 else ("S2-4a",)
