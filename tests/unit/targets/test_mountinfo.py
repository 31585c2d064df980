from __future__ import annotations

import os
from pathlib import Path

from app.targets.mountinfo import Mount, mount_holding, read_mounts, visible_mount

LINES = b"""\
21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
30 21 8:17 / /media/Schijf\\040A\\011groen rw,nosuid shared:5 - vfat /dev/sdb1 rw,uid=1000
31 21 8:17 /Vangnet /srv/bind ro,relatime - vfat /dev/sdb1 rw
32 21 0:45 / /mnt/btrfs rw - btrfs /dev/sdc1 rw,subvol=/
33 21 0:50 / /mnt/nas rw shared:9 master:2 - cifs //nas/copies rw
not a line of mountinfo
34 21 8:x / /bad rw - ext4 /dev/sdd1 rw
"""


def mounts_in(tmp_path: Path, text: bytes = LINES) -> tuple[Mount, ...]:
    file = tmp_path / "mountinfo"
    file.write_bytes(text)
    return read_mounts(file)


def test_escaped_names_are_read_and_broken_lines_left_out(tmp_path: Path) -> None:
    mounts = mounts_in(tmp_path)
    assert len(mounts) == 5
    assert mounts[1].mount_point == Path("/media/Schijf A\tgroen")
    assert (mounts[1].major, mounts[1].minor, mounts[1].fs_type) == (8, 17, "vfat")
    assert [mount.read_only for mount in mounts] == [False, False, True, False, False]


def test_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    (mount,) = mounts_in(tmp_path, b"1 1 8:1 / /media/caf\xe9 rw - ext4 /dev/sda1 rw\n")
    assert os.fsencode(mount.mount_point) == b"/media/caf\xe9"


def test_deepest_mount_holds_a_path(tmp_path: Path) -> None:
    mounts = mounts_in(tmp_path)
    held = mount_holding(Path("/mnt/nas/copies/a"), mounts)
    assert held is not None
    assert held.fs_type == "cifs"
    held = mount_holding(Path("/mnt/nasty"), mounts)
    assert held is not None
    assert held.mount_point == Path("/")


def test_device_is_found_at_its_root_before_a_bind_mount(tmp_path: Path) -> None:
    mounts = mounts_in(tmp_path)
    found = visible_mount("/dev/sdb1", os.makedev(8, 17), mounts)
    assert found is not None
    assert found.mount_point == Path("/media/Schijf A\tgroen")


def test_btrfs_is_found_by_its_node(tmp_path: Path) -> None:
    found = visible_mount("/dev/sdc1", os.makedev(8, 33), mounts_in(tmp_path))
    assert found is not None
    assert found.mount_point == Path("/mnt/btrfs")


def test_mount_hidden_by_a_later_one_is_not_where_the_disk_is(tmp_path: Path) -> None:
    text = b"1 1 8:17 / /mnt rw - ext4 /dev/sdb1 rw\n2 1 8:33 / /mnt rw - ext4 /dev/sdc1 rw\n"
    mounts = mounts_in(tmp_path, text)
    assert visible_mount("/dev/sdb1", os.makedev(8, 17), mounts) is None
    assert visible_mount("/dev/sdc1", os.makedev(8, 33), mounts) is not None


def test_unreadable_mountinfo_gives_nothing(tmp_path: Path) -> None:
    assert read_mounts(tmp_path / "missing") == ()
