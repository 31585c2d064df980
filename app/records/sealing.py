"""What a PIN protects: its own hash, and a signing key sealed with it. scrypt, AES-256-GCM and Ed25519."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Final, Self

from app.secret import Secret

LOG2_COST: Final = 16
"""scrypt's N as a power of two: 64 MiB and about 0.2 s for each try."""
_BLOCK_SIZE: Final = 8


@dataclass(frozen=True, slots=True)
class PinHash:
    """What is kept of a PIN. All hex."""

    salt: str
    log2_cost: int
    hash: str

    @classmethod
    def of(cls, pin: Secret) -> Self:
        salt = os.urandom(16)
        return cls(salt.hex(), LOG2_COST, _stretch(pin, salt, LOG2_COST).hex())

    def is_of(self, pin: Secret) -> bool:
        digest = _stretch(pin, bytes.fromhex(self.salt), self.log2_cost)
        return hmac.compare_digest(digest, bytes.fromhex(self.hash))


class SigningKey:
    """An Ed25519 key, unlocked: signs and is forgotten."""

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    @classmethod
    def generate(cls) -> Self:
        return cls(os.urandom(32))

    def sign(self, content: str) -> str:
        """Return the signature over the UTF-8 bytes of `content`, hex."""
        return self._key.sign(content.encode()).hex()

    def sealed_with(self, pin: Secret) -> SealedKey:
        """Return the key in the form in which it may lie on a disk."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        salt, nonce = os.urandom(16), os.urandom(12)
        sealed = AESGCM(_stretch(pin, salt, LOG2_COST)).encrypt(nonce, self._seed, self.public_key.encode())
        return SealedKey(self.public_key, salt.hex(), LOG2_COST, nonce.hex(), sealed.hex())

    def __repr__(self) -> str:
        return f"SigningKey({self.public_key[:16]}…)"


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A signing key that only its PIN opens. All hex; the public key is authenticated along with the sealed seed."""

    public_key: str
    salt: str
    log2_cost: int
    nonce: str
    sealed: str

    def open_with(self, pin: Secret) -> SigningKey:
        """Return the signing key; raises ValueError when the PIN or the sealed key is another one."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = _stretch(pin, bytes.fromhex(self.salt), self.log2_cost)
        try:
            seed = AESGCM(key).decrypt(bytes.fromhex(self.nonce), bytes.fromhex(self.sealed), self.public_key.encode())
        except InvalidTag as exc:
            raise ValueError("not opened by this PIN") from exc
        return SigningKey(seed)


def _stretch(pin: Secret, salt: bytes, log2_cost: int) -> bytes:
    cost = 1 << log2_cost
    # OpenSSL wants to be told that we mean to use this much memory (128 · N · r bytes, and a little more).
    memory = 128 * cost * _BLOCK_SIZE + (1 << 20)
    return hashlib.scrypt(pin.reveal().encode(), salt=salt, n=cost, r=_BLOCK_SIZE, p=1, maxmem=memory, dklen=32)
