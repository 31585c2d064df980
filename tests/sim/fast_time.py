"""A clock that tests set for real processes: libfaketime reads it from a file, at every look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FastTime:
    """How far the time of day of the processes that get `environment` is ahead of ours."""

    file: Path

    def move_to(self, ahead: timedelta) -> None:
        """Set their clock; the clock that never jumps goes on as it does, as when a computer wakes up."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{int(ahead.total_seconds()):+d}\n")
        fresh.replace(self.file)

    @property
    def environment(self) -> Mapping[str, str]:
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
