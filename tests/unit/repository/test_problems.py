"""A run that meets a million problems names some and counts all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.repository import problems
from app.repository.model import FileProblem
from app.repository.problems import Problems
from app.repository.repository import Repository


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "MOST_NAMED", 5)


def test_past_the_limit_they_are_counted_and_not_kept() -> None:
    found = Problems()
    found.extend(FileProblem(b"/%03d" % (number % 50), "EIO") for number in range(60))
    assert (len(found.named()), found.unnamed, len(found)) == (5, 50, 55)
    assert found.named()[0].path == b"/000"


def test_a_back_up_counts_all_that_could_not_be_read(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "good").write_text("good")
    missing = [bytes(tmp_path / f"not there {number}") for number in range(20)]
    summary = repository.backup([bytes(source), *missing])
    assert (len(summary.problems), summary.problems_count, summary.complete) == (5, 20, False)


def test_a_restore_counts_all_that_it_left_alone(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"{number}").write_text("x")
    snapshot = repository.backup([bytes(source)]).snapshot
    summary = repository.restore(snapshot, os.fsencode("/"))
    assert (len(summary.skipped), summary.skipped_count) == (5, 20)
