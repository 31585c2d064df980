"""What the last back-up saw: for each folder a signature of its entries and the tree that it became.

A cache beside the repository, one file for each set of paths and options. Lost or stale, it costs time and nothing
else: the trees of the parent snapshot serve instead. It holds names of folders, so it is kept private (0600).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.repository.kept_names import keys_of
from app.repository.model import SnapshotId

NEVER = b""
"""The signature of a folder that must be looked at again: something in it could not be stored."""

_CHECK_BYTES = 16


class FolderState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a folder was: the signature of its entries, and its tree."""

    signature: bytes
    tree: bytes


class _StateFile(msgspec.Struct, array_like=True):
    snapshot: str
    indexes: frozenset[str]
    folders: dict[bytes, FolderState]


_decoder = msgspec.msgpack.Decoder(_StateFile)


@dataclass(slots=True)
class SourceState:
    """The folders of one snapshot by their path, and the index files that named its blobs."""

    snapshot: SnapshotId | None = None
    indexes: frozenset[str] = frozenset()
    folders: dict[bytes, FolderState] = field(default_factory=dict)


def state_path(
    folder: Path | str, repository_ids: Sequence[str], hostname: str, paths: Sequence[bytes], options: Sequence[str]
) -> Path:
    """Return the file for one repository, or some written to at once, a host, a set of paths and the options that
    decide what is left out."""
    digest = hashlib.sha256()
    for part in (
        *(name.encode() for name in sorted(repository_ids)),
        b"",
        hostname.encode(),
        *sorted(paths),
        b"",
        *(o.encode() for o in options),
    ):
        digest.update(len(part).to_bytes(4, "little") + part)
    return Path(folder) / f"{keys_of(repository_ids)}-{digest.hexdigest()[:32]}.state"


def size_of_states(folder: Path | str) -> int:
    """Return the bytes of the largest state file in a folder, 0 when there is none."""
    try:
        with os.scandir(folder) as found:
            return max((max(entry.stat().st_size, 1) for entry in found if entry.name.endswith(".state")), default=0)
    except OSError:
        return 0


def load_state(path: Path) -> SourceState:
    """Read a state file; an empty state when there is none, or when it is not whole."""
    try:
        state = _decoder.decode(read_checked(path))
    except msgspec.MsgspecError:
        return SourceState()
    return SourceState(SnapshotId(state.snapshot), state.indexes, state.folders)


def save_state(path: Path, state: SourceState) -> None:
    """Replace a state file; without fsync, since a torn one is noticed and costs only time. Raises OSError."""
    assert state.snapshot is not None
    write_checked(path, msgspec.msgpack.encode(_StateFile(state.snapshot, state.indexes, state.folders)))


def read_checked(path: Path) -> memoryview:
    """Return what `write_checked` wrote; nothing when there is none, or when it is not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return memoryview(b"")
    check, body = data[:_CHECK_BYTES], memoryview(data)[_CHECK_BYTES:]
    return body if hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest() == check else memoryview(b"")


def write_checked(path: Path, body: bytes) -> None:
    """Replace a file by a body and its check sum; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "wb") as file:
            file.write(hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest())
            file.write(body)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
