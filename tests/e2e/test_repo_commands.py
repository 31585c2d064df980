"""`vangnet repo` as a script or an IT provider uses it: the real program, its exit codes and its documents."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.backend.local import LocalBackend
from tests.rig.commands import Done, vangnet
from tests.rig.repositories import init_with_password
from tests.rig.restic import Restic
from tests.rig.trees import assert_same_tree

Repo = Callable[..., Done]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "letters").mkdir(parents=True)
    (folder / "letters" / "council.txt").write_text("Dear council")
    (folder / "notes.tmp").write_text("left out")
    with open(os.fsencode(folder) + b"/caf\xe9 \x1b[31m.txt", "wb") as file:
        file.write(b"a name that no terminal should see as it is")
    return folder


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

    def run(command: str, *arguments: str | Path, expect: int | None = 0) -> Done:
        return vangnet(
            "--home", str(tmp_path / "home"), "repo", command, *map(str, arguments),
            "-r", str(tmp_path / "repository"), "--password-file", str(password_file), expect=expect,
        )  # fmt: skip

    return run


@pytest.mark.slow
def test_from_init_to_restore_with_one_document_each(repo: Repo, source: Path, tmp_path: Path) -> None:
    made = repo("init", "--json").document()
    assert made["repository"] == str(tmp_path / "repository")
    first = repo("backup", source, "--exclude", "*.tmp", "--tag", "a,b", "--host", "school", "--json").document()
    assert (first["complete"], first["files"], first["problems"]) == (True, 2, [])
    [snapshot] = repo("snapshots", "--json").document()
    assert snapshot["id"] == first["snapshot"]
    assert (snapshot["tags"], snapshot["hostname"], snapshot["paths"]) == (["a", "b"], "school", [str(source)])
    listed = repo("ls", "latest", source, "--json").document()
    assert [Path(entry["path"]).name for entry in listed["entries"]] == ["caf\\xe9 \x1b[31m.txt", "letters"]
    [hit] = repo("find", "COUNCIL", "--json").document()
    assert (hit["path"], hit["size"]) == (str(source / "letters" / "council.txt"), 12)
    report = repo("check", "--read-data", "--json").document()
    assert (report["sound"], report["snapshots"], report["read_data"]) == (True, 1, True)
    [key] = repo("key", "list", "--json").document()
    assert key["id"] == made["key"]
    restored = repo("restore", f"latest:{source}", "--target", tmp_path / "out", "--verify", "--json").document()
    assert (restored["complete"], restored["files"], restored["skipped"]) == (True, 2, [])
    (source / "notes.tmp").unlink()
    times = source.stat()
    os.utime(tmp_path / "out", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert_same_tree(source, tmp_path / "out", with_root=False)


@pytest.mark.slow
def test_restic_agrees_with_what_the_commands_made(repo: Repo, source: Path, tmp_path: Path, fresh: None) -> None:
    told = repo("backup", source).out
    restic = Restic.at(tmp_path / "repository", "geheim", folder=tmp_path)
    restic.check(read_data=True)
    [snapshot] = restic.snapshots()
    assert str(snapshot["id"])[:8] in told


@pytest.mark.slow
def test_lines_for_people_show_no_control_characters(repo: Repo, source: Path, fresh: None) -> None:
    repo("backup", source)
    for done in (repo("ls", "latest"), repo("ls", "latest", "--long"), repo("find", "caf")):
        assert "caf\\xe9 \\x1b[31m.txt" in done.out
        assert "\x1b" not in done.out + done.err


@pytest.mark.slow
def test_a_restore_over_files_needs_a_word(repo: Repo, source: Path, tmp_path: Path, fresh: None) -> None:
    repo("backup", source)
    there = tmp_path / "out" / "letters" / "council.txt"
    there.parent.mkdir(parents=True)
    there.write_text("precious")
    done = repo("restore", f"latest:{source}", "--target", tmp_path / "out", "--json")
    assert done.document()["skipped"] == [str(source / "letters" / "council.txt")]
    assert "council.txt" in done.err
    assert there.read_text() == "precious"
    repo("restore", f"latest:{source}", "--target", tmp_path / "out", "--overwrite", "always")
    assert there.read_text() == "Dear council"


@pytest.mark.slow
def test_exit_codes_tell_what_happened(repo: Repo, source: Path, tmp_path: Path, password_file: Path) -> None:
    repo("snapshots", expect=10)
    repo("init")
    repo("init", expect=1)
    repo("restore", "latest", "--target", tmp_path / "out", expect=10)
    repo("backup", tmp_path / "not there", expect=10)
    repo("backup", source, "--no-such-option", expect=2)
    partly = repo("backup", source, tmp_path / "not there", "--json", expect=3)
    assert partly.document()["complete"] is False
    assert "not there" in partly.err
    repo("ls", "latest", "/not/there", expect=10)
    password_file.write_text("another password")
    repo("snapshots", expect=12)
    password_file.write_text("\n")
    repo("snapshots", expect=2)
    done = vangnet("repo", "snapshots", "-r", str(tmp_path / "repository"), expect=2)
    assert "--password-file" in done.err


@pytest.mark.slow
def test_a_damaged_repository_fails_the_check_and_says_where(
    repo: Repo, source: Path, tmp_path: Path, fresh: None
) -> None:
    repo("backup", source)
    pack = max((tmp_path / "repository" / "data").rglob("?" * 64), key=lambda file: file.stat().st_size)
    pack.write_bytes(pack.read_bytes()[:-1] + b"?")
    done = repo("check", "--read-data", "--json", expect=1)
    assert done.document()["sound"] is False
    assert [problem["file"] for problem in done.document()["problems"]] == [f"data/{pack.name}"]
    assert pack.name in repo("check", "--read-data", expect=1).out


@pytest.mark.slow
def test_a_locked_repository_is_told_apart(repo: Repo, source: Path, tmp_path: Path, fresh: None) -> None:
    from app.repository.backend.local import LocalBackend
    from app.repository.repository import Repository
    from app.secret import Secret

    repository = Repository.open(LocalBackend(tmp_path / "repository"), password=Secret("geheim"))
    with repository.lock(exclusive=True):
        repo("backup", source, expect=11)
        repo("check", expect=11)


@pytest.mark.slow
def test_the_repository_may_come_from_restics_own_variables(source: Path, tmp_path: Path, password_file: Path) -> None:
    env = {"RESTIC_REPOSITORY": str(tmp_path / "repository"), "RESTIC_PASSWORD_FILE": str(password_file)}
    vangnet("repo", "init", env=env)
    assert vangnet("repo", "snapshots", "--json", env=env).document() == []
    # Before the command's name as well as after it:
    options = ("-r", str(tmp_path / "repository"), "--password-file", str(password_file))
    assert vangnet("repo", *options, "snapshots", "--json").document() == []
