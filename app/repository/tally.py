"""What a back-up has counted so far."""

from __future__ import annotations

import msgspec

from app.repository.model import SourceChanges
from app.repository.novelty import KNOWN, OPAQUE, Novelty
from app.repository.problems import Problems


class Tally(msgspec.Struct):
    """The files and folders of a run, and what went wrong with some of them."""

    files: int = 0
    folders: int = 0
    bytes: int = 0
    files_read: int = 0
    files_reused: int = 0
    bytes_reused: int = 0
    problems: Problems = msgspec.field(default_factory=Problems)


class ChangeCount(msgspec.Struct):
    """How the files differ from the back-up before, so far."""

    new: int = 0
    changed: int = 0
    removed: int = 0
    opaque_new: int = 0
    opaque_changed: int = 0

    def add(self, novelty: Novelty, *, was_there: bool) -> None:
        """Count a file that was read."""
        if not was_there:
            self.new += 1
            self.opaque_new += novelty == OPAQUE
        elif novelty != KNOWN:
            self.changed += 1
            self.opaque_changed += novelty == OPAQUE

    def summary(self) -> SourceChanges:
        return SourceChanges(self.new, self.changed, self.removed, self.opaque_new, self.opaque_changed)
