"""Looking at the source before the repository is open, and what a back-up makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository import archiver
from app.repository.model import BackupOptions, BackupSummary
from app.repository.repository import Repository
from app.repository.scan import Glance, Scanner

Ahead = dict[bytes, Glance]


def never() -> bool:
    return False


@pytest.fixture
def back_up(repository: Repository, source: Path, state_dir: Path) -> Callable[[Ahead], BackupSummary]:
    return lambda ahead: repository.backup([bytes(source)], state_dir=state_dir, ahead=ahead)


@pytest.fixture
def look(source: Path) -> Callable[[], Ahead]:
    return lambda: Scanner(None).look_ahead([bytes(source)], until=never)


def test_an_unchanged_source_is_not_listed_a_second_time(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = back_up({})
    ahead = look()
    listed: list[bytes] = []
    monkeypatch.setattr(Scanner, "list", lambda _self, path: listed.append(path))
    second = back_up(ahead)
    assert listed == []
    assert second.snapshot.tree == first.snapshot.tree
    assert (second.files, second.folders, second.bytes_total) == (first.files, first.folders, first.bytes_total)
    assert (second.files_new_or_changed, second.bytes_read) == (0, 0)


def test_what_changed_before_the_look_is_backed_up(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead], source: Path
) -> None:
    back_up({})
    (source / "lessons/maths/new.txt").write_bytes(b"new")
    summary = back_up(look())
    assert (summary.files, summary.files_new_or_changed) == (4, 1)
    assert summary.snapshot.tree == back_up({}).snapshot.tree


def test_what_changed_after_the_look_is_backed_up_by_the_next_run_at_the_latest(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead], source: Path
) -> None:
    back_up({})
    ahead = look()
    (source / "lessons/maths/new.txt").write_bytes(b"new")
    (source / "lessons/plan.txt").unlink()
    back_up(ahead)
    assert back_up({}).files == 3
    names = {path.name for path in source.rglob("*") if path.is_file()}
    assert names == {"fractions.txt", "new.txt", "pupils.csv"}


def test_a_first_back_up_takes_no_harm_from_a_look(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead]
) -> None:
    summary = back_up(look())
    assert (summary.files, summary.files_new_or_changed, summary.complete) == (3, 3, True)


def test_looking_ends_when_there_is_no_more_time(source: Path) -> None:
    answers = iter([False, True])
    ahead = Scanner(None).look_ahead([bytes(source)], until=lambda: next(answers))
    assert list(ahead) == [bytes(source)]


def test_a_source_never_backed_up_is_not_looked_at(source: Path, state_dir: Path) -> None:
    assert archiver.look_ahead([bytes(source)], options=BackupOptions(), state_dir=state_dir, until=never) == {}
    (state_dir / "some.state").write_bytes(b"")
    assert archiver.look_ahead([bytes(source)], options=BackupOptions(), state_dir=state_dir, until=never)
    forced = BackupOptions(force=True)
    assert archiver.look_ahead([bytes(source)], options=forced, state_dir=state_dir, until=never) == {}
    assert archiver.look_ahead([bytes(source)], options=BackupOptions(), state_dir=None, until=never) == {}
