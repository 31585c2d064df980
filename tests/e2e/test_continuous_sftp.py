"""Continuous copying to a real SSH server: how soon a change is safe there, and what a cut line does."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.policy.emit import machine_text
from app.policy.machine import RemotePlace, TargetId
from app.records.facts import Outcome, RunKind
from app.secret import Secret
from app.targets.place import open_target
from app.targets.remote_prepare import Site, prepare_remote_target
from tests.e2e.installation import SETS, TestHome, lasting_agent, make_installation, restic_check, wait_until
from tests.e2e.test_continuous import content_of, safe, save, states, wait_until_safe
from tests.rig.servers import SshServer

pytestmark = [pytest.mark.rig, pytest.mark.slow]

SAVES = 10
"""In each of the two sets."""
LAG_S = 5.0
"""The goal: 95 of 100 changes are safe elsewhere within this."""


@pytest.fixture
def school(tmp_path: Path, ssh_server: SshServer) -> TestHome:
    """A school that copies one set continuously to a server in another building."""
    made = make_installation(tmp_path, classification="essential")
    place = RemotePlace(
        f"sftp://127.0.0.1:{ssh_server.port}{ssh_server.folder}/off-site-{secrets.token_hex(4)}",
        ssh_server.user,
        server_key=ssh_server.host_key,
    )
    target = prepare_remote_target(
        made.home,
        id=TargetId("elsewhere"),
        name="Elsewhere",
        place=place,
        secret=Secret(ssh_server.private_key),
        organisation="School",
        clock=SystemClock(),
        site=Site("town hall", True, "Kerkstraat 1", 12, False),
    )
    machine = replace(made.installation().machine, targets=(target,))
    made.home.machine_file.write_text(machine_text(machine))
    return made


def folder_of(school: TestHome) -> Path:
    """Return where the server keeps the copies."""
    place = school.installation().machine.targets[0].on_network
    assert place is not None
    return Path("/" + place.address.removeprefix("sftp://").partition("/")[2])


@pytest.mark.alone
def test_what_is_saved_is_safe_on_the_server_within_seconds(school: TestHome) -> None:
    lags: list[float] = []
    with lasting_agent(school):
        for name in SETS:
            wait_until_safe(school, name, 0)
        for number in range(SAVES):
            waiting = {name: save(school.source(name) / f"new {number}.txt", f"version {number}") for name in SETS}
            while waiting:
                arrived = {name for name, saved in waiting.items() if safe(school, name, saved)}
                lags += [time.time() - waiting.pop(name) for name in arrived]
                assert all(time.time() - saved < 60 for saved in waiting.values()), f"no copy of {sorted(waiting)}"
                time.sleep(0.02)
    lags.sort()
    print("seconds from save to safe:", [round(lag, 1) for lag in lags])
    assert lags[round(0.95 * len(lags)) - 1] <= LAG_S
    for name in SETS:
        assert {f"new {number}.txt" for number in range(SAVES)} <= content_of(school, name).keys()
    restic_check(folder_of(school), school.home)


def test_a_cut_line_makes_changes_wait_and_the_next_connection_takes_them(
    school: TestHome, ssh_server: SshServer
) -> None:
    marks = school.source("marks")
    with lasting_agent(school):
        wait_until_safe(school, "marks", 0)
        ssh_server.stop()
        try:
            save(marks / "marks 1.txt", "while the line was down")
            wait_until(lambda: not states(school)["marks"].link_up, timeout_s=120, what="the silence")
            later = save(marks / "new.txt", "and this")
        finally:
            ssh_server.start()
        wait_until(
            lambda: (safe := states(school)["marks"].safe_until) is not None and safe.timestamp() >= later,
            timeout_s=120,
            what="catching up",
        )
    newest = content_of(school, "marks")
    assert (newest["marks 1.txt"], newest["new.txt"]) == (b"while the line was down", b"and this")
    assert {run.outcome for run in school.runs(RunKind.SYNC)} == {Outcome.GOOD}
    restic_check(folder_of(school), school.home)


def test_what_was_deleted_or_spoiled_is_turned_back(school: TestHome, tmp_path: Path) -> None:
    marks = school.source("marks")
    with lasting_agent(school):
        wait_until_safe(school, "marks", 0)
        written = save(marks / "marks 1.txt", "a term's work")
        wait_until_safe(school, "marks", written)
        for path in marks.iterdir():
            path.write_bytes(secrets.token_bytes(path.stat().st_size))
        shutil.rmtree(marks)
        marks.mkdir()
        spoiled = save(marks / "ransom.txt", "pay us")
        wait_until_safe(school, "marks", spoiled)
    repository = open_target(school.home, school.installation().machine.targets[0])
    before = [s for s in repository.snapshots() if "set:marks" in s.tags and s.time.timestamp() < spoiled - 0.5]
    contents = set()
    for number, snapshot in enumerate(before):
        repository.restore(snapshot, os.fsencode(tmp_path / f"back-{number}"))
        contents |= {path.read_bytes() for path in (tmp_path / f"back-{number}").rglob("marks 1.txt")}
    repository.backend.close()
    assert b"a term's work" in contents
