"""What the compat tests share: one varied tree, and repositories with passwords."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.keys import make_key_file
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.restic import Restic, keeps_raw_link_targets
from tests.rig.trees import build_varied_tree

PASSWORD = "geheim"
SECOND_PASSWORD = "recovery sheet: 4711-0815"


@pytest.fixture(scope="session")
def varied_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One of everything that this restic can keep; nobody may change it."""
    root = tmp_path_factory.mktemp("source") / "varied"
    build_varied_tree(root, raw_link_targets=keeps_raw_link_targets())
    yield root
    os.chmod(os.fsencode(root) + b"/attributes/read only", 0o755)  # or pytest could not clean up


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def restic(location: Path, tmp_path: Path) -> Restic:
    """restic on the repository at `location`, with the first password."""
    return Restic.at(location, PASSWORD, folder=tmp_path)


@pytest.fixture
def make_repository(location: Path) -> Callable[[], Repository]:
    """Make our own repository at `location`, which two passwords open."""

    def make() -> Repository:
        master = MasterKey.generate()
        # The least work that restic accepts: these tests are not about scrypt.
        keys = [
            make_key_file(
                master, Secret(password), hostname="pc", username="test", now=SystemClock().now(), n=1 << 10, r=8, p=1
            )
            for password in (PASSWORD, SECOND_PASSWORD)
        ]
        return Repository.init(LocalBackend(location), master, keys)

    return make


@pytest.fixture
def open_repository(location: Path) -> Callable[[], Repository]:
    """Open what is at `location` with the first password."""
    return lambda: Repository.open(LocalBackend(location), password=Secret(PASSWORD))
