"""Sealing and opening: AES-256-CTR with Poly1305-AES (source: restic design, "Keys, Encryption and MAC").

A sealed text is IV(16) ‖ ciphertext ‖ tag(16). Poly1305's one-time key is r ‖ AES-128_k(IV).
"""

from __future__ import annotations

import base64
import os

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged

IV_BYTES = 16
TAG_BYTES = 16
OVERHEAD = IV_BYTES + TAG_BYTES
"""How many bytes a sealed text is longer than its plain text."""

_NONCES_AT_ONCE = 256
_NO_IV = bytes(IV_BYTES)
_SMALLEST_BUFFER = 64 << 10

Plain = bytes | bytearray | memoryview


class _MacJson(msgspec.Struct):
    k: str
    r: str


class _MasterJson(msgspec.Struct):
    mac: _MacJson
    encrypt: str


_decoder = msgspec.json.Decoder(_MasterJson)


class MasterKey:
    """The key that seals everything in a repository. Safe to share between threads; its repr hides it."""

    __slots__ = ("_encrypt", "_mac_k", "_mac_r")

    def __init__(self, encrypt: bytes, mac_k: bytes, mac_r: bytes) -> None:
        if (len(encrypt), len(mac_k), len(mac_r)) != (32, 16, 16):
            raise ValueError("a master key is 32 + 16 + 16 bytes")
        self._encrypt = encrypt
        self._mac_k = mac_k
        self._mac_r = mac_r

    @classmethod
    def generate(cls) -> MasterKey:
        """Make a new random key."""
        return cls(os.urandom(32), os.urandom(16), os.urandom(16))

    @classmethod
    def from_bytes(cls, raw: bytes) -> MasterKey:
        """Read 64 bytes (encrypt ‖ k ‖ r), as scrypt gives them for a key file."""
        return cls(raw[:32], raw[32:48], raw[48:])

    @classmethod
    def from_json(cls, data: bytes) -> MasterKey:
        """Read restic's master key JSON; raises RepositoryDamaged when it is none."""
        try:
            key = _decoder.decode(data)
            parts = [base64.b64decode(part, validate=True) for part in (key.encrypt, key.mac.k, key.mac.r)]
            return cls(*parts)
        except UNDECODABLE as exc:
            raise RepositoryDamaged(file="key", reason="not-a-master-key") from exc

    def to_json(self) -> bytes:
        """Return restic's JSON of the key: a secret, for sealed or 0600 files only."""
        encrypt, k, r = (base64.b64encode(part).decode() for part in (self._encrypt, self._mac_k, self._mac_r))
        return msgspec.json.encode(_MasterJson(mac=_MacJson(k=k, r=r), encrypt=encrypt))

    def seal(self, plain: Plain) -> bytes:
        """Seal a small text; for many blobs use `sealer()`."""
        return self.sealer(nonces_at_once=1).seal(plain)

    def open(self, sealed: Plain, *, file: str = "") -> bytes:
        """Return the plain text; raises RepositoryDamaged (`file`, reason "mac") when it is not what was sealed.

        For many texts use `opener()`.
        """
        return bytes(self.opener().open(sealed, file=file))

    def verify(self, sealed: Plain, *, file: str = "") -> None:
        """Raise RepositoryDamaged (`file`, reason "mac") when a text is not what was sealed; opens nothing."""
        self.opener().verify(sealed, file=file)

    def opener(self) -> Opener:
        """Return an opener for one thread."""
        return Opener(self._encrypt, self._mac_k, self._mac_r)

    def sealer(self, *, nonces_at_once: int = _NONCES_AT_ONCE) -> Sealer:
        """Return a sealer for one thread."""
        return Sealer(self._encrypt, self._mac_k, self._mac_r, nonces_at_once)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MasterKey):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return "MasterKey(***)"

    def _parts(self) -> tuple[bytes, bytes, bytes]:
        return self._encrypt, self._mac_k, self._mac_r


class Sealer:
    """Seals many texts with one key, cheaply: nonces are drawn and enciphered many at a time.

    For one thread, and made after a fork: two processes with the same drawn nonces would undo the encryption.
    """

    __slots__ = (
        "_drawn",
        "_encipher_block",
        "_mac_r",
        "_nonces_at_once",
        "_pads",
        "_reset_nonce",
        "_update_into",
        "_used",
    )

    def __init__(self, encrypt: bytes, mac_k: bytes, mac_r: bytes, nonces_at_once: int) -> None:
        cipher = Cipher(algorithms.AES(encrypt), modes.CTR(_NO_IV)).encryptor()
        self._reset_nonce = cipher.reset_nonce
        self._update_into = cipher.update_into
        self._encipher_block = _block_cipher(mac_k).update
        self._mac_r = mac_r
        self._nonces_at_once = nonces_at_once
        self._drawn = self._pads = b""
        self._used = 0

    def seal(self, plain: Plain) -> bytes:
        sealed = bytearray(len(plain) + OVERHEAD)
        self.seal_into(memoryview(sealed), 0, plain)
        return bytes(sealed)

    def seal_into(self, buffer: memoryview, offset: int, plain: Plain) -> int:
        """Seal `plain` into `buffer` at `offset`; return how many bytes that took (plain + OVERHEAD)."""
        iv, pad = self._next_nonce()
        start = offset + IV_BYTES
        end = start + len(plain)
        buffer[offset:start] = iv
        self._reset_nonce(iv)
        # update_into asks for a block of slack behind the text: the tag's place serves.
        self._update_into(plain, buffer[start : end + TAG_BYTES])
        buffer[end : end + TAG_BYTES] = _generate_tag(self._mac_r + pad, buffer[start:end])
        return end + TAG_BYTES - offset

    def _next_nonce(self) -> tuple[bytes, bytes]:
        """Return an IV and its Poly1305 pad AES_k(IV)."""
        if self._used == len(self._drawn):
            self._drawn = os.urandom(IV_BYTES * self._nonces_at_once)
            self._pads = self._encipher_block(self._drawn)
            self._used = 0
        start, self._used = self._used, self._used + IV_BYTES
        iv = self._drawn[start : self._used]
        if iv == _NO_IV:  # restic holds an all-zero IV to be invalid
            return self._next_nonce()
        return iv, self._pads[start : self._used]


class Opener:
    """Opens many texts with one key, cheaply: its ciphers and its buffer are made once. For one thread."""

    __slots__ = ("_buffer", "_encipher_block", "_mac_r", "_reset_nonce", "_update_into", "_view")

    def __init__(self, encrypt: bytes, mac_k: bytes, mac_r: bytes) -> None:
        cipher = Cipher(algorithms.AES(encrypt), modes.CTR(_NO_IV)).decryptor()
        # Bound once: with small blobs, looking names up costs as much as the work.
        self._reset_nonce = cipher.reset_nonce
        self._update_into = cipher.update_into
        self._encipher_block = _block_cipher(mac_k).update
        self._mac_r = mac_r
        self._buffer = bytearray()
        self._view = memoryview(self._buffer)

    def open(self, sealed: Plain, *, file: str = "") -> memoryview:
        """Return the plain text, valid until the next one is opened; raises RepositoryDamaged as `verify` does."""
        view = memoryview(sealed)
        length = len(view) - OVERHEAD
        if length < 0:
            raise RepositoryDamaged(file=file, reason="too-short")
        iv = bytes(view[:IV_BYTES])
        text = view[IV_BYTES:-TAG_BYTES]
        try:
            _verify_tag(self._mac_r + self._encipher_block(iv), text, bytes(view[-TAG_BYTES:]))
        except InvalidSignature as exc:
            raise RepositoryDamaged(file=file, reason="mac") from exc
        if length + TAG_BYTES > len(self._buffer):
            # A new one: the old may still be looked at through a view. Half as much again, for the next text.
            self._buffer = bytearray(max(length + length // 8, _SMALLEST_BUFFER) + TAG_BYTES)
            self._view = memoryview(self._buffer)
        self._reset_nonce(iv)
        # update_into asks for a block of slack behind the text.
        self._update_into(text, self._buffer)
        return self._view[:length]

    def verify(self, sealed: Plain, *, file: str = "") -> None:
        """Raise RepositoryDamaged (`file`, reason "mac" or "too-short") when a text is not what was sealed."""
        view = memoryview(sealed)
        if len(view) < OVERHEAD:
            raise RepositoryDamaged(file=file, reason="too-short")
        one_time = self._mac_r + self._encipher_block(bytes(view[:IV_BYTES]))
        try:
            _verify_tag(one_time, view[IV_BYTES:-TAG_BYTES], bytes(view[-TAG_BYTES:]))
        except InvalidSignature as exc:
            raise RepositoryDamaged(file=file, reason="mac") from exc


_generate_tag = Poly1305.generate_tag
_verify_tag = Poly1305.verify_tag


def _block_cipher(key: bytes) -> CipherContext:
    # ECB of single random blocks is AES itself, which is what Poly1305-AES asks for.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
