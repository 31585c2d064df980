"""A real NUT server with simulated UPSes behind it (NUT's own dummy-ups driver)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.rig.ports import free_port
from tests.rig.programs import need, stop, wait_until

ON_MAINS = {
    "ups.status": "OL",
    "battery.charge": "100",
    "battery.runtime": "2460",
    "ups.load": "18",
    "ups.mfr": "SimPower",
    "ups.model": "Back-UPS 700",
}


class NutServer:
    """One upsd on a port of its own. Change what a UPS says with `say`, cut its driver off with `kill_driver`."""

    def __init__(self, upses: Mapping[str, Mapping[str, str]] | None = None, *, users: str = "") -> None:
        need("/lib/nut/dummy-ups", "/lib/nut/upsd")
        # A short path: unix sockets lie in it, and their names are limited to about 100 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="nut-", dir="/tmp"))
        self.port = free_port()
        self._users = users
        self._drivers: dict[str, subprocess.Popen[bytes]] = {}
        self._server: subprocess.Popen[bytes] | None = None
        self._environment = os.environ | {
            name: str(self.folder) for name in ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
        }
        self._said = {name: dict(ON_MAINS | dict(values)) for name, values in (upses or {"ups": {}}).items()}

    def start(self) -> None:
        """Start the drivers and the server, and wait until every UPS has a status."""
        sections = ["maxretry = 1\npollinterval = 1\n"]
        for name in self._said:
            self._write(name)
            sections.append(f'[{name}]\ndriver = dummy-ups\nport = {self._file(name)}\ndesc = "Test {name}"\n')
        self._config("ups.conf", "".join(sections))
        self._config("upsd.conf", f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 5\n")
        self._config("upsd.users", self._users)
        for name in self._said:
            self._drivers[name] = self._program("/lib/nut/dummy-ups", "-a", name, "-u", "root", "-F")
        for name in self._said:
            wait_until(partial(self._driver_listens, name), f"the driver of {name}")
        self._server = self._program("/lib/nut/upsd", "-u", "root", "-F")
        for name in self._said:
            self.wait_for(name, self._said[name]["ups.status"])

    def say(self, ups: str, **variables: str) -> None:
        """Have a UPS say something else (`ups_status="OB DISCHRG"`), and wait until the server tells it so."""
        self._said[ups] |= {name.replace("_", ".", 1): value for name, value in variables.items()}
        self._write(ups)
        self.wait_for(ups, self._said[ups]["ups.status"])

    def say_at_once(self, ups: str, **variables: str) -> None:
        """Have a UPS say something else, without waiting for anybody to hear it."""
        self._said[ups] |= {name.replace("_", ".", 1): value for name, value in variables.items()}
        self._write(ups)

    def start_server(self) -> None:
        """Start the server again after `stop_server`."""
        self._server = self._program("/lib/nut/upsd", "-u", "root", "-F")

    def start_driver(self, ups: str) -> None:
        """Start a driver again after `kill_driver`."""
        self._drivers[ups] = self._program("/lib/nut/dummy-ups", "-a", ups, "-u", "root", "-F")

    def wait_for(self, ups: str, status: str) -> None:
        wait_until(lambda: self._ask(ups) == f'VAR {ups} ups.status "{status}"', f"{ups} says {status}", timeout_s=15)

    def kill_driver(self, ups: str) -> None:
        """Take the driver away; the server answers DRIVER-NOT-CONNECTED or DATA-STALE from then on."""
        stop(self._drivers.pop(ups))
        wait_until(lambda: self._ask(ups).startswith("ERR"), f"{ups} is lost", timeout_s=15)

    def stop_server(self) -> None:
        if self._server is not None:
            stop(self._server)
            self._server = None

    def clean_up(self) -> None:
        self.stop_server()
        for driver in self._drivers.values():
            stop(driver)
        self._drivers.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, ups: str) -> str:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"GET VAR {ups} ups.status\n".encode())
                return connection.recv(1024).decode(errors="replace").strip()
        except OSError:
            return ""

    def _driver_listens(self, ups: str) -> bool:
        return (self.folder / f"dummy-ups-{ups}").is_socket()

    def _write(self, ups: str) -> None:
        path = self._file(ups)
        temporary = path.with_suffix(".tmp")
        temporary.write_text("".join(f"{name}: {value}\n" for name, value in self._said[ups].items()))
        temporary.replace(path)

    def _file(self, ups: str) -> Path:
        return self.folder / f"{ups}.dev"

    def _config(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o640)

    def _program(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
