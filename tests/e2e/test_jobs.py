"""The jobs on real repositories: what they do, what they record, and that a failure is never called a success."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from app.jobs import backup as backup_job
from app.jobs.backup import run_backup
from app.jobs.backup_together import run_backups
from app.jobs.browse import find_files, versions
from app.jobs.check import run_check
from app.jobs.errors import RestoreIntoSource, UnknownDataSet
from app.jobs.installation import Installation
from app.jobs.restore import restore
from app.jobs.restore_test import run_restore_test
from app.jobs.samples import forget_old_samples, forget_sample, sample_files, sample_folder
from app.records.facts import Outcome, RestoreTest, Run, RunId, RunKind
from app.records.store import Records
from app.repository.model import Cancel, Monitor
from app.targets.place import open_target
from tests.e2e.installation import PLACES, TestHome, make_installation


class Desk:
    """One installation with its records open, and short ways to do its jobs in this process."""

    def __init__(self, school: TestHome, installation: Installation, records: Records) -> None:
        self.school = school
        self.installation = installation
        self.records = records

    def start(self, kind: RunKind, data_set: str = "marks", target: str = "nas") -> RunId:
        started = psutil.Process().create_time()
        return self.records.start_run(
            kind, data_set=data_set, target=target, reason="test", pid=os.getpid(), pid_started=started
        )

    def back_up(
        self, target: str = "nas", *, data_set: str = "marks", full: bool = False, cancel: Cancel | None = None
    ) -> Run:
        run = self.start(RunKind.FULL if full else RunKind.BACKUP, data_set, target)
        return run_backup(
            self.installation, self.records, run,
            data_set=data_set, target=target, full=full, monitor=Monitor(), cancel=cancel or Cancel(),
        )  # fmt: skip

    def check(self, target: str = "nas") -> Run:
        run = self.start(RunKind.CHECK, "", target)
        return run_check(self.installation, self.records, run, target=target, monitor=Monitor(), cancel=Cancel())

    def test(self, target: str = "nas") -> RestoreTest:
        run = self.start(RunKind.RESTORE_TEST, "marks", target)
        return run_restore_test(
            self.installation, self.records, run, data_set="marks", target=target, monitor=Monitor(), cancel=Cancel()
        )

    def restore(
        self, to: Path, *, paths: tuple[Path, ...] = (), at: datetime | None = None, target: str | None = None
    ) -> Run:
        return restore(
            self.installation, self.records,
            data_set="marks", paths=paths, to=to, at=at, target=target, monitor=Monitor(), cancel=Cancel(),
        )  # fmt: skip

    @property
    def source(self) -> Path:
        return self.school.source("marks")

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    school = make_installation(tmp_path)
    with school.records() as records:
        yield Desk(school, school.installation(), records)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def largest_pack(place: Path) -> Path:
    return max((path for path in (place / "data").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0x40
    file.chmod(0o600)
    file.write_bytes(content)


# --- back-ups ----------------------------------------------------------------------------------------------------


def test_a_copy_is_good_tagged_with_its_set_and_counts_what_changed(desk: Desk) -> None:
    first = desk.back_up()
    assert (first.outcome, first.files, first.files_new_or_changed) == (Outcome.GOOD, 5, 5)
    (desk.source / "marks 0.txt").write_text("better marks\n")
    second = desk.back_up()
    assert (second.files, second.files_new_or_changed) == (5, 1)
    assert second.duration_s > 0


def test_a_set_that_was_moved_behind_a_link_is_still_copied_whole(desk: Desk) -> None:
    source = desk.school.source("marks")
    moved = source.with_name("moved elsewhere")
    source.rename(moved)
    source.symlink_to(moved)
    run = desk.back_up()
    assert run.outcome is Outcome.GOOD
    assert run.files == len(list(moved.iterdir()))


def test_a_cancelled_copy_says_so(desk: Desk) -> None:
    cancel = Cancel()
    cancel.set()
    run = desk.back_up(cancel=cancel)
    assert (run.outcome, run.snapshot) == (Outcome.CANCELLED, "")


def test_a_cancelled_copy_to_several_places_still_says_which_had_failed_by_itself(desk: Desk) -> None:
    runs = [desk.records.run(desk.start(RunKind.BACKUP, target=place)) for place in PLACES]
    cancel = Cancel()
    cancel.set()
    with open_target(desk.school.home, desk.installation.target("annex")).lock(exclusive=True):
        nas, annex = run_backups(desk.installation, desk.records, runs, monitor=Monitor(), cancel=cancel)
    assert (nas.outcome, nas.error_code) == (Outcome.CANCELLED, "cancelled")
    assert (annex.outcome, annex.error_code) == (Outcome.FAILED, "repository-locked")


def test_of_a_copy_to_several_places_one_is_cancelled_and_its_end_is_recorded_before_the_others(desk: Desk) -> None:
    nas, annex = (desk.records.run(desk.start(RunKind.BACKUP, target=place)) for place in PLACES)
    cancel = Cancel()
    cancel.set()
    run_backups(
        desk.installation, desk.records, [nas, annex], monitor=Monitor(), cancel=Cancel(), cancels={annex.id: cancel}
    )
    nas, annex = desk.records.run(nas.id), desk.records.run(annex.id)
    assert (annex.outcome, annex.error_code, annex.snapshot) == (Outcome.CANCELLED, "cancelled", "")
    assert (nas.outcome, nas.files) == (Outcome.GOOD, 5)
    ended = [json.loads(row.body)["run"] for row in desk.records.journal_rows() if row.kind == "run-finished"]
    assert ended == [annex.id, nas.id]
    assert desk.back_up("annex").outcome is Outcome.GOOD


def test_a_folder_of_a_set_that_became_empty_makes_every_later_copy_incomplete(desk: Desk) -> None:
    second = desk.school.folder / "sources" / "second"
    second.mkdir()
    (second / "essay.txt").write_text("essay")
    machine = desk.school.home.machine_file
    machine.write_text(machine.read_text().replace(f"- {desk.source}\n", f"- {desk.source}\n  - {second}\n"))
    desk.installation = desk.school.installation()
    assert desk.back_up().outcome is Outcome.GOOD
    (second / "essay.txt").unlink()
    for _again in range(2):
        run = desk.back_up()
        assert run.outcome is Outcome.INCOMPLETE
        assert [(problem.what, problem.reason) for problem in run.problems] == [(str(second), "source-empty")]
    second.rmdir()
    assert [problem.reason for problem in desk.back_up().problems] == ["source-missing"]
    second.mkdir()
    (second / "essay.txt").write_text("essay again")
    assert desk.back_up().outcome is Outcome.GOOD


def test_an_empty_mount_folder_in_place_of_the_target_stays_empty(desk: Desk) -> None:
    desk.school.place("nas").rename(desk.school.folder / "unplugged")
    desk.school.place("nas").mkdir()
    run = desk.back_up()
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "target-not-there")
    assert list(desk.school.place("nas").iterdir()) == []


def test_another_disk_in_the_place_of_the_target_is_refused(desk: Desk) -> None:
    nas, annex = desk.school.place("nas"), desk.school.place("annex")
    nas.rename(desk.school.folder / "aside")
    annex.rename(nas)
    assert desk.back_up().error_code == "wrong-disk"


def test_a_defect_of_ours_still_leaves_its_fact_without_peoples_paths(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_arguments: object) -> None:
        raise KeyError("/home/an/secret diary.txt")

    monkeypatch.setattr(backup_job, "examine_source", defect)
    run = desk.back_up()
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "internal")
    assert dict(run.error_data)["error"] == "KeyError"
    assert "diary" not in str(run.error_data)


def test_the_full_copy_is_read_back_and_a_flipped_byte_on_the_medium_fails_it(desk: Desk) -> None:
    assert desk.back_up(full=True).outcome is Outcome.GOOD
    (own,) = desk.school.place("nas").glob("full-*")
    damage(largest_pack(own))
    run = desk.back_up(full=True)
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "read-back-failed")
    assert run.problems_total >= 1


# --- checks ------------------------------------------------------------------------------------------------------


def test_a_check_finds_a_flipped_byte_and_names_the_file(desk: Desk) -> None:
    desk.back_up()
    assert desk.check().outcome is Outcome.GOOD
    pack = largest_pack(desk.school.place("nas"))
    damage(pack)
    run = desk.check()
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "check-failed")
    assert any(pack.name in problem.what for problem in run.problems)


# --- getting files back ------------------------------------------------------------------------------------------


def test_a_set_comes_back_as_it_was_at_a_moment_and_the_restore_is_journalled(desk: Desk, tmp_path: Path) -> None:
    before = contents(desk.source)
    desk.back_up()
    moment = desk.now()
    time.sleep(0.01)
    (desk.source / "marks 1.txt").write_text("changed\n")
    desk.back_up("annex")
    now, then = desk.restore(tmp_path / "now"), desk.restore(tmp_path / "then", at=moment)
    assert (now.outcome, now.files, then.outcome) == (Outcome.GOOD, 5, Outcome.GOOD)
    assert contents(tmp_path / "then" / "marks") == before
    assert contents(tmp_path / "now" / "marks") == contents(desk.source)
    assert [row.kind for row in desk.records.journal_rows()].count("restored") == 2


def test_single_files_come_back_alone(desk: Desk, tmp_path: Path) -> None:
    desk.back_up()
    run = desk.restore(tmp_path / "to", paths=(desk.source / "marks 2.txt",))
    assert run.outcome is Outcome.GOOD
    assert list(contents(tmp_path / "to")) == ["marks/marks 2.txt"]


def test_an_incomplete_copy_is_used_only_where_no_whole_one_is(desk: Desk, tmp_path: Path) -> None:
    desk.back_up()
    machine = desk.school.home.machine_file
    gone = desk.school.folder / "sources" / "gone"
    machine.write_text(machine.read_text().replace(f"- {desk.source}\n", f"- {desk.source}\n  - {gone}\n"))
    desk.installation = desk.school.installation()
    (desk.source / "marks 1.txt").write_text("newer, but part of the set was not there\n")
    incomplete = desk.back_up()
    assert incomplete.outcome is Outcome.INCOMPLETE
    assert desk.restore(tmp_path / "to").snapshot != incomplete.snapshot
    for place in ("nas", "annex"):
        assert desk.back_up(place).outcome is Outcome.INCOMPLETE
    assert desk.restore(tmp_path / "annex", target="annex").outcome is Outcome.GOOD


@pytest.mark.parametrize("where", ["", "restored"])
def test_files_are_never_restored_into_the_data_or_a_place_for_copies(desk: Desk, where: str) -> None:
    desk.back_up()
    for folder in (desk.source, desk.school.place("annex"), desk.school.source("letters")):
        with pytest.raises(RestoreIntoSource):
            desk.restore(folder / where)
    with pytest.raises(UnknownDataSet):
        restore(
            desk.installation,
            desk.records,
            data_set="nonsense",
            to=Path("/nowhere"),
            monitor=Monitor(),
            cancel=Cancel(),
        )
    assert desk.records.runs(kind=RunKind.RESTORE) == ()


def test_a_folder_above_the_data_is_refused_where_files_would_land_on_their_originals(
    desk: Desk, tmp_path: Path
) -> None:
    desk.back_up()
    with pytest.raises(RestoreIntoSource):
        desk.restore(desk.source.parent)
    link = tmp_path / "innocent"
    link.symlink_to(desk.source.parent)
    with pytest.raises(RestoreIntoSource):
        desk.restore(link)
    assert desk.restore(desk.source.parent.parent).outcome is Outcome.GOOD


def test_a_computer_without_folders_for_the_set_gets_its_files_back(desk: Desk, tmp_path: Path) -> None:
    before = contents(desk.source)
    desk.back_up()
    desk.installation = replace(desk.installation, machine=replace(desk.installation.machine, data_sets=()))
    assert desk.restore(tmp_path / "to").outcome is Outcome.GOOD
    assert contents(tmp_path / "to" / "marks") == before


def test_without_a_copy_a_restore_fails_and_says_why(desk: Desk, tmp_path: Path) -> None:
    run = desk.restore(tmp_path / "to")
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "no-copy")
    assert not (tmp_path / "to").exists()


# --- looking for files -------------------------------------------------------------------------------------------


def test_a_file_is_found_once_with_its_versions_on_all_places(desk: Desk) -> None:
    file = desk.source / "marks 4.txt"
    desk.back_up()
    desk.back_up("annex")
    file.write_text("the newest version\n")
    desk.back_up()
    (hit,) = find_files(desk.installation, "marks 4")
    assert (hit.path, hit.data_set, hit.target, hit.size) == (file, "marks", "nas", len("the newest version\n"))
    found = versions(desk.installation, file)
    assert [(version.size, set(version.targets)) for version in found] == [
        (len("the newest version\n"), {"nas"}),
        (300, {"nas", "annex"}),
    ]


def test_a_place_that_is_away_does_not_stop_the_search(desk: Desk) -> None:
    desk.back_up()
    desk.back_up("annex")
    desk.school.place("nas").rename(desk.school.folder / "unplugged")
    assert {hit.target for hit in find_files(desk.installation, "marks*")} == {"annex"}


# --- restore tests -----------------------------------------------------------------------------------------------


def test_a_restore_test_brings_files_of_the_newest_and_the_oldest_copy_and_waits_for_a_person(desk: Desk) -> None:
    (desk.source / "large.bin").write_bytes(os.urandom(3 << 20))
    desk.back_up()
    (desk.source / "marks 1.txt").write_text("changed\n")
    desk.back_up()
    test = desk.test()
    assert test.identical
    assert not test.passed
    assert test.rto_met
    assert test.full_restore_estimate_s >= test.duration_s
    folder = sample_folder(desk.school.home, test.run)
    assert folder.stat().st_mode & 0o777 == 0o700
    files = sample_files(desk.school.home, test.run)
    assert len(files) == test.files
    assert {path.relative_to(folder).parts[0] for path in files} == {"newest", "oldest"}
    assert "large.bin" in {path.name for path in files}
    assert desk.records.facts().restore_tests == (test,)
    forget_sample(desk.school.home, test.run)
    assert not folder.exists()


def test_samples_that_nobody_looked_at_are_gone_after_a_day(desk: Desk) -> None:
    desk.back_up()
    folder = sample_folder(desk.school.home, desk.test().run)
    forget_old_samples(desk.school.home, desk.now() + timedelta(hours=23))
    assert folder.exists()
    forget_old_samples(desk.school.home, desk.now() + timedelta(hours=25))
    assert not folder.exists()


def test_a_restore_test_of_a_damaged_copy_is_recorded_as_not_identical(desk: Desk) -> None:
    (desk.source / "large.bin").write_bytes(os.urandom(3 << 20))
    desk.back_up()
    damage(largest_pack(desk.school.place("nas")))
    test = desk.test()
    assert not test.identical
    run = desk.records.run(test.run)
    assert (run.outcome, run.error_code) == (Outcome.FAILED, "restore-test-not-identical")
    assert [problem.what for problem in run.problems] == [str(desk.source / "large.bin")]


def test_a_source_that_rotted_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.back_up()
    victim = desk.source / "marks 2.txt"
    damage(victim)
    # Rot on a disk changes bytes and no times; a test cannot write without changing the file's ctime.
    monkeypatch.setattr("app.jobs.restore_test._unchanged", lambda path, _node: path == victim)
    test = desk.test()
    assert not test.identical
    assert [problem.reason for problem in desk.records.run(test.run).problems] == ["differs-from-source"]


def test_a_test_that_could_not_be_done_is_no_test(desk: Desk) -> None:
    test = desk.test()
    assert (test.identical, test.files) == (False, 0)
    assert desk.records.run(test.run).error_code == "no-copy"
    assert desk.records.facts().restore_tests == ()
