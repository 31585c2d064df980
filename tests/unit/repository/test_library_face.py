"""The engine as a library: its public names, what importing them costs, and the example in its documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import app.repository as face

DOCUMENT = Path(__file__).parents[3] / "docs" / "engine.md"


@pytest.mark.parametrize("name", face.__all__)
def test_every_public_name_is_there(name: str) -> None:
    found = getattr(face, name)
    assert found.__name__ == name
    assert name in dir(face)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="Archivar"):
        _ = face.Archivar  # type: ignore[attr-defined]  # what is asked for is that there is none


def test_importing_the_engine_loads_nothing_heavy() -> None:
    code = (
        "import sys, app.repository; print([m for m in ('msgspec', 'cryptography', 'zstandard') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_the_documented_example_runs_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(example.strip().splitlines()) <= 23
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter.txt").write_text("Dear all")
    environment = {"PYTHONPATH": str(DOCUMENT.parents[1]), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, *_, complete, found = done.stdout.splitlines()
    assert first.split()[0] in ("opening", "paused")
    assert complete == "complete"
    assert found.endswith("letter.txt' True")
    below = tmp_path / "restored" / (tmp_path / "documents").relative_to("/")
    assert (below / "letter.txt").read_text() == "Dear all"
