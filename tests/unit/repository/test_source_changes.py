"""What a back-up counts of how the files changed: the figures that ransomware is sensed by."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path

from app.clock import SystemClock
from app.repository.backend.local import LocalBackend
from app.repository.model import BackupOptions, Cancel, Monitor, SourceChanges
from app.repository.repository import Repository

DICE = random.Random(7)
WORDS = ["de", "klas", "van", "juf", "Els", "leest", "vandaag", "over", "water", "en", "wind", "en", "maan"]


def text(number: int) -> bytes:
    words = (DICE.choice(WORDS) for _ in range(400))
    return f"{number} {' '.join(words)}".encode()


def school(folder: Path, files: int = 60) -> Path:
    for number in range(files):
        path = folder / f"klas{number % 3}" / f"verslag {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text(number))
    return folder


class Copies:
    """A repository of one folder, backed up as often as asked."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self.state = folder, state
        self.repository = Repository.init(LocalBackend(state / "repository"))

    def back_up(self, *, force: bool = False) -> SourceChanges | None:
        return self.repository.backup(
            [os.fsencode(self.folder)],
            options=BackupOptions(force=force),
            monitor=Monitor(),
            cancel=Cancel(),
            state_dir=self.state,
            clock=SystemClock(),
        ).changes


def begun(tmp_path: Path) -> Copies:
    copies = Copies(school(tmp_path / "data"), tmp_path / "state")
    assert copies.back_up() is None
    return copies


def test_a_back_up_without_a_parent_compares_with_nothing(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    assert copies.back_up() == SourceChanges(0, 0, 0, 0, 0)
    assert copies.back_up(force=True) is None


def test_changed_new_and_removed_files_are_counted(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    first, second, third, *_ = sorted(copies.folder.rglob("*.txt"))
    first.write_bytes(text(100))
    second.unlink()
    third.rename(third.with_name("elders.txt"))
    (copies.folder / "nieuw.txt").write_bytes(text(101))
    assert copies.back_up() == SourceChanges(new=2, changed=1, removed=2, opaque_new=0, opaque_changed=0)


def test_a_removed_folder_counts_with_the_files_in_it(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    for path in (copies.folder / "klas1").iterdir():
        path.unlink()
    (copies.folder / "klas1").rmdir()
    assert copies.back_up() == SourceChanges(new=0, changed=0, removed=20, opaque_new=0, opaque_changed=0)


def test_a_touched_file_is_not_a_changed_one(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    for path in copies.folder.rglob("*.txt"):
        os.utime(path)
    assert copies.back_up() == SourceChanges(0, 0, 0, 0, 0)


def test_files_that_were_encrypted_in_place_are_opaque(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    for path in copies.folder.rglob("*.txt"):
        path.write_bytes(os.urandom(path.stat().st_size))
    assert copies.back_up() == SourceChanges(new=0, changed=60, removed=0, opaque_new=0, opaque_changed=60)


def test_files_that_were_encrypted_under_another_name_are_removed_and_opaque(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    for path in tuple(copies.folder.rglob("*.txt")):
        path.with_suffix(".txt.locked").write_bytes(os.urandom(path.stat().st_size))
        path.unlink()
    assert copies.back_up() == SourceChanges(new=60, changed=0, removed=60, opaque_new=60, opaque_changed=0)


def test_photos_and_documents_are_not_opaque_though_they_do_not_compress(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    for number in range(10):
        (copies.folder / f"foto{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(5000))
        (copies.folder / f"film{number}.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom" + os.urandom(5000))
        with zipfile.ZipFile(copies.folder / f"brief{number}.docx", "w") as document:
            document.writestr("media.bin", os.urandom(5000))
    assert copies.back_up() == SourceChanges(new=30, changed=0, removed=0, opaque_new=0, opaque_changed=0)


def test_a_large_encrypted_file_is_judged_by_its_beginning(tmp_path: Path) -> None:
    copies = begun(tmp_path)
    (copies.folder / "groot.bin").write_bytes(os.urandom(3 << 20) + bytes(3 << 20))
    (copies.folder / "groot.txt").write_bytes(b"".join(text(n) for n in range(1500)))
    assert copies.back_up() == SourceChanges(new=2, changed=0, removed=0, opaque_new=1, opaque_changed=0)
