"""Writing past the page cache, where that pays: packs are written once and rarely read again on the same day.

On ext4 and XFS it saves the copy into the cache and the fresh pages for it; elsewhere (exFAT through FUSE, network
shares) it is slower than the usual way, so it is not tried.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from functools import lru_cache

BLOCK = 4096
WORTH_IT = 1 << 20
"""Shorter files are written the usual way."""

_EXT4 = 0xEF53
_XFS = 0x58465342


@lru_cache(maxsize=64)
def pays_at(device: int, folder: bytes) -> bool:  # noqa: ARG001  the device is part of the cache's key
    """Tell whether a folder lies on a file system where writing past the cache pays."""
    import ctypes

    status = ctypes.create_string_buffer(256)
    statfs = ctypes.CDLL(None, use_errno=True).statfs
    if statfs(folder, status) != 0:
        return False
    return int.from_bytes(status.raw[: ctypes.sizeof(ctypes.c_long)], "little") in (_EXT4, _XFS)


def write_direct(fd: int, view: memoryview) -> int:
    """Write the whole blocks at the front of a page-aligned buffer past the cache; return how many bytes that was.

    0 when the kernel will not have it this way (a buffer that is not aligned, say): then nothing was written.
    """
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    whole = len(view) // BLOCK * BLOCK
    written = 0
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_DIRECT)
        while written < whole:
            written += os.write(fd, view[written:whole])
            written = written // BLOCK * BLOCK  # after a short write the next must begin at a block
            os.lseek(fd, written, os.SEEK_SET)
        tail = len(view) - whole
        if tail:
            with mmap.mmap(-1, BLOCK) as block:
                block[:tail] = view[whole:]
                if os.write(fd, block) == BLOCK:
                    os.ftruncate(fd, len(view))
                    written = len(view)
    except OSError as exc:
        if exc.errno != errno.EINVAL:
            raise
    finally:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    os.lseek(fd, written, os.SEEK_SET)
    return written
