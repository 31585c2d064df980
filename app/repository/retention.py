"""Which snapshots a policy keeps: a pure function with restic's semantics (source: restic manual, "Removing").

Snapshots are grouped (by host and paths, unless asked otherwise); in each group the newest of every hour, day, week,
month or year is kept as long as its count lasts. Days and hours are those of the zone that the snapshot was made in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from app.repository.model import Snapshot

UNLIMITED = -1
"""As a count: keep the newest of every period there is."""

_EMPTY_REASON = "policy is empty"
NEWEST_REASON = "newest of its group"
"""Why the newest of a group stays though no rule keeps it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time on the calendar, as restic's `--keep-within` takes it."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read "1y5m7d2h", any part of it; raises ValueError."""
        if not text or not re.fullmatch(r"(?:\d{1,6}[ymdh])+", text, re.ASCII):
            raise ValueError(f"not a span of time: {text[:40]!r}")
        parts = {unit: int(number) for number, unit in re.findall(r"(\d+)([ymdh])", text)}
        return cls(parts.get("y", 0), parts.get("m", 0), parts.get("d", 0), parts.get("h", 0))

    def __bool__(self) -> bool:
        return any((self.years, self.months, self.days, self.hours))

    def __str__(self) -> str:
        parts = ((self.years, "y"), (self.months, "m"), (self.days, "d"), (self.hours, "h"))
        return "".join(f"{number}{unit}" for number, unit in parts if number)

    def before(self, at: datetime) -> datetime | None:
        """Return the time this long before `at`, on its own calendar; None when that is before the year 1.

        A day that a month does not have runs over into the next: one month before 31 March is 3 March (or 2).
        """
        month_number = (at.year - self.years) * 12 + at.month - 1 - self.months
        year, month = divmod(month_number, 12)
        try:
            first = at.replace(year=year, month=month + 1, day=1)
            return first + timedelta(days=at.day - 1 - self.days, hours=-self.hours)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPolicy:
    """How many to keep. Counts are 0 (none), positive, or UNLIMITED; each of `tags` keeps what has all its tags.

    The spans count back from the newest snapshot of the group that is not in the future.
    """

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: Span = Span()
    within_hourly: Span = Span()
    within_daily: Span = Span()
    within_weekly: Span = Span()
    within_monthly: Span = Span()
    within_yearly: Span = Span()
    tags: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if min(self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly) < UNLIMITED:
            raise ValueError("a count is not negative, but for UNLIMITED")

    @property
    def is_empty(self) -> bool:
        """Tell whether no rule says anything: then everything is kept."""
        return not any(getattr(self, field.name) for field in fields(self))


class GroupBy(StrEnum):
    """What snapshots of one group have in common."""

    HOST = "host"
    PATHS = "paths"
    TAGS = "tags"


HOST_AND_PATHS = frozenset({GroupBy.HOST, GroupBy.PATHS})


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a snapshot, and the rules that keep it."""

    snapshot: Snapshot
    keep: bool
    reasons: tuple[str, ...] = ()


def group_snapshots(
    snapshots: Iterable[Snapshot], by: frozenset[GroupBy] = HOST_AND_PATHS
) -> tuple[tuple[Snapshot, ...], ...]:
    """Return the groups, each newest first."""
    groups: dict[tuple[object, ...], list[Snapshot]] = {}
    for snapshot in snapshots:
        key = (
            snapshot.hostname if GroupBy.HOST in by else "",
            tuple(sorted(snapshot.paths)) if GroupBy.PATHS in by else (),
            tuple(sorted(snapshot.tags)) if GroupBy.TAGS in by else (),
        )
        groups.setdefault(key, []).append(snapshot)
    return tuple(
        tuple(sorted(group, key=lambda snapshot: (snapshot.time, snapshot.id), reverse=True))
        for group in groups.values()
    )


def decide(
    snapshots: Iterable[Snapshot],
    policy: KeepPolicy,
    *,
    now: datetime,
    group_by: frozenset[GroupBy] = HOST_AND_PATHS,
) -> tuple[Decision, ...]:
    """Decide about every snapshot, group by group, newest first.

    As restic decides, with one exception: the newest of a group always stays.
    """
    return tuple(
        decision for group in group_snapshots(snapshots, group_by) for decision in _decide_group(group, policy, now)
    )


def _decide_group(group: Sequence[Snapshot], policy: KeepPolicy, now: datetime) -> list[Decision]:
    if policy.is_empty:
        return [Decision(snapshot, True, (_EMPTY_REASON,)) for snapshot in group]
    past = [snapshot for snapshot in group if snapshot.time < now]
    newest_past = local_time(past[0]) if past else None
    rules = [*_count_rules(policy), *_span_rules(policy, newest_past)]
    kept_within = _earliest(policy.within, newest_past)
    decisions = []
    for number, snapshot in enumerate(group):
        reasons = [f"has tags [{', '.join(tags)}]" for tags in policy.tags if _has_tags(snapshot, tags)]
        if policy.within and (kept_within is None or snapshot.time > kept_within):
            reasons.append(f"within {policy.within}")
        is_oldest = number == len(group) - 1
        reasons += [rule.reason for rule in rules if rule.takes(snapshot, number, is_oldest=is_oldest)]
        if not reasons and number == 0:
            reasons.append(NEWEST_REASON)
        decisions.append(Decision(snapshot, bool(reasons), tuple(reasons)))
    return decisions


class _Rule:
    """One rule on its way through a group: it takes the first snapshot it meets of every period."""

    def __init__(
        self, reason: str, period: Callable[[datetime], object] | None, count: int, earliest: datetime | None = None
    ) -> None:
        self.reason = reason
        self._period = period
        self._count = count
        self._earliest = earliest
        self._last: object = None

    def takes(self, snapshot: Snapshot, number: int, *, is_oldest: bool) -> bool:
        if self._count == 0 or (self._earliest is not None and snapshot.time <= self._earliest):
            return False
        period = self._period(local_time(snapshot)) if self._period else number
        # The oldest is kept while the count lasts: the history reaches back as far as it can.
        if period == self._last and not is_oldest:
            return False
        self._last = period
        if self._count > 0:
            self._count -= 1
        return True


def _count_rules(policy: KeepPolicy) -> list[_Rule]:
    return [
        _Rule("last snapshot", None, policy.last),
        _Rule("hourly snapshot", _hour, policy.hourly),
        _Rule("daily snapshot", _day, policy.daily),
        _Rule("weekly snapshot", _week, policy.weekly),
        _Rule("monthly snapshot", _month, policy.monthly),
        _Rule("yearly snapshot", _year, policy.yearly),
    ]


def _span_rules(policy: KeepPolicy, newest: datetime | None) -> list[_Rule]:
    spans = (
        ("hourly", _hour, policy.within_hourly),
        ("daily", _day, policy.within_daily),
        ("weekly", _week, policy.within_weekly),
        ("monthly", _month, policy.within_monthly),
        ("yearly", _year, policy.within_yearly),
    )
    return [
        _Rule(f"{name} within {span}", period, UNLIMITED, _earliest(span, newest))
        for name, period, span in spans
        if span
    ]


def _earliest(span: Span, newest: datetime | None) -> datetime | None:
    """Return the time after which a span keeps; None when it keeps everything."""
    return None if newest is None else span.before(newest)


def local_time(snapshot: Snapshot) -> datetime:
    """Return a snapshot's time in the zone it was made in."""
    try:
        return snapshot.time.astimezone(timezone(timedelta(seconds=snapshot.utc_offset_s)))
    except OverflowError:  # the first or last day that a time can be
        return snapshot.time


def _has_tags(snapshot: Snapshot, tags: tuple[str, ...]) -> bool:
    return all(tag in snapshot.tags or (tag == "" and not snapshot.tags) for tag in tags)


def _hour(at: datetime) -> object:
    return at.year, at.month, at.day, at.hour


def _day(at: datetime) -> object:
    return at.date()


def _week(at: datetime) -> object:
    return at.isocalendar()[:2]


def _month(at: datetime) -> object:
    return at.year, at.month


def _year(at: datetime) -> object:
    return at.year
