"""What a forked worker of the engine does first, whatever its work."""

from __future__ import annotations

import ctypes
import gc
import os
import signal

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 64 << 20


def make_ready(*, collect: bool = True) -> None:
    """Give memory that is free back to the system, before workers are forked that would each keep a copy of it.

    Without `collect` for who has just begun and has left nothing to gather.
    """
    if collect:
        gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def settle_in(parent: int) -> None:
    """Leave signals to the parent, end when it ends, and keep memory warm; `parent` is its process id."""
    # The parent decides when to stop: a signal to the whole group must not look like a crash.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we had asked to be told
        os._exit(1)
    # Keep freed chunks instead of giving them back and faulting fresh pages in for every blob.
    libc.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
    libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    gc.freeze()
    gc.disable()
