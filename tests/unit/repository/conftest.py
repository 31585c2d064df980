"""Repositories to test the engine with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository.backend.local import LocalBackend
from app.repository.keys import make_key_file
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.restic import Restic

PASSWORD = "correct horse"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 5, 4, 7, 30, tzinfo=UTC))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository in a folder, opened by its master key alone."""
    return Repository.init(LocalBackend(tmp_path / "repository"))


@pytest.fixture
def witness(tmp_path: Path, repository: Repository, clock: FixedClock) -> Restic:
    """Return restic on the same repository."""
    key = make_key_file(
        repository.master, Secret(PASSWORD), hostname="h", username="u", now=clock.now(), n=1 << 10, p=1
    )
    repository.add_key(key)
    return Restic.at(tmp_path / "repository", PASSWORD, folder=tmp_path)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Return a folder for what back-ups remember."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a small folder to back up."""
    source = tmp_path / "source"
    (source / "lessons/maths").mkdir(parents=True)
    (source / "lessons/maths/fractions.txt").write_bytes(b"one half " * 1000)
    (source / "lessons/plan.txt").write_bytes(b"monday: fractions")
    (source / "pupils.csv").write_bytes(b"name;class\n" * 300)
    return source
