"""How long to try: a few examples by default, many with VANGNET_LONG=1."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from app.repository.backend.memory import MemoryBackend
from tests.hostile.forge import Forge
from tests.hostile.sandbox import Sandbox

LONG = bool(os.environ.get("VANGNET_LONG"))


def examples(few: int) -> settings:
    """Return settings for a test that forks a child for each example: thirty times as many when there is time."""
    return settings(
        max_examples=few * 30 if LONG else few,
        deadline=None,  # the child has a time limit of its own
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        database=None,
        derandomize=not LONG,
        print_blob=True,
    )


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    yield Sandbox.make(tmp_path)
    subprocess.run(["rm", "-rf", tmp_path / "restored"], check=True)  # may be deeper than Python's own recursion


@pytest.fixture
def forge() -> Forge:
    """A forger whose repository has a config, and nothing else yet."""
    forge = Forge(MemoryBackend())
    forge.config()
    return forge


@contextmanager
def fresh_sandbox() -> Iterator[Sandbox]:
    """Yield one sandbox, for an example of its own."""
    with TemporaryDirectory() as folder:
        yield Sandbox.make(Path(folder))
