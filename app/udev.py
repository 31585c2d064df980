"""One udev context for each thread: making one runs a program (ldconfig) to find the library."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyudev

_of_thread = threading.local()


def context() -> pyudev.Context:
    """Return this thread's context; raises ImportError where there is no libudev."""
    import pyudev

    known: pyudev.Context | None = getattr(_of_thread, "context", None)
    if known is None:
        known = _of_thread.context = pyudev.Context()
    return known
