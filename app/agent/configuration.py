"""The policy and machine files as they hold now: read again when one changes; a typo does not stop the copies."""

from __future__ import annotations

import logging
import os

from app.agent.log import say
from app.clock import Clock
from app.errors import NotSetUp, VangnetError
from app.jobs.installation import Installation
from app.jobs.last_good import exemptions, keep_as_good
from app.paths import Home
from app.records.canonical import fields_of
from app.records.store import Records

_Stamp = tuple[tuple[int, int, int], ...]


class Configuration:
    """What `policy.yml` and `machine.yml` say. While one has a mistake, the last ones that were right hold."""

    def __init__(self, home: Home, clock: Clock, records: Records) -> None:
        self._home = home
        self._clock = clock
        self._records = records
        self._files = (str(home.policy_file), str(home.machine_file))
        self._stamp: _Stamp | None = None
        self._doubted: _Stamp | None = None
        self._changed = False
        self._unusable: VangnetError = NotSetUp(home=str(home.config))
        self.installation: Installation | None = None

    def reload(self, *, even_unchanged: bool = False) -> bool:
        """Read the files when they have changed; tells whether another configuration can be used since."""
        stamp = _stamp(self._files)
        if stamp == self._stamp and not even_unchanged:
            return False
        loaded = self._load()
        if not isinstance(loaded, Installation) or loaded.refused is not None:
            # An editor may be half-way through writing it: only what is wrong at two looks is wrong.
            doubtful = self._stamp not in (None, stamp) and self._doubted != stamp and not even_unchanged
            self._doubted = stamp
            if doubtful:
                return False
        self._stamp = stamp
        self._changed = True
        if not isinstance(loaded, Installation):
            self.installation = None
            self._unusable = loaded
            say("configuration-refused", logging.WARNING, code=loaded.code)
            self._records.emit("configuration-refused", loaded.code)
            return False
        self.installation = loaded
        if (refused := self.installation.refused) is not None:
            say("configuration-refused", logging.WARNING, code=refused.code, line=refused.line, key=refused.key)
            self._records.note("configuration-refused", fields_of(refused), subject=refused.code)
        else:
            keep_as_good(self._home, self._records, exempt=exemptions(self.installation.policy))
        say("configuration-loaded", targets=len(self.installation.machine.targets))
        return True

    def _load(self) -> Installation | VangnetError:
        try:
            return Installation.load_working(self._home, self._clock)
        except VangnetError as exc:
            return exc

    def has_changed(self) -> bool:
        """Tell, once for each change, whether another configuration holds since the last time this was asked."""
        changed, self._changed = self._changed, False
        return changed

    def require(self) -> Installation:
        """Return the configuration; raises NotSetUp or what is wrong with it."""
        if self.installation is None:
            raise self._unusable
        return self.installation


def _stamp(files: tuple[str, ...]) -> _Stamp:
    """Return what changes when a configuration file is replaced."""
    found: list[tuple[int, int, int]] = []
    for file in files:
        try:
            status = os.stat(file)  # noqa: PTH116  twice a second, all day
            found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)
