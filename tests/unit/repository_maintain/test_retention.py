"""What a policy keeps, whatever the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.repository.model import BlobId, Snapshot, SnapshotId
from app.repository.retention import (
    NEWEST_REASON,
    UNLIMITED,
    GroupBy,
    KeepPolicy,
    Span,
    decide,
    group_snapshots,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TREE = BlobId(bytes(32))


def make_snapshot(at: datetime, *, number: int = 0, host: str = "pc", tags: tuple[str, ...] = ()) -> Snapshot:
    return Snapshot(
        id=SnapshotId(f"{number:064x}"),
        time=at,
        tree=TREE,
        paths=(b"/srv",),
        hostname=host,
        username="u",
        tags=tags,
    )


def kept(snapshots: list[Snapshot], policy: KeepPolicy) -> list[datetime]:
    return [decision.snapshot.time for decision in decide(snapshots, policy, now=NOW) if decision.keep]


histories = st.lists(
    st.builds(
        make_snapshot,
        st.integers(-70_000, 6_000).map(lambda hours: NOW + timedelta(hours=hours, minutes=hours % 60)),
        number=st.integers(0, 10**9),
        host=st.sampled_from(["pc", "laptop"]),
        tags=st.sampled_from([(), ("full",), ("exam", "full")]),
    ),
    max_size=40,
    unique_by=lambda snapshot: snapshot.id,
)
counts = st.sampled_from([0, 0, 1, 2, 7, UNLIMITED])
spans = st.builds(Span, st.integers(0, 3), st.integers(0, 14), st.integers(0, 50), st.integers(0, 30)) | st.just(Span())
policies = st.builds(
    KeepPolicy,
    last=counts,
    hourly=counts,
    daily=counts,
    weekly=counts,
    monthly=counts,
    yearly=counts,
    within=spans,
    within_daily=spans,
    within_monthly=spans,
    tags=st.sampled_from([(), (("full",),), (("exam", "full"), ("office",))]),
)


@given(histories, policies, st.sets(st.sampled_from(GroupBy)).map(frozenset))
def test_the_newest_of_every_group_stays(
    history: list[Snapshot], policy: KeepPolicy, group_by: frozenset[GroupBy]
) -> None:
    decisions = decide(history, policy, now=NOW, group_by=group_by)
    stays = {decision.snapshot.id for decision in decisions if decision.keep}
    assert {group[0].id for group in group_snapshots(history, group_by)} <= stays


@given(histories, policies)
def test_every_snapshot_is_decided_once_and_keeping_has_a_reason(history: list[Snapshot], policy: KeepPolicy) -> None:
    decisions = decide(history, policy, now=NOW)
    assert sorted(decision.snapshot.id for decision in decisions) == sorted(snapshot.id for snapshot in history)
    assert all(decision.keep is bool(decision.reasons) for decision in decisions)


@given(histories, policies)
def test_deciding_again_about_what_was_kept_by_count_keeps_the_newest_of_it(
    history: list[Snapshot], policy: KeepPolicy
) -> None:
    stays = [decision.snapshot for decision in decide(history, policy, now=NOW) if decision.keep]
    again = {decision.snapshot.id for decision in decide(stays, policy, now=NOW) if decision.keep}
    assert again <= {snapshot.id for snapshot in stays}
    assert {group[0].id for group in group_snapshots(stays)} <= again


@given(histories, policies)
def test_a_policy_that_asks_for_more_keeps_no_less(history: list[Snapshot], policy: KeepPolicy) -> None:
    def stays(asked: KeepPolicy) -> set[str]:
        return {decision.snapshot.id for decision in decide(history, asked, now=NOW) if decision.keep}

    if not policy.is_empty:
        assert stays(policy) <= stays(replace(policy, within=Span(years=500)))


def test_no_rule_at_all_keeps_everything() -> None:
    history = [make_snapshot(NOW - timedelta(days=day), number=day) for day in range(5)]
    assert len(kept(history, KeepPolicy(last=0))) == 5


def test_the_newest_of_each_day_is_kept() -> None:
    hours = (1, 9, 17, 25, 33, 49)
    history = [make_snapshot(NOW - timedelta(hours=hour), number=hour) for hour in hours]
    assert kept(history, KeepPolicy(daily=2)) == [NOW - timedelta(hours=1), NOW - timedelta(hours=25)]


def test_days_are_those_of_the_clock_that_made_the_snapshot() -> None:
    """23:30 and 00:30 UTC are two days in UTC, one day where clocks are two hours ahead."""
    late, early = datetime(2026, 5, 3, 23, 30, tzinfo=UTC), datetime(2026, 5, 4, 0, 30, tzinfo=UTC)
    first = make_snapshot(datetime(2026, 5, 1, tzinfo=UTC), number=9)
    in_utc = [make_snapshot(late, number=1), make_snapshot(early, number=2), first]
    ahead = [replace(snapshot, utc_offset_s=7200) for snapshot in in_utc]
    assert kept(in_utc, KeepPolicy(daily=2)) == [early, late]
    assert kept(ahead, KeepPolicy(daily=2)) == [early, first.time]


def test_the_newest_stays_when_only_tags_are_kept() -> None:
    history = [make_snapshot(NOW - timedelta(days=day), number=day) for day in range(1, 4)]
    history[2] = replace(history[2], tags=("full",))
    newest, middle, tagged = decide(history, KeepPolicy(tags=(("full",),)), now=NOW)
    assert (newest.keep, newest.reasons) == (True, (NEWEST_REASON,))
    assert not middle.keep
    assert (tagged.keep, tagged.reasons) == (True, ("has tags [full]",))


def test_spans_count_from_the_newest_that_is_not_in_the_future() -> None:
    history = [make_snapshot(NOW + timedelta(days=400), number=1)]
    history += [make_snapshot(NOW - timedelta(days=day), number=day) for day in (2, 3, 20)]
    assert kept(history, KeepPolicy(within=Span(days=10)))[1:] == [NOW - timedelta(days=2), NOW - timedelta(days=3)]


@pytest.mark.parametrize(
    ("span", "at", "expected"),
    [
        ("1m", datetime(2026, 3, 31, 12, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)),
        ("1y", datetime(2024, 2, 29, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC)),
        ("1y5m7d2h", datetime(2026, 6, 10, 1, tzinfo=UTC), datetime(2025, 1, 2, 23, tzinfo=UTC)),
    ],
)
def test_spans_follow_the_calendar_as_restic_does(span: str, at: datetime, expected: datetime) -> None:
    assert Span.parse(span).before(at) == expected


def test_a_span_beyond_the_calendar_has_no_start() -> None:
    assert Span(years=5000).before(NOW) is None


@pytest.mark.parametrize("text", ["", "5", "d", "-1d", "1w", "1d ", "١d", "9999999d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span.parse(text)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_spans_are_read_as_they_are_written(years: int, months: int, days: int, hours: int) -> None:
    span = Span(years, months, days, hours)
    assert not span or Span.parse(str(span)) == span
