"""The yearly full back-up's own repository: a folder beside the daily copies, on a place not kept for fulls alone.

A full back-up in the repository of the daily copies would be full in name only: what is stored there already would be
stored no second time, and damage to it would spoil both. So each school year has a folder of its own, with both keys, a
marker and the letters: it can be read without anything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from app.clock import Clock
from app.errors import VangnetError
from app.paths import Home
from app.policy.machine import Purpose, Target, TargetId
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.repository import Repository
from app.targets.errors import NoRoomForFull, WrongDisk
from app.targets.keys import KeyRing, settle_keys
from app.targets.marker import read_marker
from app.targets.place import locate
from app.targets.prepare import furnish

_NAME = re.compile(r"full-(\d{4})-(\d{4})")


def full_folder(target: Target, year: int) -> str:
    """Return the name of the folder for the school year that starts in `year`; empty where the place itself is it."""
    return "" if target.purpose is Purpose.FULL else f"full-{year}-{year + 1}"


def open_full(
    home: Home, target: Target, main: Repository, year: int, *, organisation: str, clock: Clock, need_bytes: int
) -> Repository:
    """Return the repository for the full back-ups of a school year; made when it is not there yet.

    `main` is the target's own repository, opened and so identified. `need_bytes` is the room that must be free before
    a new one is begun. Raises NoRoomForFull, WrongDisk and what `locate` and the engine raise.
    """
    name = full_folder(target, year)
    if not name:
        return main
    folder = locate(target) / name
    ring = KeyRing.load(home)
    if not LocalBackend(folder).exists(FileKind.CONFIG):
        free = _free_bytes(folder.parent)
        if free < need_bytes:
            raise NoRoomForFull(target=target.name, need_bytes=need_bytes, free_bytes=free)
        furnish(
            folder,
            ring,
            TargetId(f"{target.id}/{name}"),
            f"{target.name} {year}–{year + 1}",
            organisation,
            target.colour,
            "",
            clock,
        )
    repository = _open(folder, target, ring)
    settle_keys(repository, ring)
    return repository


def full_repositories(home: Home, target: Target) -> Iterator[Repository]:
    """Yield the repositories of full back-ups that lie beside a target's daily copies, the newest year first.

    One that cannot be opened is passed over: it must not stand in the way of the others.
    """
    try:
        ring, place = KeyRing.load(home), locate(target)
        years = sorted((entry.name for entry in place.iterdir() if _NAME.fullmatch(entry.name)), reverse=True)
    except (VangnetError, OSError):
        return
    for year in years:
        try:
            repository = _open(place / year, target, ring)
        except (VangnetError, OSError):
            continue
        yield repository


def _open(folder: Path, target: Target, ring: KeyRing) -> Repository:
    repository = Repository.open(LocalBackend(folder), master=ring.master)
    marker = read_marker(folder)
    if marker is not None and marker.repository_id != repository.id:
        raise WrongDisk(
            target=target.name,
            path=str(folder),
            reason="repository",
            found=marker.name,
            organisation=marker.organisation,
        )
    return repository


def _free_bytes(folder: Path) -> int:
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize
