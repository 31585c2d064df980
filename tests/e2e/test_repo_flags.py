"""Every further flag of `vangnet repo`, each seen to do what it says; restic is asked where it has the same one."""

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

    def run(*arguments: str | Path, expect: int | None = 0, stdin: str = "", **env: str) -> Done:
        return vangnet(
            "--home", str(tmp_path / "home"), "repo", *map(str, arguments),
            "-r", str(tmp_path / "repository"), "--password-file", str(password_file),
            expect=expect, stdin=stdin, env=env,
        )  # fmt: skip

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name in ("letters/a.txt", "letters/b.TMP", "letters/keep.tmp", "photos/p.jpg", "cache/x.bin", "odd [1].txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name * 50)
    (folder / "cache" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    (folder / "large.bin").write_bytes(os.urandom(300_000))
    return folder


def names(repo: Repo, source: Path, snapshot: str = "latest") -> set[str]:
    listed = repo("ls", snapshot, "--json").document()["entries"]
    return {
        entry["path"].removeprefix(f"{source}/")
        for entry in listed
        if entry["type"] != "dir" and entry["path"].startswith(f"{source}/")
    }


def test_patterns_and_paths_come_from_files(repo: Repo, source: Path, tmp_path: Path, fresh: None) -> None:
    excludes = tmp_path / "excludes"
    excludes.write_text("# what is left out\n  *.tmp  \n!keep.tmp\n$NOT_WANTED\n\n")
    iexcludes = tmp_path / "iexcludes"
    iexcludes.write_text("*.Bin\n")
    paths = tmp_path / "paths"
    paths.write_text(f"# what is backed up\n{source}/lett*\n")
    verbatim = tmp_path / "verbatim"
    verbatim.write_text(f"{source}/odd [1].txt\n")
    arguments = (
        "--exclude-file", excludes, "--iexclude-file", iexcludes, "--iexclude", "B.*", "--files-from", paths,
        "--files-from-verbatim", verbatim, "--files-from-raw", "-", source / "photos",
    )  # fmt: skip
    raw = f"{source}/cache\0{source}/large.bin\0"
    done = repo("backup", *arguments, "--json", stdin=raw, NOT_WANTED="p.jpg").document()
    assert names(repo, source, done["snapshot"]) == {
        "letters/a.txt", "letters/keep.tmp", "odd [1].txt", "cache/CACHEDIR.TAG", "large.bin",
    }  # fmt: skip
    repo("backup", expect=2)
    repo("backup", "--files-from-raw", verbatim, expect=2)
    repo("backup", "--files-from", tmp_path / "no such file", expect=2)


def test_markers_and_sizes_leave_out(repo: Repo, source: Path, fresh: None) -> None:
    repo("backup", source, "--exclude-caches", "--exclude-larger-than", "200k")
    assert names(repo, source) == {
        "letters/a.txt", "letters/b.TMP", "letters/keep.tmp", "photos/p.jpg", "cache/CACHEDIR.TAG", "odd [1].txt",
    }  # fmt: skip
    repo("backup", source, "--exclude-if-present", "p.jpg:photos")
    assert "photos/p.jpg" in names(repo, source)
    repo("backup", source, "--exclude-if-present", "a.txt")
    assert "letters/b.TMP" not in names(repo, source)
    repo("backup", source, "--exclude-if-present", "not/a/name", expect=2)


def test_time_parent_and_dry_run(repo: Repo, source: Path, tmp_path: Path, fresh: None) -> None:
    told = repo("backup", source, "--dry-run", "--json").document()
    assert (told["dry_run"], told["snapshot"]) == (True, None)
    assert told["bytes_added"] > 300_000
    assert "Nothing was stored" in repo("backup", source, "--dry-run").out
    assert repo("snapshots", "--json").document() == []
    first = repo("backup", source, "--time", "2026-03-04T05:06:07Z", "--json").document()
    assert first["bytes_added"] == pytest.approx(told["bytes_added"], rel=0.01)
    second = repo("backup", source, "--json").document()
    assert second["parent"] == first["snapshot"]
    third = repo("backup", source, "--parent", first["snapshot"][:8], "--json").document()
    assert (third["parent"], third["files_new_or_changed"]) == (first["snapshot"], 0)
    fourth = repo("backup", source, "--skip-if-unchanged", "--json").document()
    assert fourth["snapshot"] == third["snapshot"]
    [oldest, *_] = Restic.at(tmp_path / "repository", "geheim", folder=tmp_path).snapshots()
    assert (oldest["id"], str(oldest["time"])[:10]) == (first["snapshot"], "2026-03-04")
    repo("backup", source, "--time", "yesterday-ish", expect=2)
    repo("backup", source, "--parent", "0000", expect=10)


def test_snapshots_and_finds_are_chosen(repo: Repo, source: Path, fresh: None) -> None:
    for host, tag in (("one", "a"), ("one", "b"), ("two", "a")):
        repo("backup", source, "--host", host, "--tag", tag)
    every = repo("snapshots", "--json").document()
    assert [snapshot["hostname"] for snapshot in every] == ["one", "one", "two"]
    assert repo("snapshots", "-H", "one", "--tag", "b", "--json").document() == every[1:2]
    assert repo("snapshots", "--latest", "1", "--json").document() == every[1:]
    assert repo("snapshots", every[0]["short_id"], "--json").document() == every[:1]
    assert repo("snapshots", "--path", "/elsewhere", "--json").document() == []
    [found] = repo("find", "*.jpg", "--host", "one", "--json").document()
    assert found["snapshot"] == every[1]["id"]
    assert repo("find", "*.jpg", "--newest", "2020-01-01", "--json").document() == []
    assert len(repo("find", "*.jpg", "--oldest", "2020-01-01", "--json").document()) == 1


def test_a_restore_is_rehearsed_and_keeps_originals(repo: Repo, source: Path, fresh: None) -> None:
    repo("backup", source, "--host", "one")
    (source / "letters" / "a.txt").write_text("changed since")
    (source / "photos" / "p.jpg").unlink()
    arguments = ("restore", "latest", "--host", "one", "--target", "/", "--overwrite", "keep", "--json")
    told = repo(*arguments, "--dry-run").document()
    assert (told["dry_run"], told["files"]) == (True, 2)
    assert (source / "letters" / "a.txt").read_text() == "changed since"
    done = repo(*arguments).document()
    assert (done["files"], done["set_aside"]) == (2, [str(source / "letters" / "a.txt")])
    assert (source / "letters" / "a.txt.original").read_text() == "changed since"
    assert (source / "letters" / "a.txt").read_text() == "letters/a.txt" * 50
    assert (source / "photos" / "p.jpg").exists()
    repo("restore", "latest", "--host", "nobody", "--target", "/", expect=10)


def test_what_is_restored_is_chosen_by_patterns(repo: Repo, source: Path, tmp_path: Path, fresh: None) -> None:
    repo("backup", source)
    patterns = tmp_path / "patterns"
    patterns.write_text("letters\n")
    out = tmp_path / "out"
    repo(
        "restore", f"latest:{source}", "--target", out, "--include-file", patterns, "--iinclude", "P.JPG",
        "--iexclude", "*.tmp",
    )  # fmt: skip
    assert {path.name for path in out.rglob("*") if path.is_file()} == {"a.txt", "p.jpg"}


def test_a_part_of_the_data_is_checked(repo: Repo, source: Path, fresh: None) -> None:
    repo("backup", source)
    parts = [repo("check", "--read-data-subset", f"{part}/2", "--json").document() for part in (1, 2)]
    assert sum(part["packs_read"] for part in parts) == parts[0]["packs"] > 0
    assert repo("check", "--read-data-subset", "100%", "--json").document()["packs_read"] == parts[0]["packs"]
    assert repo("check", "--read-data-subset", "1k", "--json").document()["packs_read"] == 1
    repo("check", "--read-data-subset", "3/2", expect=2)
    repo("check", "--read-data-subset", "some", expect=2)
    repo("check", "--read-data-subset", "1/2", "--read-data", expect=2)
