"""Opening a repository while something else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.clock import FixedClock
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.errors import RepositoryNotFound, WrongKey
from app.repository.keys import make_key_file
from app.repository.opening import Opening
from app.repository.repository import Repository
from app.secret import Secret


@pytest.fixture
def backend(clock: FixedClock) -> MemoryBackend:
    master, backend = MasterKey.generate(), MemoryBackend()
    key = make_key_file(master, Secret("right"), hostname="h", username="u", now=clock.now(), n=1 << 10, p=1)
    Repository.init(backend, master, [key])
    return backend


def test_what_is_opened_meanwhile_is_the_repository(backend: MemoryBackend) -> None:
    opening = Opening(backend, Secret("right"))
    repository = opening.result()
    assert opening.is_over
    assert repository.id == Repository.open(backend, password=Secret("right")).id


def test_a_wrong_password_is_told_to_who_asks_for_the_repository(backend: MemoryBackend) -> None:
    opening = Opening(backend, Secret("wrong"))
    with pytest.raises(WrongKey):
        opening.result()


def test_nothing_there_is_told_to_who_asks_for_the_repository(tmp_path: Path) -> None:
    opening = Opening(LocalBackend(tmp_path / "nowhere"), Secret("x"))
    with pytest.raises(RepositoryNotFound):
        opening.result()
