"""The systemd unit: systemd itself finds nothing to say about it, and it names our exit codes right."""

from __future__ import annotations

import configparser
import os
import subprocess
from pathlib import Path

from app.agent.main import STOP_GRACE_S
from app.errors import ExitCode

UNIT = Path(__file__).parents[3] / "assets" / "systemd" / "vangnet-agent.service"


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(UNIT)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_not_restarted_when_that_would_not_help_and_has_time_to_stop() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    unit.read(UNIT)
    service = unit["Service"]
    assert service["RestartPreventExitStatus"].split() == [str(int(ExitCode.USAGE)), str(int(ExitCode.LOCKED))]
    assert float(service["TimeoutStopSec"]) > 2 * STOP_GRACE_S
