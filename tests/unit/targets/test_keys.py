from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.paths import Home
from app.repository.backend.local import LocalBackend
from app.repository.keys import open_key_file
from app.repository.repository import Repository
from app.secret import Secret
from app.targets.errors import KeyRingMissing
from app.targets.keys import KeyRing, machine_keys_of_others, new_recovery_key, opens, settle_keys
from tests.unit.targets.conftest import CLOCK, Organisation


def test_keys_are_readable_by_their_owner_alone(school: Organisation) -> None:
    folder = school.home.secrets
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 5


def test_every_place_of_an_organisation_cuts_files_the_same_way(school: Organisation) -> None:
    ring = KeyRing.load(school.home)
    assert KeyRing.create(school.home, new_recovery_key(), CLOCK).polynomial == ring.polynomial
    (school.home.secrets / "chunker-polynomial").write_text("12")
    with pytest.raises(KeyRingMissing):
        KeyRing.load(school.home)


def test_recovery_key_itself_is_kept_nowhere(school: Organisation) -> None:
    typed = school.recovery.reveal()
    for path in school.home.data.rglob("*"):
        if path.is_file():
            assert typed.encode() not in path.read_bytes()
            assert typed.replace("-", "").encode() not in path.read_bytes()


def test_both_key_files_open_the_same_master_key(school: Organisation) -> None:
    ring = KeyRing.load(school.home)
    password = Secret((school.home.secrets / "machine-password").read_text())
    assert open_key_file(ring.machine.data, password) == ring.master
    assert open_key_file(ring.recovery.data, school.recovery) == ring.master


def test_only_the_right_recovery_key_opens(school: Organisation) -> None:
    assert opens(school.home, school.recovery)
    assert not opens(KeyRing.load(school.home), new_recovery_key())


def test_creating_again_keeps_the_keys_and_changes_the_sheet(school: Organisation) -> None:
    before = KeyRing.load(school.home)
    new_sheet = new_recovery_key()
    ring = KeyRing.create(school.home, new_sheet, CLOCK)
    assert (ring.master, ring.machine) == (before.master, before.machine)
    assert KeyRing.load(school.home).key_files == ring.key_files
    assert opens(ring, new_sheet)
    assert not opens(ring, school.recovery)


@pytest.mark.parametrize("name", ["master-key.json", "machine.key", "recovery.key"])
def test_lost_or_damaged_keys_are_named_and_never_replaced(school: Organisation, name: str) -> None:
    path = school.home.secrets / name
    path.write_bytes(b"\0" * 100)
    with pytest.raises(KeyRingMissing) as damaged:
        KeyRing.load(school.home)
    assert damaged.value.data == {"path": str(path), "reason": "damaged"}
    with pytest.raises(KeyRingMissing):
        KeyRing.create(school.home, new_recovery_key(), CLOCK)
    path.unlink()
    with pytest.raises(KeyRingMissing) as lost:
        KeyRing.load(school.home)
    assert lost.value.data["reason"] == "unreadable"


def test_home_without_keys_has_no_ring(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    assert not KeyRing.exists(home)
    with pytest.raises(KeyRingMissing):
        KeyRing.load(home)


def _place_with(ring: KeyRing, folder: Path) -> Repository:
    repository = Repository.init(LocalBackend(folder), master=ring.master, key_files=ring.key_files)
    assert not settle_keys(repository, ring)
    return repository


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0" * 400])
def test_a_key_file_that_was_spoiled_on_a_place_is_written_again(
    school: Organisation, tmp_path: Path, damage: bytes
) -> None:
    ring = KeyRing.load(school.home)
    repository = _place_with(ring, tmp_path / "place")
    spoiled = tmp_path / "place" / "keys" / ring.recovery.name
    spoiled.chmod(0o600)
    spoiled.write_bytes(damage)
    assert settle_keys(repository, ring)
    assert open_key_file(spoiled.read_bytes(), school.recovery) == ring.master
    assert not settle_keys(repository, ring)


def test_a_strange_file_among_the_keys_stops_nobody(school: Organisation, tmp_path: Path) -> None:
    ring = KeyRing.load(school.home)
    repository = _place_with(ring, tmp_path / "place")
    strange = tmp_path / "place" / "keys" / ("ab" * 32)
    strange.write_bytes(b"no key at all")
    assert not settle_keys(repository, ring)
    assert machine_keys_of_others(repository, ring) == ()
    assert strange.exists()
