"""The tools that are compared: each makes, checks and restores a restic repository by its own command."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parents[2] / ".peers"
"""Where `tests/rig/newer-restic.sh` unpacks the newest restic that Debian ships."""

OURS = "vangnet"


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: `program` is what starts it; the sub-commands are restic's for both."""

    name: str
    program: tuple[str, ...]

    def command(self, *arguments: str) -> tuple[str, ...]:
        return (*self.program, *arguments)

    def environment(self, repository: Path, password_file: Path) -> Mapping[str, str]:
        return {
            "RESTIC_REPOSITORY": str(repository),
            "RESTIC_PASSWORD_FILE": str(password_file),
            "RESTIC_CACHE_DIR": str(repository.parent / "cache" / self.name),
            "XDG_CACHE_HOME": str(repository.parent / "cache" / self.name),
        }


def tools() -> tuple[Tool, ...]:
    """Return Vangnet first, then every restic that is here; fails when there is none to compare with."""
    debian = shutil.which("restic")
    newest = PEERS / "usr" / "bin" / "restic"
    found = [Tool(OURS, (sys.executable, "-m", "app", "repo"))]
    if debian:
        found.append(Tool("restic (Debian 12)", (debian,)))
    if newest.exists():
        found.append(Tool("restic (newest)", (str(newest),)))
    if len(found) == 1:
        raise SystemExit("There is no restic to compare with: apt-get install restic")
    return tuple(found)
