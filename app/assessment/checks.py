"""The integrity checks: are the copies on every place still whole (REQUIREMENTS S1-3b, checklist C19).

All packs of a place are dealt into thirteen parts. Each check looks at the whole structure and reads the data of the
parts that were read longest ago, so that everything is read within a quarter: a part every week, two where a data set
of the highest tier lies, and several at a time once in four weeks where only the lowest does. A disk that travels is
checked when it is there anyway, as many parts at a time as that takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil

from app.assessment.copies import target_data
from app.assessment.local_time import later
from app.assessment.model import Obligation, ObligationKind
from app.assessment.situation import Situation
from app.assessment.timing import machine_timing, with_attempts
from app.policy.machine import Target
from app.policy.model import Basis, Tier
from app.records.facts import Outcome, RunKind

PARTS = 13
QUARTER = timedelta(days=91)
STRUCTURE = "structure"
"""The part of a check that read no data."""
_WEEK = timedelta(days=7)
_EVERY = {Tier.T0: 4 * _WEEK, Tier.T1: _WEEK, Tier.T2: _WEEK}
_LATE = {Tier.T0: 8 * _WEEK, Tier.T1: 4 * _WEEK, Tier.T2: 4 * _WEEK}
"""A computer that is off for a holiday misses a few; nobody need know."""
_SOMEWHAT_LATE = timedelta(hours=12)
_AT_LEAST = {Tier.T0: 1, Tier.T1: 1, Tier.T2: 2}


def parts_of(part: str) -> frozenset[int]:
    """Return the parts (1 to 13) that a check read: "3,4/13"; all of them for the empty text."""
    if not part:
        return frozenset(range(1, PARTS + 1))
    numbers, _, count = part.partition("/")
    if count != str(PARTS):
        return frozenset()
    found = (int(number) for number in numbers.split(",") if number.isdecimal())
    return frozenset(number for number in found if 1 <= number <= PARTS)


def part_name(numbers: frozenset[int]) -> str:
    """Return how the records call these parts."""
    if len(numbers) >= PARTS:
        return ""
    return f"{','.join(map(str, sorted(numbers)))}/{PARTS}"


def check_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return the next check of each place."""
    return tuple(_obligation(situation, target) for target in situation.machine.targets)


def parts_read(situation: Situation, target: Target) -> Mapping[int, datetime]:
    """Return when each part of a place was last read and found whole; never read counts from the set-up."""
    read: dict[int, datetime] = {}
    for run in situation.history.checks(target.id):
        if run.outcome is Outcome.GOOD:
            for number in parts_of(run.part):
                read.setdefault(number, situation.history.moment(run))
    set_up = situation.history.set_up
    return {number: max(read.get(number, set_up), set_up) for number in range(1, PARTS + 1)}


def _obligation(situation: Situation, target: Target) -> Obligation:
    history, now, tz = situation.history, situation.now, situation.tz
    good = (r for r in history.checks(target.id) if r.outcome is Outcome.GOOD and parts_of(r.part))
    last = next((history.moment(run) for run in good), None)
    since = max(last or history.set_up, history.set_up)
    read = parts_read(situation, target)
    tier = _tier(situation, target)
    quarter_ends = later(min(read.values()), QUARTER, tz)
    opens = min(later(since, _EVERY[tier], tz), quarter_ends)
    due = quarter_ends if target.removable else min(later(since, _LATE[tier], tz), quarter_ends)
    obligation = Obligation(
        id=f"check:{target.id}",
        kind=ObligationKind.CHECK,
        data_set=None,
        target=target.id,
        timing=machine_timing(now, opens, due),
        opens=opens,
        due=due,
        last_met=last,
        who=None,
        basis=Basis.RECOMMENDED,
        why=("S1-3b",),
        data=(*target_data(target), ("part", part_name(_next_parts(read, now, max(_EVERY[tier], now - since), tier)))),
    )
    return with_attempts(obligation, history.at(RunKind.CHECK, "", target.id), now)


def _next_parts(read: Mapping[int, datetime], now: datetime, gap: timedelta, tier: Tier) -> frozenset[int]:
    """Return the parts that are read next: those of longest ago, and all that would be too old at the next check.

    The next check is expected to be as far away as the last one is, but no sooner than the tier asks for.
    """
    too_old = sum(moment + QUARTER <= now + gap for moment in read.values())
    # A check is always somewhat later than a week after the last one: that is no reason to read twice as much.
    in_proportion = ceil(PARTS * (min(gap, QUARTER) - _SOMEWHAT_LATE) / QUARTER)
    wanted = max(_AT_LEAST[tier], too_old, in_proportion)
    ordered = sorted(read, key=lambda number: (read[number], number))
    return frozenset(ordered[:wanted])


def _tier(situation: Situation, target: Target) -> Tier:
    """Return the highest tier of what lies on a place."""
    tiers = (p.tier for s, p in situation.covered if target in situation.machine.targets_of(s.id))
    return max(tiers, default=Tier.T0)
