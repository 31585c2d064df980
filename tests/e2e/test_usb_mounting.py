"""Disks with the real udev and the real udisks: mounted by Vangnet when they come, let go when everything is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.policy.machine import TargetId, TargetKind
from app.policy.write import write_machine as write_file
from app.records.facts import DriveNote, DriveSight, Outcome, RequestKind, RequestState, TargetSight
from app.targets.drives import connected_drives
from app.targets.errors import DiskActionRefused, DiskServiceMissing
from app.targets.mounting import from_a_thread, mount_disk
from app.targets.place import open_target, prepare_target
from app.targets.udisks import DiskFacts, FileSystem, Wear
from app.targets.udisks import udisks as connect
from tests.e2e.installation import (
    SETS,
    TestHome,
    lasting_agent,
    make_installation,
    restic_check,
    wait_until,
    write_machine,
)
from tests.rig.udisks import SystemBus, UdisksRig
from tests.rig.usb import PluggedIn, Stick, UsbRig

pytestmark = [pytest.mark.rig]
DISK = "green-disk"


async def _facts(device: str) -> DiskFacts:
    async with connect() as disks:
        return await disks.facts(device)


async def _unmount(device: str) -> None:
    async with connect() as disks:
        await disks.unmount(device)


async def _format(device: str, file_system: FileSystem, label: str) -> str:
    async with connect() as disks:
        return await disks.erase_and_format(device, file_system, label)


async def _power_off(device: str) -> bool:
    async with connect() as disks:
        return await disks.power_off(device)


def the_drive(plugged: PluggedIn) -> DriveSight:
    return next(drive for drive in connected_drives() if drive.device == str(plugged.partition))


def test_disk_is_mounted_known_and_unmounted(udisks: UdisksRig, usb: UsbRig) -> None:
    plugged = usb.plug_in(usb.make_stick(label="GROEN"))
    udisks.knows(plugged.partition)
    before = from_a_thread(_facts(str(plugged.partition)))
    assert (before.label, before.fs_type, before.fs_uuid) == ("GROEN", "ext4", plugged.stick.uuid)
    assert (before.mount_points, before.wear, before.read_only) == ((), Wear.UNKNOWN, False)
    drive = mount_disk(the_drive(plugged))
    assert Path(drive.mount_point).is_mount()
    assert the_drive(plugged).mount_point == drive.mount_point
    assert mount_disk(the_drive(plugged)).mount_point == drive.mount_point
    from_a_thread(_unmount(str(plugged.partition)))
    assert the_drive(plugged).mount_point == ""


def test_disk_with_an_open_file_is_not_let_go(udisks: UdisksRig, usb: UsbRig) -> None:
    plugged = usb.plug_in(usb.make_stick())
    udisks.knows(plugged.partition)
    drive = mount_disk(the_drive(plugged))
    with (Path(drive.mount_point) / "open.odt").open("w"), pytest.raises(DiskActionRefused) as refused:
        from_a_thread(_unmount(drive.device))
    assert refused.value.data["reason"] == "busy"
    from_a_thread(_unmount(drive.device))


@pytest.mark.parametrize("file_system", ["ext4", "exfat"])
def test_disk_is_erased_and_gets_another_identity(udisks: UdisksRig, usb: UsbRig, file_system: FileSystem) -> None:
    plugged = usb.plug_in(usb.make_stick(label="OLD"))
    udisks.knows(plugged.partition)
    uuid = from_a_thread(_format(str(plugged.partition), file_system, "SCHIJF-B"))
    drive = the_drive(plugged)
    assert uuid == drive.fs_uuid != plugged.stick.uuid
    assert (drive.fs_type, drive.label) == (file_system, "SCHIJF-B")


def test_a_loop_disk_cannot_be_switched_off_and_an_absent_one_is_gone(udisks: UdisksRig, usb: UsbRig) -> None:
    plugged = usb.plug_in(usb.make_stick())
    udisks.knows(plugged.partition)
    assert from_a_thread(_power_off(str(plugged.partition))) is False
    with pytest.raises(DiskActionRefused) as refused:
        from_a_thread(_facts("/dev/nosuch1"))
    assert refused.value.data["reason"] == "gone"


def test_bus_without_udisks_and_no_bus_at_all_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    with pytest.raises(DiskServiceMissing) as missing:
        from_a_thread(_facts("/dev/sda1"))
    assert missing.value.data["reason"] == "no-bus"
    bus = SystemBus(tmp_path / "bus")
    bus.start()
    try:
        with pytest.raises(DiskServiceMissing) as missing:
            from_a_thread(_facts("/dev/sda1"))
        assert missing.value.data["reason"] == "no-service"
    finally:
        bus.stop()


class Office:
    """An installation with two folders and a disk that nothing mounts but udisks."""

    def __init__(self, school: TestHome, udisks: UdisksRig, usb: UsbRig, stick: Stick) -> None:
        self.school = school
        self.udisks = udisks
        self.usb = usb
        self.stick = stick

    def notes(self) -> list[DriveNote]:
        with self.school.records() as records:
            return [drive.note for drive in records.facts().drives if drive.target == DISK]

    def copied(self) -> bool:
        good = {r.data_set for r in self.school.runs() if r.target == DISK and r.outcome is Outcome.GOOD}
        return good == set(SETS)

    def release(self) -> None:
        with self.school.records() as records:
            request = records.ask(RequestKind.RELEASE, target=DISK, by="test")
            wait_until(lambda: records.request(request).state is RequestState.DONE, what="the answer")


@pytest.fixture
def office(tmp_path: Path, udisks: UdisksRig, usb: UsbRig) -> Office:
    school = make_installation(tmp_path / "school")
    stick = usb.make_stick(size_mib=200, label="GROEN")
    plugged = usb.plug_in(stick)
    usb.mount(plugged, tmp_path / "mnt")
    disk = prepare_target(
        school.home,
        id=TargetId(DISK),
        name="Green disk",
        kind=TargetKind.USB,
        path=Path("Vangnet"),
        fs_uuid=stick.uuid,
        organisation="School",
        sources=(),
        clock=SystemClock(),
    )
    usb.unplug(plugged)
    write_machine(school, [*school.installation().machine.targets, disk])
    return Office(school, udisks, usb, stick)


@pytest.mark.slow
def test_disk_is_mounted_filled_and_let_go_by_itself(office: Office) -> None:
    with lasting_agent(office.school):
        wait_until(lambda: len(office.school.runs()) == 4, what="the copies on the other places")
        plugged = office.usb.plug_in(office.stick)
        wait_until(office.copied, what="the copies on the disk")
        wait_until(lambda: office.notes() == [DriveNote.MAY_LEAVE], what="that the disk may leave")
        assert the_drive(plugged).mount_point == ""
        # It is still here, so it is not "away": nothing is out of a thief's reach yet.
        sights = {t.target: t.connected for t in _targets(office)}
        assert sights[DISK] is True
        # A person may still get files back from it: it is mounted for that, and let go when asked.
        target = office.school.installation().machine.target(TargetId(DISK))
        assert len(open_target(office.school.home, target).snapshots()) == 2
        mounted = the_drive(plugged).mount_point
        assert mounted
        restic_check(Path(mounted) / "Vangnet", office.school.home)
        with (Path(mounted) / "letter.odt").open("w"):
            office.release()
            wait_until(lambda: office.notes() == [DriveNote.DONE_BUT_OPEN], what="that it is open")
        office.release()
        wait_until(lambda: office.notes() == [DriveNote.MAY_LEAVE], what="that the disk may leave")
        office.usb.unplug(plugged)
        wait_until(lambda: not {t.target: t.connected for t in _targets(office)}[DISK], what="the disk leaving")


@pytest.mark.slow
def test_a_clone_gets_nothing_written_whether_alone_or_beside_the_disk(office: Office) -> None:
    machine = office.school.installation().machine
    known = [replace(t, serial="REAL") if t.id == DISK else t for t in machine.targets]
    write_file(office.school.home.machine_file, replace(machine, targets=tuple(known)))
    clone = office.usb.clone(office.stick)
    with lasting_agent(office.school):
        wait_until(lambda: len(office.school.runs()) == 4, what="the copies on the other places")
        second = office.usb.plug_in(clone, serial="CLONE")
        wait_until(lambda: office.notes() == [DriveNote.WRONG], what="that it is another one")
        first = office.usb.plug_in(office.stick, serial="REAL")
        wait_until(office.copied, what="the copies on the disk itself")
        office.usb.unplug(first)
        office.usb.unplug(second)
    plugged = office.usb.plug_in(clone, serial="CLONE")
    place = office.usb.mount(plugged, office.school.folder / "clone", read_only=True) / "Vangnet"
    assert not any((place / "snapshots").iterdir())


def _targets(office: Office) -> tuple[TargetSight, ...]:
    with office.school.records() as records:
        return records.facts().targets
