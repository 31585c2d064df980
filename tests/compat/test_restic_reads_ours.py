"""What Vangnet writes, stock restic must check and restore: there is no lock-in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.model import BackupOptions
from app.repository.repository import Repository
from tests.compat.conftest import SECOND_PASSWORD
from tests.rig.restic import Restic, ResticFailed, as_restic_tells
from tests.rig.trees import AWKWARD_NAMES, assert_same_tree

MakeRepository = Callable[[], Repository]


@pytest.mark.slow
def test_restic_restores_our_backup_identically(
    make_repository: MakeRepository, restic: Restic, varied_tree: Path, tmp_path: Path
) -> None:
    summary = make_repository().backup([os.fsencode(varied_tree)])
    assert summary.complete
    restic.check(read_data=True)
    restic.restore(summary.snapshot.id, tmp_path / "out")
    assert_same_tree(varied_tree, tmp_path / "out" / varied_tree.relative_to("/"))


@pytest.mark.slow
def test_restic_sees_a_second_backup_of_a_changed_tree(
    make_repository: MakeRepository, restic: Restic, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "kept.txt").write_text("kept")
    (source / "changed.txt").write_text("before")
    (source / "removed.txt").write_text("removed")
    repository = make_repository()
    first = repository.backup([os.fsencode(source)], options=BackupOptions(tags=("one", "two"), hostname="school"))
    (source / "changed.txt").write_text("after, and longer")
    (source / "removed.txt").unlink()
    second = repository.backup([os.fsencode(source)], options=BackupOptions(hostname="school"))
    restic.check(read_data=True)
    told = restic.snapshots()
    assert [snapshot["id"] for snapshot in told] == [first.snapshot.id, second.snapshot.id]
    assert (told[0]["tags"], told[0]["hostname"]) == (["one", "two"], "school")
    assert told[1]["parent"] == first.snapshot.id
    restic.restore(second.snapshot.id, tmp_path / "out")
    assert_same_tree(source, tmp_path / "out" / source.relative_to("/"))


@pytest.mark.slow
def test_restic_lists_our_awkward_names(make_repository: MakeRepository, restic: Restic, varied_tree: Path) -> None:
    snapshot = make_repository().backup([os.fsencode(varied_tree)]).snapshot
    listed = restic.list_paths(snapshot.id)
    assert {as_restic_tells(name) for name in AWKWARD_NAMES} <= {path.rpartition("/")[2] for path in listed}


def test_restic_opens_our_repository_with_the_second_key(
    make_repository: MakeRepository, location: Path, tmp_path: Path
) -> None:
    make_repository()
    assert Restic.at(location, SECOND_PASSWORD, folder=tmp_path).snapshots() == []


def test_restic_refuses_our_repository_with_another_password(
    make_repository: MakeRepository, location: Path, tmp_path: Path
) -> None:
    make_repository()
    with pytest.raises(ResticFailed, match="password"):
        Restic.at(location, "not it", folder=tmp_path).snapshots()


@pytest.mark.slow
def test_restic_backs_up_into_our_repository_and_both_read_it(
    make_repository: MakeRepository, restic: Restic, varied_tree: Path, tmp_path: Path
) -> None:
    repository = make_repository()
    ours = repository.backup([os.fsencode(varied_tree)]).snapshot
    theirs = restic.backup(varied_tree, options=("--force",))
    repository.forget_index()
    assert repository.check(read_data=True).problems == ()
    restic.check(read_data=True)
    summary = repository.restore(repository.snapshot(theirs), os.fsencode(tmp_path / "by us"))
    assert summary.complete
    restic.restore(ours.id, tmp_path / "by restic")
    below = varied_tree.relative_to("/")
    assert_same_tree(varied_tree, tmp_path / "by us" / below)
    assert_same_tree(varied_tree, tmp_path / "by restic" / below)


@pytest.mark.slow
def test_restic_finds_our_small_files_stored_already(
    make_repository: MakeRepository, restic: Restic, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(50):
        (source / f"{number}.txt").write_text(f"{number}" * 5000)
    repository = make_repository()
    repository.backup([os.fsencode(source)])
    data_before = {blob for blob, place in repository.index.blobs() if not place.is_tree}
    restic.backup(source, options=("--force",))
    repository.forget_index()
    assert {blob for blob, place in repository.index.blobs() if not place.is_tree} == data_before


def test_a_lock_of_ours_is_seen_by_restic(make_repository: MakeRepository, restic: Restic, tmp_path: Path) -> None:
    with make_repository().lock(exclusive=True), pytest.raises(ResticFailed, match="locked"):
        restic.backup(tmp_path / "password-geheim")
