"""What is kept and for how long, with the real engine: yearly fulls, old versions, and what may not be cleared."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.clock import FixedClock, SystemClock
from app.jobs.backup import run_backup
from app.jobs.browse import find_files
from app.jobs.check import run_check
from app.jobs.copies import copies, open_connected
from app.jobs.installation import Installation
from app.jobs.prune import run_prune
from app.records.facts import Anomaly, Hold, Outcome, Run, RunId, RunKind
from app.records.store import Records
from app.repository.errors import Cancelled
from app.repository.model import BackupOptions, BackupSummary, Cancel, Monitor
from app.repository.repository import Repository
from app.targets.keys import KeyRing
from app.targets.marker import read_marker
from tests.e2e.installation import SETS, TestHome, make_installation, restic_check

DAY = timedelta(days=1)


class Desk:
    """One installation under a clock that the test moves, and short ways to do its jobs in this process."""

    def __init__(self, school: TestHome) -> None:
        self.school = school
        self.clock = FixedClock(SystemClock().now())
        self.installation = Installation.load(school.home, self.clock)
        self.records = Records.open(school.home, self.clock)

    def start(self, kind: RunKind, data_set: str, target: str, part: str = "") -> RunId:
        made = psutil.Process().create_time()
        return self.records.start_run(
            kind, data_set=data_set, target=target, reason="test", pid=os.getpid(), pid_started=made, part=part
        )

    def back_up(self, data_set: str = "marks", *, full: bool = False) -> Run:
        run = self.start(RunKind.FULL if full else RunKind.BACKUP, data_set, "nas")
        return run_backup(
            self.installation, self.records, run,
            data_set=data_set, target="nas", full=full, monitor=Monitor(), cancel=Cancel(),
        )  # fmt: skip

    def prune(self) -> Run:
        run = self.start(RunKind.PRUNE, "", "nas")
        return run_prune(self.installation, self.records, run, target="nas", monitor=Monitor(), cancel=Cancel())

    def check(self, part: str) -> Run:
        run = self.start(RunKind.CHECK, "", "nas", part)
        return run_check(
            self.installation, self.records, run, target="nas", part=part, monitor=Monitor(), cancel=Cancel()
        )

    def versions(self, data_set: str = "marks") -> list[str]:
        return [copy.snapshot.id for copy in copies(self.installation, self.records, data_set)]

    def days_of_copies(self, days: int) -> list[Run]:
        runs = []
        for number in range(days):
            self.clock.move_to(self.clock.now() + DAY)
            (self.school.source("marks") / "diary.txt").write_text(f"day {number}\n" * 50)
            runs.append(self.back_up())
        return runs


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(make_installation(tmp_path))
    with made.records:
        yield made


def full_folder(desk: Desk) -> Path:
    (found,) = desk.school.place("nas").glob("full-*")
    return found


def seen_options(monkeypatch: pytest.MonkeyPatch) -> list[BackupOptions]:
    seen: list[BackupOptions] = []
    real = Repository.backup

    def watched(self: Repository, paths: Sequence[bytes], *, options: BackupOptions, **more: Any) -> BackupSummary:
        seen.append(options)
        return real(self, paths, options=options, **more)

    monkeypatch.setattr(Repository, "backup", watched)
    return seen


# --- the yearly full back-up -------------------------------------------------------------------------------------


def test_a_full_back_up_has_a_repository_of_its_own_that_opens_by_itself(desk: Desk) -> None:
    assert desk.back_up().outcome is Outcome.GOOD
    assert [desk.back_up(data_set, full=True).outcome for data_set in SETS] == [Outcome.GOOD, Outcome.GOOD]
    own = full_folder(desk)
    marker = read_marker(own)
    assert marker is not None
    assert marker.target == f"nas/{own.name}"
    assert len(list((own / "keys").iterdir())) == len(KeyRing.load(desk.school.home).key_files) == 2
    assert list(own.glob("*.txt"))
    restic_check(own, desk.school.home)
    desk.school.restic_check("nas")
    main = next(repository for _, repository in open_connected(desk.installation, "nas"))
    assert len(main.snapshots()) == 1, "the daily copies are left alone"


def test_files_of_a_full_back_up_are_found_and_versions_listed(desk: Desk) -> None:
    desk.back_up("letters", full=True)
    assert {hit.path.name for hit in find_files(desk.installation, "letters 3.txt")} == {"letters 3.txt"}
    assert len(desk.versions("letters")) == 1


def test_a_full_back_up_cut_off_while_it_read_back_does_not_read_the_source_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_arguments: object, **_options: object) -> None:
        raise Cancelled

    with monkeypatch.context() as broken:
        broken.setattr(Repository, "check", cut)
        assert desk.back_up(full=True).outcome is Outcome.CANCELLED
    seen = seen_options(monkeypatch)
    desk.clock.move_to(desk.clock.now() + timedelta(hours=3))
    assert desk.back_up(full=True).outcome is Outcome.GOOD
    assert [options.force for options in seen] == [False]
    desk.clock.move_to(desk.clock.now() + timedelta(hours=3))
    assert desk.back_up(full=True).outcome is Outcome.GOOD
    assert [options.force for options in seen] == [False, True], "one that ended well is not gone on with"
    restic_check(full_folder(desk), desk.school.home)


def test_a_full_back_up_cut_off_while_it_read_goes_on_from_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = seen_options(monkeypatch)
    run = desk.start(RunKind.FULL, "marks", "nas")
    desk.records.finish_run(run, Outcome.INTERRUPTED, error_code="process-gone")
    assert desk.back_up(full=True).outcome is Outcome.GOOD
    assert [(options.force, options.resume) for options in seen] == [(True, True)]


def test_a_place_without_room_is_told_before_anything_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.back_up()
    monkeypatch.setattr("app.targets.full_place._free_bytes", lambda _folder: 10)
    run = desk.back_up(full=True)
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "no-room-for-full")
    assert list(desk.school.place("nas").glob("full-*")) == []


# --- letting go --------------------------------------------------------------------------------------------------


def test_old_versions_go_as_the_retention_says_and_the_newest_stays(desk: Desk) -> None:
    runs = desk.days_of_copies(24)
    full = desk.back_up(full=True)
    done = desk.prune()
    assert done.outcome is Outcome.GOOD
    assert done.files == len(runs) + 1 - len(desk.versions())
    kept = set(desk.versions())
    assert {run.snapshot for run in runs[-14:]} <= kept, "fourteen days"
    assert full.snapshot in kept
    assert 0 < done.files < len(runs) - 14
    desk.school.restic_check("nas")
    assert desk.prune().files == 0


def test_the_newest_good_version_stays_whatever_comes_after_it(desk: Desk) -> None:
    (good,) = desk.days_of_copies(1)
    for _ in range(20):
        desk.clock.move_to(desk.clock.now() + DAY)
        (desk.school.source("marks") / "gone").symlink_to("nowhere")
        run = desk.start(RunKind.BACKUP, "marks", "nas")
        main = next(repository for _, repository in open_connected(desk.installation, "nas"))
        summary = main.backup(
            [os.fsencode(desk.school.source("marks"))], options=BackupOptions(tags=("set:marks",)), clock=desk.clock
        )
        desk.records.finish_run(run, Outcome.INCOMPLETE, snapshot=summary.snapshot.id)
        (desk.school.source("marks") / "gone").unlink()
    assert desk.prune().outcome is Outcome.GOOD
    assert good.snapshot in desk.versions()
    assert len(desk.versions()) < 21


def test_a_version_dated_by_a_wrong_clock_takes_no_real_ones_place(desk: Desk) -> None:
    now = desk.clock.now()
    real = desk.days_of_copies(5)
    back = desk.clock.now()
    desk.clock.move_to(now + 3000 * DAY)
    future = [desk.back_up() for _ in range(3)]
    desk.clock.move_to(back)
    assert desk.prune().outcome is Outcome.GOOD
    assert {run.snapshot for run in (*real, future[-1])} <= set(desk.versions())


@pytest.mark.parametrize("data_set", ["", "marks", "letters"])
def test_what_a_hold_protects_stays(desk: Desk, data_set: str) -> None:
    runs = desk.days_of_copies(20)
    desk.records.hold(Hold("h", data_set, "", "asked", "", "An", desk.clock.now()))
    done = desk.prune()
    gone = len(runs) - len(desk.versions())
    assert done.error_code == ("" if data_set else "keeping-everything")
    assert bool(gone) == (data_set == "letters")
    desk.records.lift_hold("h", by="An", remark="")
    assert desk.prune().outcome is Outcome.GOOD
    assert len(desk.versions()) < len(runs)


def test_while_a_suspicion_is_not_judged_nothing_goes_anywhere(desk: Desk) -> None:
    runs = desk.days_of_copies(20)
    at: datetime = desk.clock.now()
    anomaly = Anomaly(runs[-1].id, "marks", "elsewhere", at, (("renamed", "0.9"),))
    desk.records.record_anomaly(anomaly, Hold(anomaly.hold_id, "marks", "elsewhere", "anomaly", "", "", at))
    assert desk.prune().error_code == "keeping-everything"
    assert len(desk.versions()) == len(runs)


def test_a_place_in_use_is_not_waited_for(desk: Desk) -> None:
    runs = desk.days_of_copies(20)
    main = next(repository for _, repository in open_connected(desk.installation, "nas"))
    with main.lock(clock=desk.clock):
        done = desk.prune()
    assert (done.outcome, done.error_code) == (Outcome.FAILED, "repository-locked")
    assert len(desk.versions()) == len(runs)


# --- checks in parts ---------------------------------------------------------------------------------------------


def damage_a_pack_of_data(desk: Desk) -> None:
    """Spoil a byte in a pack that holds no folder: those are read by every check."""
    for pack in [path for path in (desk.school.place("nas") / "data").rglob("*") if path.is_file()]:
        whole = pack.read_bytes()
        pack.chmod(0o600)
        pack.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
        if desk.check("structure").outcome is Outcome.GOOD:
            return
        pack.write_bytes(whole)
    raise AssertionError("no pack of data")


def test_a_damaged_pack_is_found_by_the_check_of_its_part_and_by_no_other(desk: Desk) -> None:
    desk.days_of_copies(12)
    damage_a_pack_of_data(desk)
    outcomes = {number: desk.check(f"{number}/13") for number in range(1, 14)}
    failed = [number for number, run in outcomes.items() if run.outcome is Outcome.FAILED]
    assert len(failed) == 1
    assert sum(run.files for number, run in outcomes.items() if number not in failed) < sum(
        1 for path in (desk.school.place("nas") / "data").rglob("*") if path.is_file()
    )
    others = ",".join(str(number) for number in range(1, 14) if number not in failed)
    assert desk.check(f"{others}/13").outcome is Outcome.GOOD
    assert desk.check("").error_code == "check-failed"
    assert desk.records.run(outcomes[3].id).part == "3/13"
