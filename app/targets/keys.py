"""The organisation's keys on this computer: one master key for all its repositories, and the two key files that
open it. And the one way in which its large files are cut, so that equal files are equal parts on every target.

The machine's password lets stock restic in from this computer; the recovery key lets anyone in who holds the printed
sheet, and is itself kept nowhere. Both key files are copied as they are onto every target.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from app.clock import Clock
from app.paths import Home
from app.repository.backend.base import FileKind
from app.repository.crypto import MasterKey
from app.repository.errors import BackendRefused, FileMissing, RepositoryDamaged, UnsupportedRepository, WrongKey
from app.repository.keys import (
    KEY_FILE_LIMIT,
    SCRYPT_P_RANDOM,
    KeyFile,
    KeyInfo,
    describe_key_file,
    make_key_file,
    open_key_file,
)
from app.repository.polynomial import DEGREE, is_irreducible, random_polynomial
from app.repository.repository import Repository, this_host
from app.secret import Secret
from app.targets.errors import KeyRingMissing
from app.targets.files import PRIVATE, read_bounded, write_whole
from app.targets.recovery_key import (
    group_matches,
    new_recovery_key,
    normalise_recovery_key,
    recovery_sheet_challenge,
)

__all__ = [
    "MACHINE_PASSWORD_FILE",
    "KeyRing",
    "group_matches",
    "machine_keys_of_others",
    "new_recovery_key",
    "normalise_recovery_key",
    "opens",
    "recovery_sheet_challenge",
    "settle_keys",
]

MASTER_FILE = "master-key.json"
MACHINE_PASSWORD_FILE = "machine-password"  # noqa: S105  the name of a file
"""In secrets/: `restic -r PLACE --password-file …` works with it on this computer."""
POLYNOMIAL_FILE = "chunker-polynomial"
"""No secret, but as lasting as the keys: with another one, large files would be stored anew."""
MACHINE_KEY_FILE = "machine.key"
RECOVERY_KEY_FILE = "recovery.key"
_MACHINE_USER = "vangnet-machine"
_RECOVERY_USER = "vangnet-recovery"
_PASSWORD_BYTES = 32
_MASTER_LIMIT = 4096
_POLYNOMIAL_LIMIT = 32


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one organisation. `machine` and `recovery` are restic key files of the same master key."""

    master: MasterKey
    polynomial: int
    machine: KeyFile
    recovery: KeyFile

    @property
    def key_files(self) -> tuple[KeyFile, ...]:
        return (self.machine, self.recovery)

    @classmethod
    def exists(cls, home: Home) -> bool:
        return (home.secrets / MASTER_FILE).exists()

    @classmethod
    def create(cls, home: Home, recovery: Secret, clock: Clock) -> KeyRing:
        """Make the keys of an organisation under a recovery key that is printed now; takes about a second.

        Keys that are there already are kept and only the recovery key is replaced: a set-up that was cut off can be
        done again, and copies made before stay readable. Raises KeyRingMissing when they are there but damaged.
        """
        folder = home.secrets
        now, host = clock.now(), this_host()
        if cls.exists(home):
            ring = cls.load(home)
            again = make_key_file(
                ring.master, recovery, hostname=host, username=_RECOVERY_USER, now=now, p=SCRYPT_P_RANDOM
            )
            write_whole(folder / RECOVERY_KEY_FILE, again.data, mode=PRIVATE)
            return replace(ring, recovery=again)
        master = MasterKey.generate()
        password = Secret(secrets.token_urlsafe(_PASSWORD_BYTES))
        ring = cls(
            master,
            random_polynomial(),
            make_key_file(master, password, hostname=host, username=_MACHINE_USER, now=now, p=SCRYPT_P_RANDOM),
            make_key_file(master, recovery, hostname=host, username=_RECOVERY_USER, now=now, p=SCRYPT_P_RANDOM),
        )
        ring._keep(folder, password)
        return ring

    def _keep(self, folder: Path, password: Secret) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        # The master key comes last: it is what says that the ring is whole.
        write_whole(folder / MACHINE_PASSWORD_FILE, password.reveal().encode(), mode=PRIVATE)
        write_whole(folder / POLYNOMIAL_FILE, f"{self.polynomial:x}".encode(), mode=PRIVATE)
        write_whole(folder / MACHINE_KEY_FILE, self.machine.data, mode=PRIVATE)
        write_whole(folder / RECOVERY_KEY_FILE, self.recovery.data, mode=PRIVATE)
        write_whole(folder / MASTER_FILE, self.master.to_json(), mode=PRIVATE)

    @classmethod
    def adopt(cls, home: Home, repository: Repository, recovery: Secret, clock: Clock) -> KeyRing:
        """Make the keys of an organisation's existing copies those of this home, which has none yet.

        `recovery` is the key of the sheet that opened them: it goes on working. Raises KeyRingMissing when the home
        has keys of another organisation already.
        """
        if cls.exists(home):
            ring = cls.load(home)
            if ring.master != repository.master:
                raise KeyRingMissing(path=str(home.secrets / MASTER_FILE), reason="other-organisation")
            return ring
        password = Secret(secrets.token_urlsafe(_PASSWORD_BYTES))
        now, host, master = clock.now(), this_host(), repository.master
        ring = cls(
            master,
            repository.polynomial,
            make_key_file(master, password, hostname=host, username=_MACHINE_USER, now=now, p=SCRYPT_P_RANDOM),
            make_key_file(master, recovery, hostname=host, username=_RECOVERY_USER, now=now, p=SCRYPT_P_RANDOM),
        )
        ring._keep(home.secrets, password)
        return ring

    @classmethod
    def load(cls, home: Home) -> KeyRing:
        """Read the keys; raises KeyRingMissing when they are not there or not whole. Takes no scrypt time."""
        folder = home.secrets
        return cls(
            _read_master(folder),
            _read_polynomial(folder / POLYNOMIAL_FILE),
            _read_key_file(folder / MACHINE_KEY_FILE),
            _read_key_file(folder / RECOVERY_KEY_FILE),
        )


def settle_keys(repository: Repository, ring: KeyRing) -> bool:
    """Let a place open with the key files of today and no older recovery key; tells whether anything changed.

    The new one is there before an old one goes, so that a stop half-way locks nobody out. One of ours that is no longer
    whole is written again; somebody else's that cannot be read is left alone, and keeps no copy from being made.
    """
    there = _key_files(repository)
    missing = [key for key in ring.key_files if there.get(key.name) != key.data]
    for key_file in missing:
        with contextlib.suppress(FileMissing, BackendRefused):
            repository.backend.remove(FileKind.KEY, key_file.name)
        repository.add_key(key_file)
    old = [key.name for key in _described(there) if key.username == _RECOVERY_USER and key.name != ring.recovery.name]
    for name in old:
        # A server that only ever adds keeps the old one; it can be removed on the server itself.
        with contextlib.suppress(BackendRefused):
            repository.backend.remove(FileKind.KEY, name)
    return bool(missing or old)


def machine_keys_of_others(repository: Repository, ring: KeyRing) -> tuple[KeyInfo, ...]:
    """Return the keys on a place that were made for another computer than this one; never a recovery key."""
    ours = {key.name for key in ring.key_files}
    there = _described(_key_files(repository))
    return tuple(info for info in there if info.username == _MACHINE_USER and info.name not in ours)


def _key_files(repository: Repository) -> dict[str, bytes]:
    """Return the key files of a place by name, sorted, but for those that cannot be read: a check tells of them."""
    found = {}
    for name in sorted(info.name for info in repository.backend.list(FileKind.KEY)):
        with contextlib.suppress(FileMissing, RepositoryDamaged):
            found[name] = repository.backend.load(FileKind.KEY, name, limit=KEY_FILE_LIMIT)
    return found


def _described(key_files: dict[str, bytes]) -> tuple[KeyInfo, ...]:
    """Return what the key files say about themselves that are any."""
    found = []
    for name, data in key_files.items():
        with contextlib.suppress(RepositoryDamaged):
            found.append(describe_key_file(name, data))
    return tuple(found)


def opens(keys: KeyRing | Home, recovery: Secret) -> bool:
    """Tell whether a recovery key (as `normalise_recovery_key` returns it) opens the organisation's copies.

    Takes about half a second, the same for a right and a wrong key.
    """
    ring = keys if isinstance(keys, KeyRing) else KeyRing.load(keys)
    try:
        return open_key_file(ring.recovery.data, recovery) == ring.master
    except WrongKey:
        return False


def _read_master(folder: Path) -> MasterKey:
    try:
        return MasterKey.from_json(_read(folder / MASTER_FILE, _MASTER_LIMIT))
    except RepositoryDamaged as exc:
        raise KeyRingMissing(path=str(folder / MASTER_FILE), reason="damaged") from exc


def _read_polynomial(path: Path) -> int:
    try:
        polynomial = int(_read(path, _POLYNOMIAL_LIMIT), 16)
    except ValueError as exc:
        raise KeyRingMissing(path=str(path), reason="damaged") from exc
    if polynomial.bit_length() - 1 != DEGREE or not is_irreducible(polynomial):
        raise KeyRingMissing(path=str(path), reason="damaged")
    return polynomial


def _read(path: Path, limit: int) -> bytes:
    try:
        data = read_bounded(path, limit)
    except OSError as exc:
        raise KeyRingMissing(path=str(path), reason="unreadable") from exc
    if data is None:
        raise KeyRingMissing(path=str(path), reason="damaged")
    return data


def _read_key_file(path: Path) -> KeyFile:
    data = _read(path, KEY_FILE_LIMIT)
    name = hashlib.sha256(data).hexdigest()
    try:
        describe_key_file(name, data)
    except (RepositoryDamaged, UnsupportedRepository) as exc:
        raise KeyRingMissing(path=str(path), reason="damaged") from exc
    return KeyFile(name, data)
