"""The old computer is gone: on a new one the copies open with the recovery sheet, and the new one goes on with them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.jobs.installation import Installation
from app.jobs.other_copies import open_other
from app.jobs.recovery import renew_recovery_key
from app.jobs.taking_over import NotTakenOver, take_over
from app.paths import Home
from app.records.facts import Outcome, RunKind
from app.records.store import Records
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.errors import BackendReadOnly
from app.secret import Secret
from app.targets.settings import SETTINGS_FILE
from app.tui.home import HomeSource
from tests.e2e.installation import TestHome, make_installation
from tests.rig.commands import vangnet


@dataclass(frozen=True)
class Lost:
    """What is left after a fire: a disk with copies, and the recovery sheet in the safe."""

    old: TestHome
    place: Path
    key: Secret
    key_file: Path


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    folder = tmp_path_factory.mktemp("lost")
    old = make_installation(folder / "old")
    with old.records() as records:
        key = renew_recovery_key(old.installation(), records, by="An").key
    for changed in ("first", "second"):
        (old.source("marks") / "marks 1.txt").write_text(changed)
        assert old.agent("--once") == 0
        vangnet("--home", str(old.home.config), "backup", "marks", "--target", "nas")
    # What is left is a copy of the place, as a disk that is put into another computer.
    place = folder / "disk" / "vangnet"
    shutil.copytree(old.place("nas"), place)
    key_file = folder / "sheet"
    key_file.write_text(key.reveal().lower().replace("-", " "))
    return Lost(old, place, key, key_file)


def files_of(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_the_copies_are_listed_without_any_set_up_and_nothing_is_written(lost: Lost, tmp_path: Path) -> None:
    before = files_of(lost.place)
    home = ("--home", str(tmp_path / "new"), "--lang", "en")
    listed = vangnet(
        *home, "adopt", "list", str(lost.place.parent), "--key-file", str(lost.key_file), "--json"
    ).document()
    assert listed["organisation"] == "School"
    assert listed["can_be_taken_over"]
    assert {found["set"]: found["name"] for found in listed["sets"]} == {"letters": "Letters", "marks": "Marks"}
    marks = next(found for found in listed["sets"] if found["set"] == "marks")
    assert marks["folders"] == [str(lost.old.source("marks"))]
    assert marks["versions"] == sorted(marks["versions"], reverse=True)
    restored = vangnet(
        *home, "adopt", "restore", str(lost.place), "marks", "--to", str(tmp_path / "back"),
        "--key-file", str(lost.key_file), "--json",
    ).document()  # fmt: skip
    assert restored["files"] == 5
    assert (tmp_path / "back" / "marks" / "marks 1.txt").read_text() == "second"
    assert files_of(lost.place) == before


def test_a_wrong_key_and_an_empty_folder_are_said_plainly(lost: Lost, tmp_path: Path) -> None:
    home = ("--home", str(tmp_path / "new"), "--lang", "en")
    wrong = tmp_path / "wrong"
    wrong.write_text("K7QF-9D2M")
    mistyped = vangnet(
        *home, "adopt", "list", str(lost.place), "--key-file", str(wrong), "--json", expect=None
    ).document()
    assert mistyped["error"]["code"] == "recovery-key-mistyped"
    nothing = vangnet(
        *home, "adopt", "list", str(tmp_path), "--key-file", str(lost.key_file), "--json", expect=None
    ).document()
    assert nothing["error"]["code"] == "no-copies-here"


def test_opened_copies_refuse_to_be_written_to(lost: Lost) -> None:
    copies = open_other(lost.place, lost.key.reveal())
    with pytest.raises(BackendReadOnly):
        copies.repository.backend.save(FileKind.SNAPSHOT, "0" * 64, b"x")
    with pytest.raises(BackendReadOnly):
        copies.repository.backend.remove(FileKind.SNAPSHOT, copies.repository.snapshots()[0].id)


def test_the_settings_beside_the_copies_say_nothing_without_the_key(lost: Lost) -> None:
    sealed = (lost.place / SETTINGS_FILE).read_bytes()
    assert b"Marks" not in sealed
    assert b"duties" not in sealed


def test_the_new_computer_goes_on_where_the_old_one_stopped(lost: Lost, tmp_path: Path) -> None:
    place = tmp_path / "media" / "vangnet"
    shutil.copytree(lost.place, place)
    new = ("--home", str(tmp_path / "new"), "--lang", "en")
    taken = vangnet(
        *new, "adopt", "take", str(place), "--by", "An", "--key-file", str(lost.key_file), "--json"
    ).document()
    assert taken["missing_folders"] == []  # in this test the old folders are there still
    home = Home.in_folder(tmp_path / "new")
    installation = Installation.load(home, SystemClock())
    assert [data_set.name for data_set in installation.policy.data_sets] == ["Marks", "Letters"]
    assert installation.target("nas").path == place  # found again where it is mounted now
    done = vangnet(*new, "backup", "marks", "--target", "nas", "--json").document()
    assert done["runs"][0]["outcome"] == "good"
    assert done["runs"][0]["bytes_added"] < 10_000  # the files are in the copies already
    with Records.open(home, SystemClock()) as records:
        assert "taken-over" in {row.kind for row in records.journal_rows()}
        assert records.verify_journal().ok
        assert records.runs(limit=5, kind=RunKind.BACKUP)[0].outcome is Outcome.GOOD
    # The printed sheet goes on working, and nobody takes over twice.
    copies = open_other(place, lost.key.reveal())
    assert any(LocalBackend(place).list(FileKind.KEY))
    with pytest.raises(NotTakenOver):
        take_over(home, copies, lost.key.reveal(), by="An", clock=SystemClock())


def test_copies_without_settings_can_be_read_but_not_taken_over(lost: Lost, tmp_path: Path) -> None:
    place = tmp_path / "older"
    shutil.copytree(lost.place, place)
    for damage in (b"nonsense", None):
        (place / SETTINGS_FILE).write_bytes(damage) if damage else (place / SETTINGS_FILE).unlink()
        copies = open_other(place, lost.key.reveal())
        assert copies.settings_damaged is bool(damage)
        assert {found.id for found in copies.data_sets()} == {"letters", "marks"}
        with pytest.raises(NotTakenOver):
            take_over(Home.in_folder(tmp_path / "x"), copies, lost.key.reveal(), by="An", clock=SystemClock())
        assert not (tmp_path / "x").exists()


async def test_the_screens_do_the_same_on_a_real_home(lost: Lost, tmp_path: Path) -> None:
    place = tmp_path / "media" / "vangnet"
    shutil.copytree(lost.place, place)
    source = HomeSource(Home.in_folder(tmp_path / "new"), SystemClock())
    try:
        view = await source.open_other(place.parent, Secret(lost.key_file.read_text()))
        assert (view.organisation, view.can_be_taken_over) == ("School", True)
        marks = next(found for found in view.sets if found.id == "marks")
        oldest = await source.restore_other("marks", marks.versions[-1], tmp_path / "back")
        assert (oldest.outcome, oldest.files) == (Outcome.GOOD, 5)
        assert (tmp_path / "back" / "marks" / "marks 1.txt").read_text() == "first"
        assert not await source.set_up()
        assert await source.take_over("Els") == ()
        assert await source.set_up()
        assert (await source.look()).policy.organisation == lost.old.installation().policy.organisation
    finally:
        await source.close()
