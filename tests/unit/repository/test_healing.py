"""After a check has found damage, the next back-up stores anew what is damaged and still at the source."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from app.repository.backend.base import FileKind
from app.repository.damage_note import load_damage, note_path
from app.repository.model import BackupOptions, PackId, Snapshot
from app.repository.repair import repair_packs
from app.repository.repair_snapshots import repair_snapshots
from app.repository.repository import Repository
from tests.rig.restic import Restic
from tests.rig.trees import assert_same_tree


@pytest.fixture(autouse=True)
def _small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("storing", "repacking"):
        monkeypatch.setattr(f"app.repository.{module}.PACK_BYTES", 64 << 10)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    noise = random.Random(4)
    for number in range(30):
        path = folder / f"{number % 5}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise.randbytes(20_000))
    return folder


def packs_of(repository: Repository, *, trees: bool) -> list[PackId]:
    repository.forget_index()
    return sorted({place.pack for _, place in repository.index.blobs() if place.is_tree is trees})


def file_of(repository: Repository, pack: PackId) -> Path:
    return Path(os.fsdecode(repository.backend.location), "data", pack.hex()[:2], pack.hex())


def break_blobs(repository: Repository, pack: PackId) -> None:
    """Change a byte in every blob of a pack."""
    file = file_of(repository, pack)
    data = bytearray(file.read_bytes())
    for entry in repository.index.by_pack()[pack]:
        data[entry.offset + entry.length // 2] ^= 1
    file.write_bytes(data)


def lose(repository: Repository, pack: PackId) -> None:
    file_of(repository, pack).unlink()


def back_up(repository: Repository, source: Path, state: Path, *, force: bool = False) -> Snapshot:
    options = BackupOptions(force=force)
    summary = repository.backup([bytes(source)], state_dir=state, options=options)
    assert summary.complete
    return summary.snapshot


def let_go_of_what_is_lost(repository: Repository) -> None:
    """Repair the snapshots, and forget those of which not even the top folder is left."""
    for lost in repair_snapshots(repository, forget=True).lost:
        repository.backend.remove(FileKind.SNAPSHOT, lost)


@pytest.mark.parametrize("force", [False, True], ids=["as usual", "read all"])
@pytest.mark.parametrize("trees", [False, True], ids=["data", "trees"])
@pytest.mark.parametrize("harm", [break_blobs, lose])
def test_check_back_up_and_repair_leave_every_snapshot_whole(
    repository: Repository, source: Path, state_dir: Path, tmp_path: Path, witness: Restic,
    harm: object, trees: bool, force: bool,
) -> None:  # fmt: skip
    assert callable(harm)
    first = back_up(repository, source, state_dir)
    victims = packs_of(repository, trees=trees)[:2]
    for pack in victims:
        harm(repository, pack)
    repository.forget_index()
    assert not repository.check(read_data=True, state_dir=state_dir).sound
    assert load_damage(state_dir, repository.id) == set(victims)
    second = back_up(repository, source, state_dir, force=force)
    # What has been stored anew serves at once, before anything is repaired; of lost trees those of the folders above
    # the source, whose times have changed since, are not at the source any more.
    for number, snapshot in enumerate((second,) if trees else (first, second)):
        assert repository.restore(snapshot, os.fsencode(tmp_path / f"{number}")).complete
        assert_same_tree(source, tmp_path / f"{number}" / source.relative_to("/"))
    repair_packs(repository, victims)
    let_go_of_what_is_lost(repository)
    assert second in repository.snapshots()
    assert first in repository.snapshots() or trees
    assert repository.check(read_data=True, state_dir=state_dir).sound
    assert load_damage(state_dir, repository.id) == set()
    witness.check(read_data=True)


def test_what_was_stored_anew_is_not_stored_a_third_time(repository: Repository, source: Path, state_dir: Path) -> None:
    back_up(repository, source, state_dir)
    break_blobs(repository, packs_of(repository, trees=False)[0])
    repository.check(read_data=True, state_dir=state_dir)
    back_up(repository, source, state_dir)
    packs = {info.name for info in repository.backend.list(FileKind.PACK)}
    summary = repository.backup([bytes(source)], state_dir=state_dir)
    assert (summary.bytes_read, summary.blobs_added) == (0, 0)
    assert {info.name for info in repository.backend.list(FileKind.PACK)} == packs


@pytest.mark.parametrize("trees", [False, True], ids=["data", "trees"])
def test_repair_and_the_next_run_heal_without_a_note(
    repository: Repository, source: Path, state_dir: Path, witness: Restic, trees: bool
) -> None:
    """Another computer may have checked and repaired."""
    first = back_up(repository, source, state_dir)
    victims = packs_of(repository, trees=trees)[:2]
    for pack in victims:
        break_blobs(repository, pack)
    repair_packs(repository, victims)
    assert not repository.check(read_data=True).sound
    second = back_up(repository, source, state_dir)
    let_go_of_what_is_lost(repository)
    assert second in repository.snapshots()
    assert first in repository.snapshots() or trees
    assert repository.check(read_data=True).sound
    witness.check(read_data=True)


def test_a_check_strikes_off_only_what_it_looked_at(repository: Repository, source: Path, state_dir: Path) -> None:
    back_up(repository, source, state_dir)
    broken, lost = packs_of(repository, trees=False)[:2]
    whole = file_of(repository, broken).read_bytes()
    break_blobs(repository, broken)
    lose(repository, lost)
    repository.check(state_dir=state_dir)
    assert load_damage(state_dir, repository.id) == {lost}
    repository.check(read_data=True, state_dir=state_dir)
    file_of(repository, broken).write_bytes(whole)
    repository.check(state_dir=state_dir)
    assert load_damage(state_dir, repository.id) == {broken, lost}
    repository.check(read_data=True, state_dir=state_dir)
    assert load_damage(state_dir, repository.id) == {lost}


@pytest.mark.parametrize("rubbish", [b"", b"\0" * 100, b"\xff" * 5000])
def test_a_torn_note_is_no_note(repository: Repository, source: Path, state_dir: Path, rubbish: bytes) -> None:
    note_path(state_dir, repository.id).write_bytes(rubbish)
    assert load_damage(state_dir, repository.id) == set()
    back_up(repository, source, state_dir)
