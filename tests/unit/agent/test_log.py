"""The agent's log: private, bounded, one line for each fact."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

import pytest

from app.agent import log
from app.agent.log import logging_to, say


def test_a_line_is_one_line_whatever_the_values_hold(tmp_path: Path) -> None:
    file = tmp_path / "agent.log"
    with logging_to(file):
        say("run-started", run=1, name="two words", sneaky="x\nERROR fake line", empty="")
    (line,) = file.read_text().splitlines()
    assert line.endswith("Z INFO run-started run=1 name='two words' sneaky='x\\nERROR fake line' empty=''")


def test_details_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    quiet, loud = tmp_path / "quiet.log", tmp_path / "loud.log"
    with logging_to(quiet):
        say("worker-said", logging.DEBUG, stderr="/home/an/diary.txt")
    with logging_to(loud, logging.DEBUG):
        say("worker-said", logging.DEBUG, stderr="/home/an/diary.txt")
    assert quiet.read_text() == ""
    assert "diary" in loud.read_text()


def test_it_stays_private_and_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_MAX_BYTES", 2000)
    file = tmp_path / "agent.log"
    before = os.umask(0)
    try:
        with logging_to(file):
            for number in range(200):
                say("something-happened", number=number)
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["agent.log", "agent.log.1", "agent.log.2", "agent.log.3"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert all(path.stat().st_size <= 2000 for path in files)


def test_on_a_full_disk_lines_are_lost_and_nothing_else_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path / "agent.log"):
        (handler,) = logging.getLogger("vangnet.agent").handlers
        assert isinstance(handler, logging.StreamHandler)
        with Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
            patch.setattr(handler, "stream", full)
            say("tick-failed")
            with contextlib.suppress(OSError):
                full.close()
        say("room-again")
    assert "room-again" in (tmp_path / "agent.log").read_text()
    assert capfd.readouterr().err == ""
