"""The agent and its UPSes: on battery everything waits, almost empty everything stops, and later goes on."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Self

import pytest
import yaml

from app.agent.power import FRESH_S
from app.records.facts import OutageKind, Outcome, RequestKind, RequestState, Run, RunKind
from tests.e2e.installation import (
    PLACES,
    SETS,
    TestHome,
    fill,
    lasting_agent,
    make_installation,
    wait_until,
    write_machine,
)
from tests.rig.faultfs import FaultyFolder, Order
from tests.rig.nut import NutServer

pytestmark = [pytest.mark.rig, pytest.mark.slow]

LONG = bool(os.environ.get("VANGNET_LONG"))
MEGABYTES = 3000 if LONG else 300
REREAD_AT_MOST = 0.05


@pytest.fixture
def school(tmp_path: Path, nut_server: NutServer) -> TestHome:
    """An installation whose UPS is the server's, and where the mains count as steady after two seconds."""
    made = make_installation(tmp_path)
    write_machine(made, list(made.installation().machine.targets), nut_port=nut_server.port)
    policy = made.home.policy_file.read_text()
    made.home.policy_file.write_text(re.sub(r"mains_steady: .*", "mains_steady: 2 seconds", policy))
    return made


def all_copied(school: TestHome) -> bool:
    good = {(run.data_set, run.target) for run in school.runs(RunKind.BACKUP) if run.outcome is Outcome.GOOD}
    return len(good) == len(SETS) * len(PLACES)


def events(school: TestHome, kind: str) -> list[str]:
    with school.records() as records:
        return [event.subject for event in records.events_after(0, limit=5000) if event.kind == kind]


def power_outages(school: TestHome) -> list[tuple[str, bool, bool]]:
    with school.records() as records:
        found = [o for o in records.outages() if o.kind is OutageKind.POWER]
    return [(o.subject, o.ended is not None, o.critical) for o in found]


def test_on_battery_everything_waits_also_what_a_person_asks_for(school: TestHome, nut_server: NutServer) -> None:
    nut_server.say("ups", ups_status="OB DISCHRG")
    with lasting_agent(school):
        wait_until(lambda: events(school, "outage-began") == ["ups"], what="the outage")
        with school.records() as records:
            wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
            wait_until(lambda: records.request(wanted).state is not RequestState.WAITING, what="the agent's ear")
            time.sleep(2)
            assert records.request(wanted).state is RequestState.TAKEN
        assert school.runs() == ()
        nut_server.say("ups", ups_status="OL CHRG")
        wait_until(lambda: all_copied(school), what="everything that was due or asked for")
    assert power_outages(school) == [("ups", True, False)]


def test_what_is_asked_for_seconds_into_an_outage_waits(school: TestHome, nut_server: NutServer) -> None:
    with lasting_agent(school):
        wait_until(lambda: all_copied(school), what="the first copies")
        made = len(school.runs())
        # Nothing runs, so the agent looks every ten seconds; we are faster, but not than its look for the copy.
        nut_server.say("ups", ups_status="OB DISCHRG")
        time.sleep(FRESH_S + 0.2)
        with school.records() as records:
            wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
            wait_until(lambda: records.request(wanted).state is not RequestState.WAITING, what="the agent's ear")
            time.sleep(1)
            assert records.request(wanted).state is RequestState.TAKEN
            assert len(school.runs()) == made
            nut_server.say("ups", ups_status="OL CHRG")
            wait_until(lambda: records.request(wanted).state is RequestState.DONE, what="the copy")
    assert len(school.runs()) == made + 1


def test_a_ups_server_that_hangs_does_not_hold_up_the_copies(school: TestHome) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:  # it takes connections, and says nothing
        write_machine(school, list(school.installation().machine.targets), nut_port=silent.getsockname()[1])
        with lasting_agent(school):
            wait_until(lambda: all_copied(school), what="the first copies")
            with school.records() as records:
                wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
                wait_until(lambda: records.request(wanted).state is RequestState.DONE, what="the copy")


def test_once_nothing_is_done_on_battery(school: TestHome, nut_server: NutServer) -> None:
    nut_server.say("ups", ups_status="OB DISCHRG")
    with school.records() as records:
        wanted = records.ask(RequestKind.BACKUP, data_set="marks", target="nas", by="test")
    school.agent("--once")
    with school.records() as records:
        assert (records.request(wanted).state, records.request(wanted).refusal) == (RequestState.REFUSED, "on-battery")
    assert school.runs() == ()


def running(school: TestHome) -> Run | None:
    return next((run for run in school.runs() if run.outcome is Outcome.RUNNING), None)


def bytes_done(school: TestHome, run: Run | None) -> int:
    with school.records() as records:
        progress = records.progress(run.id) if run is not None else None
    return progress.bytes_done if progress is not None else 0


def only_one_large_set(school: TestHome, source: Path) -> None:
    document = yaml.safe_load(school.home.machine_file.read_text())
    document["targets"] = [target for target in document["targets"] if target["id"] == "nas"]
    document["data_sets"] = [{"id": "marks", "paths": [str(source)]}]
    school.home.machine_file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_large_copy_is_stopped_in_time_when_the_battery_runs_empty_and_goes_on_later(
    school: TestHome, nut_server: NutServer, faulty_folder: FaultyFolder
) -> None:
    # A slow disk: the speed of the machine does not decide whether it is stopped half-way. The long one goes as it is.
    source = school.source("marks") if LONG else faulty_folder.folder
    if not LONG:
        faulty_folder.order(Order(("read",), delay_s=0.005))
    fill(school.source("marks") if LONG else faulty_folder.beneath, megabytes=MEGABYTES)
    only_one_large_set(school, source)
    total = MEGABYTES << 20
    with lasting_agent(school):
        wait_until(lambda: bytes_done(school, running(school)) > total * 0.25, what="a part of it", timeout_s=300)
        nut_server.say_at_once("ups", ups_status="OB LB DISCHRG", battery_runtime="40")
        began = time.monotonic()
        wait_until(lambda: bool(events(school, "stopped-for-power")), what="the stop", timeout_s=60)
        took = time.monotonic() - began
        (stopped,) = school.runs()
        assert (stopped.outcome, stopped.error_code) == (Outcome.CANCELLED, "stopped-for-power")
        assert not list((school.place("nas") / "locks").iterdir())
        done = bytes_done(school, stopped)
        school.restic_check("nas")
        with FilesRead(source) as again:
            nut_server.say("ups", ups_status="OL CHRG", battery_runtime="1800")
            wait_until(lambda: school.runs()[-1].outcome is Outcome.GOOD, what="the rest of the copy", timeout_s=300)
        read = len(again.names) << 20
    twice = max(0, read - (total - done))
    print(
        f"{MEGABYTES} MB: stopped after {took:.1f} s at {done >> 20} MB; then {read >> 20} MB, {twice >> 20} MB again"
    )
    assert took < 10
    assert twice <= REREAD_AT_MOST * done
    assert power_outages(school) == [("ups", True, True)]
    school.restic_check("nas")


class FilesRead:
    """Which files of one folder are read while this is open (inotify(7))."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names: set[str] = set()

    def __enter__(self) -> Self:
        self._handle = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert _LIBC.inotify_add_watch(self._handle, os.fsencode(self._folder), _IN_ACCESS) > 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ending.set()
        self._thread.join()
        os.close(self._handle)

    def _listen(self) -> None:
        while not self._ending.wait(0.01):
            with contextlib.suppress(BlockingIOError):
                content = os.read(self._handle, 1 << 20)
                while content:
                    _watch, mask, _cookie, length = struct.unpack_from("iIII", content)
                    assert not mask & _IN_Q_OVERFLOW
                    self.names.add(content[16 : 16 + length].rstrip(b"\0").decode())
                    content = content[16 + length :]


_LIBC = ctypes.CDLL(None, use_errno=True)
_IN_ACCESS, _IN_Q_OVERFLOW = 0x1, 0x4000
