"""What is begun before the command line is read in earnest."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import repo_ahead
from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.keys import make_key_file
from app.repository.repository import Repository
from app.secret import Secret


@pytest.fixture(autouse=True)
def as_if_nothing_were_begun() -> Iterator[None]:
    yield
    gc.enable()
    repo_ahead._folder_only.clear()


class Place:
    """A repository in a folder, and a file with its password."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.file = folder / "repository", folder / "password"
        self.file.write_text("correct horse\n")
        master, now = MasterKey.generate(), datetime(2026, 5, 4, tzinfo=UTC)
        key = make_key_file(master, Secret("correct horse"), hostname="h", username="u", now=now, n=1 << 10, p=1)
        self.id = Repository.init(LocalBackend(self.repository), master, [key]).id


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        "repo -r {repository} -p {file} backup x",
        "repo backup --repo={repository} --password-file={file} x",
        "repo backup x -r{repository} -p{file}",
    ],
)
def test_the_repository_of_the_command_line_is_opened_ahead(place: Place, words: str) -> None:
    repo_ahead.begin([word.format(repository=place.repository, file=place.file) for word in words.split()], {})
    begun = repo_ahead.take(str(place.repository), place.file)
    assert begun is not None
    assert begun.result().id == place.id
    assert repo_ahead.take(str(place.repository), place.file) is None


def test_the_repository_of_the_environment_is_opened_ahead(place: Place) -> None:
    location = f"local:{place.repository}"
    repo_ahead.begin(["repo", "snapshots"], {"RESTIC_REPOSITORY": location, "RESTIC_PASSWORD_FILE": str(place.file)})
    begun = repo_ahead.take(location, place.file)
    assert begun is not None
    assert begun.result().id == place.id


def test_another_repository_or_password_file_is_opened_anew(place: Place, tmp_path: Path) -> None:
    repo_ahead.begin(["repo", "-r", str(place.repository), "-p", str(place.file), "check"], {})
    assert repo_ahead.take(str(tmp_path), place.file) is None
    assert repo_ahead.take(str(place.repository), tmp_path / "other") is None
    assert repo_ahead.take(str(place.repository), place.file) is not None


@pytest.mark.parametrize(
    "words",
    [
        "status -r {repository} -p {file}",
        "repo init -r {repository} -p {file}",
        "repo backup --help -r {repository} -p {file}",
        "repo backup -r sftp:host:/folder -p {file}",
        "repo backup -r {repository}",
        "repo backup -r {repository} -p {repository}/missing",
        "repo backup -p {file} -r",
    ],
)
def test_nothing_is_begun_that_would_not_be_asked_for(place: Place, words: str) -> None:
    before = dict(repo_ahead._begun)
    repo_ahead.begin([word.format(repository=place.repository, file=place.file) for word in words.split()], {})
    assert repo_ahead._begun == before


def test_an_empty_password_file_is_left_to_the_command(place: Place) -> None:
    place.file.write_text("\n")
    before = dict(repo_ahead._begun)
    repo_ahead.begin(["repo", "-r", str(place.repository), "-p", str(place.file), "check"], {})
    assert repo_ahead._begun == before


@pytest.mark.parametrize("words", ["snapshots --json", "key list", "snapshots --nonsense", "ls latest"])
def test_all_is_said_and_the_exit_code_is_the_commands(place: Place, words: str) -> None:
    """The process ends by a short way of its own when the repository lies in a folder."""
    options = ["-r", str(place.repository), "-p", str(place.file)]
    short, long = (
        subprocess.run(
            [sys.executable, "-m", "app", *group, *options, *words.split()],
            capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        for group in (["repo"], ["--lang", "en", "repo"])
    )  # fmt: skip
    assert (short.returncode, short.stdout, short.stderr) == (long.returncode, long.stdout, long.stderr)
    assert short.stdout or short.stderr


def test_a_reader_that_goes_away_is_no_crash(place: Place) -> None:
    command = f"{sys.executable} -m app repo --repo {place.repository} -p {place.file} --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
