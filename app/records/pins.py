"""The PINs of the director and the IT provider, and the director's signing key, which only the PIN opens.

`secrets/pins.json` (0600) holds by role: who set the PIN, its scrypt hash, the failed tries and the time of the last,
and for the director the Ed25519 key sealed with the PIN. One file, so that a power cut leaves PIN and key together.
scrypt makes guessing slow even for who has copied the file; a PIN of four digits remains a short one.

Changing a PIN is a fact: the caller notes it in the journal (kind "pin-changed", with the role, the name and
`director_public_key`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from app.clock import Clock, SystemClock, parse_utc
from app.paths import Home
from app.policy.model import Role
from app.records.canonical import canonical, read_json
from app.records.errors import PinAlreadySet, PinFileDamaged, PinLocked, PinNotAllowed, PinNotSet, WrongPin
from app.records.files import locked, make_secrets_folder, write_private
from app.records.sealing import PinHash, SealedKey, SigningKey
from app.records.signing import signed_by
from app.secret import Secret

PIN_MINIMUM: Final = 4
PIN_MAXIMUM: Final = 64
ROLES_WITH_PIN: Final = (Role.DIRECTOR, Role.IT_PROVIDER)

FREE_TRIES: Final = 3
"""So many wrong PINs in a row cost nothing; from then on each doubles the wait."""
LONGEST_WAIT_S: Final = 900

_CLOCK: Final = SystemClock()
_COSTS: Final = range(15, 21)
"""Costs of scrypt that we take from a file: fewer would be weak, more would eat all memory."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    pin: PinHash
    signing_key: SealedKey | None = None
    failures: int = 0
    last_failure: datetime | None = None


def verify_signature(public_key: str, content: str, signature: str) -> bool:
    """Say whether `signature` (hex) over the UTF-8 bytes of `content` was made with `public_key`'s key (hex)."""
    return signed_by(public_key, content.encode("utf-8", "backslashreplace"), signature)


def has_pin(home: Home, role: Role) -> bool:
    """Say whether a role has a PIN. Raises PinFileDamaged."""
    return role.value in _load(home)


def pin_holder(home: Home, role: Role) -> str:
    """Return the name of who set the role's PIN; empty when there is none. Raises PinFileDamaged."""
    entry = _load(home).get(role.value)
    return "" if entry is None else entry.name


def director_public_key(home: Home) -> str:
    """Return the public half of the director's signing key, hex. Raises PinNotSet, PinFileDamaged."""
    return _sealed_key(home).public_key


def set_pin(
    home: Home, role: Role, name: str, pin: Secret, *, current: Secret | None = None, clock: Clock = _CLOCK
) -> None:
    """Give a role its PIN. Changing one takes the `current` PIN; the director's signing key then stays the same.

    Raises PinNotAllowed, PinAlreadySet (no `current`), WrongPin, PinLocked, PinFileDamaged.
    """
    _check_allowed(role, pin)
    key: SigningKey | None = None
    if has_pin(home, role):
        if current is None:
            raise PinAlreadySet(role=role.value)
        if not check_pin(home, role, current, clock=clock):
            raise WrongPin(role=role.value)
        if role is Role.DIRECTOR:
            key = _unseal(home, current)
    _store(home, role, name, pin, key)


def reset_pin(home: Home, role: Role, name: str, pin: Secret) -> None:
    """Give a role a new PIN when the old one is forgotten; the director then has a new signing key.

    What was signed before still verifies: each signature carries its own public key. Raises PinNotAllowed.
    """
    _check_allowed(role, pin)
    _store(home, role, name, pin, None)


def check_pin(home: Home, role: Role, pin: Secret, *, clock: Clock = _CLOCK) -> bool:
    """Say whether a PIN is right (about 0.2 s). Raises PinNotSet, PinFileDamaged; PinLocked after many wrong ones."""
    with locked(_lock_file(home)):
        entries = _load(home)
        entry = entries.get(role.value)
        if entry is None:
            raise PinNotSet(role=role.value)
        wait_s = _wait_s(entry, clock.now())
        if wait_s > 0:
            raise PinLocked(role=role.value, wait_s=wait_s)
        # Counted before it is checked: ending the process half-way does not win a free try.
        tried = replace(entry, failures=entry.failures + 1, last_failure=clock.now())
        _save(home, entries | {role.value: tried})
        right = entry.pin.is_of(pin)
        if right:
            _save(home, entries | {role.value: replace(entry, failures=0, last_failure=None)})
        return right


def unlock_signing_key(home: Home, pin: Secret, *, clock: Clock = _CLOCK) -> SigningKey:
    """Open the director's signing key. Raises WrongPin, PinNotSet, PinLocked, PinFileDamaged."""
    if not check_pin(home, Role.DIRECTOR, pin, clock=clock):
        raise WrongPin(role=Role.DIRECTOR.value)
    return _unseal(home, pin)


def _check_allowed(role: Role, pin: Secret) -> None:
    if role not in ROLES_WITH_PIN or not PIN_MINIMUM <= len(pin.reveal()) <= PIN_MAXIMUM:
        raise PinNotAllowed(role=role.value, minimum=PIN_MINIMUM, maximum=PIN_MAXIMUM)


def _wait_s(entry: _Entry, now: datetime) -> int:
    """Return how long a try has to wait yet, in whole seconds."""
    if entry.failures < FREE_TRIES or entry.last_failure is None:
        return 0
    pause_s = min(LONGEST_WAIT_S, 2 ** min(entry.failures - FREE_TRIES + 1, 30))
    passed_s = (now - entry.last_failure).total_seconds()
    # A clock that was set back must not lock anybody out for as long as it went back.
    return 0 if passed_s < -LONGEST_WAIT_S else max(0, min(pause_s, int(pause_s - passed_s + 0.999)))


def _store(home: Home, role: Role, name: str, pin: Secret, key: SigningKey | None) -> None:
    sealed = (key or SigningKey.generate()).sealed_with(pin) if role is Role.DIRECTOR else None
    entry = _Entry(name, PinHash.of(pin), sealed)
    with locked(_lock_file(home)):
        _save(home, _load(home) | {role.value: entry})


def _unseal(home: Home, pin: Secret) -> SigningKey:
    try:
        return _sealed_key(home).open_with(pin)
    except ValueError as exc:
        # The PIN was found right before this: it is the sealed key that does not belong to it.
        raise PinFileDamaged(file=str(_pin_file(home))) from exc


def _sealed_key(home: Home) -> SealedKey:
    entry = _load(home).get(Role.DIRECTOR.value)
    if entry is None:
        raise PinNotSet(role=Role.DIRECTOR.value)
    if entry.signing_key is None:
        raise PinFileDamaged(file=str(_pin_file(home)))
    return entry.signing_key


def _load(home: Home) -> dict[str, _Entry]:
    file = _pin_file(home)
    try:
        with file.open("rb") as stream:
            content = read_json(stream.read(20_000))
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise PinFileDamaged(file=str(file)) from exc
    try:
        return _entries(content)
    except ValueError as exc:
        raise PinFileDamaged(file=str(file)) from exc


def _save(home: Home, entries: dict[str, _Entry]) -> None:
    write_private(_pin_file(home), canonical(entries).encode() + b"\n")


def _entries(content: object) -> dict[str, _Entry]:
    if not isinstance(content, dict):
        raise ValueError("no object")  # noqa: TRY004 - all that is wrong in a file is a ValueError here
    return {str(role): _entry(entry) for role, entry in content.items()}


def _entry(content: object) -> _Entry:
    match content:
        case {
            "name": str(name),
            "pin": {"salt": str(salt), "log2_cost": int(cost), "hash": str(digest)},
            "signing_key": dict() | None as key,
            "failures": int(failures),
            "last_failure": str() | None as last,
        } if cost in _COSTS and _hex(salt, digest):
            last_failure = None if last is None else parse_utc(last)
            return _Entry(name, PinHash(salt, cost, digest), None if key is None else _key(key), failures, last_failure)
        case _:
            raise ValueError("no entry of a PIN")


def _key(content: object) -> SealedKey:
    match content:
        case {
            "public_key": str(public_key),
            "salt": str(salt),
            "log2_cost": int(cost),
            "nonce": str(nonce),
            "sealed": str(sealed),
        } if cost in _COSTS and _hex(public_key, salt, nonce, sealed):
            return SealedKey(public_key, salt, cost, nonce, sealed)
        case _:
            raise ValueError("no sealed key")


def _hex(*texts: str) -> bool:
    """Say whether all texts are bytes in hex."""
    try:
        bytes.fromhex("".join(texts))
    except ValueError:
        return False
    return all(len(item) % 2 == 0 for item in texts)


def _pin_file(home: Home) -> Path:
    return home.secrets / "pins.json"


def _lock_file(home: Home) -> Path:
    make_secrets_folder(home.secrets)
    return home.secrets / "pins.lock"
