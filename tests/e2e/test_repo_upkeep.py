"""The maintaining commands of `vangnet repo` as an IT provider uses them: the real program, its documents and codes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.backend.local import LocalBackend
from tests.rig.commands import Done, vangnet
from tests.rig.repositories import init_with_password
from tests.rig.restic import Restic

Repo = Callable[..., Done]

pytestmark = pytest.mark.slow


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("geheim\n")
    return file


@pytest.fixture
def fresh(tmp_path: Path) -> None:
    """Have the repository made, with a key that costs little to open: `vangnet repo init` has tests of its own."""
    init_with_password(LocalBackend(tmp_path / "repository"))


@pytest.fixture
def repo(tmp_path: Path, password_file: Path) -> Repo:
    """Run `vangnet repo COMMAND …` on one repository."""

    def run(*arguments: str | Path, expect: int | None = 0) -> Done:
        return vangnet(
            "--home", str(tmp_path / "home"), "repo", *map(str, arguments),
            "-r", str(tmp_path / "repository"), "--password-file", str(password_file), expect=expect,
        )  # fmt: skip

    return run


@pytest.fixture
def three_days(repo: Repo, tmp_path: Path, fresh: None) -> list[str]:
    """Make a repository with three snapshots; return their ids."""
    source = tmp_path / "source"
    source.mkdir()
    made = []
    for day in range(3):
        (source / "plan.bin").write_bytes(os.urandom(300_000))
        (source / f"{day}.txt").write_text(f"day {day}")
        made.append(repo("backup", source, "--host", "school", "--json").document()["snapshot"])
    return made


def test_old_snapshots_are_forgotten_and_their_data_pruned(repo: Repo, three_days: list[str], tmp_path: Path) -> None:
    foretold = repo("forget", "--keep-last", "1", "--dry-run", "--json").document()
    assert len(foretold["removed"]) == 2
    done = repo("forget", "--keep-last", "1", "--prune", "--max-unused", "0", "--json").document()
    assert [snapshot["id"] for snapshot in done["kept"]] == three_days[2:]
    assert done["kept"][0]["reasons"] == ["last snapshot"]
    assert done["prune"]["bytes_freed"] > 500_000
    again = repo("prune", "--json").document()
    assert (again["packs_removed"], again["packs_repacked"], again["bytes_freed"]) == (0, 0, 0)
    Restic.at(tmp_path / "repository", "geheim", folder=tmp_path).check(read_data=True)


def test_the_newest_is_refused_by_id(repo: Repo, three_days: list[str]) -> None:
    done = repo("forget", three_days[0][:8], three_days[2], "--json", expect=1)
    assert [snapshot["id"] for snapshot in done.document()["removed"]] == three_days[:1]
    assert "newest of its group" in done.err
    assert len(repo("snapshots", "--json").document()) == 2


def test_forget_wants_to_know_what(repo: Repo, three_days: list[str]) -> None:
    repo("forget", expect=2)
    repo("forget", three_days[0], "--keep-last", "1", expect=2)
    repo("forget", "--keep-within", "five days", expect=2)
    repo("forget", "--keep-last", "-3", expect=2)
    repo("forget", "--keep-last", "1", "--group-by", "colour", expect=2)
    repo("prune", "--max-unused", "much", expect=2)
    repo("forget", "ab" * 32, expect=10)
    assert len(repo("snapshots", "--json").document()) == 3


def test_filters_choose_what_a_policy_is_about(repo: Repo, three_days: list[str]) -> None:
    assert repo("forget", "--keep-last", "1", "--host", "elsewhere", "--json").document()["removed"] == []
    done = repo("forget", "--keep-last", "1", "--host", "school", "--dry-run", "--json").document()
    assert len(done["removed"]) == 2


def test_snapshots_are_copied_to_another_repository(
    repo: Repo, three_days: list[str], tmp_path: Path, password_file: Path
) -> None:
    second = tmp_path / "second password"
    second.write_text("another")

    def elsewhere(*arguments: str | Path) -> Done:
        place = ("-r", str(tmp_path / "second"), "--password-file", str(second))
        return vangnet("--home", str(tmp_path / "home"), "repo", *map(str, arguments), *place)

    elsewhere("init")
    from_here = ("--from-repo", tmp_path / "repository", "--from-password-file", password_file)
    done = elsewhere("copy", *from_here, three_days[1][:8], "--json").document()
    assert [copied["snapshot"] for copied in done["copied"]] == [three_days[1]]
    done = elsewhere("copy", *from_here, "--json").document()
    assert (len(done["copied"]), done["skipped"]) == (2, [three_days[1]])
    Restic.at(tmp_path / "second", "another", folder=tmp_path).check(read_data=True)


def test_snapshots_are_compared_and_counted(repo: Repo, three_days: list[str]) -> None:
    changes = repo("diff", three_days[0], three_days[2], "--json").document()
    told = {(Path(change["path"]).name, change["modifier"]) for change in changes["changes"]}
    assert told == {("plan.bin", "M"), ("1.txt", "+"), ("2.txt", "+")}
    assert repo("stats", "latest", "--json").document()["total_size"] == 300_000 + 3 * len("day 0")
    assert repo("stats", "--mode", "raw-data", "--json").document()["total_size"] > 900_000
    assert "plan.bin" in repo("diff", three_days[0], three_days[1]).out


def test_a_damaged_repository_is_repaired_step_by_step(repo: Repo, three_days: list[str], tmp_path: Path) -> None:
    pack = max((tmp_path / "repository" / "data").rglob("?" * 64), key=lambda file: file.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[1000] ^= 1
    pack.write_bytes(data)
    for file in (tmp_path / "repository" / "index").iterdir():
        file.unlink()
    assert repo("repair", "index", "--json").document()["problems"] == []
    [problem] = repo("check", "--read-data", "--json", expect=1).document()["problems"]
    repaired = repo("repair", "packs", problem["file"], "--json").document()
    assert len(repaired["blobs_lost"]) == 1
    foretold = repo("repair", "snapshots", "--dry-run", "--json").document()
    assert [Path(lost["path"]).name for lost in foretold["problems"]] == ["plan.bin"]
    done = repo("repair", "snapshots", "--forget", "--json").document()
    assert len(done["repaired"]) == 1
    assert repo("check", "--read-data", "--json").document()["sound"]
    repo("repair", "packs", "not a pack", expect=2)


def test_keys_are_added_changed_and_removed(
    repo: Repo, three_days: list[str], tmp_path: Path, password_file: Path
) -> None:
    new = tmp_path / "new password"
    new.write_text("a new one")
    added = repo("key", "add", "--new-password-file", new, "--json").document()
    assert len(repo("key", "list", "--json").document()) == 2
    repo("key", "remove", added["id"][:10])
    [first] = repo("key", "list", "--json").document()
    repo("key", "remove", first["id"], expect=1)
    repo("key", "remove", "0000", expect=10)
    repo("key", "passwd", "--new-password-file", new)
    repo("snapshots", expect=12)
    password_file.write_text("a new one")
    assert len(repo("snapshots", "--json").document()) == 3


def test_locks_of_the_dead_are_removed(repo: Repo, three_days: list[str], tmp_path: Path) -> None:
    assert repo("unlock", "--json").document() == {"removed": 0, "left": 0}
    assert repo("migrate", "--json").document() == {"migrated": False, "version": 2}


def test_a_repository_of_version_1_is_migrated(repo: Repo, tmp_path: Path) -> None:
    restic = Restic.at(tmp_path / "repository", "geheim", folder=tmp_path)
    restic.init(1)
    restic.backup(tmp_path / "password")
    assert repo("migrate", "--json").document() == {"migrated": True, "version": 2}
    restic.check(read_data=True)
