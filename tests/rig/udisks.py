"""The real udisks2 on a system bus of its own, so that no other program on this machine hears of it.

`start` sets DBUS_SYSTEM_BUS_ADDRESS for this process and the programs it starts. Needs the udev rig: what udev does not
announce, udisks does not know. Loop devices cannot be powered off and know no SMART.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from tests.rig.programs import need, stop, wait_until

_UDISKSD = "/usr/libexec/udisks2/udisksd"
_ADDRESS = "DBUS_SYSTEM_BUS_ADDRESS"
_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>
"""


class SystemBus:
    """A message bus that programs take for the system's."""

    def __init__(self, folder: Path) -> None:
        need("dbus-daemon")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.socket = folder / "bus"
        self._process: subprocess.Popen[bytes] | None = None
        self._before = os.environ.get(_ADDRESS)

    def start(self) -> None:
        configuration = self.folder / "bus.conf"
        configuration.write_text(_CONFIGURATION.format(socket=self.socket))
        with (self.folder / "bus.log").open("ab") as log:
            command = ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={configuration}"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._listens, "the bus listens", timeout_s=10)
        os.environ[_ADDRESS] = f"unix:path={self.socket}"

    def _listens(self) -> bool:
        # The socket's name is there a moment before anybody listens.
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(os.fspath(self.socket)) == 0

    def owned(self, name: str) -> bool:
        """Tell whether a service has this name."""
        command = [
            "dbus-send", f"--bus=unix:path={self.socket}", "--print-reply", "--dest=org.freedesktop.DBus", "/",
            "org.freedesktop.DBus.NameHasOwner", f"string:{name}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return done.returncode == 0 and "boolean true" in done.stdout

    def stop(self) -> None:
        if self._before is None:
            os.environ.pop(_ADDRESS, None)
        else:
            os.environ[_ADDRESS] = self._before
        if self._process is not None:
            stop(self._process)
            self._process = None


class UdisksRig:
    """A bus with udisksd on it."""

    def __init__(self, folder: Path) -> None:
        need(_UDISKSD, "dbus-send")
        self.bus = SystemBus(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.bus.start()
        with (self.bus.folder / "udisksd.log").open("ab") as log:
            self._process = subprocess.Popen([_UDISKSD], stdout=log, stderr=log)
        wait_until(lambda: self.bus.owned("org.freedesktop.UDisks2"), "udisks answers", timeout_s=30)

    def knows(self, device: Path, *, formatted: bool = True, timeout_s: float = 10) -> None:
        """Wait until udisks has heard of a device; udev tells it when it tells everyone."""
        interface, what = ("Filesystem", "MountPoints") if formatted else ("Block", "Size")
        path = f"/org/freedesktop/UDisks2/block_devices/{device.name}"
        command = [
            "dbus-send", f"--bus=unix:path={self.bus.socket}", "--print-reply", "--dest=org.freedesktop.UDisks2", path,
            "org.freedesktop.DBus.Properties.Get", f"string:org.freedesktop.UDisks2.{interface}", f"string:{what}",
        ]  # fmt: skip
        deadline = time.monotonic() + timeout_s
        while subprocess.run(command, capture_output=True, timeout=30).returncode:
            assert time.monotonic() < deadline, f"udisks does not know {device}"
            time.sleep(0.05)

    def clean_up(self) -> None:
        if self._process is not None:
            stop(self._process)
            self._process = None
        self.bus.stop()
