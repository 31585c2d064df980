"""A real apcupsd with a simulated Smart-UPS on a serial line. The package conflicts with NUT's, so it is unpacked."""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import tty
from contextlib import closing
from functools import cache
from pathlib import Path

from tests.rig.ports import free_port
from tests.rig.programs import need, run, stop, wait_until

_CONFIG = """## apcupsd.conf v1.1 ##
UPSCABLE smart
UPSTYPE apcsmart
DEVICE {device}
POLLTIME 1
LOCKFILE {folder}
SCRIPTDIR {folder}
PWRFAILDIR {folder}
NOLOGINDIR {folder}
ONBATTERYDELAY 0
BATTERYLEVEL 0
MINUTES 0
TIMEOUT 0
NETSERVER on
NISIP 127.0.0.1
NISPORT {port}
EVENTSFILE {folder}/events
EVENTSFILEMAX 10
STATTIME 0
LOGSTATS off
"""


@cache
def unpacked() -> Path:
    """Return the folder in which Debian's apcupsd is unpacked."""
    need("dpkg")
    folder = Path(tempfile.mkdtemp(prefix="apcupsd-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    download = ["apt-get", "download", "-qq", "apcupsd"]
    if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode:
        run("apt-get", "update", "-qq")  # an image of a machine often keeps no lists of packages, or old ones
        subprocess.run(download, cwd=folder, check=True, capture_output=True)
    (package,) = folder.glob("apcupsd_*.deb")
    run("dpkg", "-x", package, folder)
    return folder


class Apcupsd:
    """One apcupsd on a port of its own; `say` changes what its UPS says."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="apc-", dir="/tmp"))
        self._world = self.folder / "world.json"
        self._said: dict[str, object] = {"online": True, "batt": 100, "runtime": 40}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.port = free_port()

    def start(self) -> None:
        program = unpacked() / "sbin" / "apcupsd"
        self.say()
        line = subprocess.Popen([sys.executable, __file__, str(self._world)], stdout=subprocess.PIPE)
        self._processes.append(line)
        assert line.stdout is not None
        device = line.stdout.readline().decode().strip()
        config = self.folder / "apcupsd.conf"
        config.write_text(_CONFIG.format(device=device, folder=self.folder, port=self.port))
        control = self.folder / "apccontrol"
        control.write_text("#!/bin/sh\nexit 0\n")
        control.chmod(0o755)
        with (self.folder / "log").open("ab") as log:
            daemon = subprocess.Popen(
                [program, "-b", "-f", config, "-P", self.folder / "pid"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._processes.append(daemon)
        wait_until(self._answers, "apcupsd", timeout_s=20)

    def say(self, **world: object) -> None:
        """Change the UPS: `online`, `batt` (percent), `runtime` (minutes)."""
        self._said |= world
        temporary = self._world.with_suffix(".new")
        temporary.write_text(json.dumps(self._said))
        temporary.rename(self._world)

    def clean_up(self) -> None:
        for process in reversed(self._processes):
            stop(process)
            if process.stdout is not None:
                process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        with closing(socket.socket()) as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


def serve(world: Path) -> None:
    """Be a Smart-UPS on a pseudo-terminal (source: apcupsd's manual, "APC smart protocol"): one character, one line."""
    master, line = os.openpty()
    tty.setraw(line)
    print(os.ttyname(line), flush=True)
    before = True
    while True:
        ready, _, _ = select.select([master], [], [], 0.3)
        said = json.loads(world.read_text())
        if said["online"] != before:
            os.write(master, b"$" if said["online"] else b"!")
            before = said["online"]
        if ready:
            for char in os.read(master, 64).decode("latin-1"):
                os.write(master, (_answer(char, said) + "\r\n").encode("latin-1"))


def _answer(char: str, said: dict[str, float]) -> str:
    status = "08" if said["online"] else "50" if said["batt"] < 10 else "10"
    known = {
        "Y": "SM", "Q": status, "f": f"{said['batt']:05.1f}", "j": f"{said['runtime']:04.0f}:", "O": "230.0",
        "L": "231.0" if said["online"] else "000.0", "P": "023.4", "B": "27.40", "C": "025.0", "F": "50.00",
        "N": "231.0", "M": "233.0", "G": "L", "n": "AS1234567890", "m": "01/01/24", "x": "01/15/24", "E": "336",
        "\x01": "Smart-UPS 700", "V": "7.26.I", "b": "7.26.I", "c": "SCHOOL", "X": "OK", "9": "FF", "8": "", "~": "",
        "R": "BYE", "a": "3.!$%+?=#|.\x01.\x0e.\x1a.ABCDFGKLMNOPQRSUVWXYZabcefghjklmnopqrstuxyz~",
    }  # fmt: skip
    return known.get(char, "NA")


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
