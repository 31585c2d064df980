"""The journal's own Ed25519 key: made at the first use, kept in `secrets/journal.key` (64 hex digits, 0600).

Its public half stands in the journal's first row. The key makes it impossible to add, change or remove rows without
it; who can read the secrets of this computer can do both, which is why signed checklists and the anchor exist.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.paths import Home
from app.records.errors import JournalKeyDamaged
from app.records.files import make_secrets_folder, write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# cryptography is imported where it is used: who only reads (`vangnet status`) does not pay for it.


class JournalKey:
    """Signs rows and anchors."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw().hex()

    def sign(self, content: bytes) -> str:
        """Return the signature, 128 hex digits."""
        return self._key.sign(content).hex()


def key_file(home: Home) -> Path:
    return home.secrets / "journal.key"


def load_key(home: Home) -> JournalKey | None:
    """Read the key; None when there is none, JournalKeyDamaged when the file is something else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    file = key_file(home)
    try:
        with file.open("rb") as stream:
            content = stream.read(100)
    except FileNotFoundError:
        return None
    try:
        return JournalKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(content.decode("ascii").strip())))
    except ValueError as exc:
        raise JournalKeyDamaged(file=str(file)) from exc


def load_or_make_key(home: Home) -> JournalKey:
    """Read the key, or make one. Of two processes that make one at the same time, both get the first one's.

    A file that is no key is put aside: recording what happens goes on, and the journal tells that its key was lost.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = load_key(home)
    except JournalKeyDamaged:
        key_file(home).rename(key_file(home).with_suffix(".damaged"))
        key = None
    if key is not None:
        return key
    make_secrets_folder(home.secrets)
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    with suppress(FileExistsError):
        write_private(key_file(home), seed.hex().encode() + b"\n", replace=False)
    made = load_key(home)
    if made is None:
        raise JournalKeyDamaged(file=str(key_file(home)))
    return made


def signed_by(public_key: str, content: bytes, signature: str) -> bool:
    """Say whether `signature` (hex) over `content` was made with the key of `public_key` (hex). Never raises."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True
