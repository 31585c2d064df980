"""A home on a disk that is full to the last byte, or that can only be read: all that looks goes on, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.paths import Home
from app.policy.model import Role
from app.records.errors import RecordsDiskFull, RecordsReadOnly, RecordsUnusable
from app.records.facts import Outcome, RequestKind, RunKind
from app.records.pins import set_pin
from app.records.store import Records
from app.secret import Secret
from tests.e2e.installation import wait_until
from tests.fault.homes import SmallDisk, small_disk
from tests.rig.programs import run

pytestmark = pytest.mark.rig

Trouble = tuple[Callable[[SmallDisk], None], Callable[[SmallDisk], None], str]
FULL: Trouble = (SmallDisk.fill, SmallDisk.make_room, "full")
READ_ONLY: Trouble = (SmallDisk.forbid_writing, SmallDisk.allow_writing, "read-only")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """Return a home that has made its copies; each test leaves the disk as it was."""
    with small_disk(tmp_path_factory.mktemp("school")) as disk:
        set_pin(disk.school.home, Role.DIRECTOR, "An Claes", Secret("2468"))
        assert disk.school.agent("--once") == 0
        yield disk


@pytest.fixture(params=[FULL, READ_ONLY], ids=["full", "read-only"])
def trouble(request: pytest.FixtureRequest, disk: SmallDisk) -> Iterator[str]:
    begin, end, name = request.param
    begin(disk)
    assert name == "read-only" or os.statvfs(disk.folder).f_bfree == 0
    try:
        yield name
    finally:
        end(disk)


SAYS = {
    "full": ("is full: no copies are made", "is vol: er worden geen kopieën gemaakt"),
    "read-only": ("Nothing can be written to the disk", "kan niets geschreven worden"),
}
SAYS_ERROR = {
    "full": "De schijf waarop Vangnet bijhoudt wat het doet, is vol",
    "read-only": "Op de schijf waarop Vangnet bijhoudt wat het doet, kan niets geschreven worden",
}
LOOKS = ("tasks", "targets", "checklist show", "journal verify", "notify list", "risks", "judge", "find marks")


def test_the_state_is_shown_with_what_is_wrong_in_both_languages(disk: SmallDisk, trouble: str) -> None:
    for language, sentence in zip(("en", "nl"), SAYS[trouble], strict=True):
        shown = disk.vangnet("status", language=language)
        assert (shown.returncode, shown.stderr) == (3, "")
        assert sentence in shown.stdout
        assert "✔" in shown.stdout  # the copies are there and in order
    document = json.loads(disk.vangnet("status", "--json").stdout)
    assert document["state"] == "error"
    assert f"home-{trouble}" in [finding["code"] for finding in document["findings"]]


@pytest.mark.slow
def test_everything_that_only_looks_goes_on(disk: SmallDisk, trouble: str) -> None:
    for command in LOOKS:
        done = disk.vangnet(*command.split())
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout, command


def test_files_come_back_and_are_checked_and_it_is_said_that_this_is_not_recorded(
    disk: SmallDisk, trouble: str, tmp_path: Path
) -> None:
    before = rows(disk)
    done = disk.vangnet("restore", "marks", "--to", str(tmp_path / "back"), "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"], document["run"], document["files"]) == (3, "good", None, 5)
    assert "could not be written down" in done.stderr
    assert "Traceback" not in done.stderr
    for file in disk.school.source("marks").iterdir():
        assert (tmp_path / "back" / "marks" / file.name).read_bytes() == file.read_bytes()
    checked = disk.vangnet("check", "--target", "nas", "--read-data")
    assert (checked.returncode, checked.stdout) == (3, "Check of the copies NAS: done.\n")
    assert rows(disk) == before


def test_a_damaged_copy_is_found_all_the_same(disk: SmallDisk, trouble: str) -> None:
    snapshots = next(disk.school.place("annex").rglob("snapshots"))
    damaged = min(snapshots.iterdir())
    whole = damaged.read_bytes()
    damaged.chmod(0o600)
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        assert disk.vangnet("check", "--target", "annex").returncode == 1
    finally:
        damaged.write_bytes(whole)


@pytest.mark.parametrize("command", ["backup", "restore-test marks", "agent --once", "agent"])
def test_what_must_be_written_is_refused_with_what_is_wrong(disk: SmallDisk, trouble: str, command: str) -> None:
    done = disk.vangnet(*command.split(), language="nl")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert SAYS_ERROR[trouble] in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) == 3  # what happened, that the data are safe, what to do


def test_a_signature_is_refused_and_nothing_of_it_stays(disk: SmallDisk, trouble: str, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("2468\n")
    before = rows(disk)
    done = disk.vangnet("policy", "approve", "--by", "An Claes", "--pin-file", str(pin), language="nl")
    assert (done.returncode, done.stdout) == (1, "")
    assert SAYS_ERROR[trouble] in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(disk) == before


@pytest.mark.parametrize(("begin", "end", "error"), [(*FULL[:2], RecordsDiskFull), (*READ_ONLY[:2], RecordsReadOnly)])
def test_open_records_refuse_with_the_reason_and_go_on_by_themselves(
    disk: SmallDisk,
    begin: Callable[[SmallDisk], None],
    end: Callable[[SmallDisk], None],
    error: type[RecordsUnusable],
) -> None:
    with Records.open_to_read(disk.school.home, SystemClock()) as records:
        records.note("before", {})
        if begin is SmallDisk.forbid_writing:
            records.close()  # an open file keeps a disk from becoming read-only
            begin(disk)
            records = Records.open_to_read(disk.school.home, SystemClock())
        else:
            begin(disk)
        try:
            with pytest.raises(error) as refused:
                write_on_and_on(records)
            assert refused.value.data["folder"] == str(disk.folder)
        finally:
            records.close()
            end(disk)
    with Records.open_to_read(disk.school.home, SystemClock()) as records:
        records.note("after", {})
        assert records.verify_journal().ok


def test_what_another_view_of_the_disk_writes_is_read_through_one_that_cannot(disk: SmallDisk, tmp_path: Path) -> None:
    """The same home twice: an agent at work on the one, somebody who can only read on the other."""
    seen = tmp_path / "seen"
    seen.mkdir()
    run("mount", "--bind", disk.folder, seen)
    try:
        run("mount", "-o", "remount,bind,ro", seen)
        with Records.open(disk.school.home, SystemClock()) as writing:
            with Records.open_to_read(Home.in_folder(seen), SystemClock()) as reading:
                assert not reading.is_copy  # SQLite's own locks and shared memory serve both
                row = writing.note("seen", {})
                assert reading.journal_rows(row.seq - 1) == (row,)
                with pytest.raises(RecordsReadOnly):
                    reading.note("refused", {})
        with Records.open_to_read(Home.in_folder(seen), SystemClock()) as reading:
            assert reading.is_copy
            assert reading.journal_rows(row.seq - 1) == (row,)
            assert reading.verify_journal().ok
    finally:
        run("umount", "-l", seen)


@pytest.mark.slow
def test_once_there_is_room_all_of_it_works_again(disk: SmallDisk) -> None:
    disk.fill()
    assert disk.vangnet("backup").returncode == 1
    disk.make_room()
    (disk.school.source("marks") / "late.txt").write_text("written while there was no room\n")
    assert disk.vangnet("backup", "marks").returncode == 0
    assert disk.vangnet("status").returncode == 0
    assert disk.vangnet("journal", "verify").returncode == 0


@pytest.mark.slow
def test_an_agent_lives_through_a_full_disk_and_goes_on(disk: SmallDisk) -> None:
    school = disk.school
    with school.start_agent() as agent:
        try:
            wait_until(lambda: b"agent-started" in school.home.agent_log.read_bytes(), what="the agent")
            with Records.open(school.home, SystemClock()) as records:
                made = len(records.runs(limit=500, kind=RunKind.BACKUP))
                request = records.ask(RequestKind.BACKUP, data_set="letters", target="nas", by="test")
                disk.fill()
                shown = disk.vangnet("status")
                assert (shown.returncode, SAYS["full"][0] in shown.stdout) == (3, True)
                assert disk.vangnet("backup", "letters").returncode == 1
                school.home.machine_file.touch()  # what it records of a change finds no room either
                with pytest.raises(subprocess.TimeoutExpired):
                    agent.wait(timeout=4)
                disk.make_room()
                assert records.request(request).id == request
            assert disk.vangnet("backup", "letters").returncode == 0
            with Records.open(school.home, SystemClock()) as records:
                runs = records.runs(limit=500, kind=RunKind.BACKUP)
                assert len(runs) > made
                assert all(run.outcome is not Outcome.RUNNING for run in runs)
                assert records.verify_journal().ok
        finally:
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(timeout=30) == 0


def write_on_and_on(records: Records) -> None:
    """Use up what room the log has itself."""
    while True:
        records.note("more", {"text": "x" * 2000})


def rows(disk: SmallDisk) -> int:
    with Records.open_to_read(disk.school.home, SystemClock()) as records:
        return len(records.journal_rows(limit=10_000))
