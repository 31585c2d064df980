"""Key files: the master key sealed under a password (source: restic design, "Keys, Encryption and MAC").

A key file does not name its repository, so repositories that share a master key may share key files too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from app.clock import format_utc
from app.repository.crypto import MasterKey
from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged, UnsupportedRepository, WrongKey
from app.secret import Secret

SCRYPT_N = 1 << 15
SCRYPT_R = 8
SCRYPT_P = 3
"""For a password that a person chose: the least that OWASP's Password Storage Cheat Sheet names for this N and r."""

SCRYPT_P_RANDOM = 1
"""For a password that a machine drew, of 128 bits and more: no amount of work makes guessing it any less hopeless."""

SALT_BYTES = 64
KEY_FILE_LIMIT = 64 << 10
"""The most bytes a key file may have."""

WORK_LIMIT = 160 * SCRYPT_N * SCRYPT_R
"""The most work (N·r·p of scrypt) that foreign key files may ask of us: p=160, about ten seconds."""

_MEMORY_LIMIT = 512 << 20


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file as stored: `name` is the SHA-256 of `data` in hex."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What a key file says about itself, readable without its password."""

    name: str
    created: str
    username: str
    hostname: str


class _KeyJson(msgspec.Struct):
    created: str
    username: str
    hostname: str
    kdf: str
    N: int
    r: int
    p: int
    salt: str
    data: str


_decoder = msgspec.json.Decoder(_KeyJson)


def make_key_file(
    master: MasterKey,
    password: Secret,
    *,
    hostname: str,
    username: str,
    now: datetime,
    n: int = SCRYPT_N,
    r: int = SCRYPT_R,
    p: int = SCRYPT_P,
) -> KeyFile:
    """Seal a master key under a password. Takes a fifth of a second with the usual parameters."""
    salt = os.urandom(SALT_BYTES)
    user_key = _derive(password, salt, n=n, r=r, p=p)
    key = _KeyJson(
        created=format_utc(now),
        username=username,
        hostname=hostname,
        kdf="scrypt",
        N=n,
        r=r,
        p=p,
        salt=base64.b64encode(salt).decode(),
        data=base64.b64encode(user_key.seal(master.to_json())).decode(),
    )
    data = msgspec.json.encode(key)
    return KeyFile(hashlib.sha256(data).hexdigest(), data)


def open_key_file(data: bytes, password: Secret) -> MasterKey:
    """Return the master key in a key file.

    Raises WrongKey for another password, RepositoryDamaged for what is no key file, UnsupportedRepository for
    parameters that ask for more memory or work than we grant.
    """
    key = _decode(data)
    if key.kdf != "scrypt":
        raise UnsupportedRepository(reason="kdf", kdf=key.kdf[:40])
    _check_parameters(key.N, key.r, key.p)
    try:
        salt = base64.b64decode(key.salt, validate=True)
        sealed = base64.b64decode(key.data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise RepositoryDamaged(file="key", reason="not-a-key-file") from exc
    user_key = _derive(password, salt, n=key.N, r=key.r, p=key.p)
    try:
        master = user_key.open(sealed)
    except RepositoryDamaged as exc:
        raise WrongKey from exc
    return MasterKey.from_json(master)


def describe_key_file(name: str, data: bytes) -> KeyInfo:
    """Return what a key file says about itself; raises RepositoryDamaged for what is no key file."""
    key = _decode(data)
    return KeyInfo(name, key.created, key.username, key.hostname)


def _decode(data: bytes) -> _KeyJson:
    if len(data) > KEY_FILE_LIMIT:
        raise RepositoryDamaged(file="key", reason="too-long")
    try:
        return _decoder.decode(data)
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file="key", reason="not-a-key-file") from exc


def work_of(data: bytes) -> int:
    """Return the work (N·r·p) that opening a key file takes, 0 for one that `open_key_file` refuses at once."""
    try:
        key = _decode(data)
        _check_parameters(key.N, key.r, key.p)
    except (RepositoryDamaged, UnsupportedRepository):
        return 0
    return key.N * key.r * key.p


def _check_parameters(n: int, r: int, p: int) -> None:
    positive = n > 1 and r > 0 and p > 0 and n & (n - 1) == 0
    too_few_bits = n.bit_length() > 16 * r  # RFC 7914: N is less than 2^(128·r/8)
    if not positive or too_few_bits or 128 * r * (n + p) > _MEMORY_LIMIT or n * r * p > WORK_LIMIT:
        raise UnsupportedRepository(reason="scrypt-parameters", n=n, r=r, p=p)


def _derive(password: Secret, salt: bytes, *, n: int, r: int, p: int) -> MasterKey:
    # The wheel's scrypt is a tenth faster than the standard library's; both let other threads run meanwhile.
    return MasterKey.from_bytes(Scrypt(salt=salt, length=64, n=n, r=r, p=p).derive(password.reveal().encode()))
