"""What a back-up leaves out, beside restic where it leaves out the same; and a back-up that changes nothing."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.errors import RepositoryLocked, SnapshotNotFound
from app.repository.exclusion import Marker, exclusion_key
from app.repository.model import BackupOptions
from app.repository.patterns import Patterns
from app.repository.repository import Repository
from tests.rig.restic import Restic

CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, content in {
        "letter.txt": "dear",
        "LETTER.TMP": "left out in any case",
        "ÉTÉ.bak": "capitals of any alphabet",
        "cache/CACHEDIR.TAG": CACHE_TAG,
        "cache/deep/in/it.txt": "x",
        "no cache/CACHEDIR.TAG": "something else",
        "no cache/kept.txt": "kept",
        "marked/.nobackup": "",
        "marked/left out.txt": "x",
        "marked/folder/left out.txt": "x",
        "half/.nobackup": "",
        "build/keep.o": "kept by !",
        "build/drop.o": "x",
        "large.bin": "x" * 3000,
        "just fits.bin": "x" * 2048,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


CASES: dict[str, tuple[tuple[str, ...], BackupOptions]] = {
    "pattern": (("--exclude", "*.txt"), BackupOptions(exclude=("*.txt",))),
    "taken back": (
        ("--exclude", "*.o", "--exclude", "!keep.*"),
        BackupOptions(exclude=("*.o", "!keep.*")),
    ),
    "any case": (
        ("--iexclude", "*.tmp", "--iexclude", "été*"),
        BackupOptions(iexclude=("*.tmp", "été*")),
    ),
    "marker": (("--exclude-if-present", ".nobackup"), BackupOptions(exclude_if_present=(".nobackup",))),
    "marker with header": (
        ("--exclude-if-present", "CACHEDIR.TAG:Signature: 8a"),
        BackupOptions(exclude_if_present=("CACHEDIR.TAG:Signature: 8a",)),
    ),
    "caches": (("--exclude-caches",), BackupOptions(exclude_caches=True)),
    "large": (("--exclude-larger-than", "2k"), BackupOptions(exclude_larger_than=2048)),
}


@pytest.mark.parametrize("name", CASES)
def test_we_leave_out_what_restic_does(name: str, repository: Repository, witness: Restic, tree: Path) -> None:
    arguments, options = CASES[name]
    ours = repository.backup([os.fsencode(tree)], options=options).snapshot
    theirs = witness.backup(tree, options=arguments)
    paths = {os.fsdecode(entry.path) for entry in repository.walk(ours)}
    assert paths == {str(path) for path in witness.list_paths(theirs)}
    assert paths != {
        os.fsdecode(entry.path) for entry in repository.walk(repository.backup([os.fsencode(tree)]).snapshot)
    }


def test_what_is_left_out_decides_which_state_is_compared_with(
    repository: Repository, tree: Path, state_dir: Path
) -> None:
    for _arguments, options in CASES.values():
        with_it = repository.backup([os.fsencode(tree)], options=options, state_dir=state_dir)
        again = repository.backup([os.fsencode(tree)], options=options, state_dir=state_dir)
        assert (again.files_new_or_changed, again.files) == (0, with_it.files)
    keys = {exclusion_key(options) for _arguments, options in CASES.values()}
    assert len(keys) == len(CASES)


@pytest.mark.parametrize("text", ["", ":header", "a/b", "name:" + "x" * 5000], ids=lambda text: text[:12])
def test_a_marker_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a marker"):
        Marker.parse(text)


def test_a_pipe_as_a_marker_holds_up_nobody(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    os.mkfifo(folder / "CACHEDIR.TAG")
    (folder / "file").write_text("kept")
    summary = repository.backup([os.fsencode(folder)], options=BackupOptions(exclude_caches=True))
    assert summary.files == 1


def test_patterns_take_turns() -> None:
    patterns = Patterns(["*.o", "!keep.o", "/a/**"])
    assert patterns.matches(b"/b/x.o")
    assert not patterns.matches(b"/b/keep.o")
    assert patterns.matches(b"/a/keep.o")
    assert not Patterns(["!x"]).matches(b"/x")
    assert Patterns([r"\!x"]).matches(b"/!x")
    assert Patterns(["É*"], any_case=True).matches("/été".encode())
    assert Patterns(["n*"], any_case=True).matches(b"/N\xff")


# --- a parent of one's choice ------------------------------------------------------------------------------------


def test_a_parent_can_be_chosen(repository: Repository, tree: Path, state_dir: Path) -> None:
    first = repository.backup([os.fsencode(tree)], state_dir=state_dir).snapshot
    (tree / "new.txt").write_text("new")
    second = repository.backup([os.fsencode(tree)], state_dir=state_dir).snapshot
    options = BackupOptions(parent=first.short_id)
    third = repository.backup([os.fsencode(tree)], options=options, state_dir=state_dir)
    assert third.snapshot.parent == first.id
    assert third.files_new_or_changed == 1  # what is new since the first
    paths = [{entry.path for entry in repository.walk(snapshot)} for snapshot in (second, third.snapshot)]
    assert paths[0] == paths[1]
    with pytest.raises(SnapshotNotFound):
        repository.backup([os.fsencode(tree)], options=BackupOptions(parent="ab" * 32))
    assert repository.lock_names() == ()


# --- pretending ----------------------------------------------------------------------------------------------------


def test_a_dry_run_counts_as_a_real_one_would_and_changes_nothing(
    repository: Repository, tree: Path, state_dir: Path
) -> None:
    repository.backup([os.fsencode(tree)], state_dir=state_dir)
    (tree / "new.bin").write_bytes(os.urandom(300_000))

    def everything() -> dict[str, int]:
        root = Path(os.fsdecode(repository.backend.location))
        return {str(path): path.stat().st_mtime_ns for base in (root, state_dir) for path in base.rglob("*")}

    before = everything()
    told = repository.backup([os.fsencode(tree)], options=BackupOptions(dry_run=True), state_dir=state_dir)
    assert {path: at for path, at in everything().items() if "/locks" not in path} == {
        path: at for path, at in before.items() if "/locks" not in path
    }
    done = repository.backup([os.fsencode(tree)], state_dir=state_dir)
    compared = {field.name for field in fields(told)} - {"snapshot", "duration_s", "bytes_added"}
    assert {name: getattr(told, name) for name in compared} == {name: getattr(done, name) for name in compared}
    assert told.bytes_added == pytest.approx(done.bytes_added, rel=0.01)  # times compress a little differently
    assert told.bytes_added > 300_000
    assert len(repository.snapshots()) == 2


def test_a_dry_run_of_a_first_back_up_works_and_heeds_a_prune(tmp_path: Path, tree: Path) -> None:
    backend = LocalBackend(tmp_path / "fresh")
    repository = Repository.init(backend)
    options = BackupOptions(dry_run=True)
    assert repository.backup([os.fsencode(tree)], options=options).files == 15
    assert not list(backend.list(FileKind.PACK))
    with repository.lock(exclusive=True), pytest.raises(RepositoryLocked):
        repository.backup([os.fsencode(tree)], options=options)
    assert repository.lock_names() == ()
