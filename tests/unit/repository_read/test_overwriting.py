"""Restoring over what is there: what is left, what gives way, and what is kept beside it; and rehearsing it all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from app.repository import overwriting
from app.repository.backend.local import LocalBackend
from app.repository.errors import Cancelled
from app.repository.model import Cancel, Monitor, Overwrite, RestoreOptions, RestoreSummary, Snapshot
from app.repository.repository import Repository
from tests.rig.trees import describe_tree


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.init(LocalBackend(tmp_path / "repository"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    for name in ("same", "older here", "newer here", "only in the snapshot"):
        (folder / name).write_text(f"{name}, as it was")
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    (folder / "sub" / "large").write_bytes(os.urandom(3_000_000))
    (folder / "link").symlink_to("same")
    return folder


@pytest.fixture
def snapshot(repository: Repository, source: Path) -> Snapshot:
    snapshot = repository.backup([bytes(source)]).snapshot
    (source / "older here").write_text("older")
    os.utime(source / "older here", (1_600_000_000, 1_600_000_000))
    (source / "newer here").write_text("newer")
    os.utime(source / "newer here", (1_800_000_000, 1_800_000_000))
    (source / "only in the snapshot").unlink()
    (source / "sub" / "large").write_bytes(b"other")
    return snapshot


def restore(
    repository: Repository, snapshot: Snapshot, source: Path, overwrite: Overwrite, *, dry_run: bool = False
) -> RestoreSummary:
    """Restore in place."""
    options = RestoreOptions(overwrite=overwrite, dry_run=dry_run)
    return repository.restore(snapshot, b"/", options=options)


def names(paths: tuple[bytes, ...]) -> set[str]:
    return {os.path.basename(os.fsdecode(path)) for path in paths}


ALL = {"same", "older here", "newer here", "large", "link"}


@pytest.mark.parametrize(
    ("overwrite", "left"),
    [
        ("never", ALL),
        ("always", set()),
        ("if-changed", {"same", "link"}),
        ("if-newer", {"same", "newer here", "large", "link"}),
        ("keep", {"same", "link"}),
    ],
)
def test_what_is_left_and_what_is_replaced(
    repository: Repository, snapshot: Snapshot, source: Path, overwrite: Overwrite, left: set[str]
) -> None:
    before = describe_tree(source)
    told = restore(repository, snapshot, source, overwrite, dry_run=True)
    assert describe_tree(source) == before
    done = restore(repository, snapshot, source, overwrite)
    assert names(done.skipped) == left
    assert (told.files, told.folders, told.skipped) == (done.files, done.folders, done.skipped)
    assert done.complete
    assert (source / "only in the snapshot").read_text() == "only in the snapshot, as it was"
    for name in ("older here", "newer here"):
        assert (source / name).read_text() == (name.split()[0] if name in left else f"{name}, as it was")


def test_originals_are_kept_beside_what_takes_their_place(
    repository: Repository, snapshot: Snapshot, source: Path
) -> None:
    done = restore(repository, snapshot, source, "keep")
    assert names(done.set_aside) == {"older here", "newer here", "large"}
    assert (source / "newer here.original").read_text() == "newer"
    assert (source / "newer here.original").stat().st_mtime == 1_800_000_000
    assert (source / "sub" / "large.original").read_bytes() == b"other"
    (source / "link").unlink()
    (source / "link").symlink_to("another")
    (source / "newer here").write_text("a third state")
    assert names(restore(repository, snapshot, source, "keep").set_aside) == {"newer here", "link"}
    assert os.readlink(source / "link.original") == "another"
    assert os.readlink(source / "link") == "same"
    assert (source / "newer here.original").read_text() == "newer"
    assert (source / "newer here.original-2").read_text() == "a third state"


def test_a_folder_in_the_way_of_a_file_is_kept_too(repository: Repository, snapshot: Snapshot, source: Path) -> None:
    (source / "same").unlink()
    (source / "same").mkdir()
    (source / "same" / "inside").write_text("precious")
    assert restore(repository, snapshot, source, "always").problems
    assert (source / "same" / "inside").read_text() == "precious"
    assert restore(repository, snapshot, source, "keep").complete
    assert (source / "same.original" / "inside").read_text() == "precious"
    assert (source / "same").read_text() == "same, as it was"


def test_where_a_file_can_have_no_second_name_it_is_renamed(
    repository: Repository, snapshot: Snapshot, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overwriting, "os", _WithoutLinks())
    assert restore(repository, snapshot, source, "keep").complete
    assert (source / "newer here.original").read_text() == "newer"
    assert (source / "newer here").read_text() == "newer here, as it was"


class CancelOnceBegun(Cancel):
    """Is set as soon as the restore writes."""

    __slots__ = ("folder",)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def heed(self, monitor: Monitor | None = None, **_: object) -> None:
        if any(self.folder.rglob("*.original")):
            self.set()
        super().heed(monitor)


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_what_was_not_replaced_after_all_has_its_own_name_and_no_other(
    repository: Repository, snapshot: Snapshot, source: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    before = describe_tree(source)
    if not links:
        monkeypatch.setattr(overwriting, "os", _WithoutLinks())
    with pytest.raises(Cancelled):
        repository.restore(snapshot, b"/", options=RestoreOptions(overwrite="keep"), cancel=CancelOnceBegun(source))
    after = describe_tree(source)
    assert after.keys() == before.keys()
    assert (source / "newer here").read_text() == "newer"


class _WithoutLinks:
    """`os` of a place that knows no links."""

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def link(self, *_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")


def test_a_rehearsal_tells_what_stands_in_the_way(
    repository: Repository, snapshot: Snapshot, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    told = repository.restore(snapshot, bytes(out), options=RestoreOptions(dry_run=True))
    assert not out.exists()
    assert told.complete
    done = repository.restore(snapshot, bytes(out))
    assert (told.files, told.folders, told.bytes_written) == (done.files, done.folders, done.bytes_written)
    blocked = tmp_path / "blocked" / source.relative_to("/")
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder should be")
    options = RestoreOptions(dry_run=True)
    told = repository.restore(snapshot, bytes(tmp_path / "blocked"), options=options)
    done = repository.restore(snapshot, bytes(tmp_path / "blocked"))
    assert told.problems == done.problems
    assert [problem.reason for problem in told.problems] == ["ENOTDIR"]


def test_a_long_name_is_cut_for_its_original(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    long = source / ("n" * 255)
    long.write_text("first")
    snapshot = repository.backup([bytes(source)]).snapshot
    long.write_text("second one")
    assert restore(repository, snapshot, source, "keep").complete
    assert (source / ("n" * 246 + ".original")).read_text() == "second one"
    assert long.read_text() == "first"
