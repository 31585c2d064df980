"""The files that a restore test brought back, kept a day so that a person can open one and say it is right."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.paths import Home
from app.records.facts import RunId

KEPT = timedelta(days=1)
NEWEST = "newest"
OLDEST = "oldest"
"""The folders of a sample: files of the newest copy, and of the oldest one."""


def samples_folder(home: Home) -> Path:
    """Return the folder that holds the samples of all restore tests."""
    return home.data / "restore-tests"


def sample_folder(home: Home, run_id: RunId) -> Path:
    """Return where the restored files of one test are (it need not exist any more)."""
    return samples_folder(home) / str(run_id)


def make_sample_folder(home: Home, run_id: RunId) -> Path:
    """Make an empty folder for one test, closed to others: what comes back may be secret."""
    samples_folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    samples_folder(home).chmod(0o700)
    forget_sample(home, run_id)
    folder = sample_folder(home, run_id)
    folder.mkdir(mode=0o700)
    return folder


def sample_files(home: Home, run_id: RunId) -> tuple[Path, ...]:
    """Return the restored files of a test that are still there, those of the newest copy first."""
    found: list[Path] = []
    for part in (NEWEST, OLDEST):
        for folder, _folders, names in os.walk(sample_folder(home, run_id) / part):
            found += [Path(folder, name) for name in sorted(names)]
    return tuple(found)


def forget_sample(home: Home, run_id: RunId) -> None:
    """Remove the restored files of a test: a person has confirmed them, or they are a day old."""
    _remove(sample_folder(home, run_id))


def forget_old_samples(home: Home, now: datetime) -> None:
    """Remove the samples that nobody confirmed within a day."""
    folder = samples_folder(home)
    if not folder.is_dir():
        return
    for sample in folder.iterdir():
        if now - datetime.fromtimestamp(sample.stat().st_mtime, UTC) > KEPT:
            _remove(sample)


def _remove(folder: Path) -> None:
    if not folder.is_dir() or folder.is_symlink():
        return
    # Restored folders keep their modes; one without write permission could not be emptied.
    for inner, names, _files in os.walk(folder):
        for name in names:
            path = Path(inner, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
