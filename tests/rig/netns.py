"""A computer with two internet lines, in network namespaces: two routers, and behind both the same internet."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import uuid
from pathlib import Path

from tests.rig.programs import need, run

ROOT = Path(__file__).parents[2]
INTERNET = "203.0.113.9"
PORT = 443
_SERVER = (
    "import socket\n"
    f"s = socket.create_server(('{INTERNET}', {PORT}))\n"
    "print('up', flush=True)\n"
    "while True: s.accept()[0].close()\n"
)


class TwoLines:
    """`pc` reaches INTERNET over card "main" (router 10.1.0.1) or "spare" (10.2.0.1); "main" is the default."""

    ROUTERS = {"main": "10.1.0.1", "spare": "10.2.0.1"}  # noqa: RUF012  fixed

    def __init__(self) -> None:
        need("ip", "sysctl")
        self._tag = uuid.uuid4().hex[:5]
        self._server: subprocess.Popen[str] | None = None

    def start(self) -> None:
        for name in ("pc", "main", "spare", "net"):
            run("ip", "netns", "add", self._ns(name))
            run("ip", "-n", self._ns(name), "link", "set", "lo", "up")
        for number, line in enumerate(self.ROUTERS, 1):
            self._cable("pc", line, f"10.{number}.0.2/24", line, "lan", f"10.{number}.0.1/24")
            self._cable(line, "wan", f"198.51.{number}.1/24", "net", line, f"198.51.{number}.2/24")
            run("ip", "-n", self._ns(line), "route", "add", "default", "via", f"198.51.{number}.2")
            run("ip", "-n", self._ns("net"), "route", "add", f"10.{number}.0.0/24", "via", f"198.51.{number}.1")
            run("ip", "netns", "exec", self._ns(line), "sysctl", "-qw", "net.ipv4.ip_forward=1")
        run("ip", "-n", self._ns("net"), "addr", "add", f"{INTERNET}/32", "dev", "lo")
        self.prefer("main")
        self._server = subprocess.Popen(
            ["ip", "netns", "exec", self._ns("net"), sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "up\n"

    def prefer(self, line: str) -> None:
        """Have the computer go over this line by itself, as its network manager would after a failure."""
        run("ip", "-n", self._ns("pc"), "route", "flush", "exact", "default")
        for name, router in self.ROUTERS.items():
            metric = "100" if name == line else "200"
            run("ip", "-n", self._ns("pc"), "route", "add", "default", "via", router, "dev", name, "metric", metric)

    def cut(self, line: str) -> None:
        """The provider fails: the router answers, nothing behind it does."""
        run("ip", "-n", self._ns(line), "link", "set", "wan", "down")

    def mend(self, line: str) -> None:
        run("ip", "-n", self._ns(line), "link", "set", "wan", "up")
        number = 1 + list(self.ROUTERS).index(line)
        run("ip", "-n", self._ns(line), "route", "replace", "default", "via", f"198.51.{number}.2")

    def unplug(self, line: str) -> None:
        """The cable between the computer and the router is out."""
        run("ip", "-n", self._ns("pc"), "link", "set", line, "down")

    def python(self, code: str) -> object:
        """Run Python on the computer; returns the JSON that it prints."""
        command = ["ip", "netns", "exec", self._ns("pc"), sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        answer: object = json.loads(done.stdout)
        return answer

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program on the computer."""
        return ["ip", "netns", "exec", self._ns("pc"), *arguments]

    def clean_up(self) -> None:
        if self._server is not None:
            assert self._server.stdout is not None
            self._server.stdout.close()
            self._server.kill()
            self._server.wait(5)
        for name in ("pc", "main", "spare", "net"):
            with contextlib.suppress(AssertionError):
                run("ip", "netns", "del", self._ns(name))

    def _cable(self, one: str, card: str, address: str, other: str, other_card: str, other_address: str) -> None:
        a, b = f"v{self._tag}{card}"[:14] + "a", f"v{self._tag}{card}"[:14] + "b"
        run("ip", "link", "add", a, "type", "veth", "peer", "name", b)
        for device, space, name, own in ((a, one, card, address), (b, other, other_card, other_address)):
            run("ip", "link", "set", device, "netns", self._ns(space))
            run("ip", "-n", self._ns(space), "link", "set", device, "name", name)
            run("ip", "-n", self._ns(space), "addr", "add", own, "dev", name)
            run("ip", "-n", self._ns(space), "link", "set", name, "up")

    def _ns(self, name: str) -> str:
        return f"vn{self._tag}-{name}"
