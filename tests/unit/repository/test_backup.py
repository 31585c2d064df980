"""Backing up: what is read, what is stored, what is reported."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository import reading, workers
from app.repository.backend.base import FileKind
from app.repository.backend.faulty import FaultyBackend
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.errors import SourceNotFound
from app.repository.index_json import PackContents
from app.repository.model import BackupOptions, BlobId, FileProblem, Monitor, Node, NodeType, Phase, Snapshot
from app.repository.repository import Repository
from app.repository.worker import Duty
from app.repository.workers import ForkedWorkers
from tests.rig.restic import Restic, keeps_raw_link_targets
from tests.rig.trees import assert_same_tree, build_varied_tree


def paths_in(repository: Repository, snapshot: Snapshot) -> dict[bytes, Node]:
    """Return every entry of a snapshot by its absolute path."""

    def walk(tree: BlobId, at: bytes) -> Iterator[tuple[bytes, Node]]:
        for node in repository.load_tree(tree):
            yield at + node.name, node
            if node.subtree is not None:
                yield from walk(node.subtree, at + node.name + b"/")

    return dict(walk(snapshot.tree, b"/"))


def content_of(repository: Repository, node: Node) -> bytes:
    return b"".join(repository.load_blob(blob_id) for blob_id in node.content)


def raw(path: Path) -> bytes:
    return os.fsencode(path)


def test_restic_finds_no_fault_and_restores_everything(repository: Repository, witness: Restic, tmp_path: Path) -> None:
    source = tmp_path / "source"
    build_varied_tree(source, raw_link_targets=keeps_raw_link_targets())
    summary = repository.backup([raw(source)])
    assert summary.complete
    witness.check(read_data=True)
    witness.restore(summary.snapshot.id, tmp_path / "restored")
    assert_same_tree(source, Path(f"{tmp_path}/restored{source}"))


def test_the_summary_counts_what_was_done(repository: Repository, source: Path) -> None:
    summary = repository.backup([raw(source)])
    total = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    assert (summary.files, summary.folders, summary.files_new_or_changed) == (3, 3, 3)
    assert summary.bytes_total == summary.bytes_read == total
    assert summary.blobs_added >= 3 + 3
    assert summary.bytes_added == sum(info.size for info in repository.backend.list(FileKind.PACK))


def test_a_snapshot_says_who_what_and_when(repository: Repository, source: Path, clock: FixedClock) -> None:
    options = BackupOptions(tags=("daily",), hostname="school-pc", username="an")
    first = repository.backup([raw(source)], options=options, clock=clock).snapshot
    second = repository.backup([raw(source)], options=options, clock=clock).snapshot
    assert repository.snapshot(first.id) == first
    assert (first.hostname, first.username, first.tags) == ("school-pc", "an", ("daily",))
    assert first.time == clock.now()
    assert first.paths == (raw(source),)
    assert first.parent is None
    assert second.parent == first.id


@pytest.mark.parametrize("with_state", [True, False], ids=["state kept", "state lost"])
def test_an_unchanged_source_is_not_read_again(
    repository: Repository, source: Path, state_dir: Path, with_state: bool
) -> None:
    first = repository.backup([raw(source)], state_dir=state_dir)
    again = repository.backup([raw(source)], state_dir=state_dir if with_state else None)
    assert (again.bytes_read, again.bytes_added, again.files_new_or_changed) == (0, 0, 0)
    assert again.snapshot.tree == first.snapshot.tree
    assert (again.files, again.folders, again.bytes_total) == (first.files, first.folders, first.bytes_total)


def test_an_unchanged_run_asks_the_repository_for_next_to_nothing(source: Path, state_dir: Path) -> None:
    backend = FaultyBackend(MemoryBackend())
    repository = Repository.init(backend)
    repository.backup([raw(source)], state_dir=state_dir)
    repository.forget_index()
    backend.calls.clear()
    repository.backup([raw(source)], state_dir=state_dir)
    assert backend.count("load_range") == 0
    assert backend.count("load", FileKind.INDEX) == 0
    assert backend.count("save", FileKind.PACK) == backend.count("save", FileKind.INDEX) == 0
    assert backend.count("save") == 2  # its lock and the snapshot


@pytest.mark.parametrize("with_state", [True, False], ids=["state kept", "state lost"])
def test_only_what_changed_is_read(repository: Repository, source: Path, state_dir: Path, with_state: bool) -> None:
    kept = state_dir if with_state else None
    repository.backup([raw(source)], state_dir=kept)
    (source / "lessons/maths/fractions.txt").write_bytes(b"two thirds")
    (source / "new.txt").write_bytes(b"new")
    os.unlink(source / "pupils.csv")
    summary = repository.backup([raw(source)], state_dir=kept)
    assert summary.bytes_read == len(b"two thirds") + len(b"new")
    assert summary.files_new_or_changed == 2
    found = paths_in(repository, summary.snapshot)
    below = {path.removeprefix(raw(source)): node for path, node in found.items() if path.startswith(raw(source))}
    assert set(below) == {
        b"", b"/lessons", b"/lessons/plan.txt", b"/lessons/maths", b"/lessons/maths/fractions.txt", b"/new.txt",
    }  # fmt: skip
    assert content_of(repository, below[b"/lessons/maths/fractions.txt"]) == b"two thirds"
    assert content_of(repository, below[b"/lessons/plan.txt"]) == b"monday: fractions"


def test_a_change_deep_down_keeps_the_files_beside_its_folders(
    repository: Repository, source: Path, state_dir: Path
) -> None:
    repository.backup([raw(source)], state_dir=state_dir)
    (source / "lessons/maths/fractions.txt").write_bytes(b"changed")
    summary = repository.backup([raw(source)], state_dir=state_dir)
    found = paths_in(repository, summary.snapshot)
    assert raw(source / "pupils.csv") in found
    assert raw(source / "lessons/plan.txt") in found


@pytest.mark.parametrize("damage", [b"", b"rubbish", None], ids=["empty", "rubbish", "one byte changed"])
def test_a_damaged_state_costs_only_time(
    repository: Repository, source: Path, state_dir: Path, damage: bytes | None
) -> None:
    first = repository.backup([raw(source)], state_dir=state_dir)
    (state_file,) = state_dir.iterdir()
    data = bytearray(state_file.read_bytes())
    data[len(data) // 2] ^= 1
    state_file.write_bytes(bytes(data) if damage is None else damage)
    again = repository.backup([raw(source)], state_dir=state_dir)
    assert again.snapshot.tree == first.snapshot.tree
    assert again.bytes_read == 0


@pytest.mark.parametrize("with_state", [True, False], ids=["state kept", "state lost"])
def test_a_snapshot_that_cannot_be_read_does_not_stop_the_next(
    repository: Repository, source: Path, state_dir: Path, with_state: bool
) -> None:
    kept = state_dir if with_state else None
    broken = repository.backup([raw(source)], state_dir=kept).snapshot
    repository.backend.save(FileKind.SNAPSHOT, broken.id, b"rubbish")
    summary = repository.backup([raw(source)], state_dir=kept)
    assert summary.blobs_added <= len(source.parents)  # the folders above may have new times
    assert summary.snapshot.parent is None


def test_a_state_whose_snapshot_is_gone_is_not_believed(repository: Repository, source: Path, state_dir: Path) -> None:
    gone = repository.backup([raw(source)], state_dir=state_dir).snapshot
    for kind in (FileKind.SNAPSHOT, FileKind.INDEX, FileKind.PACK):
        for info in repository.backend.list(kind):
            repository.backend.remove(kind, info.name)
    repository.forget_index()
    summary = repository.backup([raw(source)], state_dir=state_dir)
    assert summary.bytes_read == summary.bytes_total
    assert summary.snapshot.parent != gone.id
    assert len(paths_in(repository, summary.snapshot)) > 3


def test_a_state_is_not_believed_after_the_index_was_written_anew(
    repository: Repository, witness: Restic, source: Path, state_dir: Path
) -> None:
    first = repository.backup([raw(source)], state_dir=state_dir)
    old = repository.index_names()
    trees = [
        PackContents(pack, tuple(entries))
        for pack, entries in repository.index.by_pack().items()
        if all(entry.is_tree for entry in entries)
    ]
    repository.save_index(trees)
    for name in old:
        repository.backend.remove(FileKind.INDEX, name)
    repository.forget_index()
    second = repository.backup([raw(source)], state_dir=state_dir)
    assert second.bytes_read == first.bytes_total
    witness.check(read_data=True)


def test_content_that_the_repository_lost_is_read_and_stored_again(repository: Repository, source: Path) -> None:
    first = repository.backup([raw(source)]).snapshot
    index = repository.index
    data_packs = {place.pack for _, place in index.blobs() if not place.is_tree}
    tree_contents = [(pack, tuple(entries)) for pack, entries in index.by_pack().items() if pack not in data_packs]
    old = [info.name for info in repository.backend.list(FileKind.INDEX)]
    from app.repository.index_json import PackContents

    repository.save_index([PackContents(pack, entries) for pack, entries in tree_contents])
    for name in old:
        repository.backend.remove(FileKind.INDEX, name)
    for pack in data_packs:
        repository.backend.remove(FileKind.PACK, pack.hex())
    repository.forget_index()
    summary = repository.backup([raw(source)])
    assert summary.snapshot.parent == first.id
    assert summary.bytes_read == summary.bytes_total
    for node in paths_in(repository, summary.snapshot).values():
        assert len(content_of(repository, node)) == node.size


def test_forced_every_file_is_read_and_nothing_is_stored_twice(
    repository: Repository, source: Path, state_dir: Path
) -> None:
    repository.backup([raw(source)], state_dir=state_dir)
    forced = repository.backup([raw(source)], options=BackupOptions(force=True), state_dir=state_dir)
    assert forced.bytes_read == forced.bytes_total
    assert forced.blobs_added <= len(source.parents)  # the folders above may have new times


def test_the_same_content_is_stored_once(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "source"
    noise = random.Random(1).randbytes(3_000_000)
    for number in range(12):
        (source / f"folder {number}").mkdir(parents=True)
        (source / f"folder {number}/copy.bin").write_bytes(noise)
    summary = repository.backup([raw(source)])
    assert summary.bytes_total == 12 * len(noise)
    assert summary.bytes_added < 1.1 * len(noise)


def test_bytes_inserted_into_a_large_file_cost_little(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "large.bin"
    noise = random.Random(2).randbytes(40_000_000)
    source.write_bytes(noise)
    repository.backup([raw(source)])
    source.write_bytes(noise[:20_000_000] + b"inserted" + noise[20_000_000:])
    summary = repository.backup([raw(source)])
    assert summary.bytes_added < 10_000_000
    (node,) = [node for node in paths_in(repository, summary.snapshot).values() if node.type is NodeType.FILE]
    assert content_of(repository, node) == source.read_bytes()


def test_holes_are_stored_like_zeros_without_being_read(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "sparse.img").open("wb") as file:
        file.write(random.Random(1).randbytes(2_000_000))
        file.seek(40 << 20)
        file.write(random.Random(2).randbytes(1_500_000))
        file.truncate(64 << 20)
    (source / "written.img").write_bytes((source / "sparse.img").read_bytes())
    assert (source / "sparse.img").stat().st_blocks < (source / "written.img").stat().st_blocks
    read = 0

    def preadv(fd: int, buffers: Sequence[memoryview], at: int, real: Callable[..., int] = os.preadv) -> int:
        nonlocal read
        count = real(fd, buffers, at)
        read += count
        return count

    monkeypatch.setattr(os, "preadv", preadv)
    monkeypatch.setattr(workers, "ForkedWorkers", lambda duty, _count: workers.InlineWorkers(duty))
    summary = repository.backup([raw(source)])
    assert read < (64 << 20) + (30 << 20)
    nodes = paths_in(repository, summary.snapshot)
    sparse, written = nodes[raw(source / "sparse.img")], nodes[raw(source / "written.img")]
    assert sparse.content == written.content
    assert content_of(repository, sparse) == (source / "written.img").read_bytes()


def test_a_single_file_can_be_backed_up(repository: Repository, source: Path, state_dir: Path) -> None:
    for _ in range(2):
        summary = repository.backup([raw(source / "pupils.csv")], state_dir=state_dir)
    assert summary.files == 1
    assert summary.bytes_read == 0
    assert raw(source / "pupils.csv") in paths_in(repository, summary.snapshot)


def test_several_paths_share_one_snapshot_and_nested_ones_count_once(repository: Repository, source: Path) -> None:
    other = source.parent / "other"
    other.mkdir()
    (other / "o.txt").write_bytes(b"o")
    paths = [raw(source), raw(source / "lessons"), raw(other), raw(source) + b"/."]
    summary = repository.backup(paths)
    assert summary.files == 4
    assert raw(other / "o.txt") in paths_in(repository, summary.snapshot)


def test_what_lies_beside_the_paths_is_left_out(repository: Repository, source: Path) -> None:
    (source.parent / "private.txt").write_bytes(b"private")
    found = paths_in(repository, repository.backup([raw(source)]).snapshot)
    assert raw(source.parent / "private.txt") not in found
    assert found[raw(source.parent)].type is NodeType.DIR


def test_paths_that_are_no_utf8_are_backed_up(repository: Repository, tmp_path: Path) -> None:
    source = raw(tmp_path) + b"/caf\xe9 \xff"
    os.mkdir(source)
    with open(source + b"/\xfe.txt", "wb") as file:
        file.write(b"x")
    for expected_bytes in (1, 0):
        summary = repository.backup([source])
        assert summary.bytes_read == expected_bytes
    assert source + b"/\xfe.txt" in paths_in(repository, summary.snapshot)


def test_what_is_excluded_is_left_out_with_all_below_it(repository: Repository, source: Path) -> None:
    (source / "cache").mkdir()
    (source / "cache/deep").mkdir()
    (source / "cache/deep/file.txt").write_bytes(b"x")
    (source / "a.tmp").write_bytes(b"x")
    options = BackupOptions(exclude=("*.tmp", "cache", f"{source}/lessons/*.txt"))
    summary = repository.backup([raw(source)], options=options)
    found = {path.removeprefix(raw(source)) for path in paths_in(repository, summary.snapshot) if raw(source) in path}
    assert found == {b"", b"/lessons", b"/lessons/maths", b"/lessons/maths/fractions.txt", b"/pupils.csv"}
    assert summary.complete


def test_with_no_path_there_is_no_snapshot(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        repository.backup([raw(tmp_path / "not mounted"), raw(tmp_path / "neither")])
    assert repository.snapshots() == ()
    assert repository.lock_names() == ()


def test_a_missing_path_among_others_makes_the_run_incomplete(repository: Repository, source: Path) -> None:
    missing = raw(source.parent / "not mounted/deep")
    summary = repository.backup([raw(source), missing])
    assert summary.problems == (FileProblem(missing, "ENOENT"),)
    assert not summary.complete
    assert raw(source.parent / "not mounted") not in paths_in(repository, summary.snapshot)


class Sabotage:
    """Makes opening chosen files go wrong: root may read everything, so permissions cannot."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: dict[bytes, OSError] = {}
        self._open = reading.open_quietly
        monkeypatch.setattr(reading, "open_quietly", self.open)

    def open(self, path: bytes) -> int:
        if error := self.errors.get(os.path.basename(path)):
            raise error
        return self._open(path)


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> Sabotage:
    return Sabotage(monkeypatch)


@pytest.mark.parametrize("backend", ["local", "memory"])
def test_an_unreadable_file_is_reported_by_every_run_until_it_is_readable(
    source: Path, tmp_path: Path, state_dir: Path, sabotage: Sabotage, backend: str
) -> None:
    repository = Repository.init(LocalBackend(tmp_path / "r") if backend == "local" else MemoryBackend())
    sabotage.errors[b"plan.txt"] = PermissionError(13, "no")
    plan = raw(source / "lessons/plan.txt")
    for _ in range(3):
        summary = repository.backup([raw(source)], state_dir=state_dir)
        assert summary.problems == (FileProblem(plan, "EACCES"),)
        found = paths_in(repository, summary.snapshot)
        assert plan not in found
        assert raw(source / "pupils.csv") in found
    assert summary.bytes_read == 0  # the others were not read again
    sabotage.errors.clear()
    healed = repository.backup([raw(source)], state_dir=state_dir)
    assert healed.complete
    assert plan in paths_in(repository, healed.snapshot)


def test_a_file_that_vanishes_is_reported(repository: Repository, source: Path, sabotage: Sabotage) -> None:
    sabotage.errors[b"plan.txt"] = FileNotFoundError(2, "gone")
    assert repository.backup([raw(source)]).problems == (FileProblem(raw(source / "lessons/plan.txt"), "ENOENT"),)


def test_a_folder_that_cannot_be_listed_is_reported(
    repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_scandir = os.scandir

    def scandir(path: bytes) -> object:
        if path.endswith(b"maths"):
            raise PermissionError(13, "no")
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    summary = repository.backup([raw(source)])
    assert summary.problems == (FileProblem(raw(source / "lessons/maths"), "EACCES"),)
    assert raw(source / "lessons/plan.txt") in paths_in(repository, summary.snapshot)


def test_a_source_that_cannot_be_listed_at_all_is_incomplete(
    repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_scandir = os.scandir

    def scandir(path: bytes) -> object:
        if path == raw(source):
            raise OSError(5, "io")
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert repository.backup([raw(source)]).problems == (FileProblem(raw(source), "EIO"),)


def test_a_file_that_becomes_a_fifo_or_link_is_reported_and_nothing_hangs(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository.init(MemoryBackend())
    real_open = reading.open_quietly

    def swap(path: bytes) -> int:
        if path.endswith(b"plan.txt"):
            os.unlink(path)
            os.mkfifo(path)
        if path.endswith(b"pupils.csv"):
            os.unlink(path)
            os.symlink("/etc/passwd", path)
        return real_open(path)

    monkeypatch.setattr(reading, "open_quietly", swap)
    summary = repository.backup([raw(source)])
    assert summary.problems == (
        FileProblem(raw(source / "lessons/plan.txt"), "changed"),
        FileProblem(raw(source / "pupils.csv"), "ELOOP"),
    )


class Restless:
    """Has a file grow while it is read, a number of times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path, times: int) -> None:
        self.left = times
        real_fstat = os.fstat

        def fstat(fd: int) -> os.stat_result:
            status = real_fstat(fd)
            if self.left and os.readlink(f"/proc/self/fd/{fd}") == str(path):
                self.left -= 1
                with open(path, "ab") as file:
                    file.write(b"more")
            return status

        monkeypatch.setattr(os, "fstat", fstat)


def test_a_file_that_changes_once_while_read_is_read_again(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository.init(MemoryBackend())
    path = source / "pupils.csv"
    Restless(monkeypatch, path, 1)
    summary = repository.backup([raw(source)])
    assert summary.complete
    assert content_of(repository, paths_in(repository, summary.snapshot)[raw(path)]) == path.read_bytes()


def test_a_file_that_keeps_changing_is_kept_as_read_and_reported(
    source: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository.init(MemoryBackend())
    path = source / "pupils.csv"
    Restless(monkeypatch, path, 10)
    summary = repository.backup([raw(source)], state_dir=state_dir)
    assert summary.problems == (FileProblem(raw(path), "changed"),)
    node = paths_in(repository, summary.snapshot)[raw(path)]
    assert len(content_of(repository, node)) == node.size
    monkeypatch.undo()
    after = repository.backup([raw(source)], state_dir=state_dir)
    assert after.complete
    assert content_of(repository, paths_in(repository, after.snapshot)[raw(path)]) == path.read_bytes()


def test_a_file_changed_this_very_moment_is_read_only_when_the_clock_has_ticked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On kernels with coarse file times a change in the same tick would leave no trace for the next run.
    source = tmp_path / "busy.txt"
    source.write_bytes(b"old")
    slept: list[float] = []
    real_sleep = time.sleep

    def sleep_and_change(seconds: float) -> None:
        slept.append(seconds)
        real_sleep(seconds)
        source.write_bytes(b"new")

    monkeypatch.setattr(reading, "_TICK_NS", 1_000_000_000)
    monkeypatch.setattr(time, "sleep", sleep_and_change)
    repository = Repository.init(MemoryBackend())
    summary = repository.backup([raw(source)])
    assert slept == [1.0]
    assert summary.complete
    node = paths_in(repository, summary.snapshot)[raw(source)]
    assert node.ctime_ns == source.stat().st_ctime_ns
    assert content_of(repository, node) == b"new"


def test_the_monitor_ends_with_the_totals(repository: Repository, source: Path) -> None:
    monitor = Monitor()
    summary = repository.backup([raw(source)], monitor=monitor)
    assert monitor.phase is Phase.FINISHING
    assert monitor.files_done == monitor.files_total == summary.files
    assert monitor.bytes_done == monitor.bytes_total == summary.bytes_total


def test_packs_that_were_sealed_wrongly_are_never_written(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.repository.crypto import Sealer
    from app.repository.errors import RepositoryDamaged

    repository = Repository.init(MemoryBackend())
    repository.backup([raw(source)], options=BackupOptions(verify_sealed=True))
    real_seal_into = Sealer.seal_into

    def flip_a_bit(self: Sealer, buffer: memoryview, offset: int, plain: bytes) -> int:
        length = real_seal_into(self, buffer, offset, plain)
        buffer[offset + 20] ^= 1
        return length

    packs = len(list(repository.backend.list(FileKind.PACK)))
    monkeypatch.setattr(Sealer, "seal_into", flip_a_bit)
    (source / "new.txt").write_bytes(b"new content that is long enough")
    with pytest.raises(RepositoryDamaged):
        repository.backup([raw(source)], options=BackupOptions(verify_sealed=True))
    monkeypatch.undo()
    assert len(list(repository.backend.list(FileKind.PACK))) == packs
    assert len(repository.snapshots()) == 1


@pytest.mark.rig
def test_other_file_systems_are_left_empty_when_asked(repository: Repository, source: Path) -> None:
    import subprocess

    mounted = source / "mounted"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(mounted)], check=True)
    try:
        (mounted / "inside.txt").write_bytes(b"x")
        with_it = paths_in(repository, repository.backup([raw(source)]).snapshot)
        options = BackupOptions(one_file_system=True)
        without = paths_in(repository, repository.backup([raw(source)], options=options).snapshot)
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
    assert raw(mounted / "inside.txt") in with_it
    assert raw(mounted) in without
    assert raw(mounted / "inside.txt") not in without


def test_a_change_beside_the_paths_stores_nothing(repository: Repository, source: Path, state_dir: Path) -> None:
    first = repository.backup([raw(source)], state_dir=state_dir)
    (source.parent / "neighbour.txt").write_bytes(b"not ours")
    again = repository.backup([raw(source)], state_dir=state_dir)
    assert again.bytes_added == 0
    assert again.snapshot.tree == first.snapshot.tree


@pytest.mark.parametrize(("files", "size", "forks"), [(5, 100, 0), (80, 100, 1), (3, 900_000, 1), (40, 200_000, 4)])
def test_workers_are_forked_for_as_much_as_there_is_to_read(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, size: int, forks: int
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(files):
        (source / f"{number}.bin").write_bytes(random.Random(number).randbytes(size))
    forked: list[int] = []

    def fork(duty: Duty, count: int, real: type[ForkedWorkers] = ForkedWorkers) -> ForkedWorkers:
        forked.append(count)
        return real(duty, count)

    monkeypatch.setattr(workers, "ForkedWorkers", fork)
    monkeypatch.setattr(workers, "worker_count", lambda: 4)
    summary = repository.backup([raw(source)])
    assert sum(forked) == forks
    assert (summary.complete, summary.bytes_read) == (True, files * size)
    assert repository.check(read_data=True).sound
