"""An installation for tests of jobs and agent, made without the set-up: two data sets, two places, real keys."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from app.clock import SystemClock
from app.jobs.installation import Installation
from app.paths import Home
from app.policy.load import template_text
from app.policy.machine import Target, TargetId, TargetKind
from app.records.facts import Outcome, Run, RunKind
from app.records.store import Records
from app.targets.keys import MACHINE_PASSWORD_FILE, KeyRing, new_recovery_key
from app.targets.place import prepare_target
from tests.rig.restic import restic_program

ROOT = Path(__file__).parents[2]
SETS = ("marks", "letters")
PLACES = ("nas", "annex")
NUT_NOBODY = 9
"""A port where no NUT server listens: tests do not look at this computer's own UPSes."""


@dataclass(frozen=True, slots=True)
class TestHome:
    """One installation in one folder: `sources/<set>`, `places/<target>` and `home`."""

    __test__ = False
    folder: Path

    @property
    def home(self) -> Home:
        return Home.in_folder(self.folder / "home")

    def source(self, data_set: str) -> Path:
        return self.folder / "sources" / data_set

    def place(self, target: str) -> Path:
        return self.folder / "places" / target

    @contextlib.contextmanager
    def records(self) -> Iterator[Records]:
        with Records.open(self.home, SystemClock()) as records:
            yield records

    def installation(self) -> Installation:
        return Installation.load(self.home, SystemClock())

    def runs(self, kind: RunKind | None = None) -> tuple[Run, ...]:
        """Return all runs, oldest first."""
        with self.records() as records:
            return records.runs(limit=500, kind=kind)[::-1]

    def start_agent(
        self, *options: str, before: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `vangnet agent` as a real process; `before` is a program that starts it."""
        command = [*before, sys.executable, "-m", "app", "--home", str(self.home.config), "agent", *options]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )

    def agent(self, *options: str, before: tuple[str, ...] = (), timeout_s: float = 60) -> int:
        """Run `vangnet agent` to its end and return its exit code."""
        with self.start_agent(*options, before=before) as process:
            return process.wait(timeout=timeout_s)

    def restic_check(self, target: str) -> None:
        restic_check(self.place(target), self.home)


def restic_check(repository: Path, home: Home) -> None:
    """Have the real restic look at everything in a place; fails when it finds fault.

    Without a lock: that of a killed worker may lie there until our next run heals it.
    """
    environment = {**os.environ, "RESTIC_PASSWORD_FILE": str(home.secrets / MACHINE_PASSWORD_FILE)}
    command = [restic_program(), "--no-cache", "-r", str(repository), "--no-lock", "check", "--read-data"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def make_installation(folder: Path, *, classification: str = "important") -> TestHome:
    """Build an installation in an empty folder."""
    made = TestHome(folder)
    for data_set in SETS:
        made.source(data_set).mkdir(parents=True)
        for number in range(5):
            (made.source(data_set) / f"{data_set} {number}.txt").write_text(f"{data_set} number {number}\n" * 20)
    home = made.home
    home.config.mkdir()
    shutil.copytree(_keys(), home.secrets)
    home.policy_file.write_text(_policy(classification))
    clock = SystemClock()
    targets = [
        prepare_target(
            home,
            id=TargetId(name),
            name=name.upper(),
            kind=TargetKind.FOLDER,
            path=made.place(name),
            organisation="School",
            sources=(),
            clock=clock,
        )
        for name in PLACES
    ]
    write_machine(made, targets)
    with made.records() as records:
        records.mark_set_up()
    return made


def write_machine(made: TestHome, targets: list[Target], *, nut_port: int = NUT_NOBODY) -> None:
    """Write the machine file with these targets and a UPS at this port."""
    document = {
        "format": 1,
        "language": "en",
        "data_sets": [{"id": name, "paths": [str(made.source(name))]} for name in SETS],
        "targets": [
            {
                "id": target.id,
                "name": target.name,
                "kind": target.kind.value,
                "path": str(target.path),
                "repository_id": target.repository_id,
                "marker_id": target.marker_id,
                "fs_uuid": target.fs_uuid,
            }
            for target in targets
        ],
        "upses": [{"id": "ups", "name": "UPS", "host": "127.0.0.1", "port": nut_port, "ups": "ups"}],
        "backup_time": "18:00",
    }
    made.home.machine_file.write_text(yaml.safe_dump(document, sort_keys=False))


def _policy(classification: str) -> str:
    rows = [
        {
            "id": name,
            "name": name.capitalize(),
            "availability": classification,
            "integrity": "normal",
            "confidentiality": "internal",
        }
        for name in SETS
    ]
    listed = yaml.safe_dump({"data_sets": rows}, sort_keys=False)
    return re.sub(r"^data_sets: \[\]$", listed, template_text(), count=1, flags=re.MULTILINE)


@cache
def _keys() -> Path:
    """Make one organisation's keys for all tests of this process: deriving them takes a second."""
    folder = Path(tempfile.mkdtemp(prefix="vangnet-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Home.in_folder(folder)
    KeyRing.create(home, new_recovery_key(), SystemClock())
    return home.secrets


def fill(folder: Path, *, megabytes: int) -> None:
    """Put so much in a folder that copying it takes a while: content that neither repeats nor shrinks."""
    for number in range(megabytes):
        (folder / f"large {number}.bin").write_bytes(os.urandom(1 << 20))


def wait_until(true: Callable[[], bool], *, timeout_s: float = 30, what: str = "it") -> None:
    """Wait for something to become true; fails when it does not in time."""
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {timeout_s} s"
        time.sleep(0.02)


@contextlib.contextmanager
def lasting_agent(made: TestHome, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Have an agent run; afterwards it is asked to stop, and must."""
    with made.start_agent(environment=environment) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


def kill(pid: int) -> None:
    """End a process without letting it say anything."""
    os.kill(pid, signal.SIGKILL)


def outcomes(runs: tuple[Run, ...]) -> list[tuple[str, str, Outcome]]:
    """Return what a test compares: data set, target and outcome of each run, sorted."""
    return sorted((run.data_set, run.target, run.outcome) for run in runs)
