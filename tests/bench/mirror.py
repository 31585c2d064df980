"""`make bench BENCH=--places`: what three places cost beside one, from one reading of an office's files."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.mirror import backup_to_all
from app.repository.polynomial import random_polynomial
from app.repository.repository import Repository
from tests.bench.data import office_mix

_MEMORY = Path("/dev/shm")  # where Linux keeps files in memory: the source costs no disk


def main(files: int = 4000, rounds: int = 3) -> None:
    """Print the seconds and the ratio; each round makes new repositories and reads the same source."""
    with (
        tempfile.TemporaryDirectory(prefix="vangnet-bench-", dir=_MEMORY if _MEMORY.is_dir() else None) as source,
        tempfile.TemporaryDirectory(prefix="vangnet-bench-") as disk,
    ):
        made = office_mix(Path(source), files=files)
        print(f"{made.files:,} files, {made.bytes / 1e6:,.0f} MB; source in memory, repositories on disk")
        one: list[float] = []
        three: list[float] = []
        for number in range(rounds):
            one.append(_seconds(Path(source), Path(disk) / f"{number}-one", 1))
            three.append(_seconds(Path(source), Path(disk) / f"{number}-three", 3))
        first, all_ = statistics.median(one), statistics.median(three)
        print(f"one place {first:.2f} s, three places {all_:.2f} s: {all_ / first:.2f} times")


def _seconds(source: Path, folder: Path, count: int) -> float:
    master, polynomial = MasterKey.generate(), random_polynomial()
    repositories = [
        Repository.init(LocalBackend(folder / str(number)), master, polynomial=polynomial) for number in range(count)
    ]
    os.sync()
    began = time.monotonic()
    results = backup_to_all(repositories, [os.fsencode(source)])
    passed = time.monotonic() - began
    if any(result.error is not None for result in results):
        raise SystemExit("a place failed: nothing was measured")
    shutil.rmtree(folder)
    return passed
