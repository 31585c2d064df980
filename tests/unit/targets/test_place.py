from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import ExitCode
from app.policy.machine import Target
from app.repository.backend.local import LocalBackend
from app.repository.errors import WrongKey
from app.repository.repository import Repository
from app.targets.errors import MarkerDamaged, TargetHasOtherData, TargetNotThere, TargetUnsuitable, WrongDisk
from app.targets.keys import KeyRing, new_recovery_key
from app.targets.marker import MARKER_FILE
from app.targets.place import connection, locate, open_target, recognise
from app.targets.prepare import Contents
from tests.unit.targets.conftest import CLOCK, Organisation


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mnt" / "copies"


@pytest.fixture
def target(school: Organisation, folder: Path) -> Target:
    return school.prepare(folder)


def test_prepared_folder_opens_with_machine_and_recovery_key(school: Organisation, target: Target) -> None:
    assert locate(target) == target.path
    assert open_target(school.home, target).id == target.repository_id
    opened = Repository.open(LocalBackend(target.path), password=school.recovery)
    assert opened.id == target.repository_id
    names = {path.name for path in target.path.iterdir() if path.is_file()}
    assert names == {MARKER_FILE, "README.nl.txt", "README.en.txt", "README.fr.txt", "config"}


def test_connected_target_tells_its_space(target: Target) -> None:
    here = connection(target)
    assert here.connected
    sight = here.sight(CLOCK.now())
    assert (sight.target, sight.connected, sight.since) == (target.id, True, CLOCK.now())
    assert sight.free_bytes is not None
    assert sight.total_bytes is not None


def test_missing_folder_is_not_there(target: Target) -> None:
    shutil.rmtree(target.path)
    with pytest.raises(TargetNotThere) as missing:
        locate(target)
    assert missing.value.data["reason"] == "no-marker"
    assert missing.value.exit_code is ExitCode.NOT_THERE
    assert not connection(target).connected


def test_empty_mount_folder_is_not_there_and_stays_empty(school: Organisation, target: Target) -> None:
    shutil.rmtree(target.path)
    target.path.mkdir()
    with pytest.raises(TargetNotThere):
        open_target(school.home, target)
    assert list(target.path.iterdir()) == []


def test_copies_of_another_target_at_this_path_are_the_wrong_disk(
    school: Organisation, target: Target, tmp_path: Path
) -> None:
    other = school.prepare(tmp_path / "other", target="other", name="Andere")
    shutil.rmtree(target.path)
    other.path.rename(target.path)
    with pytest.raises(WrongDisk) as wrong:
        open_target(school.home, target)
    assert (wrong.value.data["reason"], wrong.value.data["found"]) == ("marker", "Andere")


def test_marker_copied_onto_another_repository_is_found_out(
    school: Organisation, target: Target, tmp_path: Path
) -> None:
    other = school.prepare(tmp_path / "other", target="other")
    shutil.copy(target.path / MARKER_FILE, other.path / MARKER_FILE)
    shutil.rmtree(target.path)
    other.path.rename(target.path)
    with pytest.raises(WrongDisk) as wrong:
        open_target(school.home, target)
    assert wrong.value.data["reason"] == "repository"


def test_damaged_marker_is_told_by_the_targets_name(target: Target) -> None:
    (target.path / MARKER_FILE).write_text("{")
    with pytest.raises(MarkerDamaged) as damaged:
        locate(target)
    assert damaged.value.data["target"] == "NAS"


def test_repository_of_another_organisation_does_not_open(
    new_organisation: Callable[[str], Organisation], target: Target
) -> None:
    shop = new_organisation("shop")
    with pytest.raises(WrongKey):
        open_target(shop.home, target)


def test_preparing_again_takes_the_same_copies_into_use(school: Organisation, target: Target) -> None:
    again = school.prepare(target.path, name="NAS zolder")
    assert (again.repository_id, again.marker_id) == (target.repository_id, target.marker_id)
    assert locate(again) == target.path
    assert "NAS zolder" in (target.path / "README.nl.txt").read_text()


def test_set_up_that_was_done_again_reaches_the_copies_with_the_new_sheet(school: Organisation, target: Target) -> None:
    new_sheet = new_recovery_key()
    KeyRing.create(school.home, new_sheet, CLOCK)
    school.prepare(target.path)
    assert Repository.open(LocalBackend(target.path), password=new_sheet).id == target.repository_id


def test_preparation_that_was_cut_off_is_carried_on(school: Organisation, target: Target) -> None:
    (target.path / MARKER_FILE).unlink()
    again = school.prepare(target.path)
    assert again.repository_id == target.repository_id
    shutil.rmtree(target.path / "snapshots")
    for name in (MARKER_FILE, "config", "README.nl.txt", "README.en.txt", "README.fr.txt"):
        (target.path / name).unlink()
    restarted = school.prepare(target.path)
    assert restarted.repository_id != target.repository_id
    assert open_target(school.home, restarted).snapshots() == ()


def test_copies_of_another_organisation_are_left_alone(
    new_organisation: Callable[[str], Organisation], target: Target
) -> None:
    shop = new_organisation("shop")
    before = (target.path / MARKER_FILE).read_bytes()
    with pytest.raises(TargetHasOtherData) as refused:
        shop.prepare(target.path, organisation="Bakkerij")
    assert (refused.value.data["reason"], refused.value.data["organisation"]) == ("other-organisation", "De Linde")
    assert (target.path / MARKER_FILE).read_bytes() == before
    assert recognise(target.path).contents is Contents.OTHER_ORGANISATION
    assert recognise(target.path, KeyRing.load(shop.home)).contents is Contents.OTHER_ORGANISATION


def test_place_of_another_target_of_ours_is_refused(school: Organisation, target: Target) -> None:
    with pytest.raises(TargetHasOtherData) as refused:
        school.prepare(target.path, target="second", name="Tweede")
    assert (refused.value.data["reason"], refused.value.data["found"]) == ("other-target", "NAS")
    assert recognise(target.path, KeyRing.load(school.home)).contents is Contents.OURS


def test_folder_with_peoples_files_is_refused_and_left_alone(school: Organisation, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "vakantie.jpg").write_bytes(b"x")
    with pytest.raises(TargetHasOtherData) as refused:
        school.prepare(folder)
    assert refused.value.data["reason"] == "other-files"
    assert [path.name for path in folder.iterdir()] == ["vakantie.jpg"]


def test_what_systems_leave_on_an_empty_disk_hinders_nobody(school: Organisation, folder: Path) -> None:
    (folder / "lost+found").mkdir(parents=True)
    (folder / "System Volume Information").mkdir()
    (folder / ".Trash-1000").mkdir()
    assert locate(school.prepare(folder)) == folder


def test_folder_inside_the_source_is_unsuitable(school: Organisation) -> None:
    with pytest.raises(TargetUnsuitable) as refused:
        school.prepare(school.source / "copies")
    assert refused.value.data["reason"] == "inside-source"
    assert list(school.source.iterdir()) == []


def test_vangnets_own_folders_are_unsuitable(school: Organisation) -> None:
    for own in (school.home.data, school.home.secrets / "copies", school.home.cache):
        with pytest.raises(TargetUnsuitable) as refused:
            school.prepare(own)
        assert refused.value.data["reason"] == "own-folder"
    assert school.prepare(school.home.data / "places" / "nas").path.is_dir()


def test_place_that_refuses_files_is_unsuitable(school: Organisation) -> None:
    with pytest.raises(TargetUnsuitable) as refused:
        school.prepare(Path("/proc/vangnet"))
    assert refused.value.data["reason"] == "not-writable"
