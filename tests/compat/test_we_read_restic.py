"""What restic wrote, in every version and compression of the format, Vangnet lists, checks and restores."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from app.repository.repository import Repository
from tests.rig.restic import Compression, Restic, as_restic_tells
from tests.rig.trees import assert_same_tree

OpenRepository = Callable[[], Repository]
KINDS: tuple[tuple[Literal[1, 2], Compression], ...] = ((1, "auto"), (2, "off"), (2, "auto"), (2, "max"))


@pytest.mark.slow
@pytest.mark.parametrize(("version", "compression"), KINDS)
def test_we_restore_what_restic_wrote_identically(
    version: Literal[1, 2],
    compression: Compression,
    restic: Restic,
    open_repository: OpenRepository,
    varied_tree: Path,
    tmp_path: Path,
) -> None:
    restic.init(version)
    written = restic.backup(varied_tree, compression=compression)
    repository = open_repository()
    assert repository.version == version
    [snapshot] = repository.snapshots()
    assert snapshot.id.startswith(written)
    assert snapshot.paths == (os.fsencode(varied_tree),)
    report = repository.check(read_data=True)
    assert report.problems == ()
    assert report.bytes_read == sum(file.stat().st_size for file in (Path(restic.repository) / "data").rglob("?" * 64))
    summary = repository.restore(snapshot, os.fsencode(tmp_path / "out"))
    assert summary.problems == ()
    assert_same_tree(varied_tree, tmp_path / "out" / varied_tree.relative_to("/"))


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_we_back_up_into_restics_repository_and_both_read_it(
    version: Literal[1, 2], restic: Restic, open_repository: OpenRepository, varied_tree: Path, tmp_path: Path
) -> None:
    restic.init_afresh(version)  # with restic's own key too
    theirs = restic.backup(varied_tree)
    repository = open_repository()
    ours = repository.backup([os.fsencode(varied_tree)]).snapshot
    restic.check(read_data=True)
    assert repository.check(read_data=True).problems == ()
    restic.restore(ours.id, tmp_path / "by restic")
    repository.restore(repository.snapshot(theirs), os.fsencode(tmp_path / "by us"))
    below = varied_tree.relative_to("/")
    assert_same_tree(varied_tree, tmp_path / "by restic" / below)
    assert_same_tree(varied_tree, tmp_path / "by us" / below)


@pytest.mark.slow
def test_we_list_the_same_paths_as_restic(restic: Restic, open_repository: OpenRepository, varied_tree: Path) -> None:
    restic.init()
    written = restic.backup(varied_tree)
    repository = open_repository()
    walked = [as_restic_tells(entry.path) for entry in repository.walk(repository.snapshot(written))]
    assert sorted(walked) == sorted(restic.list_paths(written))


@pytest.mark.slow
def test_restic_and_we_agree_that_a_pack_is_damaged(
    restic: Restic, open_repository: OpenRepository, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file.bin").write_bytes(os.urandom(300_000))
    restic.init()
    snapshot = restic.backup(source)
    pack = max((Path(restic.repository) / "data").rglob("?" * 64), key=lambda file: file.stat().st_size)
    pack.chmod(0o600)
    damaged = bytearray(pack.read_bytes())
    damaged[1000] ^= 1
    pack.write_bytes(damaged)
    with pytest.raises(AssertionError):
        restic.check(read_data=True)
    [problem] = open_repository().check(read_data=True).problems
    assert (problem.file, problem.reason) == (f"data/{pack.name}", "blob-damaged")
    assert [touched[: len(snapshot)] for touched in problem.snapshots] == [snapshot]


@pytest.mark.slow
def test_we_read_a_repository_without_its_empty_folders(
    restic: Restic, open_repository: OpenRepository, tmp_path: Path
) -> None:
    """A copy made by a tool that drops empty folders (rsync --prune-empty-dirs, an object store) is still whole."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "file.txt").write_text("content")
    restic.init()
    restic.backup(source)
    shutil.rmtree(Path(restic.repository) / "locks")
    for folder in (Path(restic.repository) / "data").iterdir():
        if not any(folder.iterdir()):
            folder.rmdir()
    repository = open_repository()
    repository.restore(repository.snapshot("latest"), os.fsencode(tmp_path / "out"))
    assert (tmp_path / "out" / source.relative_to("/") / "file.txt").read_text() == "content"
