"""One agent at a time, and never one that is only remembered."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import psutil
import pytest

from app.errors import ExitCode
from app.paths import Home
from app.records.errors import AgentRunning, RecordsDiskFull
from app.records.presence import AgentLock, agent_pid, agent_started

HOLDER = """
import sys, time
from pathlib import Path
from app.paths import Home
from app.records.presence import AgentLock
with AgentLock.acquire(Home.in_folder(Path(sys.argv[1]))):
    print("here", flush=True)
    sys.stdin.read()
"""

ASKER = """
import sys
from pathlib import Path
from app.paths import Home
from app.records.presence import agent_pid
print("asking", flush=True)
while True:
    agent_pid(Home.in_folder(Path(sys.argv[1])))
"""


def start_holder(home: Home) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "here\n"
    return holder


def test_nobody_is_there_before_the_first_and_after_the_last(home: Home) -> None:
    assert agent_pid(home) is None
    with AgentLock.acquire(home):
        assert agent_pid(home) == os.getpid()
        assert agent_started(home) == psutil.Process().create_time()
    assert agent_pid(home) is None
    assert agent_started(home) is None


def test_second_agent_is_told_who_is_there(home: Home) -> None:
    with start_holder(home) as holder:
        assert agent_pid(home) == holder.pid
        with pytest.raises(AgentRunning) as caught:
            AgentLock.acquire(home)
        assert caught.value.data == {"pid": holder.pid}
        assert caught.value.exit_code is ExitCode.LOCKED
        holder.communicate("")
    with AgentLock.acquire(home) as lock:
        assert agent_pid(home) == os.getpid()
        lock.release()
        lock.release()


def test_a_home_that_cannot_be_written_to_is_said_plainly(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, content: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        with pytest.raises(RecordsDiskFull) as caught:
            AgentLock.acquire(home)
    assert caught.value.data == {
        "file": str(home.agent_lock), "folder": str(home.data), "reason": "No space left on device",
    }  # fmt: skip
    with AgentLock.acquire(home):
        assert agent_pid(home) == os.getpid()


def test_killed_agent_leaves_the_place_free(home: Home) -> None:
    with start_holder(home) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert home.agent_lock.read_text().startswith(str(holder.pid))
        assert agent_pid(home) is None
        with AgentLock.acquire(home):
            assert agent_pid(home) == os.getpid()


def test_spoiled_lock_file_is_taken_over(home: Home) -> None:
    home.data.mkdir(parents=True)
    home.agent_lock.write_bytes(b"\xff garbage " * 100)
    assert agent_pid(home) is None
    with AgentLock.acquire(home):
        assert agent_pid(home) == os.getpid()


def test_asking_who_is_there_does_not_keep_an_agent_out(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", ASKER, str(home.data)], stdout=subprocess.PIPE) as asker:
        try:
            assert asker.stdout is not None
            asker.stdout.readline()
            for _ in range(20):
                with AgentLock.acquire(home):
                    pass
        finally:
            asker.kill()
