from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from app.clock import FixedClock
from app.paths import Home
from app.policy.machine import Target, TargetId, TargetKind
from app.secret import Secret
from app.targets.keys import KeyRing, new_recovery_key
from app.targets.place import prepare_target

CLOCK = FixedClock(datetime(2026, 9, 1, 8, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation with its keys, one source folder, and a way to prepare folders."""

    home: Home
    recovery: Secret
    source: Path

    def prepare(
        self, folder: Path, *, target: str = "nas", name: str = "NAS", organisation: str = "De Linde"
    ) -> Target:
        return prepare_target(
            self.home,
            id=TargetId(target),
            name=name,
            kind=TargetKind.FOLDER,
            path=folder,
            colour="rood",
            organisation=organisation,
            sources=(self.source,),
            clock=CLOCK,
        )


@pytest.fixture(scope="session")
def keys_made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Home, Secret]]:
    """Keys cost a second of scrypt: they are made once for each organisation and copied for each test."""

    @cache
    def make(name: str) -> tuple[Home, Secret]:
        home = Home.in_folder(tmp_path_factory.mktemp(name))
        recovery = new_recovery_key()
        KeyRing.create(home, recovery, CLOCK)
        return home, recovery

    return make


@pytest.fixture
def new_organisation(
    tmp_path: Path, keys_made_once: Callable[[str], tuple[Home, Secret]]
) -> Callable[[str], Organisation]:
    def make(name: str) -> Organisation:
        made, recovery = keys_made_once(name)
        home = Home.in_folder(tmp_path / name / "home")
        shutil.copytree(made.secrets, home.secrets)
        source = tmp_path / name / "source"
        source.mkdir()
        return Organisation(home, recovery, source)

    return make


@pytest.fixture
def school(new_organisation: Callable[[str], Organisation]) -> Organisation:
    return new_organisation("school")
