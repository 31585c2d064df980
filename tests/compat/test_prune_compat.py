"""After we pruned, copied, repaired or migrated, stock restic finds everything sound; and the other way round."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.repository.backend.local import LocalBackend
from app.repository.copier import copy
from app.repository.crypto import MasterKey
from app.repository.diff import diff
from app.repository.forgetter import forget
from app.repository.keys import make_key_file
from app.repository.model import BackupOptions, PackId, Snapshot
from app.repository.prune_plan import MaxUnused
from app.repository.pruner import prune
from app.repository.repair import repair_index, repair_packs
from app.repository.repair_snapshots import repair_snapshots
from app.repository.repository import Repository
from app.repository.retention import KeepPolicy
from app.repository.stats import StatsMode, stats
from app.repository.upkeep import change_password, migrate
from app.secret import Secret
from tests.compat.conftest import PASSWORD, SECOND_PASSWORD
from tests.rig.restic import Restic, restic_program
from tests.rig.trees import assert_same_tree

MakeRepository = Callable[[], Repository]
OpenRepository = Callable[[], Repository]
NOTHING_UNNEEDED = MaxUnused(bytes=0)

pytestmark = pytest.mark.slow


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """Return a folder of 200 small files and one large one, 12 MB together."""
    office = tmp_path / "office"
    noise = random.Random(5)
    for number in range(200):
        (office / f"folder {number % 10}").mkdir(parents=True, exist_ok=True)
        (office / f"folder {number % 10}" / f"{number}.doc").write_bytes(noise.randbytes(noise.randrange(40_000)))
    (office / "film.mp4").write_bytes(noise.randbytes(8_000_000))
    return office


def told_by(restic: Restic, *arguments: str) -> str:
    """Return all that restic says about a command: `Restic.run` has it be quiet."""
    command = [restic_program(), "--no-cache", "-r", str(restic.repository), *arguments]
    env = {**os.environ, "RESTIC_PASSWORD_FILE": str(restic.password_file)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout


def change(office: Path, seed: int) -> None:
    noise = random.Random(seed)
    for number in noise.sample(range(200), 60):
        (office / f"folder {number % 10}" / f"{number}.doc").write_bytes(noise.randbytes(noise.randrange(40_000)))


def back_up_days(repository: Repository, office: Path, days: int) -> list[Snapshot]:
    first = SystemClock().now() - timedelta(days=days)
    made = []
    for day in range(days):
        change(office, day)
        options = BackupOptions(time=first + timedelta(days=day))
        made.append(repository.backup([os.fsencode(office)], options=options).snapshot)
    return made


def test_restic_checks_and_restores_what_we_pruned(
    make_repository: MakeRepository, restic: Restic, office: Path, tmp_path: Path
) -> None:
    repository = make_repository()
    made = back_up_days(repository, office, 5)
    forget(repository, KeepPolicy(last=1))
    report = prune(repository, max_unused=NOTHING_UNNEEDED)
    assert report.bytes_freed > 0
    restic.check(read_data=True)
    assert [snapshot["id"] for snapshot in restic.snapshots()] == [made[-1].id]
    restic.restore(made[-1].id, tmp_path / "out")
    assert_same_tree(office, tmp_path / "out" / office.relative_to("/"))
    # restic finds nothing left to do.
    told = told_by(restic, "prune", "--dry-run", "--max-unused", "0")
    assert "to delete:             0 blobs" in told or "total prune:           0 blobs" in told, told


@pytest.mark.parametrize("version", [1, 2])
def test_we_prune_what_restic_wrote(
    version: int, restic: Restic, open_repository: OpenRepository, office: Path, tmp_path: Path
) -> None:
    restic.init(1 if version == 1 else 2)
    for day in range(4):
        change(office, day)
        newest = restic.backup(office)
    repository = open_repository()
    forget(repository, KeepPolicy(last=1))
    assert prune(repository, max_unused=NOTHING_UNNEEDED).bytes_freed > 0
    restic.check(read_data=True)
    restic.restore(newest, tmp_path / "out")
    assert_same_tree(office, tmp_path / "out" / office.relative_to("/"))


def test_restic_prunes_ours_and_we_go_on(
    make_repository: MakeRepository, open_repository: OpenRepository, restic: Restic, office: Path
) -> None:
    repository = make_repository()
    back_up_days(repository, office, 3)
    restic.run("forget", "--keep-last", "1", "--prune", "--max-unused", "0")
    repository = open_repository()
    back_up_days(repository, office, 3)
    forget(repository, KeepPolicy(last=2))
    prune(repository)
    restic.run("forget", "--keep-last", "1", "--prune", "--max-unused", "0")
    repository = open_repository()
    assert repository.check(read_data=True).problems == ()
    assert prune(repository, max_unused=NOTHING_UNNEEDED).bytes_freed == 0
    restic.check(read_data=True)


@pytest.mark.parametrize("same_key", [True, False], ids=["same key", "another key"])
def test_restic_reads_our_copy_and_copies_no_more_to_it(
    same_key: bool, make_repository: MakeRepository, restic: Restic, office: Path, tmp_path: Path
) -> None:
    source = make_repository()
    made = back_up_days(source, office, 3)
    master = source.master if same_key else MasterKey.generate()
    key = make_key_file(
        master, Secret(PASSWORD), hostname="pc", username="test", now=SystemClock().now(), n=1 << 10, r=8, p=1
    )
    place = tmp_path / "copy"
    destination = Repository.init(LocalBackend(place), master, [key], polynomial=source.polynomial)
    copy(source, destination)
    there = Restic.at(place, PASSWORD, folder=tmp_path)
    there.check(read_data=True)
    assert [snapshot["original"] for snapshot in there.snapshots()] == [snapshot.id for snapshot in made]
    there.restore("latest", tmp_path / "out")
    assert_same_tree(office, tmp_path / "out" / office.relative_to("/"))
    from_options = ("--from-repo", restic.repository, "--from-password-file", restic.password_file)
    there.run("copy", *from_options)
    assert len(there.snapshots()) == 3


def test_what_restic_copied_we_do_not_copy_again(
    make_repository: MakeRepository, restic: Restic, office: Path, tmp_path: Path
) -> None:
    source = make_repository()
    back_up_days(source, office, 2)
    there = Restic.at(tmp_path / "copy", PASSWORD, folder=tmp_path)
    from_options = ("--from-repo", restic.repository, "--from-password-file", restic.password_file)
    there.run("init", *from_options, "--copy-chunker-params")
    there.run("copy", *from_options)
    destination = Repository.open(LocalBackend(tmp_path / "copy"), password=Secret(PASSWORD))
    assert copy(source, destination).copied == ()


def test_a_migrated_repository_is_restics_version_2(
    restic: Restic, open_repository: OpenRepository, office: Path
) -> None:
    restic.init(1)
    restic.backup(office)
    repository = open_repository()
    assert migrate(repository)
    assert json.loads(restic.run("cat", "config"))["version"] == 2
    restic.check(read_data=True)
    change(office, 1)
    repository.backup([os.fsencode(office)])
    restic.backup(office)
    restic.check(read_data=True)
    assert open_repository().check(read_data=True).problems == ()


def test_restic_finds_a_repaired_repository_sound(
    make_repository: MakeRepository, restic: Restic, office: Path, location: Path
) -> None:
    repository = make_repository()
    back_up_days(repository, office, 3)
    pack = max((location / "data").rglob("?" * 64), key=lambda file: file.stat().st_size)
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[5000] ^= 1
    pack.write_bytes(data)
    for file in (location / "index").iterdir():
        file.unlink()
        break
    repair_index(repository)
    repair_packs(repository, [PackId(bytes.fromhex(pack.name))])
    assert repair_snapshots(repository, forget=True).problems
    restic.check(read_data=True)
    assert len(restic.snapshots()) == 3


def test_a_changed_password_is_restics_too(
    make_repository: MakeRepository, location: Path, tmp_path: Path, restic: Restic
) -> None:
    repository = make_repository()
    new = "new one"
    change_password(repository, Secret(PASSWORD), Secret(new), SystemClock().now())
    assert Restic.at(location, new, folder=tmp_path).snapshots() == []
    assert Restic.at(location, SECOND_PASSWORD, folder=tmp_path).snapshots() == []
    with pytest.raises(AssertionError, match="password"):
        restic.snapshots()


def test_counts_are_restics(make_repository: MakeRepository, restic: Restic, varied_tree: Path) -> None:
    repository = make_repository()
    repository.backup([os.fsencode(varied_tree)])
    snapshots = repository.snapshots()
    restored = json.loads(restic.run("stats", "--json", "--mode", "restore-size"))
    ours = stats(repository, snapshots, StatsMode.RESTORE_SIZE)
    assert (ours.bytes, ours.files) == (restored["total_size"], restored["total_file_count"])
    raw = json.loads(restic.run("stats", "--json", "--mode", "raw-data"))
    ours = stats(repository, snapshots, StatsMode.RAW_DATA)
    assert (ours.bytes, ours.blobs) == (raw["total_size"], raw["total_blob_count"])
    distinct = json.loads(restic.run("stats", "--json", "--mode", "files-by-contents"))
    assert stats(repository, snapshots, StatsMode.FILES_BY_CONTENTS).bytes == distinct["total_size"]
    by_file = json.loads(restic.run("stats", "--json", "--mode", "blobs-per-file"))
    ours = stats(repository, snapshots, StatsMode.BLOBS_PER_FILE)
    assert (ours.bytes, ours.files) == (by_file["total_size"], by_file["total_file_count"])


def test_differences_are_restics(make_repository: MakeRepository, restic: Restic, office: Path) -> None:
    repository = make_repository()
    before = repository.backup([os.fsencode(office)]).snapshot
    change(office, 9)
    (office / "folder 1" / "1.doc").unlink()
    (office / "new").mkdir()
    (office / "new" / "letter.doc").write_text("Dear council")
    os.utime(office / "film.mp4", ns=(1, 1))
    after = repository.backup([os.fsencode(office)]).snapshot
    assert differences(repository, before, after, metadata=False) == told_differences(restic, before, after)
    # restic holds every folder above a change to be changed in its metadata too; we name those that are.
    with_metadata = told_differences(restic, before, after, "--metadata")
    assert {change for change in differences(repository, before, after, metadata=True) if not is_folder(change)} == {
        change for change in with_metadata if not is_folder(change)
    }


def is_folder(change: tuple[str, str]) -> bool:
    return change[0].endswith("/")


def differences(repository: Repository, before: Snapshot, after: Snapshot, *, metadata: bool) -> set[tuple[str, str]]:
    return {
        (os.fsdecode(entry.path) + "/" * entry.is_folder, entry.change.value)
        for entry in diff(repository, before, after, metadata=metadata).entries
    }


def told_differences(restic: Restic, before: Snapshot, after: Snapshot, *options: str) -> set[tuple[str, str]]:
    told = told_by(restic, "diff", "--json", *options, before.id, after.id).splitlines()
    return {
        (message["path"], message["modifier"])
        for message in map(json.loads, told)
        if message["message_type"] == "change"
    }
