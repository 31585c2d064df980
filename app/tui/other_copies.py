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
from app.records.facts import Outcome
from app.secret import Secret
from app.tui.picture import RestoreResult, RestoreWish
from app.tui.restore_process import read_answer

if TYPE_CHECKING:
    from app.jobs.other_copies import OtherCopies, OtherPlace
    from app.paths import Home


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

    where: str
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

    async def open(self, place: OtherPlace, key: Secret) -> OtherView:
        """Open the copies in a place; raises VangnetError."""
        from app.jobs.other_copies import open_other

        def look() -> tuple[OtherCopies, OtherView]:
            copies = open_other(place, key.reveal())
            try:
                return copies, _view(copies, taken=self._home.machine_file.exists())
            finally:
                copies.close()

        self._copies, view = await asyncio.to_thread(look)
        self._key = key
        return view

    async def restore(self, program: tuple[str, ...], data_set: str, at: datetime, to: Path) -> RestoreResult:
        """Get a version of a data set back; never raises: what goes wrong is in the result."""
        wish = RestoreWish(data_set, (), to)
        if self._copies is None:
            return RestoreResult(Outcome.FAILED, 0, to, "no-copies-here", (("path", ""),))
        where, secret = _said(self._copies.place)
        command: list[str | bytes] = [*program, "adopt", "restore", *where, data_set, "--to", os.fsencode(to)]
        command += ["--at", format_utc(at), "--key-file", "-", "--json"]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            answer, _nothing = await process.communicate(f"{self._key.reveal()}\n{secret}".encode())
        except OSError as problem:
            return RestoreResult(Outcome.FAILED, 0, to, "error", (("reason", str(problem)),))
        return read_answer(answer[: 4 << 20], wish)

    async def take_over(self, by: str) -> tuple[Path, ...]:
        """Let this computer go on with the copies; returns the folders that are not here yet. Raises VangnetError."""
        from app.jobs.taking_over import NotTakenOver, take_over

        if self._copies is None:
            raise NotTakenOver(path="", reason="no-settings")
        copies, key = self._copies, self._key.reveal()

        def take() -> tuple[Path, ...]:
            try:
                return take_over(self._home, copies, key, by=by, clock=self._clock).missing_folders
            finally:
                copies.close()

        return await asyncio.to_thread(take)


def _said(place: OtherPlace) -> tuple[tuple[str | bytes, ...], str]:
    """Return how a place is named to the command, and the secret for its standard input."""
    if isinstance(place, Path):
        return (os.fsencode(place),), ""
    server = place.place
    options = (("--user", server.user), ("--server-key", server.server_key), ("--region", server.region))
    said = [part for option, value in options if value for part in (option, value)]
    if server.virtual_host:
        said.append("--virtual-host")
    if place.secret is None:
        return (server.address, *said), ""
    return (server.address, *said, "--secret-file", "-"), place.secret.reveal()


def _view(copies: OtherCopies, *, taken: bool) -> OtherView:
    return OtherView(
        where=copies.where,
        organisation=copies.organisation,
        sets=tuple(
            OtherSetView(found.id, found.name, found.folders, tuple(v.time.astimezone(UTC) for v in found.versions))
            for found in copies.data_sets()
        ),
        can_be_taken_over=copies.policy is not None and not taken,
    )
