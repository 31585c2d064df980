"""What the idle agent costs: `python -m tests.bench.idle [--minutes M]`.

A real agent of a large installation, with a real NUT server beside it. Once everything is copied and a while has gone
by, the kernel says how long the process has been on a processor and how much memory it has.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import psutil

from app.records.facts import Outcome
from tests.e2e.installation import TestHome, lasting_agent, make_installation, wait_until, write_machine
from tests.e2e.large_installation import make_large_installation
from tests.rig.nut import NutServer

SETTLE_S = 15.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.idle")
    parser.add_argument("--minutes", type=float, default=2.0)
    minutes = parser.parse_args().minutes
    server = NutServer()
    try:
        server.start()
        with tempfile.TemporaryDirectory(prefix="vangnet-idle-") as folder:
            small = make_installation(Path(folder) / "small")
            write_machine(small, list(small.installation().machine.targets), nut_port=server.port)
            large = make_large_installation(Path(folder) / "large", nut_port=server.port)
            for name, school in (("2 data sets, 2 places", small), ("10 data sets, 3 places, a year", large)):
                assert school.agent("--once", timeout_s=300) == 0
                cpu_ms, rss_mb = measure(school, minutes)
                print(f"{name}: {cpu_ms:.0f} ms of CPU a minute ({cpu_ms / 600:.3f} %), {rss_mb:.0f} MB", flush=True)
    finally:
        server.clean_up()
    print("load", " ".join(f"{load:.1f}" for load in os.getloadavg()))


def measure(school: TestHome, minutes: float) -> tuple[float, float]:
    """Return the milliseconds of CPU a minute and the megabytes of an agent that has nothing to do."""
    with lasting_agent(school) as agent, school.records() as records:
        time.sleep(SETTLE_S)
        wait_until(lambda: not records.running(), timeout_s=300, what="the end of what was due")
        time.sleep(SETTLE_S)
        runs = len(records.runs(limit=10**6))
        before_s = cpu_s(agent.pid)
        time.sleep(60 * minutes)
        used_ms = (cpu_s(agent.pid) - before_s) * 1000
        assert len(records.runs(limit=10**6)) == runs, "it was not idle"
        assert {run.outcome for run in records.runs()} == {Outcome.GOOD}
        return used_ms / minutes, psutil.Process(agent.pid).memory_info().rss / 1e6


def cpu_s(pid: int) -> float:
    """Return how long a process has been on a processor, threads that have ended included.

    Its CPU clock (clock_getcpuclockid(3)): ticks of ten milliseconds say little about work of a tenth of one.
    """
    return time.clock_gettime((~pid << 3) | 2)


if __name__ == "__main__":
    main()
