"""Numbers are overwritten, messages are kept for a while, and changes of state become facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.clock import FixedClock
from app.paths import Home
from app.records.base import EVENTS_KEPT
from app.records.facts import DriveSight, Progress, RunId, RunKind, TargetSight
from app.records.store import Records
from tests.unit.records.school import NOW, back_up, ups


def kinds(records: Records) -> list[str]:
    return [row.kind for row in records.journal_rows()][1:]


def test_progress_is_one_row_that_is_overwritten(records: Records) -> None:
    run_id = records.start_run(RunKind.BACKUP, data_set="a", target="b", reason="due", pid=1, pid_started=1.0)
    assert records.progress(run_id) is None
    first = Progress(run_id, NOW, "copy", 1, 10, 100, 1000, "/data/\udce9.txt")
    records.write_progress(first)
    assert records.progress(run_id) == replace(first, current="/data/\\udce9.txt")
    second = replace(first, files_done=9, current="/data/z.txt")
    records.write_progress(second)
    assert records.progress(run_id) == second
    assert records.progress(RunId(77)) is None


def test_progress_of_a_run_that_ended_goes_when_the_next_one_starts(records: Records) -> None:
    run_id = records.start_run(RunKind.BACKUP, data_set="a", target="b", reason="due", pid=1, pid_started=1.0)
    records.write_progress(Progress(run_id, NOW, "copy", 1, 10, 100, 1000, ""))
    back_up(records)
    assert records.progress(run_id) is not None


def test_events_come_in_order_and_the_oldest_are_dropped(records: Records) -> None:
    for number in range(EVENTS_KEPT + 20):
        records.emit("drive-arrived", f"/dev/sd{number}", (("serial", "1"),))
    last = records.last_event_id()
    kept = records.events_after(0, limit=EVENTS_KEPT * 2)
    assert len(kept) == EVENTS_KEPT
    assert [event.id for event in kept] == list(range(last - EVENTS_KEPT + 1, last + 1))
    assert records.events_after(last - 1)[0].data == (("serial", "1"),)
    assert records.events_after(last) == ()


def test_data_version_changes_when_another_connection_writes(home: Home, clock: FixedClock, records: Records) -> None:
    before = records.data_version()
    assert records.data_version() == before
    with Records.open(home, clock) as other:
        other.emit("agent-started", "")
    assert records.data_version() != before


def test_target_that_comes_and_goes_is_journalled_and_sizes_are_not(records: Records) -> None:
    for sight in (
        TargetSight("usb", True, NOW, 10, 100),
        TargetSight("usb", True, NOW + timedelta(hours=1), 5, 100),
        TargetSight("usb", False, NOW + timedelta(hours=2)),
        TargetSight("usb", False, NOW + timedelta(hours=3)),
    ):
        records.see_target(sight)
    assert kinds(records) == ["target-connected", "target-detached"]
    assert records.facts().targets == (TargetSight("usb", False, NOW + timedelta(hours=2), 5, 100),)
    assert [event.kind for event in records.events_after(0)] == ["target-connected", "target-detached"]


def test_why_a_place_is_not_there_is_known_as_it_was_last_seen(records: Records) -> None:
    for sight in (
        TargetSight("nas", False, NOW, reason="no-answer"),
        TargetSight("nas", False, NOW + timedelta(hours=1), reason="login"),
    ):
        records.see_target(sight)
    assert records.facts().targets == (TargetSight("nas", False, NOW, reason="login"),)
    records.see_target(TargetSight("nas", True, NOW + timedelta(hours=2), 5))
    assert records.facts().targets == (TargetSight("nas", True, NOW + timedelta(hours=2), 5),)
    assert kinds(records) == ["target-detached", "target-connected"]


def test_drives_are_those_plugged_in_now(records: Records) -> None:
    stick = DriveSight("/dev/sdb1", "S1", "V", "M", "DISK B", "1234-ABCD", "vfat", 1 << 40, "/media/b", "usb-b")
    disk = replace(stick, device="/dev/sda1", serial="S2", target="")
    records.see_drives((stick, disk))
    assert records.facts().drives == (disk, stick)
    records.see_drives((stick,))
    assert records.facts().drives == (stick,)
    records.see_drives(())
    assert records.facts().drives == ()
    assert kinds(records) == []


def test_same_drives_seen_again_write_nothing(home: Home, clock: FixedClock, records: Records) -> None:
    stick = DriveSight("/dev/sdb1", "S1", "V", "M", "DISK B", "1234-ABCD", "vfat", 1 << 40, "", "")
    with Records.open(home, clock) as screen:
        records.see_drives((stick,))
        before = screen.data_version()
        records.see_drives((stick,))
        assert screen.data_version() == before


def test_ups_on_battery_and_back_is_journalled_and_silence_is_not_a_change(records: Records) -> None:
    for sight in (
        ups("OL"),
        ups("OL", "CHRG"),
        ups("OB", "DISCHRG"),
        ups(reachable=False),
        ups("OB", "LB"),
        ups("OL"),
    ):
        records.see_ups(sight)
    assert kinds(records) == ["ups-on-battery", "ups-on-line"]
    assert records.facts().upses == (ups("OL"),)


def test_ups_without_numbers_is_kept_as_unknown(records: Records) -> None:
    silent = replace(ups(reachable=False), charge_percent=None, runtime_s=None, load_percent=None, model="")
    records.see_ups(silent)
    assert records.facts().upses == (silent,)
