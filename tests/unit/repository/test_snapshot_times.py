"""A snapshot's time stands in the zone of the computer that made it: days and weeks are counted there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.repository.model import BlobId, Snapshot, SnapshotId
from app.repository.snapshots import decode_snapshot, encode_snapshot

SNAPSHOT = Snapshot(
    SnapshotId("ab" * 32), datetime(2026, 11, 23, 23, 30, tzinfo=UTC), BlobId(bytes(32)), (), "pc", "els"
)


@given(
    minutes=st.integers(-14 * 60, 14 * 60),
    at=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),  # noqa: DTZ001 - the zone is put on below
)
def test_the_moment_and_its_zone_come_back(minutes: int, at: datetime) -> None:
    snapshot = replace(SNAPSHOT, time=at.replace(tzinfo=UTC), utc_offset_s=minutes * 60)
    assert decode_snapshot(SNAPSHOT.id, encode_snapshot(snapshot)) == snapshot


def test_half_past_midnight_in_brussels_is_written_as_such() -> None:
    written = encode_snapshot(replace(SNAPSHOT, utc_offset_s=int(timedelta(hours=1).total_seconds())))
    assert b'"time":"2026-11-24T00:30:00+01:00"' in written


@pytest.mark.parametrize(
    "claimed",
    [
        "0000-03-04T05:06:07.123456789+01:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_a_time_at_the_end_of_all_times_comes_back_as_it_was_read(claimed: str) -> None:
    data = f'{{"time":"{claimed}","tree":"{"00" * 32}","paths":["/a"]}}'.encode()
    snapshot = decode_snapshot("ab" * 32, data)
    assert decode_snapshot("ab" * 32, encode_snapshot(snapshot)).time == snapshot.time
