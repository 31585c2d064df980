"""Notices on a real session bus, with a real service that shows them and clicks on them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.notices.delivery import Parcel, Trouble
from app.notices.desktop import Desktop, open_vangnet, session_bus
from app.notices.model import DESKTOP
from app.paths import Home

ROOT = Path(__file__).parents[3]
CALL = Parcel(DESKTOP, "", "Mogelijk ransomware in Puntenboek", "Trek de netwerkkabel uit.", critical=True)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a message bus of our own, and make it the session's."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        try:
            yield address
        finally:
            daemon.terminate()
            daemon.wait()


@pytest.fixture
def shower(bus: str) -> Iterator[subprocess.Popen[str]]:
    """Run the service that shows notices."""
    command = [sys.executable, "-m", "tests.rig.notifyd"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "READY\n"
        try:
            yield service
        finally:
            service.terminate()
            service.wait()


async def test_a_notice_is_shown_and_a_click_on_it_opens_vangnet(shower: subprocess.Popen[str]) -> None:
    opened = asyncio.Event()
    desktop = Desktop(opened.set)
    assert await desktop.show(CALL) is None
    assert shower.stdout is not None
    shown = json.loads(await asyncio.to_thread(shower.stdout.readline))
    assert (shown["title"], shown["body"], shown["urgency"]) == (CALL.title, CALL.body, 2)
    assert shown["actions"][0] == "default"
    await asyncio.wait_for(opened.wait(), 20)
    # The connection is kept: the next one is shown too.
    assert await desktop.show(Parcel(DESKTOP, "", "Steek de schijf in", "")) is None
    assert json.loads(await asyncio.to_thread(shower.stdout.readline))["urgency"] == 1
    await desktop.close()


async def test_a_desktop_that_shows_nothing_is_said_to_be_so(bus: str) -> None:
    desktop = Desktop(lambda: None)
    assert await desktop.show(CALL) is Trouble.NO_DESKTOP
    await desktop.close()


async def test_without_a_desktop_it_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    assert session_bus()
    assert await Desktop(lambda: None).show(CALL) is Trouble.NO_DESKTOP


def test_vangnet_opens_in_the_desktops_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    home = Home.in_folder(tmp_path / "home")
    assert not open_vangnet(home)
    terminal = tmp_path / "x-terminal-emulator"
    terminal.write_text(f"#!/bin/sh\necho \"$@\" > '{tmp_path}/started'\n")
    terminal.chmod(0o755)
    assert open_vangnet(home)
    for _ in range(200):
        if (tmp_path / "started").exists() and (tmp_path / "started").read_text():
            break

        time.sleep(0.05)
    words = (tmp_path / "started").read_text().split()
    assert words[0] == "-e"
    assert words[-2:] == ["--home", str(home.config)]
