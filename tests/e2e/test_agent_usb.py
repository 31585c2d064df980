"""The lasting agent and USB disks, with the real udev: a disk that comes gets its copy, one that is pulled out harms
nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.clock import SystemClock
from app.policy.machine import TargetId, TargetKind
from app.records.facts import Outcome, Run
from app.targets.place import prepare_target
from tests.e2e.installation import (
    SETS,
    TestHome,
    fill,
    lasting_agent,
    make_installation,
    restic_check,
    wait_until,
    write_machine,
)
from tests.rig.usb import PluggedIn, Stick, UsbRig

pytestmark = [pytest.mark.rig, pytest.mark.slow]
DISK = "green-disk"


class Office:
    """An installation with two folders and a USB disk, that is in a drawer."""

    def __init__(self, school: TestHome, usb: UsbRig, stick: Stick) -> None:
        self.school = school
        self.usb = usb
        self.stick = stick
        self.mount_point = school.folder / "media" / "green"

    def plug_in(self) -> PluggedIn:
        plugged = self.usb.plug_in(self.stick)
        self.usb.mount(plugged, self.mount_point)
        return plugged

    def runs(self) -> tuple[Run, ...]:
        return tuple(run for run in self.school.runs() if run.target == DISK)

    def copied(self) -> bool:
        return {run.data_set for run in self.runs() if run.outcome is Outcome.GOOD} == set(SETS)

    def events(self, *kinds: str) -> list[str]:
        with self.school.records() as records:
            found = records.events_after(0, limit=5000)
        return [event.kind for event in found if event.kind in kinds and event.subject == DISK]

    def seen_leaving(self) -> bool:
        """Tell whether the agent knows that the disk was there and is not any more; at its start it was not either."""
        return len(self.events("target-detached")) == 2


@pytest.fixture
def office(tmp_path: Path, usb: UsbRig) -> Office:
    school = make_installation(tmp_path / "school")
    office = Office(school, usb, usb.make_stick(size_mib=400))
    plugged = office.plug_in()
    disk = prepare_target(
        school.home,
        id=TargetId(DISK),
        name="Green disk",
        kind=TargetKind.USB,
        path=Path("Vangnet"),
        fs_uuid=office.stick.uuid,
        organisation="School",
        sources=(),
        clock=SystemClock(),
    )
    usb.unplug(plugged)
    write_machine(school, [*school.installation().machine.targets, disk])
    return office


def test_a_disk_that_is_plugged_in_gets_its_copies_at_once(office: Office) -> None:
    with lasting_agent(office.school):
        wait_until(lambda: len(office.school.runs()) == 4, what="the copies on the other places")
        assert office.runs() == ()
        plugged = office.plug_in()
        wait_until(office.copied, timeout_s=90, what="the copies on the disk")
        assert {run.reason for run in office.runs()} == {"disk-arrived"}
        office.usb.unplug(plugged)
        wait_until(office.seen_leaving, what="the disk leaving")
    assert office.events("drive-arrived", "drive-left") == ["drive-arrived", "drive-left"]


def test_a_disk_pulled_out_in_the_middle_fails_its_run_and_the_next_time_it_is_made(office: Office) -> None:
    fill(office.school.source("marks"), megabytes=150)
    with lasting_agent(office.school):
        wait_until(
            lambda: len([r for r in office.school.runs() if r.outcome is Outcome.GOOD]) == 4,
            timeout_s=90,
            what="the others",
        )
        plugged = office.plug_in()
        with office.school.records() as records:

            def storing() -> bool:
                at_work = [run for run in records.running() if run.target == DISK and run.data_set == "marks"]
                numbers = [progress for run in at_work if (progress := records.progress(run.id)) is not None]
                return any(progress.bytes_done for progress in numbers)

            wait_until(storing, what="the large copy")
            office.usb.yank(plugged)
            wait_until(lambda: not records.running(), timeout_s=60, what="the end of the run")
        failed = [run for run in office.runs() if run.data_set == "marks"][-1]
        assert failed.outcome is Outcome.FAILED
        assert failed.error_code in {"backend", "backend-unavailable", "backend-read-only"}
        office.usb.unplug(plugged)
        wait_until(office.seen_leaving, what="the disk leaving")
        office.plug_in()
        wait_until(office.copied, timeout_s=90, what="the copies on the disk")
    restic_check(office.mount_point / "Vangnet", office.school.home)
