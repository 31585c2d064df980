"""Watch files, and what becomes of many small copies: with real folders and records."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.jobs.canary import place_canaries, remove_canaries, touched_canaries
from app.jobs.installation import Installation
from app.jobs.suspicion import GrowingSuspicion, answer_alarm, look_for_attack, watch_canaries
from app.records.facts import AnomalyVerdict, Outcome, RunId, RunKind
from app.records.store import Records
from app.repository.model import BackupSummary, BlobId, Snapshot, SnapshotId, SourceChanges
from tests.e2e.installation import TestHome, make_installation

CALM = SourceChanges(1, 2, 0, 0, 0)
ATTACK = SourceChanges(new=10, changed=0, removed=10, opaque_new=10, opaque_changed=0)


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 17, 0, tzinfo=UTC))


def installation(school: TestHome, clock: FixedClock) -> Installation:
    return replace(school.installation(), clock=clock)


def summary(changes: SourceChanges | None, files: int = 200) -> BackupSummary:
    copy = Snapshot(SnapshotId("a" * 64), datetime(2026, 11, 23, tzinfo=UTC), BlobId(b"x" * 32), (b"/d",), "h", "u")
    return BackupSummary(copy, files, 3, 5, 0, 0, 0, 0, 1.0, changes=changes)


def run(records: Records, target: str = "nas") -> RunId:
    number = records.start_run(RunKind.BACKUP, data_set="marks", target=target, reason="due", pid=1, pid_started=1.0)
    records.finish_run(number, Outcome.GOOD)
    return number


def test_watch_files_are_documents_that_a_person_can_read(school: TestHome, clock: FixedClock) -> None:
    place = installation(school, clock)
    with school.records() as records:
        placed = place_canaries(place, records, "marks", by="An")
        assert len(placed) == 2
        assert place_canaries(place, records, "marks", by="An") == (), "once is enough"
        with zipfile.ZipFile(placed[0]) as document:
            assert "leave this file" in document.read("word/document.xml").decode()
        assert touched_canaries(records, "marks") == ()
        assert set(remove_canaries(records, "marks", by="An")) == set(placed)
    assert not any(path.exists() for path in placed)


def test_nothing_that_is_there_is_written_over(school: TestHome, clock: FixedClock) -> None:
    with school.records() as records:
        (first, *_rest) = place_canaries(installation(school, clock), records, "marks", by="An")
        remove_canaries(records, "marks", by="An")
        first.write_text("mine")
        place_canaries(installation(school, clock), records, "marks", by="An")
    assert first.read_text() == "mine"


def test_a_touched_watch_file_is_an_alarm_by_itself_between_the_copies(school: TestHome, clock: FixedClock) -> None:
    place = installation(school, clock)
    with school.records() as records:
        run(records)
        first, second = place_canaries(place, records, "marks", by="An")
        watch_canaries(place, records, records.facts())
        assert records.facts().anomalies == ()
        first.write_bytes(os.urandom(3000))
        second.unlink()
        assert len(touched_canaries(records, "marks")) == 2
        watch_canaries(place, records, records.facts())
        watch_canaries(place, records, records.facts())
        (alarm,) = records.facts().anomalies
        assert (alarm.data_set, alarm.signs) == ("marks", (("canary", "2"),))
        answer_alarm(place, records, alarm.run, AnomalyVerdict.OURS, by="Els")
        assert touched_canaries(records, "marks") == (), "what was touched is replaced"
        watch_canaries(place, records, records.facts())
        assert len(records.facts().anomalies) == 1
        assert records.verify_journal().ok


def test_a_folder_that_is_not_mounted_is_no_attack(school: TestHome, clock: FixedClock) -> None:
    with school.records() as records:
        place_canaries(installation(school, clock), records, "marks", by="An")
        school.source("marks").rename(school.folder / "away")
        assert touched_canaries(records, "marks") == ()
        school.source("marks").mkdir()
        assert touched_canaries(records, "marks") == ()


def test_a_suspicious_copy_is_one_alarm_whatever_the_number_of_places(school: TestHome, clock: FixedClock) -> None:
    place = installation(school, clock)
    all_of_it = SourceChanges(new=200, changed=0, removed=200, opaque_new=200, opaque_changed=0)
    with school.records() as records:
        look_for_attack(place, records, run(records), data_set="marks", target="nas", summary=summary(CALM))
        look_for_attack(place, records, run(records), data_set="marks", target="nas", summary=summary(None))
        assert records.facts().anomalies == ()
        look_for_attack(place, records, run(records), data_set="marks", target="nas", summary=summary(all_of_it))
        look_for_attack(place, records, run(records), data_set="marks", target="annex", summary=summary(all_of_it))
        assert len(records.facts().anomalies) == 1
        assert [hold.stands for hold in records.facts().holds] == [True]


def test_an_attack_spread_over_many_small_copies_is_seen_too(school: TestHome, clock: FixedClock) -> None:
    place = installation(school, clock)
    with school.records() as records:
        session = GrowingSuspicion(place, records, run(records), data_set="marks", target="nas")
        for _ in range(6):
            session.add(summary(CALM))
        assert records.facts().anomalies == ()
        for _ in range(4):
            clock.move_to(clock.now() + timedelta(minutes=1))
            session.add(summary(ATTACK))
        assert len(records.facts().anomalies) == 1
