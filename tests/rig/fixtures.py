"""The rigs as fixtures. A missing program fails the test that asks for its rig, with the package's name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.rig.commands import vangnet
from tests.rig.faultfs import FaultyFolder
from tests.rig.nut import NutServer
from tests.rig.programs import need
from tests.rig.servers import RestServer, S3Server, Server, SmbServer, SshServer
from tests.rig.udev import running_udev
from tests.rig.udisks import UdisksRig
from tests.rig.usb import UsbRig


@pytest.fixture(scope="session")
def udev() -> Iterator[None]:
    """The real udevd with the rules that make USB disks of loop devices."""
    with running_udev():
        yield


@pytest.fixture
def usb(udev: None, tmp_path: Path) -> Iterator[UsbRig]:
    """A rig to make, plug in, mount and pull out USB disks."""
    rig = UsbRig(tmp_path)
    try:
        yield rig
    finally:
        rig.clean_up()


@pytest.fixture
def udisks(udev: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UdisksRig]:
    """The real udisks on a system bus of its own; ask for it before `usb`, so that the sticks go first."""
    rig = UdisksRig(tmp_path_factory.mktemp("bus"))
    try:
        rig.start()
        yield rig
    finally:
        rig.clean_up()


@pytest.fixture
def memory_folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory: for what does not depend on the disk, but on many runs."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that `vangnet demo` leaves, a finished set-up with copies; to look at or to copy, never to change."""
    folder = tmp_path_factory.mktemp("demo")
    vangnet("demo", "--home", str(folder))
    return folder / "vangnet"


@pytest.fixture
def nut_server() -> Iterator[NutServer]:
    """A NUT server with one UPS, "ups", on mains."""
    server = NutServer()
    try:
        server.start()
        yield server
    finally:
        server.clean_up()


@pytest.fixture
def faulty_folder(tmp_path: Path) -> Iterator[FaultyFolder]:
    """A folder on a disk that fails on order."""
    need("fusermount3")
    folder = FaultyFolder(tmp_path / "faulty")
    try:
        yield folder
    finally:
        folder.clean_up()


SomeServer = TypeVar("SomeServer", bound=Server)


def _running(server: SomeServer) -> Iterator[SomeServer]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """OpenSSH's sshd, for SFTP."""
    need("/usr/sbin/sshd", "ssh-keygen")
    server = SshServer(tmp_path_factory.mktemp("sshd"))
    yield from _running(server)


@pytest.fixture(scope="session")
def smb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmbServer]:
    """Samba with one share."""
    need("smbd", "smbpasswd")
    yield from _running(SmbServer(tmp_path_factory.mktemp("smbd")))


@pytest.fixture(scope="session")
def rest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestServer]:
    """A rest-server."""
    yield from _running(RestServer(tmp_path_factory.mktemp("rest")))


@pytest.fixture(scope="session")
def append_only_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestServer]:
    """A rest-server that only ever adds."""
    yield from _running(RestServer(tmp_path_factory.mktemp("rest"), append_only=True))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server."""
    yield from _running(S3Server(tmp_path_factory.mktemp("s3")))
