"""USB disks out of loop devices, seen by the real udev: made, plugged in, mounted, pulled out.

What real hardware does and this does not: take its time, and lose what was not yet written.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from tests.rig.programs import need, run
from tests.rig.udev import STATE

FileSystem = Literal["ext4", "vfat", "exfat", ""]

_LOOP_CTL_ADD, _LOOP_CTL_REMOVE = 0x4C80, 0x4C81  # linux/loop.h
_FS_IOC_SHUTDOWN, _WITHOUT_LOG_FLUSH = 0x8004587D, 2  # ext4: every later write ends in EIO
_FIRST_LOOP, _LAST_LOOP = 32, 250
_MADE_BY = "VANGNET_RIG_PROCESS"
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Stick:
    """A USB disk's contents: an image file with a partition table and one file system in it; or nothing of the kind."""

    image: Path
    file_system: FileSystem
    label: str
    uuid: str
    """As udev will name it."""
    partitioned: bool = True


@dataclass(slots=True)
class PluggedIn:
    """A stick in its slot. `device` is the disk, `partition` what can be mounted."""

    stick: Stick
    device: Path
    mounts: list[Path] = field(default_factory=list)

    @property
    def partition(self) -> Path:
        return Path(f"{self.device}p1") if self.stick.partitioned else self.device


class UsbRig:
    """Plugs sticks in and out; `clean_up` takes everything out again, whatever state it is in."""

    def __init__(self, folder: Path) -> None:
        need("losetup", "partx", "blkid", "sgdisk", "mount", "udevadm", "mkfs.ext4", "mkfs.vfat", "mkfs.exfat")
        self._folder = folder
        self._made = 0
        self._plugged: list[PluggedIn] = []

    def make_stick(self, file_system: FileSystem = "ext4", *, label: str = "COPIES", size_mib: int = 48) -> Stick:
        """Make a stick with an empty file system on its first partition."""
        self._made += 1
        volume = self._folder / f"volume-{self._made}"
        with volume.open("wb") as file:
            file.truncate(size_mib * _MIB)
        match file_system:
            case "ext4":
                run("mkfs.ext4", "-q", "-m", "0", "-L", label, volume)
            case "vfat":
                run("mkfs.vfat", "-F", "32", "-n", label, volume)
            case "exfat":
                run("mkfs.exfat", "-L", label, volume)
        image = self._folder / f"stick-{self._made}.img"
        with image.open("wb") as whole, volume.open("rb") as part:
            whole.truncate((size_mib + 2) * _MIB)
            whole.seek(_MIB)
            while chunk := part.read(_MIB):
                if chunk.strip(b"\0"):
                    whole.write(chunk)
                else:
                    whole.seek(len(chunk), os.SEEK_CUR)
        volume.unlink()
        run("sgdisk", "-n", f"1:2048:+{size_mib}M", image)
        uuid = run("blkid", "-p", "-O", str(_MIB), "-s", "UUID", "-o", "value", image).strip()
        return Stick(image, file_system, label, uuid)

    def make_blank(self, *, size_mib: int = 100) -> Stick:
        """Make a stick as some come from the shop: nothing on it at all."""
        self._made += 1
        image = self._folder / f"stick-{self._made}.img"
        with image.open("wb") as file:
            file.truncate(size_mib * _MIB)
        return Stick(image, "", "", "", partitioned=False)

    def make_empty_partition(self, *, size_mib: int = 100) -> Stick:
        """Make a stick with one partition that holds no file system."""
        blank = self.make_blank(size_mib=size_mib)
        run("sgdisk", "-n", "1:2048:0", blank.image)
        return Stick(blank.image, "", "", "")

    def clone(self, stick: Stick) -> Stick:
        """Copy a stick bit by bit, UUID and all."""
        self._made += 1
        image = self._folder / f"stick-{self._made}.img"
        run("cp", "--sparse=always", stick.image, image)
        return Stick(image, stick.file_system, stick.label, stick.uuid)

    def plug_in(self, stick: Stick, *, serial: str = "", settle: bool = True, **properties: str) -> PluggedIn:
        """Plug a stick in; `properties` overrule what udev is told about the disk (ID_BUS …)."""
        number = self._claim_loop(serial, properties)
        plugged = PluggedIn(stick, Path(f"/dev/loop{number}"))
        self._plugged.append(plugged)
        run("losetup", plugged.device, stick.image)
        run("udevadm", "settle", "-t", "10")
        if stick.partitioned:
            run("partx", "-a", plugged.device)  # the test kernel reads no partition tables by itself
        if settle:
            run("udevadm", "settle", "-t", "10")
        return plugged

    def mount(self, plugged: PluggedIn, mount_point: Path, *, read_only: bool = False) -> Path:
        """Mount a plugged-in stick, as a desktop would."""
        mount_point.mkdir(parents=True, exist_ok=True)
        options = "ro" if read_only else "rw"
        match plugged.stick.file_system:
            case "ext4":
                run("mount", "-t", "ext4", "-o", options, plugged.partition, mount_point)
            case "exfat":
                need("mount.exfat-fuse")
                run("mount.exfat-fuse", "-o", options, plugged.partition, mount_point)
            case "vfat" | "":
                raise AssertionError("the test kernel cannot mount such a stick")
        plugged.mounts.append(mount_point)
        return mount_point

    def unmount(self, plugged: PluggedIn) -> None:
        for mount_point in reversed(plugged.mounts):
            _retry(partial(run, "umount", mount_point))
        plugged.mounts.clear()

    def unplug(self, plugged: PluggedIn) -> None:
        """Unmount a stick, wherever anyone has mounted it, and take it out."""
        self.unmount(plugged)
        for mount_point in _mount_points(plugged.partition):
            _retry(partial(_unmount, plugged.partition, mount_point))
        name = plugged.device.name
        subprocess.run(["partx", "-d", plugged.device], capture_output=True, timeout=30)
        subprocess.run(["losetup", "-d", plugged.device], capture_output=True, timeout=30)
        number = int(name.removeprefix("loop"))
        _retry(lambda: _loop_control(_LOOP_CTL_REMOVE, number))
        (STATE / f"{name}.env").unlink(missing_ok=True)
        if plugged in self._plugged:
            self._plugged.remove(plugged)

    def yank(self, plugged: PluggedIn) -> None:
        """Pull a mounted ext4 stick out: every later write on it gives EIO, and udev sees it leave."""
        for mount_point in plugged.mounts:
            folder = os.open(mount_point, os.O_RDONLY)
            try:
                fcntl.ioctl(folder, _FS_IOC_SHUTDOWN, struct.pack("I", _WITHOUT_LOG_FLUSH))
            finally:
                os.close(folder)
        for name in (plugged.partition.name, plugged.device.name):
            with contextlib.suppress(OSError):
                Path(f"/sys/class/block/{name}/uevent").write_text("remove")

    def clean_up(self) -> None:
        """Take every stick out; the first failure is raised after all were tried."""
        failures = []
        for plugged in reversed(self._plugged.copy()):
            try:
                self.unplug(plugged)
            except (AssertionError, OSError) as exc:
                failures.append(exc)
        if failures:
            raise failures[0]

    def _claim_loop(self, serial: str, properties: dict[str, str]) -> int:
        """Make a loop node of our own; its properties lie ready before udev hears of it."""
        for number in range(_FIRST_LOOP, _LAST_LOOP):
            env = STATE / f"loop{number}.env"
            _drop_if_orphaned(env, number)
            if Path(f"/sys/block/loop{number}").exists():
                continue
            serial_here = serial or f"RIG{number:04}"
            told = {
                "ID_BUS": "usb",
                "ID_TYPE": "disk",
                "ID_USB_DRIVER": "usb-storage",
                "ID_VENDOR": "SimCo",
                "ID_MODEL": "SimStick",
                "ID_SERIAL_SHORT": serial_here,
                "ID_SERIAL": f"SimCo_SimStick_{serial_here}-0:0",
                _MADE_BY: this_process(),
            } | properties
            try:
                with env.open("x") as file:
                    file.writelines(f"{name}={value}\n" for name, value in told.items() if value)
            except FileExistsError:
                continue
            try:
                _loop_control(_LOOP_CTL_ADD, number)
            except OSError as exc:
                env.unlink()
                if exc.errno != errno.EEXIST:
                    raise
                continue
            return number
        raise AssertionError("no loop device is free")


def this_process() -> str:
    """Return a mark that no other process has, now or later: numbers of processes are used again."""
    return f"{os.getpid()} {_begun(os.getpid())}"


def lives(mark: str) -> bool:
    """Tell whether the process with this mark is still there."""
    pid, _, begun = mark.partition(" ")
    return pid.isdigit() and _begun(int(pid)) == begun


def _begun(pid: int) -> str:
    """Return when a process began (proc(5), stat); nothing when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def drop_orphans() -> None:
    """Take out every stick that test processes left behind when they were killed."""
    for env in STATE.glob("loop*.env"):
        _drop_if_orphaned(env, int(env.stem.removeprefix("loop")))
    for number in range(_FIRST_LOOP, _LAST_LOOP):
        if not (STATE / f"loop{number}.env").exists() and _is_stick_without_test(number):
            _drop(number)


def _is_stick_without_test(number: int) -> bool:
    """Tell whether a loop device's file was a stick in the folder of a test, and is gone with that folder."""
    try:
        backing = Path(f"/sys/block/loop{number}/loop/backing_file").read_text().strip()
    except OSError:
        return False
    image = backing.removesuffix(" (deleted)")
    return image != backing and "/pytest-of-" in image and Path(image).match("stick*.img")


def _drop_if_orphaned(env: Path, number: int) -> None:
    """Take out a stick that a test process left behind when it was killed."""
    try:
        told = dict(line.split("=", 1) for line in env.read_text().splitlines())
    except (OSError, ValueError):
        return
    if _MADE_BY not in told or lives(told[_MADE_BY]):  # not told: somebody is writing it just now
        return
    _drop(number)
    if not Path(f"/sys/block/loop{number}").exists():
        env.unlink(missing_ok=True)


def _drop(number: int) -> None:
    device = f"/dev/loop{number}"
    for place in _mount_points(Path(f"{device}p1")):
        subprocess.run(["umount", "-l", place], capture_output=True, timeout=30)
        if place.parts[1:2] == ("media",):  # where udisks makes a folder for each disk
            with contextlib.suppress(OSError):
                place.rmdir()
    for command in (["partx", "-d", device], ["losetup", "-d", device]):
        subprocess.run(command, capture_output=True, timeout=30)
    with contextlib.suppress(OSError):
        _loop_control(_LOOP_CTL_REMOVE, number)


def _unmount(partition: Path, place: Path) -> None:
    try:
        run("umount", place)
    except AssertionError:
        if place in _mount_points(partition):  # else the agent or udisks was first
            raise


def _mount_points(partition: Path) -> list[Path]:
    lines = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(_plain(place)) for device, place, *_rest in lines if device == str(partition)]


def _plain(field: str) -> str:
    """Read a field of a table of mounts, in which a space stands as \\040."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


def _loop_control(operation: int, number: int) -> None:
    control = os.open("/dev/loop-control", os.O_RDWR)
    try:
        fcntl.ioctl(control, operation, number)
    finally:
        os.close(control)


def _retry(action: Callable[[], object], *, timeout_s: float = 5.0) -> None:
    """Do something that is refused while udev still has the device open."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            action()
            return
        except FileNotFoundError:
            return
        except (OSError, AssertionError) as exc:
            if isinstance(exc, OSError) and exc.errno == errno.ENODEV:
                return
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
