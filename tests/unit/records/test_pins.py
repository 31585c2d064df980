"""PINs open what they must, and guessing gets slower and slower."""

from __future__ import annotations

import json
import stat
from datetime import timedelta

import pytest

from app.clock import FixedClock
from app.errors import ExitCode
from app.paths import Home
from app.policy.model import Role
from app.records.errors import PinAlreadySet, PinFileDamaged, PinLocked, PinNotAllowed, PinNotSet, WrongPin
from app.records.pins import (
    FREE_TRIES,
    LONGEST_WAIT_S,
    check_pin,
    director_public_key,
    has_pin,
    pin_holder,
    reset_pin,
    set_pin,
    unlock_signing_key,
    verify_signature,
)
from app.records.sealing import LOG2_COST
from app.secret import Secret

PIN = Secret("4711")
OTHER = Secret("0815-lang genoeg")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LOG2_COST >= 15
    monkeypatch.setattr("app.records.sealing.LOG2_COST", 15)


def test_right_pin_is_right_and_another_is_not(home: Home, clock: FixedClock) -> None:
    assert not has_pin(home, Role.DIRECTOR)
    set_pin(home, Role.DIRECTOR, "A. Director", PIN)
    set_pin(home, Role.IT_PROVIDER, "I. Tee", OTHER)
    assert has_pin(home, Role.DIRECTOR)
    assert (pin_holder(home, Role.DIRECTOR), pin_holder(home, Role.IT_PROVIDER)) == ("A. Director", "I. Tee")
    assert check_pin(home, Role.DIRECTOR, PIN, clock=clock)
    assert check_pin(home, Role.IT_PROVIDER, OTHER, clock=clock)
    assert not check_pin(home, Role.DIRECTOR, OTHER, clock=clock)
    assert not check_pin(home, Role.IT_PROVIDER, PIN, clock=clock)


def test_role_without_pin_says_so(home: Home) -> None:
    with pytest.raises(PinNotSet):
        check_pin(home, Role.DIRECTOR, PIN)
    with pytest.raises(PinNotSet):
        unlock_signing_key(home, PIN)
    assert pin_holder(home, Role.DIRECTOR) == ""


@pytest.mark.parametrize(
    ("role", "pin"),
    [(Role.DIRECTOR, ""), (Role.DIRECTOR, "123"), (Role.IT_PROVIDER, "x" * 65), (Role.STAFF, "4711")],
)
def test_pin_that_is_not_allowed_is_refused(home: Home, role: Role, pin: str) -> None:
    with pytest.raises(PinNotAllowed):
        set_pin(home, role, "A", Secret(pin))
    assert not has_pin(home, role)


def test_unlocked_key_signs_and_everyone_can_verify(home: Home) -> None:
    set_pin(home, Role.DIRECTOR, "A. Director", PIN)
    key = unlock_signing_key(home, PIN)
    signature = key.sign('{"C01":"ok", "é": 1}')
    assert key.public_key == director_public_key(home)
    assert verify_signature(key.public_key, '{"C01":"ok", "é": 1}', signature)
    assert not verify_signature(key.public_key, '{"C01":"ok", "é": 2}', signature)
    assert not verify_signature("00" * 32, '{"C01":"ok", "é": 1}', signature)
    assert not verify_signature("zz", "x", "yy")


def test_wrong_pin_does_not_unlock_the_key(home: Home) -> None:
    set_pin(home, Role.DIRECTOR, "A. Director", PIN)
    with pytest.raises(WrongPin) as caught:
        unlock_signing_key(home, OTHER)
    assert caught.value.exit_code is ExitCode.WRONG_KEY


def test_changed_pin_keeps_the_key_and_takes_the_current_one(home: Home) -> None:
    set_pin(home, Role.DIRECTOR, "A. Director", PIN)
    public_key = director_public_key(home)
    with pytest.raises(PinAlreadySet):
        set_pin(home, Role.DIRECTOR, "B", OTHER)
    with pytest.raises(WrongPin):
        set_pin(home, Role.DIRECTOR, "B", OTHER, current=OTHER)
    set_pin(home, Role.DIRECTOR, "B. Director", OTHER, current=PIN)
    assert unlock_signing_key(home, OTHER).public_key == public_key == director_public_key(home)
    assert not check_pin(home, Role.DIRECTOR, PIN)


def test_forgotten_pin_is_reset_with_a_new_key(home: Home) -> None:
    set_pin(home, Role.DIRECTOR, "A. Director", PIN)
    public_key = director_public_key(home)
    reset_pin(home, Role.DIRECTOR, "A. Director", OTHER)
    assert unlock_signing_key(home, OTHER).public_key == director_public_key(home) != public_key


def test_each_wrong_pin_after_the_first_few_doubles_the_wait(home: Home, clock: FixedClock) -> None:
    set_pin(home, Role.DIRECTOR, "A", PIN)
    for _ in range(FREE_TRIES):
        assert not check_pin(home, Role.DIRECTOR, OTHER, clock=clock)
    for wait_s in (2, 4, 8):
        with pytest.raises(PinLocked) as caught:
            check_pin(home, Role.DIRECTOR, PIN, clock=clock)
        assert caught.value.data["wait_s"] == wait_s
        clock.move_to(clock.now() + timedelta(seconds=wait_s - 0.5))
        with pytest.raises(PinLocked):
            check_pin(home, Role.DIRECTOR, PIN, clock=clock)
        clock.move_to(clock.now() + timedelta(seconds=0.5))
        assert not check_pin(home, Role.DIRECTOR, OTHER, clock=clock)
    clock.move_to(clock.now() + timedelta(seconds=LONGEST_WAIT_S))
    assert check_pin(home, Role.DIRECTOR, PIN, clock=clock)
    assert not check_pin(home, Role.DIRECTOR, OTHER, clock=clock)
    assert check_pin(home, Role.DIRECTOR, PIN, clock=clock)


def test_clock_set_back_does_not_lock_out_for_years(home: Home, clock: FixedClock) -> None:
    set_pin(home, Role.DIRECTOR, "A", PIN)
    for _ in range(FREE_TRIES):
        check_pin(home, Role.DIRECTOR, OTHER, clock=clock)
    clock.move_to(clock.now() - timedelta(days=1000))
    assert check_pin(home, Role.DIRECTOR, PIN, clock=clock)


def test_files_hold_no_pin_and_are_private(home: Home) -> None:
    set_pin(home, Role.DIRECTOR, "A", OTHER)
    for path in home.secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert OTHER.reveal() not in path.read_text()
    key = unlock_signing_key(home, OTHER)
    assert OTHER.reveal() not in repr(key)
    assert key._seed.hex() not in (home.secrets / "pins.json").read_text() + repr(key)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"null", b"[]", b"{", b"\xff", b'{"director":{}}', b'{"director":null}', b"[" * 10_000,
        b'{"director":{"name":"A","pin":{"salt":"zz","log2_cost":15,"hash":""},"signing_key":null,"failures":0,"last_failure":null}}',
        b'{"director":{"name":"A","pin":{"salt":"00","log2_cost":40,"hash":"00"},"signing_key":null,"failures":0,"last_failure":null}}',
        b'{"director":{"name":"A","pin":{"salt":"00","log2_cost":15,"hash":"00"},"signing_key":null,"failures":0,"last_failure":"x"}}',
    ],
    ids=range(11),
)  # fmt: skip
def test_spoiled_file_is_a_clear_error(home: Home, content: bytes) -> None:
    home.secrets.mkdir(parents=True)
    (home.secrets / "pins.json").write_bytes(content)
    with pytest.raises(PinFileDamaged):
        check_pin(home, Role.DIRECTOR, PIN)


def test_sealed_key_of_another_pin_is_not_taken_for_ours(home: Home) -> None:
    set_pin(home, Role.DIRECTOR, "A", PIN)
    file = home.secrets / "pins.json"
    older = json.loads(file.read_text())
    reset_pin(home, Role.DIRECTOR, "A", OTHER)
    mixed = json.loads(file.read_text())
    mixed["director"]["signing_key"] = older["director"]["signing_key"]
    file.write_text(json.dumps(mixed))
    with pytest.raises(PinFileDamaged):
        unlock_signing_key(home, OTHER)
