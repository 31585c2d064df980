"""Copies on USB disks: found wherever they are mounted, refused when it is another disk, left alone when away."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.paths import Home
from app.policy.machine import Target, TargetId, TargetKind
from app.repository.errors import RepositoryError
from app.secret import Secret
from app.targets.errors import TargetNotThere, TargetUnsuitable, WrongDisk
from app.targets.keys import KeyRing, new_recovery_key
from app.targets.place import connection, locate, open_target, prepare_target
from tests.rig.programs import run
from tests.rig.usb import PluggedIn, UsbRig

pytestmark = pytest.mark.rig


@dataclass(frozen=True, slots=True)
class School:
    """An organisation with keys and a source folder."""

    home: Home
    recovery: Secret
    source: Path

    def prepare(self, plugged: PluggedIn, *, name: str = "Schijf A", serial: str = "") -> Target:
        return prepare_target(
            self.home,
            id=TargetId(name.lower().replace(" ", "-")),
            name=name,
            kind=TargetKind.USB,
            path=Path("Vangnet"),
            colour="groen",
            fs_uuid=plugged.stick.uuid,
            serial=serial,
            organisation="Basisschool De Linde",
            sources=(self.source,),
            clock=SystemClock(),
        )


@pytest.fixture
def school(tmp_path: Path) -> School:
    home = Home.in_folder(tmp_path / "home")
    recovery = new_recovery_key()
    KeyRing.create(home, recovery, SystemClock())
    source = tmp_path / "source"
    source.mkdir()
    (source / "punten.ods").write_text("9 op 10")
    return School(home, recovery, source)


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("file_system", ["ext4", "exfat"])
def test_prepared_disk_is_found_at_its_new_mount_path(
    usb: UsbRig, school: School, tmp_path: Path, file_system: str
) -> None:
    stick = usb.make_stick(file_system)  # type: ignore[arg-type]  # the parameters are the literals
    plugged = usb.plug_in(stick)
    usb.mount(plugged, tmp_path / "first")
    target = school.prepare(plugged)
    assert locate(target) == tmp_path / "first" / "Vangnet"
    usb.unplug(plugged)

    plugged = usb.plug_in(stick)
    usb.mount(plugged, tmp_path / "second")
    assert locate(target) == tmp_path / "second" / "Vangnet"
    assert open_target(school.home, target).id == target.repository_id
    sight = connection(target).sight(SystemClock().now())
    assert sight.connected
    assert sight.free_bytes is not None
    assert 0 < sight.free_bytes < 48 << 20


def test_unplugged_disk_is_not_there_and_its_empty_mount_folder_stays_empty(
    usb: UsbRig, school: School, tmp_path: Path
) -> None:
    plugged = usb.plug_in(usb.make_stick())
    mount_folder = usb.mount(plugged, tmp_path / "mnt")
    target = school.prepare(plugged)
    usb.unplug(plugged)
    with pytest.raises(TargetNotThere) as refused:
        open_target(school.home, target)
    assert refused.value.data["reason"] == "not-connected"
    with pytest.raises(TargetNotThere):
        prepare_target(
            school.home,
            id=target.id,
            name=target.name,
            kind=TargetKind.USB,
            path=target.path,
            fs_uuid=target.fs_uuid,
            organisation="Basisschool De Linde",
            sources=(school.source,),
            clock=SystemClock(),
        )
    assert everything_in(mount_folder) == []


def test_disk_that_is_plugged_in_but_not_mounted_says_so(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "mnt")
    target = school.prepare(plugged)
    usb.unmount(plugged)
    with pytest.raises(TargetNotThere) as refused:
        locate(target)
    assert refused.value.data["reason"] == "not-mounted"
    assert refused.value.data["device"] == str(plugged.partition)


def test_another_disk_at_the_same_mount_path_is_refused_and_left_alone(
    usb: UsbRig, school: School, tmp_path: Path
) -> None:
    ours = usb.plug_in(usb.make_stick())
    usb.mount(ours, tmp_path / "mnt")
    target = school.prepare(ours)
    usb.unplug(ours)
    other = usb.plug_in(usb.make_stick())
    usb.mount(other, tmp_path / "mnt")
    before = everything_in(tmp_path / "mnt")
    with pytest.raises(TargetNotThere):
        locate(target)
    with pytest.raises(WrongDisk) as refused:
        prepare_target(
            school.home,
            id=target.id,
            name=target.name,
            kind=TargetKind.USB,
            path=target.path,
            fs_uuid=target.fs_uuid,
            organisation="Basisschool De Linde",
            sources=(school.source,),
            clock=SystemClock(),
            mount_point=tmp_path / "mnt",
        )
    assert refused.value.data["reason"] == "file-system"
    assert everything_in(tmp_path / "mnt") == before


def test_clone_that_became_another_target_is_the_wrong_disk(usb: UsbRig, school: School, tmp_path: Path) -> None:
    first = usb.make_stick()
    second = usb.clone(first)
    plugged = usb.plug_in(first)
    usb.mount(plugged, tmp_path / "a")
    target_a = school.prepare(plugged, name="Schijf A")
    usb.unplug(plugged)
    plugged = usb.plug_in(second)
    usb.mount(plugged, tmp_path / "b")
    target_b = school.prepare(plugged, name="Schijf B")
    assert target_a.fs_uuid == target_b.fs_uuid
    with pytest.raises(WrongDisk) as refused:
        locate(target_a)
    assert (refused.value.data["reason"], refused.value.data["found"]) == ("marker", "Schijf B")
    assert locate(target_b) == tmp_path / "b" / "Vangnet"

    again = usb.plug_in(first)
    usb.mount(again, tmp_path / "c")
    assert locate(target_a) == tmp_path / "c" / "Vangnet"


def test_two_identical_clones_are_told_apart_by_serial_or_not_at_all(
    usb: UsbRig, school: School, tmp_path: Path
) -> None:
    original = usb.make_stick()
    plugged = usb.plug_in(original, serial="ORIGINAL")
    usb.mount(plugged, tmp_path / "a")
    target = school.prepare(plugged, serial="ORIGINAL")
    nameless = school.prepare(plugged)
    usb.unplug(plugged)
    copy = usb.clone(original)
    usb.mount(usb.plug_in(copy, serial="COPY"), tmp_path / "copy")
    usb.mount(usb.plug_in(original, serial="ORIGINAL"), tmp_path / "original")
    assert locate(target) == tmp_path / "original" / "Vangnet"
    with pytest.raises(WrongDisk) as refused:
        locate(nameless)
    assert refused.value.data["reason"] == "ambiguous"


def test_restic_opens_a_prepared_disk_with_the_recovery_key_alone(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "mnt")
    target = school.prepare(plugged)
    sheet = tmp_path / "typed-from-the-sheet"
    sheet.write_text(school.recovery.reveal())
    place = locate(target)
    restic = ("restic", "--no-cache", "-r", place, "--password-file", sheet)
    run(*restic, "backup", "--quiet", school.source)
    run(*restic, "restore", "latest", "--target", tmp_path / "back")
    assert (tmp_path / "back" / school.source.relative_to("/") / "punten.ods").read_text() == "9 op 10"
    run(*restic, "check", "--read-data")
    assert len(open_target(school.home, target).snapshots()) == 1


def test_source_on_the_disk_itself_is_refused(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    mount_point = usb.mount(plugged, tmp_path / "mnt")
    (mount_point / "photos").mkdir()
    on_the_disk = School(school.home, school.recovery, mount_point / "photos")
    with pytest.raises(TargetUnsuitable) as refused:
        on_the_disk.prepare(plugged)
    assert refused.value.data["reason"] == "same-device"
    assert everything_in(mount_point) == ["lost+found", "photos"]


def test_read_only_disk_is_unsuitable(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "mnt", read_only=True)
    with pytest.raises(TargetUnsuitable) as refused:
        school.prepare(plugged)
    assert refused.value.data["reason"] == "read-only"


def test_disk_that_is_too_small_is_unsuitable(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick(size_mib=12))
    usb.mount(plugged, tmp_path / "mnt")
    with pytest.raises(TargetUnsuitable) as refused:
        school.prepare(plugged)
    assert refused.value.data["reason"] == "too-little-space"


def test_link_on_the_disk_cannot_lead_copies_elsewhere(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    mount_point = usb.mount(plugged, tmp_path / "mnt")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (mount_point / "Vangnet").symlink_to(elsewhere)
    with pytest.raises(TargetUnsuitable) as refused:
        school.prepare(plugged)
    assert refused.value.data["reason"] == "path-outside-disk"
    assert everything_in(elsewhere) == []


def test_disk_pulled_out_while_mounted_ends_in_a_typed_error(usb: UsbRig, school: School, tmp_path: Path) -> None:
    plugged = usb.plug_in(usb.make_stick())
    usb.mount(plugged, tmp_path / "mnt")
    target = school.prepare(plugged)
    repository = open_target(school.home, target)
    usb.yank(plugged)
    with pytest.raises(RepositoryError) as lost:
        repository.save_lock(b"{}")
    assert isinstance(lost.value.__cause__, OSError)
    assert lost.value.__cause__.errno in (errno.EIO, errno.EROFS)
    with pytest.raises(TargetNotThere):
        locate(target)
