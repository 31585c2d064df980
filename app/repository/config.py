"""A config: format version, id, the chunker's polynomial (source: restic design, "Repository Format")."""

from __future__ import annotations

import os
import re

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged, UnsupportedRepository
from app.repository.polynomial import DEGREE, is_irreducible, random_polynomial

_ID = re.compile(r"[0-9a-f]{64}").fullmatch


class Config(msgspec.Struct, frozen=True):
    """The config as stored."""

    version: int
    id: str
    chunker_polynomial: str

    def encode(self) -> bytes:
        return msgspec.json.encode(self)


_decoder = msgspec.json.Decoder(Config)


def new_config(polynomial: int | None = None) -> Config:
    """Return the config of a new repository of version 2; raises ValueError for a polynomial that restic refuses."""
    polynomial = random_polynomial() if polynomial is None else polynomial
    if polynomial.bit_length() - 1 != DEGREE or not is_irreducible(polynomial):
        raise ValueError("the polynomial must be irreducible and of degree 53")
    return Config(2, os.urandom(32).hex(), f"{polynomial:x}")


def decode_config(data: bytes) -> Config:
    """Read a config's JSON; raises RepositoryDamaged, UnsupportedRepository."""
    try:
        config = _decoder.decode(data)
        polynomial = int(config.chunker_polynomial, 16)
    except UNDECODABLE as exc:
        raise RepositoryDamaged(file="config", reason="not-a-config") from exc
    if config.version not in (1, 2):
        raise UnsupportedRepository(reason="version", version=config.version)
    if not _ID(config.id):
        raise RepositoryDamaged(file="config", reason="not-a-config")
    if polynomial < 0 or polynomial.bit_length() - 1 != DEGREE:
        raise RepositoryDamaged(file="config", reason="polynomial")
    return config
