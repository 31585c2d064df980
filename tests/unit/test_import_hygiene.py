"""What a command loads: `vangnet status` must start at once on an old office PC."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "textual",
    "apscheduler",
    "pyudev",
    "segno",
    "zstandard",
    "pyfastcdc",
    "asyncssh",
    "smbprotocol",
    "urllib3",
    "apprise",
    "dbus_fast",
    "zeroconf",
    "socket",
    "ssl",
    "asyncio",
    "multiprocessing",
    "app.repository",
    "app.tui",
    "app.agent",
)


def modules_loaded_by(home: Path, *command: str) -> set[str]:
    """Run a command in a fresh interpreter and return the names of the modules it left loaded."""
    program = (
        "import sys, json, io, contextlib\n"
        "from app.cli.main import run\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    code = run(sys.argv[1:])\n"
        "print(json.dumps([code, sorted(sys.modules)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--home", str(home), *command], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stdout)
    assert code == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize("command", ["status", "tasks"])
def test_looking_loads_neither_the_screens_nor_the_engine(demo: Path, command: str) -> None:
    loaded = modules_loaded_by(demo, command)
    assert [name for name in HEAVY if name in loaded] == []


def test_the_engine_can_be_taken_out() -> None:
    program = "import sys, app.repository; print(*sorted(m for m in sys.modules if m.startswith('app.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if not name.startswith("app.repository")}
    assert ours <= {"app.clock", "app.errors", "app.secret"}


def test_the_first_screen_stands_before_what_reads_a_home_is_loaded() -> None:
    program = (
        "import sys, json\n"
        "import app.tui.app, app.tui.home, app.tui.screens.today\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    late = ("app.repository", "app.jobs.installation", "app.records.store", "sqlite3", "zstandard")
    loaded = set(json.loads(done.stdout))
    assert sorted(loaded & set(late)) == []
