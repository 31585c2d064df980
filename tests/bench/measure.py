"""Measures a command as a whole: wall time, CPU time, and the peak memory of all its processes together."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Measure:
    """What one run cost. Memory is PSS: shared pages are counted once over the processes that share them."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


def measure(command: Sequence[str], env: Mapping[str, str], *, folder: Path | None = None) -> Measure:
    """Run a command to its end, in a folder; raises CalledProcessError with its output when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **env},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    watch = _MemoryWatch(process.pid)
    output, _nothing = process.communicate()
    wall_s = time.perf_counter() - began
    peak = watch.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Measure(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak)


class _MemoryWatch:
    """Samples the memory of a process and its descendants (one session) in a thread."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self._peak = max(self._peak, sum(_pss(pid) for pid in _session_members(self._session)))


def _session_members(session: int) -> list[int]:
    members = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    members.append(int(entry.name))
            except OSError:
                continue
    return members


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
