"""The network's changes, heard from the real kernel: an interface that comes and goes in a network of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.programs import need, run, stop

pytestmark = pytest.mark.rig

WATCHER = """
import asyncio
from app.agent.links import LinkWatcher

async def main():
    heard = asyncio.Queue()
    async def changed():
        await heard.put(1)
    watcher = LinkWatcher(changed, settle_s=0.1, every_s=0.5)
    watcher.start()
    print("listening", flush=True)
    for _ in range(2):
        await asyncio.wait_for(heard.get(), 20)
        print("changed", flush=True)
    await asyncio.sleep(1.2)
    print("more", heard.qsize(), flush=True)
    watcher.stop()

asyncio.run(main())
"""


def test_a_link_that_goes_up_or_down_is_heard_and_a_flapping_one_asks_seldom() -> None:
    need("ip")
    name = f"vn{os.getpid() % 100_000}"
    run("ip", "netns", "add", name)
    process = subprocess.Popen(
        ["ip", "netns", "exec", name, sys.executable, "-c", WATCHER],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "listening"
        run("ip", "-n", name, "link", "set", "lo", "up")
        assert process.stdout.readline().strip() == "changed"
        for state in ("down", "up") * 5:
            run("ip", "-n", name, "link", "set", "lo", state)
        assert process.stdout.readline().strip() == "changed"
        word, count = process.stdout.readline().split()
        assert word == "more"
        assert int(count) <= 3, "ten changes ask for a few looks"
        assert process.wait(20) == 0
    finally:
        stop(process)
        assert process.stdout is not None
        process.stdout.close()
        run("ip", "netns", "del", name)
