"""Where the fault tests keep their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.places import Kept


@pytest.fixture
def kept(memory_folder: Path) -> Kept:
    """Return a repository in memory."""
    return Kept.make(memory_folder / "repository")
