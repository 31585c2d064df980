"""The newest restic that Debian ships and Vangnet work in one repository, whoever made it."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from app.repository.model import BackupOptions, SnapshotId
from app.repository.repository import Repository
from app.repository.trees import parse_ns
from tests.compat.conftest import PASSWORD
from tests.rig.restic import Compression, Restic
from tests.rig.trees import assert_same_tree, build_varied_tree

ROOT = Path(__file__).parents[2]

MakeRepository = Callable[[], Repository]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def newest_program() -> str:
    """Unpack the newest restic beside the installed one and return it; without it these tests fail."""
    program = ROOT / ".peers" / "usr" / "bin" / "restic"
    with (ROOT / "tests" / "rig" / "newer-restic.sh").open() as script:
        fcntl.flock(script, fcntl.LOCK_EX)  # each process of a parallel test run asks for it
        done = subprocess.run(["sh", script.name], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    assert program.exists(), f"no newer restic: tests/rig/newer-restic.sh could not unpack one from Debian.\n{said}"
    return str(program)


@pytest.fixture
def newest(location: Path, tmp_path: Path, newest_program: str) -> Restic:
    return Restic.at(location, PASSWORD, folder=tmp_path, program=newest_program)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of everything, link targets that are no UTF-8 included: the newest restic keeps them."""
    root = tmp_path_factory.mktemp("newest") / "varied"
    build_varied_tree(root, raw_link_targets=True)
    os.chmod(os.fsencode(root) + b"/attributes/read only", 0o755)  # or pytest could not clean up
    return root


def test_newest_restic_is_newer_than_the_installed_one(newest_program: str) -> None:
    said = subprocess.run([newest_program, "version"], capture_output=True, text=True, check=True).stdout
    assert tuple(map(int, said.split()[1].split(".")[:2])) >= (0, 17)


def test_newest_restic_checks_and_restores_our_backup(
    make_repository: MakeRepository, newest: Restic, source: Path, tmp_path: Path
) -> None:
    summary = make_repository().backup([os.fsencode(source)])
    newest.check(read_data=True)
    newest.restore(summary.snapshot.id, tmp_path / "out")
    assert_same_tree(source, tmp_path / "out" / source.relative_to("/"))


@pytest.mark.parametrize(
    ("version", "compression"), [(1, "off"), (2, "off"), (2, "auto"), (2, "max")], ids=lambda value: str(value)
)
def test_we_check_and_restore_a_backup_of_the_newest_restic(
    open_repository: Callable[[], Repository],
    newest: Restic,
    source: Path,
    tmp_path: Path,
    version: Literal[1, 2],
    compression: Compression,
) -> None:
    newest.init(version)
    theirs = newest.backup(source, compression=compression)
    repository = open_repository()
    assert repository.version == version
    report = repository.check(read_data=True)
    assert (report.problems, report.snapshots) == ((), 1)
    assert repository.restore(repository.snapshot(theirs), os.fsencode(tmp_path / "out")).complete
    assert_same_tree(source, tmp_path / "out" / source.relative_to("/"))


@pytest.mark.parametrize("version", [1, 2])
def test_both_take_turns_in_one_repository(
    open_repository: Callable[[], Repository], newest: Restic, tmp_path: Path, version: Literal[1, 2]
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    newest.init(version)
    states: list[tuple[str, str]] = []
    for turn in range(4):
        (folder / f"{turn}.txt").write_text(f"{turn}" * 50_000)
        (folder / "same.txt").write_text(f"turn {turn}")
        if turn % 2:
            states.append((newest.backup(folder), f"turn {turn}"))
        else:
            states.append((open_repository().backup([os.fsencode(folder)]).snapshot.id, f"turn {turn}"))
    newest.check(read_data=True)
    repository = open_repository()
    assert repository.check(read_data=True).sound
    for snapshot, text in states:
        for name, restore in (("ours", _restore_ours(repository)), ("theirs", newest.restore)):
            out = tmp_path / name / snapshot
            restore(snapshot, out)
            assert (out / folder.relative_to("/") / "same.txt").read_text() == text


def _restore_ours(repository: Repository) -> Callable[[str, Path], object]:
    return lambda snapshot, out: repository.restore(repository.snapshot(snapshot), os.fsencode(out))


def test_newest_restic_lists_our_snapshots_with_the_same_values(
    make_repository: MakeRepository, newest: Restic, tmp_path: Path
) -> None:
    folder = tmp_path / "Map met spaties & <tekens> é"
    folder.mkdir()
    (folder / "file").write_text("content")
    repository = make_repository()
    options = BackupOptions(tags=("één", "two"), hostname="pc-12", username="juf", exclude=("*.tmp",))
    first = repository.backup([os.fsencode(folder)], options=options).snapshot
    second = repository.backup([os.fsencode(folder)], options=options).snapshot
    for told, ours in zip(newest.snapshots(), (first, second), strict=True):
        assert told["id"] == ours.id
        assert told["short_id"] == ours.short_id
        assert told["tree"] == ours.tree.hex()
        assert told["paths"] == [str(folder)]
        assert told["tags"] == ["één", "two"]
        assert told["excludes"] == ["*.tmp"]
        assert (told["hostname"], told["username"]) == ("pc-12", "juf")
        assert SnapshotId(str(told.get("parent", ""))) == (ours.parent or "")
        assert parse_ns(str(told["time"])) // 1000 == int(ours.time.timestamp() * 1_000_000)


def test_newest_restic_changes_a_password_and_ours_still_opens(
    make_repository: MakeRepository, open_repository: Callable[[], Repository], newest: Restic, tmp_path: Path
) -> None:
    make_repository()
    new = tmp_path / "new password"
    new.write_text("another one")
    newest.run("key", "add", "--new-password-file", new)
    assert len(open_repository().keys()) == 3
