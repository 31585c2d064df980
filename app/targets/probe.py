"""“Test this place”: write, read back, compare, remove; how fast, and how much room there is.

It writes a pack that no index names: nothing in the repository refers to it, nobody who is at work takes notice of it,
and should it stay behind (the server only ever adds, or the computer goes off), the next prune removes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass

from app.clock import Clock
from app.repository.backend.base import Backend, FileKind
from app.repository.errors import BackendError, BackendRefused

PROBE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a test of a place found. Speeds in bytes a second."""

    location: str
    same: bool
    """What was read back is what was written."""
    write_bytes_s: float
    read_bytes_s: float
    answer_s: float
    """How long the shortest question takes."""
    free_bytes: int | None
    removable: bool
    """The server lets files be removed; one that only ever adds does not."""
    locks_objects: bool | None = None
    """The bucket can keep files from being removed; None where that is not known."""


def probe(backend: Backend, clock: Clock, *, size: int = PROBE_BYTES) -> ProbeResult:
    """Test a place that holds a repository; raises the backend's errors. Leaves nothing behind."""
    data = os.urandom(size)
    name = hashlib.sha256(data).hexdigest()
    backend.exists(FileKind.PACK, name)  # the connection is made before anything is timed
    asked = clock.monotonic()
    backend.exists(FileKind.PACK, name)
    began = clock.monotonic()
    try:
        backend.save(FileKind.PACK, name, data)
        written = clock.monotonic()
        back = backend.load(FileKind.PACK, name, limit=size)
        read = clock.monotonic()
    except BaseException:
        with contextlib.suppress(BackendError):
            backend.remove(FileKind.PACK, name)
        raise
    try:
        backend.remove(FileKind.PACK, name)
        removable = True
    except BackendRefused:
        removable = False
    return ProbeResult(
        location=backend.location,
        same=back == data,
        write_bytes_s=size / max(written - began, 1e-6),
        read_bytes_s=size / max(read - written, 1e-6),
        answer_s=began - asked,
        free_bytes=backend.free_bytes(),
        removable=removable,
        locks_objects=_locks_objects(backend),
    )


def _locks_objects(backend: Backend) -> bool | None:
    ask = getattr(backend, "offers_object_lock", None)
    return bool(ask()) if ask is not None else None
