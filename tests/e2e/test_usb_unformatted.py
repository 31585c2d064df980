"""A disk without any file system, with the real udev and udisks: seen, never taken for another, formatted, filled."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from app.records.facts import DriveSight, Outcome
from app.setup.disks import NewDisk, add_disk, erase_disk, find_drive, look_at_disk
from app.targets.drives import connected_drives
from app.targets.errors import DiskActionRefused, DiskNotToBeErased
from app.targets.mounting import mount_disk
from tests.e2e.installation import TestHome, lasting_agent, make_installation, restic_check, wait_until
from tests.rig.commands import vangnet
from tests.rig.programs import run
from tests.rig.udisks import UdisksRig
from tests.rig.usb import PluggedIn, Stick, UsbRig

pytestmark = pytest.mark.rig

LUKS = b"LUKS\xba\xbe\x00\x01" + b"aes".ljust(32, b"\0") + b"xts".ljust(32, b"\0") + b"sha256".ljust(32, b"\0")
"""The beginning of an encrypted volume, as cryptsetup writes it: enough for udev to know one."""


@pytest.fixture
def school(tmp_path: Path, udisks: UdisksRig) -> TestHome:
    return make_installation(tmp_path / "school")


def seen(plugged: PluggedIn) -> tuple[DriveSight, ...]:
    """Return what is seen of a stick: the disk, or its partition."""
    return tuple(d for d in connected_drives() if d.device.startswith(str(plugged.device)))


def encrypted(usb: UsbRig) -> Stick:
    blank = usb.make_blank()
    with blank.image.open("r+b") as file:
        file.write(LUKS)
        file.seek(168)
        file.write(b"0b7e2c5e-1d8c-4c39-9a30-2f7f1f0a5a11\0")
    return blank


def test_a_blank_disk_is_seen_as_one_and_becomes_a_place_for_copies(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    plugged = usb.plug_in(usb.make_blank(size_mib=200), serial="NEW-1")
    udisks.knows(plugged.device, formatted=False)
    (drive,) = seen(plugged)
    assert (drive.device, drive.serial, drive.formatted, drive.holds) == (str(plugged.device), "NEW-1", False, "")
    home = ("--home", str(school.home.config), "--lang", "en")
    assert "not formatted yet" in vangnet(*home, "targets").out
    refused = vangnet(*home, "disk", "look", drive.device, expect=None)
    assert "it has no file system yet" in refused.err
    with school.records() as records, pytest.raises(DiskActionRefused):
        look_at_disk(school.installation(), records, drive)
    wrong = vangnet(*home, "disk", "format", drive.device, "--confirm", "yes", expect=None)
    assert "not the name of the disk (SimStick)" in wrong.err
    assert not seen(plugged)[0].formatted
    vangnet(*home, "disk", "format", drive.device, "--confirm", "SimStick")
    (formatted,) = seen(plugged)
    assert (formatted.fs_type, formatted.label) == ("ext4", "VANGNET")
    vangnet(*home, "disk", "add", drive.device, "--name", "RODE schijf")
    target = school.installation().machine.targets[-1]
    assert target.fs_uuid == formatted.fs_uuid
    assert school.agent("--once") == 0
    assert {r.outcome for r in school.runs() if r.target == target.id} == {Outcome.GOOD}
    mounted = mount_disk(find_drive(drive.device))
    restic_check(Path(mounted.mount_point) / "Vangnet", school.home)
    with school.records() as records:
        erased = [row for row in records.journal_rows() if row.kind == "disk-erased"]
        assert len(erased) == 1
        with pytest.raises(DiskNotToBeErased) as again:
            erase_disk(
                school.installation(), records, find_drive(drive.device), typed="VANGNET", file_system="ext4", by="An"
            )
    assert again.value.data["reason"] == "target"


def test_a_disk_with_something_unreadable_on_it_says_what_and_wants_its_name(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    locked = usb.plug_in(encrypted(usb))
    empty_part = usb.plug_in(usb.make_empty_partition())
    udisks.knows(locked.device, formatted=False)
    assert [d.holds for d in seen(locked)] == ["crypto_LUKS"]
    assert [(d.device, d.holds) for d in seen(empty_part)] == [(str(empty_part.device), "gpt")]
    installation = school.installation()
    (drive,) = seen(locked)
    with school.records() as records:
        with pytest.raises(DiskNotToBeErased) as refused:
            erase_disk(installation, records, drive, typed="", file_system="ext4", by="An")
        assert refused.value.data["reason"] == "name-not-typed"
        assert [d.holds for d in seen(locked)] == ["crypto_LUKS"]
        made = erase_disk(installation, records, drive, typed="SimStick", file_system="ext4", by="An")
        assert made.fs_uuid
        add_disk(installation, records, made, NewDisk("Was versleuteld"), by="An")


def test_a_disk_that_changed_since_it_was_chosen_is_not_erased(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    plugged = usb.plug_in(usb.make_blank())
    udisks.knows(plugged.device, formatted=False)
    (drive,) = seen(plugged)
    run("mkfs.ext4", "-q", "-L", "FOTOS", plugged.device)
    subprocess.run(["udevadm", "trigger", "--settle", plugged.device], check=True, timeout=30)
    wait_until(lambda: seen(plugged)[0].label == "FOTOS", what="the new file system is seen")
    with school.records() as records:
        with pytest.raises(DiskNotToBeErased) as changed:
            erase_disk(school.installation(), records, drive, typed="SimStick", file_system="ext4", by="An")
        assert changed.value.data["reason"] == "changed"
        other = replace(seen(plugged)[0], serial="ANOTHER")
        with pytest.raises(DiskNotToBeErased):
            erase_disk(school.installation(), records, other, typed="FOTOS", file_system="ext4", by="An")
    assert seen(plugged)[0].label == "FOTOS"


def test_a_disk_with_files_and_a_table_without_partitions_are_no_blank_disks(
    school: TestHome, udisks: UdisksRig, usb: UsbRig
) -> None:
    plugged = usb.plug_in(usb.make_stick(label="FOTOS"))
    (drive,) = seen(plugged)
    assert (drive.device, drive.formatted) == (str(plugged.partition), True)
    blank = usb.make_blank()
    run("sgdisk", "-o", blank.image)
    assert seen(usb.plug_in(blank)) == ()


def test_the_agent_tells_of_a_blank_disk(school: TestHome, udisks: UdisksRig, usb: UsbRig) -> None:
    with lasting_agent(school):
        plugged = usb.plug_in(usb.make_blank(), serial="NEW-2")

        def told() -> bool:
            with school.records() as records:
                return [d.formatted for d in records.facts().drives if d.serial == "NEW-2"] == [False]

        wait_until(told, what="the blank disk is told of")
        usb.unplug(plugged)
