"""Looking into snapshots: what is where, and which versions there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.repository import finder
from app.repository.errors import SnapshotNotFound
from app.repository.model import BlobId, FoundEntry, Node
from app.repository.repository import Repository
from tests.unit.repository_read.conftest import back_up


def found(repository: Repository, pattern: str) -> list[tuple[str, bytes]]:
    return [(entry.snapshot.id, entry.path) for entry in repository.find(pattern)]


def test_a_walk_names_every_entry_a_folder_before_what_it_holds(in_memory: Repository, source: Path) -> None:
    snapshot = back_up(in_memory, source)
    base = os.fsencode(source)
    assert [entry.path for entry in in_memory.walk(snapshot, base)] == [
        base,
        base + b"/letters",
        base + b"/letters/To the Council.txt",
        base + b"/notes.txt",
        base + b"/photos",
        base + b"/photos/2026",
        base + b"/photos/2026/trip.jpg",
    ]
    everything = [entry.path for entry in in_memory.walk(snapshot)]
    assert everything[: base.count(b"/")] == [
        b"/".join(base.split(b"/")[: number + 1]) for number in range(1, base.count(b"/") + 1)
    ]


def test_ls_lists_one_folder(in_memory: Repository, source: Path) -> None:
    snapshot = back_up(in_memory, source)
    names = [entry.node.name for entry in in_memory.ls(snapshot, os.fsencode(source))]
    assert names == [b"letters", b"notes.txt", b"photos"]
    [file] = in_memory.ls(snapshot, os.fsencode(source / "notes.txt"))
    assert (file.path, file.node.size) == (os.fsencode(source / "notes.txt"), 5)
    assert [entry.path for entry in in_memory.ls(snapshot)] == [b"/" + source.parts[1].encode()]


def test_a_path_that_is_not_there_is_said_so(in_memory: Repository, source: Path) -> None:
    snapshot = back_up(in_memory, source)
    assert finder.entry_at(in_memory, snapshot, b"/not/there") is None
    assert finder.entry_at(in_memory, snapshot, os.fsencode(source / "notes.txt" / "below a file")) is None
    with pytest.raises(SnapshotNotFound):
        list(in_memory.walk(snapshot, b"/not/there"))
    with pytest.raises(SnapshotNotFound):
        in_memory.ls(snapshot, b"/not/there")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("council", "letters/To the Council.txt"),
        ("COUNCIL.TXT", "letters/To the Council.txt"),
        ("*.JPG", "photos/2026/trip.jpg"),
        ("tr?p.[jk]pg", "photos/2026/trip.jpg"),
        ("2026/trip", "photos/2026/trip.jpg"),
        ("**/photos/**/*.jpg", "photos/2026/trip.jpg"),
    ],
)
def test_a_name_is_found_by_a_part_or_a_pattern_in_any_case(
    pattern: str, name: str, in_memory: Repository, source: Path
) -> None:
    snapshot = back_up(in_memory, source)
    assert found(in_memory, pattern) == [(snapshot.id, os.fsencode(source / name))]


def test_a_name_that_is_no_utf8_and_one_with_accents_are_found(in_memory: Repository, source: Path) -> None:
    strange = os.fsencode(source) + b"/caf\xe9 menu.txt"
    with open(strange, "wb") as file:
        file.write(b"x")
    (source / "Leçon d'été.txt").write_text("x")
    snapshot = back_up(in_memory, source)
    assert found(in_memory, "menu") == [(snapshot.id, strange)]
    assert found(in_memory, "LEÇON D'ÉTÉ") == [(snapshot.id, os.fsencode(source / "Leçon d'été.txt"))]


def test_an_unchanged_file_is_found_once_in_its_newest_snapshot(in_memory: Repository, source: Path) -> None:
    back_up(in_memory, source, day=1)
    (source / "more.txt").write_text("more")  # the folder above changes, the notes do not
    newest = back_up(in_memory, source, day=2)
    assert found(in_memory, "notes") == [(newest.id, os.fsencode(source / "notes.txt"))]


def test_every_version_is_found_newest_first(in_memory: Repository, source: Path) -> None:
    old = back_up(in_memory, source, day=1)
    (source / "notes.txt").write_text("longer notes")
    back_up(in_memory, source, day=2)
    (source / "unrelated.txt").write_text("x")
    new = back_up(in_memory, source, day=3)
    path = os.fsencode(source / "notes.txt")
    assert found(in_memory, "notes") == [(new.id, path), (old.id, path)]
    assert [(entry.snapshot.id, entry.node.size) for entry in in_memory.versions(path)] == [(new.id, 12), (old.id, 5)]


def test_a_removed_file_still_has_its_versions(in_memory: Repository, source: Path) -> None:
    old = back_up(in_memory, source, day=1)
    (source / "notes.txt").unlink()
    back_up(in_memory, source, day=2)
    assert [entry.snapshot.id for entry in in_memory.versions(os.fsencode(source / "notes.txt"))] == [old.id]
    assert in_memory.versions(b"/never/was") == ()


def test_a_search_can_be_kept_to_some_snapshots(in_memory: Repository, source: Path) -> None:
    old = back_up(in_memory, source, day=1)
    (source / "notes.txt").write_text("longer notes")
    back_up(in_memory, source, day=2)
    hits = list(in_memory.find("notes", [old]))
    assert [entry.snapshot.id for entry in hits] == [old.id]


def test_a_folder_shared_by_snapshots_is_read_once(
    in_memory: Repository, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 6):
        back_up(in_memory, source, day=day)
    reads: list[BlobId] = []
    load_tree = Repository.load_tree

    def counted(repository: Repository, tree: BlobId) -> tuple[Node, ...]:
        reads.append(tree)
        return load_tree(repository, tree)

    monkeypatch.setattr(Repository, "load_tree", counted)
    hits: list[FoundEntry] = list(in_memory.find("trip"))
    assert len(hits) == 1
    assert len(reads) == len(set(reads))
    before = len(reads)
    list(in_memory.find("notes"))
    assert len(reads) == before
