"""The tools that are compared: each makes, checks and restores a repository by its own command."""

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
class Work:
    """What one tool works with in one round."""

    repository: Path
    password_file: Path
    restored: Path
    """A folder for restored files."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool with restic's commands and restic's repository: `program` is what starts it."""

    name: str
    program: tuple[str, ...]

    @property
    def is_restic(self) -> bool:
        """Tell whether this is what our ratios are measured against."""
        return self.name != OURS

    def environment(self, work: Work) -> Mapping[str, str]:
        cache = str(work.repository.parent / "cache" / self.name)
        return {
            "RESTIC_REPOSITORY": str(work.repository),
            "RESTIC_PASSWORD_FILE": str(work.password_file),
            "RESTIC_CACHE_DIR": cache,
            "XDG_CACHE_HOME": cache,
        }

    def backup(self, work: Work, source: Path, turn: int) -> tuple[str, ...]:
        return (*self.program, "backup", str(source))

    def check(self, work: Work) -> tuple[str, ...]:
        return (*self.program, "check", "--read-data")

    def restore(self, work: Work) -> tuple[str, ...]:
        return (*self.program, "restore", "latest", "--target", str(work.restored))


class Borg(Tool):
    """borg, with its own format and encryption, and its own default compression (lz4)."""

    @property
    def is_restic(self) -> bool:
        return False

    def environment(self, work: Work) -> Mapping[str, str]:
        return {
            "BORG_REPO": str(work.repository),
            "BORG_PASSPHRASE": work.password_file.read_text(),
            "BORG_BASE_DIR": str(work.repository.parent / "cache" / self.name),
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def init(self) -> tuple[str, ...]:
        return (*self.program, "init", "--encryption", "repokey-blake2")

    def backup(self, work: Work, source: Path, turn: int) -> tuple[str, ...]:
        return (*self.program, "create", f"::turn-{turn}", str(source))

    def check(self, work: Work) -> tuple[str, ...]:
        return (*self.program, "check", "--verify-data")

    def restore(self, work: Work) -> tuple[str, ...]:
        return (*self.program, "extract", "::turn-2")


def tools(*, with_borg: bool = True) -> tuple[Tool, ...]:
    """Return Vangnet first, then every restic that is here, then borg; fails when there is nothing to compare with."""
    debian = shutil.which("restic")
    newest = PEERS / "usr" / "bin" / "restic"
    found = [Tool(OURS, (sys.executable, "-m", "app", "repo"))]
    if debian:
        found.append(Tool("restic (Debian 12)", (debian,)))
    if newest.exists():
        found.append(Tool("restic (newest)", (str(newest),)))
    if len(found) == 1:
        raise SystemExit("There is no restic to compare with: apt-get install restic")
    if with_borg and (borg := shutil.which("borg")):
        found.append(Borg("borg", (borg,)))
    return tuple(found)
