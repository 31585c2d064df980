"""A home on a small disk of its own, to be filled to the last byte or mounted read-only."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.installation import ROOT, TestHome, make_installation
from tests.rig.programs import need, run

FILLER = "filler"


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """An installation whose home alone lies on a disk of some megabytes."""

    school: TestHome

    @property
    def folder(self) -> Path:
        return self.school.home.data

    def fill(self) -> None:
        """Leave not one byte."""
        with (self.folder / FILLER).open("ab", buffering=0) as filler:
            for size in (1 << 16, 4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(bytes(size)):
                        pass

    def make_room(self) -> None:
        (self.folder / FILLER).unlink()

    def forbid_writing(self) -> None:
        run("mount", "-o", "remount,ro", self.folder)

    def allow_writing(self) -> None:
        run("mount", "-o", "remount,rw", self.folder)

    def vangnet(self, *arguments: str, language: str = "en") -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "app", "--home", str(self.folder), "--lang", language, *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int = 8) -> Iterator[SmallDisk]:
    """Give an installation whose home lies on a small disk."""
    need("mount")
    school = make_installation(folder)
    home = school.home.data
    aside = folder / "made"
    home.rename(aside)
    home.mkdir(mode=0o700)
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}M,mode=700", "tmpfs", home)
    try:
        shutil.copytree(aside, home, dirs_exist_ok=True)
        yield SmallDisk(school)
    finally:
        run("umount", "-l", home)
