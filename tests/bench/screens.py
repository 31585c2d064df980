"""`make bench BENCH=--screens`: how soon something stands on the screen, and how long a key waits while a back-up runs.

The real program in a terminal of its own. For the lag the screens run with a clock in their event loop that wants to
wake up every few milliseconds: how much later it does is how long a key that was pressed just then would have waited.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

import app.tui.app
from app.clock import SystemClock
from app.paths import Home
from app.records.presence import agent_pid
from app.tui.app import VangnetApp
from tests.bench.data import office_mix
from tests.rig.commands import vangnet

_MEMORY = Path("/dev/shm")  # where Linux keeps files in memory: the source costs no disk
_STARTS = 11
_WAKES_EVERY_S = 0.005
_KEY_EVERY_S = 0.4
_ENGLISH = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
_SETUP = """
organisation: {{name: Bench, kind: school, country: BE, language: en}}
data_sets: [{{typical: grade-book, paths: [{source}]}}]
places: [{{name: First, kind: folder, path: {first}}}, {{name: Second, kind: folder, path: {second}, offsite: true}}]
"""


def main(files: int = 20_000) -> None:
    """Print how long the first paint takes and the lag of the screens, over a back-up of this many office files."""
    memory = _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="vangnet-bench-", dir=memory) as source,
        tempfile.TemporaryDirectory(prefix="vangnet-bench-") as disk,
    ):
        few = Path(source) / "few"
        office_mix(few, files=200)
        home = _set_up(Path(disk), few)
        try:
            vangnet("--home", str(home.config), "backup")
            _print_paints(home)
            made = office_mix(Path(source) / "few" / "many", files=files)
            print(f"a first back-up of {made.files:,} files, {made.bytes / 1e6:,.0f} MB, to two places")
            _print_lag(_lag_during_backup(home, Path(disk) / "lag"))
        finally:
            _end_agent(home)


def _set_up(disk: Path, source: Path) -> Home:
    answers, home = disk / "answers.yml", disk / "home"
    for place in ("first", "second"):
        (disk / place).mkdir()
    answers.write_text(_SETUP.format(source=source, first=disk / "first", second=disk / "second"))
    vangnet("--home", str(home), "setup", "--from", str(answers), "--recovery-sheet", str(disk / "sheet.txt"))
    return Home.in_folder(home)


def _print_paints(home: Home) -> None:
    """Start the screens a few times: until there is something of ours, and until the sentence stands there."""
    painted: list[float] = []
    worked: list[float] = []
    whole: list[float] = []
    for _start in range(_STARTS):
        with _terminal(sys.executable, "-m", "app", "--home", str(home.config)) as screen:
            began = time.monotonic()
            screen.until(b"Today")
            painted.append(time.monotonic() - began)
            worked.append(screen.cpu_s())
            screen.until(b"safe")
            whole.append(time.monotonic() - began)
            screen.press(b"\x11")  # Ctrl+Q
            screen.ended()
    # The first start also starts the agent and fills the page cache.
    print(
        f"first paint {_ms(painted[1:])}, of CPU {_ms(worked[1:])}; Today with its sentence {_ms(whole[1:])} "
        f"(median, slowest of {_STARTS - 1})"
    )


def _lag_during_backup(home: Home, lags: Path) -> list[float]:
    """Let the screens stand open while a back-up runs and a person walks about in them."""
    with _terminal(sys.executable, "-m", "tests.bench.screens", str(home.config), str(lags)) as screen:
        screen.until(b"safe")
        began = time.monotonic()
        backup = subprocess.Popen(
            [sys.executable, "-m", "app", "--home", str(home.config), "backup", "--json"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for key in _walk():
            screen.press(key)
            screen.read_for(_KEY_EVERY_S)
            if backup.poll() is not None:
                break
        ended = time.monotonic()
        if backup.returncode:
            raise SystemExit("the back-up failed: nothing was measured")
        screen.press(b"\x11")
        screen.ended()
    woken = (line.split() for line in lags.read_text().splitlines())
    print(f"the back-up took {ended - began:.1f} s")
    return [float(lag) for at, lag in woken if began <= float(at) <= ended]


def _walk() -> Iterator[bytes]:
    """Today, the copies, up and down, the disks: what somebody presses who looks on."""
    while True:
        yield from (b"2", b"\x1b[B", b"\x1b[B", b"\x1b[A", b"5", b"1", b"t", b"\x1b[B", b"1")


def _print_lag(lags: Sequence[float]) -> None:
    steps = statistics.quantiles(lags, n=1000)
    print(
        f"lag over {len(lags):,} moments: median {steps[499] * 1000:.1f} ms, 99 % {steps[989] * 1000:.1f} ms, "
        f"99.9 % {steps[998] * 1000:.1f} ms, most {max(lags) * 1000:.0f} ms"
    )


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms, {max(seconds) * 1000:.0f} ms"


class _Screen:
    """One program in a terminal of 80 by 24: what it writes is read as it comes."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._seen = b""

    def until(self, text: bytes, *, timeout_s: float = 60) -> None:
        """Read until a text has come; raises SystemExit when it does not."""
        ends = time.monotonic() + timeout_s
        while text not in self._seen:
            if time.monotonic() > ends or not self._read(0.5):
                raise SystemExit(f"{text.decode()!r} did not come")

    def read_for(self, seconds: float) -> None:
        """Take what is written for a while, so that the program never waits for us."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and self._read(left):
            pass

    def cpu_s(self) -> float:
        """Return the CPU seconds that the program has taken so far."""
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def press(self, key: bytes) -> None:
        os.write(self._terminal, key)

    def ended(self) -> None:
        """Read until the program is gone."""
        while self._process.poll() is None and self._read(0.2):
            pass
        self._process.wait(timeout=30)

    def _read(self, wait_s: float) -> bool:
        """Read what there is within `wait_s`; False once the program has closed the terminal."""
        if not select.select([self._terminal], [], [], wait_s)[0]:
            return True
        try:
            read = os.read(self._terminal, 1 << 16)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self._seen = (self._seen + read)[-(1 << 17) :]
        return bool(read)


@contextmanager
def _terminal(*command: str) -> Iterator[_Screen]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **_ENGLISH}, start_new_session=True
    )
    os.close(theirs)
    try:
        yield _Screen(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)


def _end_agent(home: Home) -> None:
    pid = agent_pid(home)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    for _wait in range(200):
        if agent_pid(home) is None:
            return
        time.sleep(0.05)


class _Watched(VangnetApp):
    """The screens, with a clock in their event loop that writes down how late it wakes."""

    CSS_PATH = str(Path(app.tui.app.__file__).with_name("vangnet.tcss"))

    def __init__(self, home: Home, lags: Path) -> None:
        super().__init__(home, SystemClock())
        self._lags = lags
        self._found: list[tuple[float, float]] = []
        self._clockwork: asyncio.Task[None] | None = None

    async def on_mount(self) -> None:
        self._clockwork = asyncio.create_task(self._wake())

    async def _wake(self) -> None:
        while True:
            slept = time.monotonic()
            await asyncio.sleep(_WAKES_EVERY_S)
            self._found.append((slept, time.monotonic() - slept - _WAKES_EVERY_S))

    async def on_unmount(self) -> None:
        if self._clockwork is not None:
            self._clockwork.cancel()
        self._lags.write_text("".join(f"{at:.4f} {lag:.6f}\n" for at, lag in self._found))


if __name__ == "__main__":
    _Watched(Home.in_folder(Path(sys.argv[1])), Path(sys.argv[2])).run()
