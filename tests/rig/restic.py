"""The real restic as a witness: a thin wrapper around its program.

`VANGNET_RESTIC` names another binary than the one on the PATH (to try a newer one).
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from app.repository.backend.local import LocalBackend
from tests.rig.repositories import make_cheap

Compression = Literal["off", "auto", "max"]


@cache
def restic_program() -> str:
    """Return the restic to test against; a machine without one cannot run these tests."""
    program = os.environ.get("VANGNET_RESTIC") or shutil.which("restic")
    assert program, "restic is not installed: `apt-get install restic`"
    return program


@cache
def restic_version() -> tuple[int, int]:
    """Return its major and minor version."""
    text = subprocess.run([restic_program(), "version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"restic (\d+)\.(\d+)", text)
    assert found, text
    return int(found[1]), int(found[2])


def keeps_raw_link_targets() -> bool:
    """Tell whether this restic keeps symlink targets that are no UTF-8 (since 0.16)."""
    return restic_version() >= (0, 16)


def as_restic_tells(path: bytes) -> str:
    """Return a path as restic's JSON has it: each byte that is no UTF-8 becomes one U+FFFD."""
    return re.sub("[\udc80-\udcff]", "\ufffd", path.decode("utf-8", "surrogateescape"))


class ResticFailed(AssertionError):
    """restic ended with an error; carries what it said."""


@cache
def _made_once(program: str, version: Literal[1, 2], password: str) -> Path:
    """Have restic make a repository once for all tests of this process that want one.

    restic measures the machine and makes a key that costs half a second of work each time it is used. Its place takes
    one for the same password that costs the least that restic accepts.
    """
    folder = Path(tempfile.mkdtemp(prefix="vangnet-restic-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "made"
    Restic.at(made, password, folder=folder, program=program).init_afresh(version)
    make_cheap(LocalBackend(made), password)
    return made


@dataclass(frozen=True, slots=True)
class Restic:
    """restic on one repository; the password travels in a file, as for our own commands."""

    repository: Path | str
    password_file: Path
    program: str = ""
    """Another restic than the usual one."""
    options: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    @classmethod
    def at(
        cls,
        repository: Path | str,
        password: str,
        *,
        folder: Path,
        program: str = "",
        options: tuple[str, ...] = (),
        env: tuple[tuple[str, str], ...] = (),
    ) -> Restic:
        """Prepare for a repository; `folder` takes the password file."""
        password_file = folder / f"password-{password}"
        password_file.write_text(password)
        password_file.chmod(0o600)
        return cls(repository, password_file, program, options, env)

    def run(self, *arguments: str | bytes | Path) -> str:
        """Run one command and return its standard output; raises ResticFailed."""
        command: list[str | bytes | Path] = [
            self.program or restic_program(),
            "-q",
            "--no-cache",
            *self.options,
            "-r",
            self.repository,
        ]
        command += arguments
        env = {**os.environ, "RESTIC_PASSWORD_FILE": str(self.password_file), "GOMAXPROCS": "2", **dict(self.env)}
        done = subprocess.run(command, env=env, capture_output=True, check=False)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise ResticFailed(f"restic {arguments!r} ended with {done.returncode}:\n{said}")
        return done.stdout.decode(errors="surrogateescape")

    def init(self, version: Literal[1, 2] = 2) -> None:
        """Have a repository that restic made, with a key in it that costs little to open: see `_made_once`."""
        shutil.copytree(_made_once(self.program, version, self.password_file.read_text()), self.repository)

    def init_afresh(self, version: Literal[1, 2] = 2) -> None:
        """Have restic make a repository, with the key that it makes itself."""
        self.run("init", "--repository-version", str(version))

    def backup(self, *paths: Path, compression: Compression = "auto", options: tuple[str, ...] = ()) -> str:
        """Back up and return the new snapshot's id as restic tells it."""
        out = self.run("backup", "--json", "--compression", compression, *options, *paths)
        for line in out.splitlines():
            message = json.loads(line)
            if message.get("message_type") == "summary":
                return str(message["snapshot_id"])
        return str(self.snapshots()[-1]["id"])  # quiet versions print no summary

    def snapshots(self) -> list[dict[str, object]]:
        """Return the snapshots, oldest first."""
        found = json.loads(self.run("snapshots", "--json")) or []
        assert isinstance(found, list)
        return sorted(found, key=lambda snapshot: str(snapshot["time"]))

    def check(self, *, read_data: bool = True) -> str:
        return self.run("check", *(["--read-data"] if read_data else []))

    def restore(self, snapshot: str, target: Path) -> None:
        self.run("restore", snapshot, "--target", target)

    def list_paths(self, snapshot: str) -> list[str]:
        """Return the paths in a snapshot."""
        lines = [json.loads(line) for line in self.run("ls", "--json", snapshot).splitlines()]
        return [str(line["path"]) for line in lines if line.get("struct_type") == "node"]
