"""A disk never seen before becomes a place for copies, with the real udev and udisks: looked at, erased, added."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.assessment.new_disks import is_ignored
from app.clock import SystemClock
from app.policy.machine import Machine, TargetId
from app.policy.write import PolicyEdit, write_policy
from app.policy.write import write_machine as write_file
from app.records.facts import DriveSight, Outcome, UpsSight
from app.setup.disks import (
    NewDisk,
    accept_housing,
    add_disk,
    erase_disk,
    find_drive,
    ignore_disk,
    look_at_disk,
)
from app.targets.errors import DiskNotToBeErased, TargetHasOtherData, TargetUnsuitable, WrongDisk
from app.targets.keys import KeyRing, new_recovery_key
from app.targets.mounting import mount_disk
from app.targets.place import locate
from app.targets.prepare import Contents
from tests.e2e.installation import ROOT, TestHome, lasting_agent, make_installation, restic_check, wait_until
from tests.rig.udisks import UdisksRig
from tests.rig.usb import PluggedIn, UsbRig

pytestmark = pytest.mark.rig


@pytest.fixture
def school(tmp_path: Path, udisks: UdisksRig) -> TestHome:
    return named(make_installation(tmp_path / "school"), "De Linde")


def named(made: TestHome, name: str) -> TestHome:
    organisation = replace(made.installation().policy.organisation, name=name)
    write_policy(made.home.policy_file, PolicyEdit(organisation=organisation))
    return made


def drive_of(plugged: PluggedIn, udisks: UdisksRig) -> DriveSight:
    udisks.knows(plugged.partition)
    return find_drive(str(plugged.partition))


def vangnet(school: TestHome, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "--home", str(school.home.config), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=dict(os.environ))


def machine_of(school: TestHome) -> Machine:
    return school.installation().machine


def test_an_empty_disk_is_set_up_from_the_command_line_and_filled_by_the_agent(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    plugged = usb.plug_in(usb.make_stick(label="NEW", size_mib=200))
    drive = drive_of(plugged, udisks)
    looked = vangnet(school, "disk", "look", drive.device, "--json")
    found = json.loads(looked.stdout)
    assert (found["contents"], found["usable"], found["problems"]) == ("empty", True, [])
    added = vangnet(
        school, "disk", "add", drive.device, "--name", "GROENE schijf", "--colour", "groen", "--site", "kluis",
        "--kept-by", "Juf An", "--set", "a", "--offsite",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    target = machine_of(school).targets[-1]
    assert (target.name, target.colour, target.site, target.kept_by, target.disk_set, target.offsite) == (
        "GROENE schijf", "groen", "kluis", "Juf An", "A", True,
    )  # fmt: skip
    assert target.serial == drive.serial
    place = locate(target)
    assert {f"README.{language}.txt" for language in ("nl", "en", "fr")} <= {entry.name for entry in place.iterdir()}
    assert school.agent("--once") == 0
    good = [run for run in school.runs() if run.target == target.id and run.outcome is Outcome.GOOD]
    assert len(good) == 2
    mounted = mount_disk(find_drive(drive.device))  # the agent has let it go
    restic_check(Path(mounted.mount_point) / "Vangnet", school.home)
    gone = vangnet(school, "disk", "eject", target.id)
    assert gone.returncode == 0, gone.stderr
    assert find_drive(drive.device).mount_point == ""
    told = vangnet(school, "disk", "hand-over", target.id, "--to", "Meester Bo", "--site", "thuis")
    assert told.returncode == 0, told.stderr
    with school.records() as records:
        (handover,) = records.facts().handovers
        assert (handover.holder, handover.site, handover.target) == ("Meester Bo", "thuis", target.id)
        assert records.verify_journal().ok


def test_disk_with_copies_is_recognised_and_can_be_taken_into_use_again(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    plugged = usb.plug_in(usb.make_stick(size_mib=200))
    drive = drive_of(plugged, udisks)
    installation = school.installation()
    with school.records() as records:
        target = add_disk(installation, records, drive, NewDisk("Schijf A", "groen"), by="test")
    assert school.agent("--once") == 0
    write_file(school.home.machine_file, installation.machine)  # the computer forgot it: an older machine file
    with school.records() as records:
        found = look_at_disk(school.installation(), records, find_drive(drive.device))
        assert (found.contents, found.known_as, found.usable) == (Contents.OURS, target.id, True)
        assert found.copies_until is not None
        assert found.marker is not None
        assert (found.marker.name, found.marker.organisation) == ("Schijf A", "De Linde")
        again = add_disk(school.installation(), records, find_drive(drive.device), NewDisk("Schijf A"), by="test")
    assert (again.id, again.repository_id, again.marker_id) == (target.id, target.repository_id, target.marker_id)


def test_disk_of_another_organisation_is_told_and_left_alone(
    school: TestHome, udisks: UdisksRig, usb: UsbRig, tmp_path: Path
) -> None:
    plugged = usb.plug_in(usb.make_stick(size_mib=100))
    drive = drive_of(plugged, udisks)
    with school.records() as records:
        add_disk(school.installation(), records, drive, NewDisk("Hun schijf"), by="test")
    other = named(make_installation(tmp_path / "other"), "Sint-Jan")
    shutil.rmtree(other.home.secrets)  # another organisation has keys of its own
    KeyRing.create(other.home, new_recovery_key(), SystemClock())
    with other.records() as records:
        found = look_at_disk(other.installation(), records, find_drive(drive.device))
        assert (found.contents, found.usable) == (Contents.OTHER_ORGANISATION, False)
        assert found.marker is not None
        assert found.marker.organisation == "De Linde"
        with pytest.raises(TargetHasOtherData):
            add_disk(other.installation(), records, find_drive(drive.device), NewDisk("Onze"), by="test")
    assert len(machine_of(other).targets) == 2


def test_somebody_s_own_files_stay_beside_the_copies(school: TestHome, udisks: UdisksRig, usb: UsbRig) -> None:
    plugged = usb.plug_in(usb.make_stick(size_mib=100))
    drive = drive_of(plugged, udisks)
    with school.records() as records:
        top = Path(look_at_disk(school.installation(), records, drive).drive.mount_point)
        (top / "holiday.jpg").write_bytes(b"beach")
        found = look_at_disk(school.installation(), records, find_drive(drive.device))
        assert (found.contents, found.usable) == (Contents.EMPTY, True)
        target = add_disk(school.installation(), records, find_drive(drive.device), NewDisk("Schijf"), by="test")
    assert locate(target) == top / "Vangnet"
    assert (top / "holiday.jpg").read_bytes() == b"beach"


def test_disk_that_is_too_small_for_today_is_refused_and_for_a_year_warned(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    (school.source("marks") / "large.bin").write_bytes(os.urandom(60 << 20))
    assert school.agent("--once") == 0
    small = drive_of(usb.plug_in(usb.make_stick(size_mib=48)), udisks)
    tight = drive_of(usb.plug_in(usb.make_stick(size_mib=84)), udisks)
    with school.records() as records:
        refused = look_at_disk(school.installation(), records, small)
        assert [p.code.value for p in refused.report.problems] == ["too-little-space"]
        with pytest.raises(TargetUnsuitable):
            add_disk(school.installation(), records, find_drive(small.device), NewDisk("Klein"), by="test")
        warned = look_at_disk(school.installation(), records, tight)
        assert warned.usable
        assert "tight-space" in [w.code.value for w in warned.report.warnings]


def test_disk_is_erased_only_when_its_name_is_typed(school: TestHome, udisks: UdisksRig, usb: UsbRig) -> None:
    drive = drive_of(usb.plug_in(usb.make_stick(label="OUD", size_mib=100)), udisks)
    with school.records() as records:
        installation = school.installation()
        with pytest.raises(DiskNotToBeErased) as refused:
            erase_disk(installation, records, drive, typed="OUDE", file_system="ext4", by="test")
        assert refused.value.data["reason"] == "name-not-typed"
        assert find_drive(drive.device).fs_uuid == drive.fs_uuid
        empty = erase_disk(installation, records, drive, typed="OUD", file_system="ext4", by="test")
        assert empty.fs_uuid not in ("", drive.fs_uuid)
        target = add_disk(installation, records, empty, NewDisk("Schijf"), by="test")
        with pytest.raises(DiskNotToBeErased) as refused:
            erase_disk(
                school.installation(), records, find_drive(drive.device), typed="OUD", file_system="ext4", by="test"
            )
        assert refused.value.data["reason"] == "target"
    assert locate(target).is_dir()


def test_disk_of_the_computer_or_with_data_or_on_battery_is_never_erased(
    school: TestHome, udisks: UdisksRig, usb: UsbRig, tmp_path: Path
) -> None:
    plugged = usb.plug_in(usb.make_stick(label="DATA", size_mib=100))
    drive = drive_of(plugged, udisks)
    mount_point = usb.mount(plugged, tmp_path / "data")
    installation = school.installation()

    def refusal(machine: Machine | None = None) -> str:
        with school.records() as records, pytest.raises(DiskNotToBeErased) as refused:
            erase_disk(
                replace(installation, machine=machine or installation.machine),
                records, drive, typed="DATA", file_system="ext4", by="test",
            )  # fmt: skip
        return str(refused.value.data["reason"])

    folders = installation.machine.data_sets
    with_data = (replace(folders[0], paths=(mount_point,)), *folders[1:])
    assert refusal(replace(installation.machine, data_sets=with_data)) == "holds-data"
    with school.records() as records:
        records.see_ups(UpsSight("ups", "UPS", installation.clock.now(), True, ("OB",)))
    assert refusal() == "on-battery"
    with school.records() as records:
        records.see_ups(UpsSight("ups", "UPS", installation.clock.now(), True, ("OL",)))
    moved = replace(installation, home=type(installation.home).in_folder(mount_point / "vangnet"))
    (mount_point / "vangnet").mkdir()
    with school.records() as records, pytest.raises(DiskNotToBeErased) as refused:
        erase_disk(moved, records, drive, typed="DATA", file_system="ext4", by="test")
    assert refused.value.data["reason"] == "system"


def test_disk_that_is_not_for_copies_is_remembered(school: TestHome, udisks: UdisksRig, usb: UsbRig) -> None:
    drive = drive_of(usb.plug_in(usb.make_stick()), udisks)
    with school.records() as records:
        assert not is_ignored(drive, records.facts().attestations)
        ignore_disk(school.installation(), records, drive, by="test")
        assert is_ignored(drive, records.facts().attestations)


def test_the_same_disk_in_another_housing_is_used_when_a_person_says_so(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    stick = usb.make_stick(size_mib=100)
    plugged = usb.plug_in(stick, serial="OLD-HOUSING")
    with school.records() as records:
        target = add_disk(school.installation(), records, drive_of(plugged, udisks), NewDisk("Schijf"), by="test")
    usb.unplug(plugged)
    plugged = usb.plug_in(stick, serial="NEW-HOUSING")
    drive_of(plugged, udisks)
    with pytest.raises(WrongDisk) as refused:
        locate(target)
    assert refused.value.data["reason"] == "serial"
    with school.records() as records:
        accept_housing(school.installation(), records, target.id, by="test")
    known = machine_of(school).target(TargetId(target.id))
    assert known.serial == "NEW-HOUSING"
    with lasting_agent(school):
        wait_until(lambda: any(r.target == target.id and r.outcome is Outcome.GOOD for r in school.runs()), what="copy")
