"""The repositories that the benchmarks start from."""

from __future__ import annotations

import secrets
from pathlib import Path

from app.clock import SystemClock
from app.repository.backend.local import LocalBackend
from app.repository.crypto import MasterKey
from app.repository.index_json import MAX_BLOBS_A_FILE, PackContents
from app.repository.keys import SCRYPT_N, SCRYPT_P_RANDOM, SCRYPT_R, make_key_file
from app.repository.model import BlobId, PackId
from app.repository.pack import PackEntry
from app.repository.repository import Repository
from app.secret import Secret

KEY_COST = f"every command derives its key with scrypt N={SCRYPT_N} r={SCRYPT_R} p={SCRYPT_P_RANDOM} (borg: its own)"

_BLOBS_A_PACK = 400
_BLOB_BYTES = 20_000


def make_password() -> str:
    """Return a random password, as the one that Vangnet sets up for a machine."""
    return secrets.token_urlsafe(32)


def make_repository(folder: Path, password: str) -> Repository:
    """Make an empty repository with the key file of a machine.

    One for all tools: restic would choose its scrypt parameters by how busy the machine is at that moment.
    """
    master = MasterKey.generate()
    now = SystemClock().now()
    key = make_key_file(master, Secret(password), hostname="bench", username="bench", now=now, p=SCRYPT_P_RANDOM)
    return Repository.init(LocalBackend(folder), master, [key])


def pretend_blobs(repository: Repository, count: int) -> None:
    """Have the index name this many blobs in packs that are not there: enough for whoever only asks what is stored."""
    for first in range(0, count, MAX_BLOBS_A_FILE):
        last = min(first + MAX_BLOBS_A_FILE, count)
        repository.save_index(_pretend_pack(min(_BLOBS_A_PACK, last - at)) for at in range(first, last, _BLOBS_A_PACK))


def _pretend_pack(blobs: int) -> PackContents:
    return PackContents(
        PackId(secrets.token_bytes(32)),
        tuple(
            PackEntry(BlobId(secrets.token_bytes(32)), False, number * _BLOB_BYTES, _BLOB_BYTES, 2 * _BLOB_BYTES)
            for number in range(blobs)
        ),
    )
