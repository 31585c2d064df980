"""What servers and lines do to a back-up: each on a real server. Nothing of an earlier copy is ever lost."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.repository.backend.base import FileKind
from app.repository.backend.remote import Pace, Patience, RemoteBackend
from app.repository.crypto import MasterKey
from app.repository.errors import BackendFull, BackendUnavailable, RepositoryError, ServerLoginRefused
from app.repository.keys import make_key_file
from app.repository.repository import Repository
from app.secret import Secret
from tests.fault.places import write_noise
from tests.rig.link import Link, link_to
from tests.rig.places import rest_backend, s3_backend, sftp_backend, smb_backend
from tests.rig.programs import run
from tests.rig.restic import Restic
from tests.rig.servers import RestServer, S3Server, SmbServer, SshServer

pytestmark = [pytest.mark.rig, pytest.mark.slow]

PASSWORD = "geheim"
EAGER = Patience(connect_s=5, silence_s=5, retry_s=30, first_retry_s=5, first_pause_s=0.02, longest_pause_s=0.2)


@dataclass
class Kept:
    """A repository on a server that is reached over a line of ours."""

    server: Any
    name: str
    make: Callable[..., RemoteBackend]
    link: Link
    restic: Restic
    repository: Repository
    made: list[RemoteBackend] = field(default_factory=list)

    def again(self, *, patience: Patience = EAGER, pace: Pace | None = None) -> Repository:
        """Open it anew, as the next run does."""
        backend = self.make(self.server, self.name, port=self.link.port, patience=patience, pace=pace)
        self.made.append(backend)
        return Repository.open(backend, password=Secret(PASSWORD))

    def check(self, snapshots: int) -> None:
        """Have restic read everything, past our line."""
        self.restic.run("unlock", "--remove-all")  # the run that was cut off could not; its process is ours, and lives
        self.restic.check()
        assert len(self.restic.snapshots()) == snapshots


def restic_at(server: Any, name: str, folder: Path) -> Restic:
    match server:
        case S3Server():
            keys = (("AWS_ACCESS_KEY_ID", server.access_key), ("AWS_SECRET_ACCESS_KEY", server.secret_key))
            return Restic.at(f"s3:{server.url}/{name}/copies", PASSWORD, folder=folder, env=keys)
        case SshServer():
            return Restic.at(server.folder / name, PASSWORD, folder=folder)
        case _:
            return Restic.at(server.data / name, PASSWORD, folder=folder)


KINDS: dict[str, tuple[str, Callable[..., RemoteBackend]]] = {
    "sftp": ("ssh_server", sftp_backend),
    "smb": ("smb_server", smb_backend),
    "rest": ("rest_server", rest_backend),
    "s3": ("s3_server", s3_backend),
}


def make_kept(server: Any, make: Callable[..., RemoteBackend], link: Link, folder: Path) -> Kept:
    name = f"fault-{secrets.token_hex(5)}"
    master = MasterKey.generate()
    now = SystemClock().now()
    key = make_key_file(master, Secret(PASSWORD), hostname="pc", username="test", now=now, n=1 << 10, r=8, p=1)
    backend = make(server, name, port=link.port, patience=EAGER)
    repository = Repository.init(backend, master, [key])
    return Kept(server, name, make, link, restic_at(server, name, folder), repository, [backend])


@pytest.fixture(params=list(KINDS))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    fixture, make = KINDS[request.param]
    server = request.getfixturevalue(fixture)
    with link_to(server.port) as link:
        kept = make_kept(server, make, link, tmp_path)
        yield kept
        for backend in kept.made:
            backend.close()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    write_noise(tmp_path / "first", [f"{number}.bin" for number in range(5)], 30_000, random.Random(1))
    return tmp_path / "first"


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """More than one pack."""
    write_noise(tmp_path / "second", [f"{number}.bin" for number in range(12)], 2_000_000, random.Random(2))
    return tmp_path / "second"


def back_up(repository: Repository, folder: Path) -> bool:
    return repository.backup([bytes(folder)]).complete


def test_connections_killed_in_mid_upload_are_made_again_and_the_run_succeeds(
    kept: Kept, first: Path, second: Path
) -> None:
    assert back_up(kept.repository, first)
    kept.link.kill_after(500_000, 9_000_000, 20_000_000)
    assert back_up(kept.repository, second)
    assert kept.link.kills == 3
    kept.check(2)


def test_a_line_that_stays_away_ends_the_run_and_the_next_one_carries_on(kept: Kept, first: Path, second: Path) -> None:
    """An hour, as far as the backend can tell: its clock runs ahead with every pause."""
    assert back_up(kept.repository, first)
    clock = HastyClock()
    away = kept.again(pace=Pace(clock, clock.sleep))
    cutter = threading.Thread(target=cut_after, args=(kept.link, 4_000_000))
    cutter.start()
    try:
        with pytest.raises(BackendUnavailable):
            back_up(away, second)
    finally:
        kept.link.restore()
        cutter.join()
    kept.check(1)
    assert back_up(kept.again(), second)
    kept.check(2)


class HastyClock(SystemClock):
    """A clock on which a pause takes an hour and no time at all."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    def sleep(self, _seconds: float) -> None:
        self._ahead_s += 3600


def cut_after(link: Link, sent: int) -> None:
    """Cut a line for good once so many bytes went up."""
    link.kill_after(sent)
    for _ in range(3000):
        if link.kills:
            link.cut()
            return
        threading.Event().wait(0.01)


def test_a_line_that_is_cut_for_ten_seconds_costs_ten_seconds(
    ssh_server: SshServer, smb_server: SmbServer, rest_server: RestServer, s3_server: S3Server, tmp_path: Path
) -> None:
    servers = {"sftp": ssh_server, "smb": smb_server, "rest": rest_server, "s3": s3_server}
    data = [os.urandom(200_000) for _ in range(3)]
    links = {kind: Link(server.port) for kind, server in servers.items()}
    keeps = {kind: make_kept(servers[kind], KINDS[kind][1], links[kind], tmp_path) for kind in servers}

    def store(kind: str) -> bool:
        backend = keeps[kind].repository.backend
        for content in data:
            backend.save(FileKind.PACK, hashlib.sha256(content).hexdigest(), content)
        stored = (backend.load(FileKind.PACK, hashlib.sha256(c).hexdigest(), limit=len(c)) for c in data)
        return list(stored) == data

    for link in links.values():
        link.cut()
    timer = threading.Timer(10.0, restore_all, (list(links.values()),))
    timer.start()
    try:
        with ThreadPoolExecutor(len(servers)) as pool:
            assert list(pool.map(store, servers)) == [True] * len(servers)
        assert all(link.refused for link in links.values())
    finally:
        timer.join()
        for kind, kept in keeps.items():
            kept.repository.backend.close()
            links[kind].close()


def restore_all(links: Sequence[Link]) -> None:
    for link in links:
        link.restore()


def test_an_s3_server_that_answers_500_is_asked_again(s3_server: S3Server, tmp_path: Path, first: Path) -> None:
    with link_to(s3_server.port) as link:
        kept = make_kept(s3_server, s3_backend, link, tmp_path)
        link.answer_with_errors(6)
        assert back_up(kept.repository, first)
        assert link.refused == 6
        kept.repository.backend.close()
        kept.check(1)


def test_a_password_that_was_changed_is_said_and_nothing_is_lost(
    ssh_server: SshServer, tmp_path: Path, first: Path, second: Path
) -> None:
    with link_to(ssh_server.port) as link:
        kept = make_kept(ssh_server, sftp_backend, link, tmp_path)
        assert back_up(kept.repository, first)
        ssh_server.lock_out()
        try:
            link.kill_after(3_000_000)
            with pytest.raises(ServerLoginRefused):
                back_up(kept.repository, second)
        finally:
            ssh_server.let_in()
        kept.check(1)
        assert back_up(kept.again(), second)
        kept.check(2)
        for backend in kept.made:
            backend.close()


def test_a_nas_whose_password_was_changed_says_so(smb_server: SmbServer, tmp_path: Path, first: Path) -> None:
    with link_to(smb_server.port) as link:
        kept = make_kept(smb_server, smb_backend, link, tmp_path)
        assert back_up(kept.repository, first)
        old = smb_server.password
        smb_server.set_password("another one")
        kept.repository.backend.close()
        try:
            with pytest.raises(ServerLoginRefused):
                kept.repository.snapshots()
        finally:
            smb_server.set_password(old)
        assert len(kept.repository.snapshots()) == 1
        kept.repository.backend.close()


@pytest.mark.parametrize("kind", ["sftp", "smb"])
def test_a_full_server_says_so_and_takes_copies_again_once_there_is_room(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, first: Path, second: Path
) -> None:
    fixture, make = KINDS[kind]
    server = request.getfixturevalue(fixture)
    top = server.folder if kind == "sftp" else server.data
    small = top / f"small-{secrets.token_hex(4)}"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small)
    try:
        with link_to(server.port) as link:
            kept = make_kept(server, lambda s, name, **how: make(s, f"{small.name}/{name}", **how), link, tmp_path)
            kept.restic = Restic.at(small / kept.name, PASSWORD, folder=tmp_path)
            (small / "filler").write_bytes(b"x" * 16_000_000)
            assert back_up(kept.repository, first)
            with pytest.raises(BackendFull):
                back_up(kept.repository, second)
            kept.check(1)
            (small / "filler").unlink()
            run("mount", "-o", "remount,size=80m", small)
            assert back_up(kept.again(), second)
            kept.check(2)
            for backend in kept.made:
                backend.close()
    finally:
        run("umount", "-l", small)


def test_two_computers_back_up_to_one_server_at_once(kept: Kept, first: Path, second: Path, tmp_path: Path) -> None:
    """Two programs, each with a home of its own; both have part of their data in common."""
    (second / "shared.bin").write_bytes((first / "0.bin").read_bytes())
    address, env = address_of(kept)
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "app", "repo", "-r", address, "-p", kept.restic.password_file, "backup", folder],
            env={**os.environ, **env, "VANGNET_HOME": str(tmp_path / f"home-{folder.name}"), "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for folder in (first, second)
    ]  # fmt: skip
    said = [program.communicate(timeout=100)[0].decode() for program in programs]
    assert [program.returncode for program in programs] == [0, 0], said
    kept.check(2)


def address_of(kept: Kept) -> tuple[str, dict[str, str]]:
    server, port = kept.server, kept.link.port
    match server:
        case SshServer():
            env = {"VANGNET_PLACE_KEY_FILE": f"{server.folder}/user_key", "VANGNET_PLACE_SERVER_KEY": server.host_key}
            return f"sftp://{server.user}@127.0.0.1:{port}{server.folder}/{kept.name}", env
        case SmbServer():
            return (
                f"smb://{server.user}@127.0.0.1:{port}/{server.share}/{kept.name}",
                {"VANGNET_PLACE_PASSWORD": server.password},
            )
        case RestServer():
            return (
                f"rest:http://127.0.0.1:{port}/{kept.name}",
                {"VANGNET_PLACE_USER": server.user, "VANGNET_PLACE_PASSWORD": server.password},
            )
        case _:
            keys = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
            return f"s3:http://127.0.0.1:{port}/{kept.name}/copies", keys


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path, kept: Kept) -> None:
    """It accepts the call and then is silent: stopped, or its disk hangs."""
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        port = int(silent.getsockname()[1])
        backend = kept.make(kept.server, kept.name, port=port, patience=Patience.brief())
        began = time.monotonic()
        with pytest.raises(RepositoryError):
            backend.exists(FileKind.CONFIG)
        assert time.monotonic() - began < 15
        backend.close()
    finally:
        silent.close()
