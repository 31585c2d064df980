"""`vangnet demo` walks the whole way, and stock restic agrees with what it left."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.rig.commands import vangnet


def test_the_demo_ends_well_within_a_minute_and_restic_agrees(tmp_path: Path) -> None:
    said = vangnet("demo", "--home", str(tmp_path / "demo"), "--json").document()
    assert said["well"] is True
    assert said["seconds"] < 60
    assert said["files"] >= 300
    assert said["repaired"] is True
    for place in said["places"]:
        subprocess.run(
            ["restic", "-r", place, "--password-file", said["recovery_key_file"], "--no-cache", "check", "--read-data"],
            check=True, capture_output=True,
        )  # fmt: skip


def test_the_demo_never_touches_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = vangnet("demo", "--home", str(tmp_path), expect=2)
    assert done.err.strip()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
