"""Restoring: identical, never outside the target, never half a file, and honest about what is missing."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from app.repository import restore_content, restore_plan, restorer
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.errors import BackendUnavailable, Cancelled, RepositoryDamaged, RepositoryLocked
from app.repository.finder import MAX_DEPTH
from app.repository.model import (
    BackupOptions,
    BlobId,
    Cancel,
    FileProblem,
    Monitor,
    Node,
    NodeType,
    RestoreOptions,
    RestoreSummary,
    Snapshot,
)
from app.repository.repository import Repository
from tests.rig.trees import assert_same_tree, build_varied_tree, describe_tree
from tests.unit.repository_read.conftest import Workshop, back_up, below

MIB = 1 << 20


def restore(
    repository: Repository, snapshot: Snapshot, to: Path, options: RestoreOptions | None = None
) -> RestoreSummary:
    return repository.restore(snapshot, os.fsencode(to), options=options)


def damage(repository: Repository, blob_id: BlobId, root: Path) -> None:
    """Flip a bit of a stored data blob."""
    place = repository.index.lookup(blob_id)
    assert place is not None
    pack = root / "data" / place.pack.hex()[:2] / place.pack.hex()
    with pack.open("r+b") as file:
        file.seek(place.offset + 20)
        byte = file.read(1)[0]
        file.seek(place.offset + 20)
        file.write(bytes([byte ^ 1]))


def leftovers(target: Path) -> list[bytes]:
    return [path for path in describe_tree(target) if b".vangnet-" in path]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["in_memory", "in_folder"])
def test_a_restored_tree_is_the_one_that_was_backed_up(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    repository: Repository = request.getfixturevalue(kind)
    build_varied_tree(tmp_path / "varied")
    snapshot = back_up(repository, tmp_path / "varied")
    summary = restore(repository, snapshot, tmp_path / "out", RestoreOptions(verify=True))
    assert summary.complete
    assert_same_tree(tmp_path / "varied", below(tmp_path / "out", tmp_path / "varied"))
    restored = describe_tree(tmp_path / "out").values()
    assert summary.files == sum(entry.kind != "d" for entry in restored)
    assert summary.folders == sum(entry.kind == "d" for entry in restored) - 1  # all but the target itself
    (tmp_path / "varied" / "attributes" / "read only").chmod(0o755)
    below(tmp_path / "out", tmp_path / "varied" / "attributes" / "read only").chmod(0o755)


def test_holes_stay_holes(in_folder: Repository, tmp_path: Path) -> None:
    source = tmp_path / "sparse.img"
    with source.open("wb") as file:
        file.truncate(20 * MIB)
        file.seek(10 * MIB)
        file.write(b"island")
    summary = restore(in_folder, back_up(in_folder, source), tmp_path / "out")
    restored = below(tmp_path / "out", source)
    assert restored.read_bytes() == source.read_bytes()
    assert restored.stat().st_blocks * 512 < MIB
    assert summary.bytes_written == 20 * MIB


def test_a_file_in_the_way_is_left_alone_and_named(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_memory, source)
    there = below(tmp_path / "out", source / "notes.txt")
    there.parent.mkdir(parents=True)
    there.write_text("precious")
    summary = restore(in_memory, snapshot, tmp_path / "out")
    assert there.read_text() == "precious"
    assert summary.skipped == (os.fsencode(source / "notes.txt"),)
    assert summary.complete
    assert below(tmp_path / "out", source / "letters" / "To the Council.txt").exists()


def test_overwriting_replaces_files_links_and_attributes_of_folders(
    in_memory: Repository, source: Path, tmp_path: Path
) -> None:
    (source / "link").symlink_to("notes.txt")
    os.link(source / "notes.txt", source / "same notes.txt")
    snapshot = back_up(in_memory, source)
    restore(in_memory, snapshot, tmp_path / "out")
    below(tmp_path / "out", source / "notes.txt").write_text("changed")
    below(tmp_path / "out", source / "letters").chmod(0o700)
    below(tmp_path / "out", source / "link").unlink()
    below(tmp_path / "out", source / "link").write_text("not a link")
    summary = restore(in_memory, snapshot, tmp_path / "out", RestoreOptions(overwrite="always"))
    assert summary.skipped == ()
    assert_same_tree(source, below(tmp_path / "out", source))


def test_a_linked_folder_in_the_target_is_not_followed(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_memory, source)
    outside = tmp_path / "outside"
    outside.mkdir()
    trap = below(tmp_path / "out", source / "letters")
    trap.parent.mkdir(parents=True)
    trap.symlink_to(outside)
    summary = restore(in_memory, snapshot, tmp_path / "out", RestoreOptions(overwrite="always"))
    assert list(outside.iterdir()) == []
    assert summary.problems == (FileProblem(os.fsencode(source / "letters"), "ENOTDIR"),)
    assert below(tmp_path / "out", source / "notes.txt").read_text() == "notes"


def test_a_linked_file_in_the_target_is_replaced_not_written_through(
    in_memory: Repository, source: Path, tmp_path: Path
) -> None:
    snapshot = back_up(in_memory, source)
    outside = tmp_path / "outside.txt"
    outside.write_text("untouched")
    trap = below(tmp_path / "out", source / "notes.txt")
    trap.parent.mkdir(parents=True)
    trap.symlink_to(outside)
    restore(in_memory, snapshot, tmp_path / "out", RestoreOptions(overwrite="always"))
    assert outside.read_text() == "untouched"
    assert not trap.is_symlink()
    assert trap.read_text() == "notes"


def test_a_folder_where_a_file_belongs_is_never_removed(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_memory, source)
    there = below(tmp_path / "out", source / "notes.txt")
    there.mkdir(parents=True)
    summary = restore(in_memory, snapshot, tmp_path / "out", RestoreOptions(overwrite="always"))
    assert there.is_dir()
    assert summary.problems == (FileProblem(os.fsencode(source / "notes.txt"), "EISDIR"),)
    assert leftovers(tmp_path / "out") == []


def test_a_damaged_blob_costs_its_files_and_nothing_else(in_folder: Repository, source: Path, tmp_path: Path) -> None:
    os.link(source / "notes.txt", source / "other name.txt")
    snapshot = back_up(in_folder, source)
    damage(in_folder, BlobId(hashlib.sha256(b"notes").digest()), tmp_path / "repository")
    summary = restore(in_folder, snapshot, tmp_path / "out")
    lost = [os.fsencode(source / name) for name in ("notes.txt", "other name.txt")]
    assert summary.problems == tuple(FileProblem(path, "blob-damaged") for path in lost)
    restored = below(tmp_path / "out", source)
    assert sorted(path.name for path in restored.iterdir()) == ["letters", "photos"]
    assert (restored / "letters" / "To the Council.txt").read_text() == "Dear council"


def test_a_missing_pack_costs_only_its_files(in_folder: Repository, source: Path, tmp_path: Path) -> None:
    first = back_up(in_folder, source)
    (source / "later.txt").write_text("in a pack of its own")
    snapshot = back_up(in_folder, source, day=2)
    place = in_folder.index.lookup(BlobId(hashlib.sha256(b"in a pack of its own").digest()))
    assert place is not None
    in_folder.backend.remove(FileKind.PACK, place.pack.hex())
    assert restore(in_folder, first, tmp_path / "first").complete
    summary = restore(in_folder, snapshot, tmp_path / "out")
    assert summary.problems == (FileProblem(os.fsencode(source / "later.txt"), "blob-damaged"),)
    assert below(tmp_path / "out", source / "notes.txt").read_text() == "notes"


@pytest.mark.parametrize("segment_bytes", [MIB, 1 << 40])
def test_a_large_file_is_whole_or_absent(
    segment_bytes: int, in_folder: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many workers share the file."""
    monkeypatch.setattr(restore_plan, "_SEGMENT_BYTES", segment_bytes)
    folder = tmp_path / "large"
    folder.mkdir()
    content = os.urandom(12 * MIB)
    for name in ("good.bin", "bad.bin"):
        (folder / name).write_bytes(name.encode() + content)
    (folder / "bad.bin").write_bytes(os.urandom(12 * MIB))
    snapshot = back_up(in_folder, folder)
    [bad] = [entry.node for entry in in_folder.find("bad.bin")]
    damage(in_folder, bad.content[-1], tmp_path / "repository")
    summary = restore(in_folder, snapshot, tmp_path / "out")
    assert summary.problems == (FileProblem(os.fsencode(folder / "bad.bin"), "blob-damaged"),)
    restored = below(tmp_path / "out", folder)
    assert [path.name for path in restored.iterdir()] == ["good.bin"]
    assert (restored / "good.bin").read_bytes() == (folder / "good.bin").read_bytes()
    assert (restored / "good.bin").stat().st_mtime_ns == (folder / "good.bin").stat().st_mtime_ns


def test_a_large_file_that_cannot_be_made_costs_only_itself(
    in_folder: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that is there already and may not be written to, say."""
    monkeypatch.setattr(restore_plan, "_SEGMENT_BYTES", MIB)
    monkeypatch.setattr(restorer, "temporary_name", lambda: b"n" * 300)
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "image.bin").write_bytes(os.urandom(12 * MIB))
    (folder / "notes.txt").write_text("notes")
    snapshot = back_up(in_folder, folder)
    summary = restore(in_folder, snapshot, tmp_path / "out")
    assert summary.problems == (FileProblem(os.fsencode(folder / "image.bin"), "ENAMETOOLONG"),)
    assert [path.name for path in below(tmp_path / "out", folder).iterdir()] == ["notes.txt"]


def test_a_bad_sector_under_a_folder_costs_that_folder_alone(
    in_folder: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a restore; for the next back-up nothing, and a place that went away is still no damage."""
    snapshot = back_up(in_folder, source)
    [photos] = [entry.node for entry in in_folder.find("photos")]
    assert photos.subtree is not None
    place = in_folder.index.lookup(photos.subtree, is_tree=True)
    assert place is not None
    load_range = LocalBackend.load_range
    gone = BackendUnavailable(location="disk", operation="load", reason="EIO")

    def loading(self: LocalBackend, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        if (name, offset) == (place.pack.hex(), place.offset):
            raise gone
        return load_range(self, kind, name, offset, length)

    monkeypatch.setattr(LocalBackend, "load_range", loading)
    summary = restore(in_folder, snapshot, tmp_path / "out")
    assert summary.problems == (FileProblem(os.fsencode(source / "photos"), "tree-damaged"),)
    assert summary.files == 2
    assert back_up(in_folder, source, day=2).tree == snapshot.tree

    def unplugged(*_: object, **__: object) -> bytes:
        raise gone

    monkeypatch.setattr(LocalBackend, "load", unplugged)
    with pytest.raises(BackendUnavailable):
        in_folder.load_tree(photos.subtree)


def test_a_damaged_folder_is_named_and_the_others_come_back(in_memory: Repository, tmp_path: Path) -> None:
    workshop = Workshop(in_memory)
    content = workshop.add(b"content")
    file = _node(b"file.txt", NodeType.FILE, content=(content,), size=7)
    whole = workshop.add_tree([file])
    broken = workshop.add(b'{"nodes":[{"name":"../escape","type":"file"}]}\n', is_tree=True)
    root = workshop.add_tree([_folder(b"broken", broken), _folder(b"whole", whole)])
    summary = restore(in_memory, workshop.finish(root), tmp_path / "out")
    assert summary.problems == (FileProblem(b"/broken", "tree-damaged"),)
    assert (tmp_path / "out" / "whole" / "file.txt").read_text() == "content"
    assert not (tmp_path / "escape").exists()


def test_a_bottomless_snapshot_ends_at_a_depth(in_memory: Repository, tmp_path: Path) -> None:
    workshop = Workshop(in_memory)
    tree = workshop.add_tree([])
    for _ in range(1100):
        tree = workshop.add_tree([_folder(b"d", tree)])
    try:
        summary = restore(in_memory, workshop.finish(tree), tmp_path / "out")
        assert [problem.reason for problem in summary.problems] == ["too-deep"]
        assert summary.folders == MAX_DEPTH - 1
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "out"], check=True)  # Python's own rmtree recurses too deep


def test_a_blob_that_no_index_lists_is_a_problem_of_its_file(in_memory: Repository, tmp_path: Path) -> None:
    workshop = Workshop(in_memory)
    unknown = BlobId(bytes(range(32)))
    root = workshop.add_tree([_node(b"lost.txt", NodeType.FILE, content=(unknown,), size=5)])
    summary = restore(in_memory, workshop.finish(root), tmp_path / "out")
    assert summary.problems == (FileProblem(b"/lost.txt", "blob-missing"),)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_damaged_index_file_costs_only_what_it_alone_lists(
    in_folder: Repository, source: Path, tmp_path: Path
) -> None:
    first = back_up(in_folder, source)
    (intact,) = in_folder.index_names()
    (source / "notes.txt").write_text("other notes")
    second = back_up(in_folder, source, day=2)
    (damaged,) = in_folder.index_names() - {intact}
    in_folder.backend.save(FileKind.INDEX, damaged, b"rubbish")
    in_folder.forget_index()
    assert restore(in_folder, first, tmp_path / "first").complete
    assert (below(tmp_path / "first", source) / "notes.txt").read_text() == "notes"
    assert not restore(in_folder, second, tmp_path / "second").complete
    with pytest.raises(RepositoryDamaged):
        in_folder.backup([os.fsencode(source)], options=BackupOptions(force=True))


def test_only_root_makes_device_nodes(in_memory: Repository, tmp_path: Path) -> None:
    workshop = Workshop(in_memory)
    device = Node(b"null", NodeType.CHARDEVICE, stat.S_IFCHR | 0o666, 0, 0, 0, device=os.makedev(1, 3))
    summary = restore(in_memory, workshop.finish(workshop.add_tree([device])), tmp_path / "out")
    if os.geteuid() == 0:
        made = (tmp_path / "out" / "null").lstat()
        assert (stat.S_ISCHR(made.st_mode), stat.S_IMODE(made.st_mode)) == (True, 0o666)
        assert made.st_rdev == os.makedev(1, 3)
    else:
        assert summary.problems == (FileProblem(b"/null", "EPERM"),)


def test_only_the_wanted_paths_come_back(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_memory, source)
    options = RestoreOptions(paths=(os.fsencode(source / "letters"), b"/not/there"))
    summary = restore(in_memory, snapshot, tmp_path / "out", options)
    assert sorted(path.name for path in below(tmp_path / "out", source).iterdir()) == ["letters"]
    assert below(tmp_path / "out", source / "letters" / "To the Council.txt").exists()
    assert summary.problems == (FileProblem(b"/not/there", "not-in-snapshot"),)


def test_a_stripped_folder_is_left_out_of_the_restored_paths(
    in_memory: Repository, source: Path, tmp_path: Path
) -> None:
    snapshot = back_up(in_memory, source)
    restore(in_memory, snapshot, tmp_path / "out", RestoreOptions(strip=os.fsencode(source)))
    assert_same_tree(source, tmp_path / "out", with_root=False)


def test_a_single_file_can_be_taken_out_of_its_folder(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_memory, source)
    letters = os.fsencode(source / "letters")
    options = RestoreOptions(paths=(letters + b"/To the Council.txt",), strip=letters)
    restore(in_memory, snapshot, tmp_path / "out", options)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["To the Council.txt"]


def test_include_and_exclude_choose_by_pattern(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    (source / "photos" / "2026" / "trip.txt").write_text("caption")
    snapshot = back_up(in_memory, source)
    options = RestoreOptions(include=("*.txt",), exclude=("photos",))
    restore(in_memory, snapshot, tmp_path / "out", options)
    restored = below(tmp_path / "out", source)
    assert sorted(path.name for path in restored.rglob("*.txt")) == ["To the Council.txt", "notes.txt"]
    assert not (restored / "photos").exists()


def test_verify_refuses_what_the_disk_gives_back_wrong(
    in_memory: Repository, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_wrongly(fd: int, content: bytes | memoryview, offset: int, *, sparse: bool) -> None:
        os.pwrite(fd, bytes(content)[:-1] + b"?", offset)

    snapshot = back_up(in_memory, source)
    monkeypatch.setattr(restore_content, "write_content", write_wrongly)
    summary = restore(in_memory, snapshot, tmp_path / "out", RestoreOptions(verify=True))
    assert {problem.reason for problem in summary.problems} == {"not-as-written"}
    assert [entry.kind for entry in describe_tree(tmp_path / "out").values() if entry.kind != "d"] == []


def test_a_cancelled_restore_leaves_no_half_file(
    in_folder: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_plan, "_SEGMENT_BYTES", MIB)
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "large.bin").write_bytes(os.urandom(24 * MIB))
    snapshot = back_up(in_folder, folder)
    cancel = Cancel()
    perform = restore_content.ContentWriter.perform

    def cancel_soon(writer: restore_content.ContentWriter, number: int) -> restore_content.TaskOutcome:
        cancel.set()
        return perform(writer, number)

    monkeypatch.setattr(restore_content.ContentWriter, "perform", cancel_soon)
    monkeypatch.setattr("app.repository.restorer.worker_count", lambda _backend, _tasks: 0)
    with pytest.raises(Cancelled):
        in_folder.restore(snapshot, os.fsencode(tmp_path / "out"), cancel=cancel)
    assert list(below(tmp_path / "out", folder).iterdir()) == []


def test_nothing_is_restored_while_a_prune_is_at_work(in_memory: Repository, source: Path, tmp_path: Path) -> None:
    snapshot = back_up(in_memory, source)
    with in_memory.lock(exclusive=True), pytest.raises(RepositoryLocked):
        restore(in_memory, snapshot, tmp_path / "out")


def test_a_restore_leaves_no_lock(in_folder: Repository, source: Path, tmp_path: Path) -> None:
    restore(in_folder, back_up(in_folder, source), tmp_path / "out")
    assert in_folder.lock_names() == ()


def test_owners_that_only_root_can_give_are_no_problem_for_others(source: Path) -> None:
    """The content counts: a person who restores the files of another owns the copies."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o777)
        repository = Repository.init(LocalBackend(place / "repository"))
        snapshot = back_up(repository, source)
        _make_readable(place)
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)

        def restore_as_nobody() -> None:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            sender.send(restore(repository, snapshot, place / "out"))

        process = context.Process(target=restore_as_nobody)
        process.start()
        sender.close()
        summary = receiver.recv()
        process.join()
        receiver.close()
        assert isinstance(summary, RestoreSummary)
        assert summary.complete
        assert below(place / "out", source / "notes.txt").read_text() == "notes"


def _make_readable(place: Path) -> None:
    for path in (place, *place.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


def _node(name: bytes, type_: NodeType, *, content: tuple[BlobId, ...] = (), size: int = 0) -> Node:
    return Node(name, type_, stat.S_IFREG | 0o644, 0, 0, 0, size=size, content=content)


def _folder(name: bytes, subtree: BlobId) -> Node:
    return Node(name, NodeType.DIR, stat.S_IFDIR | 0o755, 0, 0, 0, subtree=subtree)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_restore_in_many_small_parts_is_the_same(
    workers: int, in_folder: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part is planned while the one before is written; what belongs together may lie in two of them."""
    monkeypatch.setattr(restorer, "_ENTRIES_A_PART", 1)
    monkeypatch.setattr(restorer, "_WORTH_WORKERS_FILES", 0)
    monkeypatch.setattr(restorer, "worker_count", lambda _backend, tasks: min(workers, tasks))
    build_varied_tree(tmp_path / "varied")
    for number in range(30):
        (tmp_path / "varied" / f"{number}").mkdir()
        (tmp_path / "varied" / f"{number}" / "a").write_text(f"{number % 7}")
        os.link(tmp_path / "varied" / "0" / "a", tmp_path / "varied" / f"{number}" / "linked")
    snapshot = back_up(in_folder, tmp_path / "varied")
    monitor = Monitor()
    summary = in_folder.restore(snapshot, os.fsencode(tmp_path / "out"), monitor=monitor)

    assert summary.complete
    assert_same_tree(tmp_path / "varied", below(tmp_path / "out", tmp_path / "varied"))
    assert (monitor.files_done, monitor.bytes_done) == (monitor.files_total, monitor.bytes_total)
    (tmp_path / "varied" / "attributes" / "read only").chmod(0o755)
    below(tmp_path / "out", tmp_path / "varied" / "attributes" / "read only").chmod(0o755)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_plan_that_breaks_off_ends_the_restore_with_no_half_file(
    workers: int, in_folder: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restorer, "_ENTRIES_A_PART", 1)
    monkeypatch.setattr(restorer, "_WORTH_WORKERS_FILES", 0)
    monkeypatch.setattr(restorer, "worker_count", lambda _backend, tasks: min(workers, tasks))
    for number in range(9):
        (tmp_path / "many" / f"{number}").mkdir(parents=True)
        (tmp_path / "many" / f"{number}" / "a").write_bytes(bytes([number]) * 5000)
    snapshot = back_up(in_folder, tmp_path / "many")
    load_tree, loaded = Repository.load_tree, iter(range(100))

    def go_away(repository: Repository, tree: BlobId) -> tuple[Node, ...]:
        if next(loaded) > 6:
            raise BackendUnavailable(location="there")
        return load_tree(repository, tree)

    monkeypatch.setattr(Repository, "load_tree", go_away)
    with pytest.raises(BackendUnavailable):
        restore(in_folder, snapshot, tmp_path / "out")

    assert leftovers(tmp_path / "out") == []
    assert all(path.stat().st_size == 5000 for path in (tmp_path / "out").rglob("a"))
