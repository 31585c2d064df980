"""What the screens see of the copies of another computer, and how files are got back: in a process of its own, with the
key on its standard input, where no list of processes shows it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.clock import Clock, format_utc
from app.paths import Home
from app.records.facts import Outcome
from app.secret import Secret
from app.tui.picture import RestoreResult, RestoreWish
from app.tui.restore_process import read_answer

if TYPE_CHECKING:
    from app.jobs.other_copies import OtherCopies


@dataclass(frozen=True, slots=True)
class OtherSetView:
    """A data set in the copies; `versions` are when it was copied, newest first."""

    id: str
    name: str
    folders: tuple[Path, ...]
    versions: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class OtherView:
    """Copies of another computer that were opened."""

    folder: Path
    organisation: str
    sets: tuple[OtherSetView, ...]
    can_be_taken_over: bool


class OtherComputer:
    """The copies that are open now, and their key, for as long as the screen is."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._copies: OtherCopies | None = None
        self._key = Secret("")

    async def open(self, place: Path, key: Secret) -> OtherView:
        """Open the copies in a place; raises VangnetError."""
        from app.jobs.other_copies import open_other

        copies = await asyncio.to_thread(open_other, place, key.reveal())
        self._copies, self._key = copies, key
        return await asyncio.to_thread(_view, copies, taken=self._home.machine_file.exists())

    async def restore(self, program: tuple[str, ...], data_set: str, at: datetime, to: Path) -> RestoreResult:
        """Get a version of a data set back; never raises: what goes wrong is in the result."""
        wish = RestoreWish(data_set, (), to)
        if self._copies is None:
            return RestoreResult(Outcome.FAILED, 0, to, "no-copies-here", (("path", ""),))
        command: list[str | bytes] = [*program, "adopt", "restore", os.fsencode(self._copies.folder), data_set]
        command += ["--to", os.fsencode(to), "--at", format_utc(at), "--key-file", "-", "--json"]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            answer, _nothing = await process.communicate(self._key.reveal().encode() + b"\n")
        except OSError as problem:
            return RestoreResult(Outcome.FAILED, 0, to, "error", (("reason", str(problem)),))
        return read_answer(answer[: 4 << 20], wish)

    async def take_over(self, by: str) -> tuple[Path, ...]:
        """Let this computer go on with the copies; returns the folders that are not here yet. Raises VangnetError."""
        from app.jobs.other_copies import NotTakenOver, take_over

        if self._copies is None:
            raise NotTakenOver(path="", reason="no-settings")
        taken = await asyncio.to_thread(
            take_over, self._home, self._copies, self._key.reveal(), by=by, clock=self._clock
        )
        return taken.missing_folders


def _view(copies: OtherCopies, *, taken: bool) -> OtherView:
    return OtherView(
        folder=copies.folder,
        organisation=copies.organisation,
        sets=tuple(
            OtherSetView(found.id, found.name, found.folders, tuple(v.time.astimezone(UTC) for v in found.versions))
            for found in copies.data_sets()
        ),
        can_be_taken_over=copies.policy is not None and not taken,
    )
