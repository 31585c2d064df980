"""What a disk can do to a copy that is being made, on real parts: pulled out, full, read-only, broken, slow.

After each: a run that says so in clear words, copies that the real restic finds whole, nothing earlier lost, and a next
run that carries on. VANGNET_LONG=1 pulls the disk out at twenty moments instead of five.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.i18n import language, set_language
from app.jobs.backup import run_backup
from app.policy.machine import Target, TargetId, TargetKind
from app.records.facts import Outcome, Run, RunKind
from app.repository.model import Cancel, Monitor
from app.targets.place import locate, prepare_target
from app.wording.errors import explain
from tests.e2e.installation import TestHome, make_installation, restic_check, wait_until, write_machine
from tests.rig.faultfs import FaultyFolder, Order
from tests.rig.programs import run
from tests.rig.usb import PluggedIn, Stick, UsbRig

pytestmark = [pytest.mark.rig, pytest.mark.slow]
DISK = "green-disk"
DATA_MIB = 20
MOMENTS = 20 if os.environ.get("VANGNET_LONG") else 5


@dataclass
class Office:
    """A school with one good copy on its disk; `stick` may lie anywhere, also on a disk that fails."""

    school: TestHome
    usb: UsbRig
    stick: Stick
    plugged: PluggedIn | None = None
    times: int = field(default=0)

    @property
    def mount_point(self) -> Path:
        return self.school.folder / "media" / f"stay-{self.times}"

    @property
    def repository(self) -> Path:
        return self.mount_point / "Vangnet"

    def plug_in(self) -> None:
        self.times += 1
        self.plugged = self.usb.plug_in(self.stick, serial="SAME")
        self.usb.mount(self.plugged, self.mount_point)

    def unplug(self) -> None:
        assert self.plugged is not None
        self.usb.unplug(self.plugged)

    def prepare(self) -> Target:
        disk = prepare_target(
            self.school.home,
            id=TargetId(DISK),
            name="Green disk",
            kind=TargetKind.USB,
            path=Path("Vangnet"),
            fs_uuid=self.stick.uuid,
            organisation="School",
            sources=(),
            clock=SystemClock(),
        )
        write_machine(self.school, [*self.school.installation().machine.targets, disk])
        return disk

    def change_data(self, mebibytes: int = DATA_MIB) -> None:
        """Put other data in place of what was there."""
        (self.school.source("marks") / "large.bin").write_bytes(os.urandom(mebibytes << 20))

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.back_up)
        thread.start()
        return thread

    def back_up(self) -> Run:
        with self.school.records() as records:
            run_id = records.start_run(
                RunKind.BACKUP, data_set="marks", target=DISK, reason="asked", pid=os.getpid(), pid_started=1.0
            )
            run_backup(
                self.school.installation(), records, run_id, data_set="marks", target=DISK, full=False,
                monitor=Monitor(), cancel=Cancel(),
            )  # fmt: skip
            return records.run(run_id)

    def last_run(self) -> Run:
        return self.school.runs(RunKind.BACKUP)[-1]

    def snapshots(self) -> set[str]:
        return {entry.name for entry in (self.repository / "snapshots").iterdir() if "." not in entry.name}

    def stored_bytes(self) -> int:
        found = 0
        for folder, _folders, names in os.walk(self.repository / "data"):
            for name in names:
                try:
                    found += (Path(folder) / name).stat().st_size
                except OSError:
                    continue
        return found


def office_on(school: TestHome, usb: UsbRig, stick: Stick) -> Office:
    office = Office(school, usb, stick)
    office.plug_in()
    office.prepare()
    assert office.back_up().outcome is Outcome.GOOD
    return office


@pytest.fixture
def school(tmp_path: Path) -> Iterator[TestHome]:
    spoken = language()
    set_language("en")
    yield make_installation(tmp_path / "school")
    set_language(spoken)


def assert_told(failed: Run) -> None:
    """A failed run has a sentence of its own, that says that the earlier copies are there."""
    assert failed.outcome is Outcome.FAILED
    said = explain(failed.error_code, dict(failed.error_data))
    assert said.what
    assert said.safe
    assert "went wrong" not in said.what, failed.error_code


def carries_on(office: Office, before: set[str]) -> None:
    """The copies are whole, the earlier ones are there, and the next run is good."""
    restic_check(office.repository, office.school.home)
    assert before <= office.snapshots()
    assert office.back_up().outcome is Outcome.GOOD
    assert before < office.snapshots()


def test_disk_pulled_out_at_any_moment(school: TestHome, usb: UsbRig) -> None:
    office = office_on(school, usb, usb.make_stick(size_mib=150 + (2 * DATA_MIB + 5) * MOMENTS))
    failures = 0
    for moment in range(MOMENTS):
        before = office.snapshots()
        office.change_data()
        stored = office.stored_bytes()
        wanted = stored + (DATA_MIB << 20) * moment // MOMENTS
        work = office.start()
        assert office.plugged is not None
        wait_until(lambda: office.stored_bytes() >= wanted or not work.is_alive(), what=f"moment {moment}")  # noqa: B023
        usb.yank(office.plugged)
        work.join(120)
        ended = office.last_run()
        if ended.outcome is not Outcome.GOOD:  # the last moment may come when everything is written already
            assert_told(ended)
            failures += 1
        office.unplug()
        office.plug_in()
        carries_on(office, before)
    assert failures >= MOMENTS - 1


def test_full_disk(school: TestHome, usb: UsbRig) -> None:
    office = office_on(school, usb, usb.make_stick(size_mib=40))
    before = office.snapshots()
    office.change_data(60)
    failed = office.back_up()
    assert_told(failed)
    assert failed.error_code == "backend-full"
    office.change_data(1)
    carries_on(office, before)


def test_disk_that_becomes_read_only(school: TestHome, usb: UsbRig) -> None:
    office = office_on(school, usb, usb.make_stick(size_mib=100))
    before = office.snapshots()
    office.change_data()
    run("mount", "-o", "remount,ro", office.mount_point)
    failed = office.back_up()
    assert_told(failed)
    assert failed.error_code == "backend-read-only"
    run("mount", "-o", "remount,rw", office.mount_point)
    carries_on(office, before)


@pytest.fixture
def on_broken_disk(school: TestHome, usb: UsbRig, faulty_folder: FaultyFolder) -> Iterator[Office]:
    """The stick's own blocks lie on a disk that fails on order."""
    made = usb.make_stick(size_mib=100)
    image = faulty_folder.folder / "stick.img"
    shutil.copyfile(made.image, image)
    office = office_on(school, usb, Stick(image, made.file_system, made.label, made.uuid))
    try:
        yield office
    finally:
        faulty_folder.heal()
        usb.clean_up()  # before the disk below it goes


def test_disk_whose_blocks_cannot_be_written(on_broken_disk: Office, faulty_folder: FaultyFolder) -> None:
    office = on_broken_disk
    before = office.snapshots()
    office.change_data()
    faulty_folder.order(Order(operations=("write", "fsync"), error="EIO", after_bytes=4 << 20))
    assert_told(office.back_up())
    faulty_folder.heal()
    office.unplug()
    office.plug_in()
    carries_on(office, before)


def test_very_slow_disk(on_broken_disk: Office, faulty_folder: FaultyFolder) -> None:
    office = on_broken_disk
    before = office.snapshots()
    office.change_data(4)
    faulty_folder.order(Order(operations=("write", "fsync"), delay_s=0.005))
    assert office.back_up().outcome is Outcome.GOOD
    faulty_folder.heal()
    carries_on(office, before)


def test_swapped_disk_changed_label_and_other_mount_path_never_lead_to_a_wrong_write(
    school: TestHome, usb: UsbRig, tmp_path: Path
) -> None:
    office = office_on(school, usb, usb.make_stick(size_mib=60))
    target = school.installation().machine.target(TargetId(DISK))
    office.unplug()
    # Another disk in the same slot, mounted at the same path, with the same label.
    other = usb.make_stick(size_mib=60, label=office.stick.label)
    plugged = usb.plug_in(other)
    office.times += 1
    usb.mount(plugged, office.mount_point)
    failed = office.back_up()
    assert (failed.outcome, failed.error_code) == (Outcome.FAILED, "target-not-there")
    assert [entry.name for entry in office.mount_point.iterdir()] == ["lost+found"]
    usb.unplug(plugged)
    # The mount folder without any disk.
    failed = office.back_up()
    assert (failed.outcome, failed.error_code) == (Outcome.FAILED, "target-not-there")
    assert list(office.mount_point.iterdir()) == []
    # The disk itself, with another label and at another path: the same disk.
    plugged = usb.plug_in(office.stick)
    run("e2label", str(plugged.partition), "OTHERNAME")
    usb.mount(plugged, tmp_path / "elsewhere")
    assert locate(target) == tmp_path / "elsewhere" / "Vangnet"
    assert office.back_up().outcome is Outcome.GOOD
