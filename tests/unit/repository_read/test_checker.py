"""Checking: damage of every kind is found, named, and traced to the snapshots it touches; soundness is not doubted."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.errors import BackendUnavailable, Cancelled, RepositoryLocked
from app.repository.model import BlobId, Cancel, CheckReport, Monitor, PackId
from app.repository.repository import Repository
from tests.unit.repository_read.conftest import Workshop, back_up


def names(repository: Repository, kind: FileKind) -> list[str]:
    return sorted(info.name for info in repository.backend.list(kind))


def pack_of(repository: Repository, content: bytes) -> str:
    place = repository.index.lookup(BlobId(hashlib.sha256(content).digest()))
    assert place is not None
    return place.pack.hex()


def rewrite(root: Path, file: str, change: Callable[[bytes], bytes]) -> None:
    kind, _, name = file.partition("/")
    path = root / kind / name[:2] / name if kind == "data" else root / file
    path.write_bytes(change(path.read_bytes()))


def flip(data: bytes, at: int = 40) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def problems(report: CheckReport) -> list[tuple[str, str]]:
    return [(problem.file, problem.reason) for problem in report.problems]


@pytest.mark.parametrize("read_data", [False, True])
def test_a_whole_repository_is_sound(read_data: bool, in_folder: Repository, source: Path, tmp_path: Path) -> None:
    back_up(in_folder, source)
    monitor = Monitor()
    report = in_folder.check(read_data=read_data, monitor=monitor)
    assert report.sound
    assert (report.snapshots, report.packs, report.blobs) == (1, len(in_folder.index.packs), len(in_folder.index))
    stored = sum(info.size for info in in_folder.backend.list(FileKind.PACK))
    assert report.bytes_read == (stored if read_data else 0)
    assert monitor.bytes_done == monitor.bytes_total == report.bytes_read
    assert in_folder.lock_names() == ()


def test_an_empty_repository_is_sound(in_memory: Repository) -> None:
    assert in_memory.check(read_data=True).sound


def test_only_the_snapshots_that_need_a_damaged_blob_are_named(
    in_folder: Repository, source: Path, tmp_path: Path
) -> None:
    without = back_up(in_folder, source, day=1)
    (source / "bad.txt").write_text("to be damaged")
    with_it = back_up(in_folder, source, day=2)
    (source / "bad.txt").write_text("damaged no more")
    back_up(in_folder, source, day=3)
    pack = pack_of(in_folder, b"to be damaged")
    rewrite(tmp_path / "repository", f"data/{pack}", flip)
    [problem] = in_folder.check(read_data=True).problems
    assert (problem.file, problem.reason) == (f"data/{pack}", "blob-damaged")
    assert problem.snapshots == (with_it.id,)
    assert without.id not in problem.snapshots


def test_a_missing_pack_is_found_without_reading_data(in_folder: Repository, source: Path) -> None:
    snapshot = back_up(in_folder, source)
    pack = pack_of(in_folder, b"notes")
    in_folder.backend.remove(FileKind.PACK, pack)
    for read_data in (False, True):
        [problem] = in_folder.check(read_data=read_data).problems
        assert (problem.file, problem.reason) == (f"data/{pack}", "pack-missing")
        assert problem.snapshots == (snapshot.id,)


def test_a_cut_pack_is_found_without_reading_data(in_folder: Repository, source: Path, tmp_path: Path) -> None:
    back_up(in_folder, source)
    pack = pack_of(in_folder, b"notes")
    rewrite(tmp_path / "repository", f"data/{pack}", lambda data: data[:-50])
    assert problems(in_folder.check(read_data=False)) == [(f"data/{pack}", "pack-size")]
    # Reading tells more: the header is what was cut off, and every blob is still there.
    [problem] = in_folder.check(read_data=True).problems
    assert (problem.file, problem.reason, problem.snapshots) == (f"data/{pack}", "pack-header", ())


def test_a_missing_index_says_which_snapshots_lost_their_blobs(
    in_folder: Repository, source: Path, tmp_path: Path
) -> None:
    first = back_up(in_folder, source, day=1)
    indexes = names(in_folder, FileKind.INDEX)
    (source / "new.txt").write_text("in the second index")
    second = back_up(in_folder, source, day=2)
    for name in set(names(in_folder, FileKind.INDEX)) - set(indexes):
        in_folder.backend.remove(FileKind.INDEX, name)
    in_folder.forget_index()
    [problem] = in_folder.check(read_data=True).problems
    assert (problem.file, problem.reason) == ("index", "blobs-not-listed")
    assert problem.snapshots == (second.id,)
    assert first.id not in problem.snapshots


@pytest.mark.parametrize("kind", [FileKind.INDEX, FileKind.SNAPSHOT])
def test_a_damaged_small_file_is_named(kind: FileKind, in_folder: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_folder, source)
    [name, *_] = names(in_folder, kind)
    rewrite(tmp_path / "repository", f"{kind.value}/{name}", flip)
    in_folder.forget_index()
    report = in_folder.check(read_data=True)
    assert (f"{kind.value}/{name}", "hash") in problems(report)
    if kind is FileKind.SNAPSHOT:
        assert report.problems[0].snapshots == (snapshot.id,)
    assert report.snapshots == 1


def test_a_folder_of_the_repository_that_is_gone_is_a_problem(
    in_folder: Repository, source: Path, tmp_path: Path
) -> None:
    back_up(in_folder, source)
    shutil.rmtree(tmp_path / "repository" / "index")
    in_folder.forget_index()
    assert problems(in_folder.check(read_data=False)) == [("index", "folder-missing"), ("index", "blobs-not-listed")]


def test_a_damaged_tree_is_found_by_the_structure_alone(in_folder: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_folder, source)
    place = in_folder.index.lookup(snapshot.tree, is_tree=True)
    assert place is not None
    pack = place.pack.hex()
    rewrite(tmp_path / "repository", f"data/{pack}", lambda data: flip(data, place.offset + 20))
    [problem] = in_folder.check(read_data=False).problems
    assert (problem.file, problem.reason) == (f"data/{pack}", "tree-damaged")
    assert problem.snapshots == (snapshot.id,)
    assert problems(in_folder.check(read_data=True)) == [(f"data/{pack}", "blob-damaged")]


def test_a_tree_with_a_hostile_name_is_damage(in_memory: Repository) -> None:
    workshop = Workshop(in_memory)
    tree = workshop.add(b'{"nodes":[{"name":"../../etc/passwd","type":"file","content":[]}]}\n', is_tree=True)
    workshop.finish(tree)
    assert [problem.reason for problem in in_memory.check(read_data=False).problems] == ["tree-damaged"]


def test_a_pack_that_no_index_lists_is_no_damage(in_folder: Repository, source: Path, tmp_path: Path) -> None:
    """An interrupted back-up leaves such packs."""
    back_up(in_folder, source)
    left_over = os.urandom(1000)
    in_folder.backend.save(FileKind.PACK, hashlib.sha256(left_over).hexdigest(), left_over)
    assert in_folder.check(read_data=True).sound


class _Unreadable(MemoryBackend):
    """A place with one bad sector, or one that went away altogether: both answer EIO."""

    bad: str = ""
    gone = False

    def _get(self, operation: str, kind: FileKind, name: str) -> bytes:
        if self.gone or (name and name == self.bad):
            raise BackendUnavailable(location=self.location, operation=operation, reason="EIO")
        return super()._get(operation, kind, name)


def test_a_bad_sector_is_a_problem_of_its_pack(source: Path) -> None:
    backend = _Unreadable()
    repository = Repository.init(backend)
    back_up(repository, source)
    backend.bad = pack_of(repository, b"notes")
    assert problems(repository.check(read_data=True)) == [(f"data/{backend.bad}", "unreadable")]


def test_a_disk_that_goes_away_is_no_damage(source: Path) -> None:
    backend = _Unreadable()
    repository = Repository.init(backend)
    back_up(repository, source)
    backend.gone = True
    with pytest.raises(BackendUnavailable):
        repository.check(read_data=True)


def test_a_read_only_repository_is_checked_without_a_lock(
    in_folder: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(in_folder, source)
    from app.repository.errors import BackendReadOnly

    def refuse(*_: object) -> None:
        raise BackendReadOnly(location="", operation="save", reason="EROFS")

    monkeypatch.setattr(LocalBackend, "save", refuse)
    assert in_folder.check(read_data=True).sound


def test_no_check_while_a_prune_is_at_work(in_memory: Repository) -> None:
    with in_memory.lock(exclusive=True), pytest.raises(RepositoryLocked):
        in_memory.check()


def test_a_check_can_be_cancelled(in_folder: Repository, source: Path) -> None:
    back_up(in_folder, source)
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        in_folder.check(read_data=True, cancel=cancel)
    assert in_folder.lock_names() == ()


def test_a_second_copy_of_a_pack_under_a_wrong_name_is_found(
    in_folder: Repository, source: Path, tmp_path: Path
) -> None:
    """All its blobs are whole, and still it is not what its name says."""
    from app.repository.index_json import PackContents
    from app.repository.pack import read_header

    back_up(in_folder, source)
    data = in_folder.backend.load(FileKind.PACK, pack_of(in_folder, b"notes"), limit=1 << 30)
    wrong = PackId(bytes(32))
    in_folder.backend.save(FileKind.PACK, wrong.hex(), data)
    in_folder.save_index([PackContents(wrong, read_header(in_folder.master, data))])
    in_folder.forget_index()
    assert problems(in_folder.check(read_data=True)) == [(f"data/{wrong.hex()}", "hash")]
