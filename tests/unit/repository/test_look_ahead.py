"""Looking at the source before the repository is open, and what a back-up makes of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.repository import archiver
from app.repository.ahead import Ahead
from app.repository.model import BackupOptions, BackupSummary
from app.repository.repository import Repository
from app.repository.scan import Scanner


def never() -> bool:
    return False


@pytest.fixture
def back_up(repository: Repository, source: Path, state_dir: Path) -> Callable[[Ahead], BackupSummary]:
    return lambda ahead: repository.backup([bytes(source)], state_dir=state_dir, ahead=ahead)


@pytest.fixture(params=[False, True], ids=["alone", "with a helper"])
def look(source: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Ahead]]:
    ahead = Ahead()

    def look() -> Ahead:
        ahead.look(Scanner(None), [bytes(source)], until=never, with_helper=request.param)
        return ahead

    yield look
    ahead.close()


def test_an_unchanged_source_is_not_listed_a_second_time(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = back_up(Ahead())
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
    back_up(Ahead())
    (source / "lessons/maths/new.txt").write_bytes(b"new")
    summary = back_up(look())
    assert (summary.files, summary.files_new_or_changed) == (4, 1)
    assert summary.snapshot.tree == back_up(Ahead()).snapshot.tree


def test_what_changed_after_the_look_is_backed_up_by_the_next_run_at_the_latest(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead], source: Path
) -> None:
    back_up(Ahead())
    ahead = look()
    (source / "lessons/maths/new.txt").write_bytes(b"new")
    (source / "lessons/plan.txt").unlink()
    back_up(ahead)
    assert back_up(Ahead()).files == 3
    names = {path.name for path in source.rglob("*") if path.is_file()}
    assert names == {"fractions.txt", "new.txt", "pupils.csv"}


def test_a_first_back_up_takes_no_harm_from_a_look(
    back_up: Callable[[Ahead], BackupSummary], look: Callable[[], Ahead]
) -> None:
    summary = back_up(look())
    assert (summary.files, summary.files_new_or_changed, summary.complete) == (3, 3, True)


def test_looking_ends_when_there_is_no_more_time(source: Path) -> None:
    answers = iter([False, False, True])
    ahead = Ahead()
    ahead.look(Scanner(None), [bytes(source)], until=lambda: next(answers), with_helper=False)
    assert list(ahead) == [bytes(source)]


def test_a_source_never_backed_up_is_not_looked_at(source: Path, state_dir: Path) -> None:
    def look(options: BackupOptions, state_dir: Path | None = state_dir) -> int:
        with archiver.look_ahead([bytes(source)], options=options, state_dir=state_dir, until=never) as ahead:
            return len(ahead)

    assert look(BackupOptions()) == 0
    (state_dir / "some.state").write_bytes(b"")
    assert look(BackupOptions()) == 3
    assert look(BackupOptions(force=True)) == 0
    assert look(BackupOptions(), None) == 0


def folders_below(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number % 7}" / f"{number}").mkdir(parents=True)
        (folder / f"{number % 7}" / f"{number}" / "file.txt").write_bytes(b"x" * number)


def test_two_look_at_everything_once_the_key_is_there_at_once(
    repository: Repository, source: Path, state_dir: Path
) -> None:
    folders_below(source, 150)
    first = repository.backup([bytes(source)], state_dir=state_dir)
    answers = iter([False] * 6)
    with Ahead() as ahead:
        ahead.look(Scanner(None), [bytes(source)], until=lambda: next(answers, True), with_helper=True)
        second = repository.backup([bytes(source)], state_dir=state_dir, ahead=ahead)
    assert second.snapshot.tree == first.snapshot.tree
    assert (second.files, second.folders, second.bytes_total) == (first.files, first.folders, first.bytes_total)
    assert second.bytes_read == 0


def test_a_helper_that_dies_costs_only_time(repository: Repository, source: Path, state_dir: Path) -> None:
    folders_below(source, 150)
    first = repository.backup([bytes(source)], state_dir=state_dir)
    (source / "3" / "3" / "new.txt").write_bytes(b"new")
    answers = iter([False] * 4)
    with Ahead() as ahead:
        ahead.look(Scanner(None), [bytes(source)], until=lambda: next(answers, True), with_helper=True)
        os.kill(ahead._helper, signal.SIGKILL)
        second = repository.backup([bytes(source)], state_dir=state_dir, ahead=ahead)
    assert (second.files, second.files_new_or_changed) == (first.files + 1, 1)


def test_the_helper_ends_with_the_look(source: Path) -> None:
    folders_below(source, 60)
    with Ahead() as ahead:
        ahead.look(Scanner(None), [bytes(source)], until=never, with_helper=True)
        helper = ahead._helper
        assert helper > 0
    with pytest.raises(ProcessLookupError):
        os.kill(helper, 0)


@pytest.mark.parametrize("becomes", ["file", "nothing"])
def test_a_folder_that_is_none_any_more_is_told(
    repository: Repository, source: Path, state_dir: Path, becomes: str
) -> None:
    """It went after the look, in a folder of which another part has changed."""
    folders_below(source, 20)
    repository.backup([bytes(source)], state_dir=state_dir)
    with Ahead() as ahead:
        ahead.look(Scanner(None), [bytes(source)], until=never, with_helper=False)
        (source / "3" / "3" / "file.txt").write_bytes(b"changed")
        ahead._glances.pop(bytes(source / "3" / "3"))
        gone = source / "3" / "10"
        (gone / "file.txt").unlink()
        gone.rmdir()
        if becomes == "file":
            gone.write_bytes(b"a file now")
        summary = repository.backup([bytes(source)], state_dir=state_dir, ahead=ahead)
    assert [problem.path for problem in summary.problems] == [bytes(gone)]
    again = repository.backup([bytes(source)], state_dir=state_dir)
    assert again.complete
    names = {entry.path for entry in repository.walk(again.snapshot)}
    assert (bytes(gone) in names) == (becomes == "file")
