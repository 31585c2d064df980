"""The director forgot the PIN: whoever holds the recovery sheet gives a new one, and the journal says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.jobs.director import approve_policy, choose_pin
from app.jobs.recovery import renew_pin, renew_recovery_key
from app.records.errors import PinNotAllowed, WrongPin
from app.repository.errors import WrongKey
from app.secret import Secret
from app.targets.keys import new_recovery_key
from tests.e2e.installation import TestHome, make_installation
from tests.rig.commands import vangnet

OLD, NEW = Secret("2468"), Secret("1357")


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


def test_the_sheet_gives_the_director_a_new_pin(school: TestHome, tmp_path: Path) -> None:
    installation = school.installation()
    with school.records() as records:
        key = renew_recovery_key(installation, records, by="IT").key
        choose_pin(installation, records, name="An", pin=OLD)
        approve_policy(installation, records, by="An", pin=OLD)
    (tmp_path / "sheet").write_text(key.reveal().lower())
    (tmp_path / "pin").write_text(NEW.reveal())
    options = ("--key-file", str(tmp_path / "sheet"), "--pin-file", str(tmp_path / "pin"))
    told = vangnet("--home", str(school.home.config), "--lang", "en", "director-pin", "--by", "Els", *options)
    assert told.out.startswith("Els has a new PIN.")
    with school.records() as records:
        with pytest.raises(WrongPin):
            approve_policy(installation, records, by="", pin=OLD)
        assert approve_policy(installation, records, by="", pin=NEW).by == "Els"
        changes = [json.loads(row.body) for row in records.journal_rows() if row.kind == "pin-changed"]
        assert [(change["by"], change.get("with", "")) for change in changes] == [("An", ""), ("Els", "recovery-key")]
        assert records.verify_journal().ok


def test_without_the_sheet_the_pin_stays_as_it_is(school: TestHome) -> None:
    installation = school.installation()
    with school.records() as records:
        key = renew_recovery_key(installation, records, by="IT").key
        choose_pin(installation, records, name="An", pin=OLD)
        with pytest.raises(WrongKey):
            renew_pin(installation, records, name="Els", pin=NEW, recovery_key=new_recovery_key().reveal())
        with pytest.raises(PinNotAllowed):
            renew_pin(installation, records, name="Els", pin=Secret("1"), recovery_key=key.reveal())
        assert approve_policy(installation, records, by="", pin=OLD).by == "An"
