"""The old computer was stolen: its key opens no place any more, and the sheet and the new computer's key still do."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.jobs.installation import Installation
from app.jobs.lost_computer import NoOtherComputer, declare_lost, take_off_lost_keys
from app.jobs.other_copies import open_other
from app.jobs.recovery import renew_recovery_key
from app.jobs.taking_over import take_over
from app.paths import Home
from app.policy.machine import TargetId
from app.records.store import Records
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.errors import BackendRefused
from app.repository.repository import Repository
from app.secret import Secret
from app.targets.keys import MACHINE_PASSWORD_FILE, KeyRing, machine_keys_of_others
from tests.e2e.installation import TestHome, make_installation
from tests.rig.commands import vangnet
from tests.rig.restic import restic_program

pytestmark = pytest.mark.slow

WRONG_PASSWORD = {1, 12}
"""How restic ends when no key opens with the password: 12 since 0.17."""


@dataclass(frozen=True)
class Stolen:
    """Two places with copies of the old computer; the new one has taken over while the annex was away."""

    old: TestHome
    new: Home
    key: Secret

    @property
    def options(self) -> tuple[str, ...]:
        return ("--home", str(self.new.config), "--lang", "en")

    @property
    def annex_away(self) -> Path:
        return self.old.folder / "away"


@pytest.fixture
def stolen(tmp_path: Path) -> Stolen:
    old = make_installation(tmp_path / "old")
    with old.records() as records:
        key = renew_recovery_key(old.installation(), records, by="An").key
    vangnet("--home", str(old.home.config), "backup", "marks", "--target", "nas")
    new = Home.in_folder(tmp_path / "new")
    take_over(new, open_other(old.place("nas"), key.reveal()), key.reveal(), by="An", clock=SystemClock())
    return Stolen(old, new, key)


def restic(place: Path, password: Path | Secret, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if isinstance(password, Path):
        environment["RESTIC_PASSWORD_FILE"] = str(password / MACHINE_PASSWORD_FILE)
    else:
        environment["RESTIC_PASSWORD"] = password.reveal()
    command = [restic_program(), "--no-cache", "--no-lock", "-r", str(place), "--json", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def users(place: Path, password: Path | Secret) -> list[str]:
    """Return who has a key, as restic lists them."""
    listed = restic(place, password, "key", "list")
    assert listed.returncode == 0, listed.stderr
    return sorted(key["userName"] for key in json.loads(listed.stdout))


def test_the_old_computers_key_goes_from_every_place_at_once_or_with_the_next_copy(stolen: Stolen) -> None:
    nas, annex, away = stolen.old.place("nas"), stolen.old.place("annex"), stolen.annex_away
    old, new = stolen.old.home.secrets, stolen.new.secrets
    assert users(nas, old) == ["vangnet-machine", "vangnet-machine", "vangnet-recovery"]
    annex.rename(away)
    told = vangnet(*stolen.options, "adopt", "lost", "--by", "An", "--json", expect=3).document()
    gone = {place["place"]: (place["here"], len(place["removed"]), place["kept"]) for place in told["places"]}
    assert gone == {"nas": (True, 1, []), "annex": (False, 0, [])}
    assert restic(nas, old, "key", "list").returncode in WRONG_PASSWORD
    assert users(nas, new) == users(nas, stolen.key) == ["vangnet-machine", "vangnet-recovery"]

    away.rename(annex)
    assert users(annex, old)
    vangnet(*stolen.options, "backup", "marks", "--target", "annex")
    assert restic(annex, old, "key", "list").returncode in WRONG_PASSWORD
    assert users(annex, new) == users(annex, stolen.key) == ["vangnet-machine", "vangnet-recovery"]
    with Records.open(stolen.new, SystemClock()) as records:
        removed = [
            json.loads(row.body)["target"] for row in records.journal_rows() if row.kind == "machine-key-removed"
        ]
        assert removed == ["nas", "annex"]
        [word] = [word for word in records.facts().attestations if word.subject == "computer-lost"]
        assert word.by == "An"
        assert records.verify_journal().ok


def test_without_another_computers_key_nothing_is_said_or_changed(stolen: Stolen) -> None:
    installation = Installation.load(stolen.new, SystemClock())
    with installation.records() as records:
        declare_lost(installation, records, by="An")
        rows = len(records.journal_rows())
        with pytest.raises(NoOtherComputer):
            declare_lost(installation, records, by="An")
        assert len(records.journal_rows()) == rows
    told = vangnet(*stolen.options, "adopt", "lost", "--by", "An", "--json", expect=None).document()
    assert told["error"]["code"] == "no-other-computer"


class OnlyAdds(LocalBackend):
    """A server that removes nothing, as a rest-server with --append-only does."""

    def remove(self, kind: FileKind, name: str) -> None:
        raise BackendRefused(location=self.location, operation="remove", reason="append-only")


def test_a_place_that_only_adds_keeps_the_key_and_nobody_says_that_it_went(stolen: Stolen) -> None:
    installation = Installation.load(stolen.new, SystemClock())
    ring = KeyRing.load(stolen.new)
    stolen.old.place("annex").rename(stolen.annex_away)
    stubborn = Repository.open(OnlyAdds(stolen.annex_away), master=ring.master)
    with installation.records() as records:
        declare_lost(installation, records, by="An")
        rows = len(records.journal_rows())
        take_off_lost_keys(records, TargetId("annex"), (stubborn,), ring)
        assert len(machine_keys_of_others(stubborn, ring)) == 1
        assert len(records.journal_rows()) == rows


def test_before_anybody_says_that_it_is_lost_the_old_computer_keeps_its_key(stolen: Stolen) -> None:
    vangnet(*stolen.options, "backup", "marks", "--target", "annex")
    assert users(stolen.old.place("annex"), stolen.old.home.secrets).count("vangnet-machine") == 2
