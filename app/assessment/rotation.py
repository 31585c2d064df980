"""Disks that are swapped for each other: which one is asked for now, and which one should leave the building.

One disk at a time is asked for: of those that are away the one with the oldest copies. A disk that has its copies is to
be carried off, unless the pace of the policy rests on it and no other disk's turn has come.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.assessment.copies import DISK_MAY_LAG, carries_demand, target_data
from app.assessment.model import ConnectionState, Obligation, ObligationKind, Timing
from app.assessment.situation import Situation
from app.assessment.timing import grace, people_timing
from app.policy.machine import Machine, Target, TargetId
from app.policy.model import Basis, Role
from app.records.facts import Handover

STAY = timedelta(days=1)
"""How long a disk that has its copies may lie in the computer before it is called late."""
_CALM = timedelta(hours=20)
"""So long before it is late it should be taken along; before that it may."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def rotation_of(machine: Machine, target: Target) -> tuple[Target, ...]:
    """Return the disks that take turns with this one, itself among them; just itself when it is in no set."""
    if not target.removable or not target.disk_set:
        return (target,)
    return tuple(
        t
        for t in machine.targets
        if t.removable and t.disk_set and t.purpose is target.purpose and t.data_sets == target.data_sets
    )


def handover_of(situation: Situation, target: TargetId) -> Handover | None:
    """Return who has a disk now, as it was last said."""
    found = (h for h in situation.facts.handovers if h.target == target and h.at <= situation.now)
    return max(found, key=lambda h: h.at, default=None)


def where_it_is(situation: Situation, target: Target) -> tuple[tuple[str, str], ...]:
    """Return what a text needs to say who has a disk and where."""
    told = handover_of(situation, target.id)
    shown = target if told is None else replace(target, site=told.site or target.site)
    holder = told.holder if told is not None else target.kept_by
    return (*target_data(shown), ("disk_set", target.disk_set), ("kept_by", holder))


def one_disk_at_a_time(situation: Situation, asked: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    """Of disks that take turns leave one prompt: for the disk that is longest away, as urgent as the most urgent."""
    by_target = {o.target: o for o in asked}
    done: set[str] = set()
    result: list[Obligation] = []
    for obligation in asked:
        target = situation.machine.target(TargetId(obligation.target or ""))
        group = rotation_of(situation.machine, target)
        if target.id in done:
            continue
        members = tuple(by_target[t.id] for t in group if t.id in by_target)
        done.update(t.id for t in group)
        result.extend(members if len(members) < 2 else _turn(situation, group, members))
    return tuple(result)


def take_off_site(
    situation: Situation, by_machine: tuple[Obligation, ...], prompts: tuple[Obligation, ...]
) -> tuple[Obligation, ...]:
    """Ask to carry off each disk that lives elsewhere or takes turns, once it has its copies; met when it is away."""
    return tuple(
        _take_off(situation, target, by_machine, prompts)
        for target in situation.machine.targets
        if target.removable and (target.offsite or len(rotation_of(situation.machine, target)) > 1)
    )


def _turn(situation: Situation, group: tuple[Target, ...], members: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    quiet = tuple(replace(o, timing=Timing.MET) for o in members)
    away = [t for t in group if situation.connection(t) is not ConnectionState.CONNECTED]
    # While something looks like malware, the disk that is out of its reach stays there.
    if not away or any(anomaly.closed_at is None for anomaly in situation.facts.anomalies):
        return quiet
    # The yearly full back-up belongs on one disk and no other: that one goes first when it presses.
    fulls = [o for o in members if o.timing is not Timing.MET and dict(o.data).get("for") == _FULL]
    pressing = next((o for o in fulls if o.timing is not Timing.UPCOMING), None)
    if pressing is not None:
        return tuple(o if o is pressing else replace(o, timing=Timing.MET) for o in members)
    turn_ends = _turn_ends(situation, group)
    owed = [o for o in members if o.timing is not Timing.MET and o not in fulls]
    due = min([turn_ends, *(o.due for o in owed)])
    opens = min([turn_ends - timedelta(days=1), *(o.opens for o in owed)])
    timing = max(
        (_turn_timing(situation.now, opens, turn_ends), *(o.timing for o in owed)),
        key=tuple(Timing).index,
    )
    chosen = min(away, key=lambda t: (_last_copy(situation, t) or _NEVER, _since(situation, t) or _NEVER))
    asked = next((o for o in members if o.target == chosen.id), None)
    if asked is None or timing is Timing.MET:
        return tuple(o if o in fulls[:1] else replace(o, timing=Timing.MET) for o in members)
    first = min(owed, key=lambda o: o.due, default=asked)
    merged = replace(
        asked,
        timing=timing,
        opens=opens,
        due=due,
        basis=first.basis,
        why=first.why,
        data=(*where_it_is(situation, chosen), *_without_place(asked.data)),
    )
    return tuple(merged if o is asked else replace(o, timing=Timing.MET) for o in members)


def _turn_timing(now: datetime, opens: datetime, ends: datetime) -> Timing:
    """As a copy is judged: what is a little past its day is asked for, and only then called late."""
    if now > ends + grace(DISK_MAY_LAG):
        return Timing.OVERDUE
    if now >= ends:
        return Timing.DUE
    return Timing.UPCOMING if now >= opens else Timing.MET


def _turn_ends(situation: Situation, group: tuple[Target, ...]) -> datetime:
    """Return when the disk whose turn it is should make way for the next."""
    here = [_since(situation, t) for t in group if situation.connection(t) is ConnectionState.CONNECTED]
    arrived = [since for since in here if since is not None]
    copied = [last for t in group if (last := _last_copy(situation, t)) is not None]
    begun = min(arrived) if arrived else max(copied, default=situation.history.set_up)
    return begun + DISK_MAY_LAG


def _take_off(
    situation: Situation, target: Target, by_machine: tuple[Obligation, ...], prompts: tuple[Obligation, ...]
) -> Obligation:
    owed = tuple(o for o in by_machine if o.target == target.id and o.kind in _COPIES)
    last = max((o.last_met for o in owed if o.last_met is not None), default=None)
    here = situation.connection(target) is ConnectionState.CONNECTED
    since = (_since(situation, target) if here else None) or situation.now
    done = bool(owed) and all(o.timing is Timing.MET and not o.running for o in owed) and last is not None
    done = done and not any(_is_coming(o, situation.now) for o in by_machine if o.target == target.id)
    group = {t.id for t in rotation_of(situation.machine, target)} - {target.id}
    other_turn = any(o.target in group and o.timing is not Timing.MET for o in prompts)
    needed = any(carries_demand(situation, s, target) for s, _plan in situation.covered)
    asked = here and done and (other_turn or not needed)
    due = since + STAY
    return Obligation(
        id=f"take-off-site:{target.id}",
        kind=ObligationKind.TAKE_OFF_SITE,
        data_set=None,
        target=target.id,
        timing=people_timing(situation.now, since, due, urgent=_CALM) if asked else Timing.MET,
        opens=since,
        due=due,
        last_met=last,
        who=Role.STAFF,
        basis=Basis.SOURCE if target.offsite else Basis.RECOMMENDED,
        why=("S2-1f", "S2-4e"),
        data=(*where_it_is(situation, target), ("offsite", "yes" if target.offsite else "")),
    )


def _is_coming(obligation: Obligation, now: datetime) -> bool:
    """Tell whether a disk had better stay: it is being checked or cleared, or will be in a moment."""
    if obligation.kind not in (ObligationKind.CHECK, ObligationKind.PRUNE):
        return False
    waits = obligation.not_before is not None and obligation.not_before > now
    return obligation.running or (obligation.timing is not Timing.MET and not waits)


_FULL = ObligationKind.YEARLY_FULL.value
_COPIES = (ObligationKind.BACKUP,)


def _last_copy(situation: Situation, target: Target) -> datetime | None:
    """Return since when this disk's copies are as they are: of its data sets the one that was copied longest ago."""
    found = [situation.history.last_copy(s.id, target.id) for s, _ in situation.covered]
    known = [last for last in found if last is not None]
    return min(known) if known and len(known) == len(found) else None


def _since(situation: Situation, target: Target) -> datetime | None:
    sight = situation.history.sights.get(target.id)
    return min(sight.since, situation.now) if sight is not None else None


def _without_place(data: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in data if name not in ("target", "colour", "site"))
