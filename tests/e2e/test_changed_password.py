"""A password that was changed on a server: said in a sentence, asked for as a task, typed again; the copies go on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.assessment.model import ObligationKind, Timing
from app.policy.machine import RemotePlace
from app.policy.model import Role
from app.records.facts import Outcome
from app.secret import Secret
from app.setup.network import NewPlace, add_place
from app.targets.remote import read_secret
from app.targets.remote_prepare import Site
from tests.e2e.installation import TestHome, lasting_agent, make_installation, wait_until
from tests.rig.commands import vangnet
from tests.rig.programs import run
from tests.rig.servers import RestServer, S3Server, Server, SmbServer, SshServer, rclone

pytestmark = [pytest.mark.rig, pytest.mark.slow]

NAME = "Elders"


@dataclass
class LockedS3(S3Server):
    """rclone as an S3 server that looks at who asks, which moto does not."""

    def command(self) -> list[str | Path]:
        keys = f"{self.access_key},{self.secret_key}"
        return [
            rclone(), "serve", "s3", "--addr", f"127.0.0.1:{self.port}", "--auth-key", keys, "--config",
            self.folder / "rclone.conf", self.folder / "data",
        ]  # fmt: skip

    def prepare(self) -> None:
        (self.folder / "data").mkdir(exist_ok=True)


@dataclass
class Locked:
    """A server, how it is reached, and what changes its password; that returns the new one."""

    server: Server
    place: RemotePlace
    secret: str
    change: Callable[[], str]


def _again(server: Server) -> None:
    server.stop()
    server.start()


def sftp(folder: Path) -> Locked:
    server = SshServer(folder)
    server.start()

    def change() -> str:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "new_key")
        (folder / "authorized_keys").write_bytes((folder / "new_key.pub").read_bytes())
        return (folder / "new_key").read_text()

    place = RemotePlace(f"sftp://127.0.0.1:{server.port}{folder}/copies", server.user, server_key=server.host_key)
    return Locked(server, place, server.private_key, change)


def smb(folder: Path) -> Locked:
    server = SmbServer(folder)
    server.start()

    def change() -> str:
        server.set_password(secrets.token_hex(8))
        return server.password

    place = RemotePlace(f"smb://127.0.0.1:{server.port}/{server.share}/copies", server.user)
    return Locked(server, place, server.password, change)


def rest(folder: Path) -> Locked:
    server = RestServer(folder)
    server.start()

    def change() -> str:
        server.password = secrets.token_hex(8)
        _again(server)
        return server.password

    return Locked(server, RemotePlace(f"rest:{server.url('copies')}", server.user), server.password, change)


def s3(folder: Path) -> Locked:
    server = LockedS3(folder)
    server.start()

    def change() -> str:
        server.secret_key = secrets.token_hex(16)
        _again(server)
        return server.secret_key

    return Locked(server, RemotePlace(f"s3:{server.url}/copies/here", server.access_key), server.secret_key, change)


@contextmanager
def ended(locked: Locked) -> Iterator[Locked]:
    try:
        yield locked
    finally:
        locked.server.stop()


def asked(school: TestHome) -> list[tuple[Timing, Role | None]]:
    """Return the tasks that ask for a password."""
    with school.records() as records:
        tasks = school.installation().assess(records).tasks
    return [(task.timing, task.who) for task in tasks if task.kind is ObligationKind.ENTER_PASSWORD]


@pytest.mark.parametrize("kind", [sftp, smb, rest, s3], ids=["sftp", "smb", "rest", "s3"])
def test_a_changed_password_is_asked_for_and_the_copies_go_on(kind: Callable[[Path], Locked], tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    school = make_installation(tmp_path / "school")
    home = ("--home", str(school.home.config), "--lang", "en")
    with ended(kind(tmp_path / "server")) as locked:
        new = NewPlace(NAME, locked.place, Secret(locked.secret), Site("bij Bo", True))
        with school.records() as records:
            target = add_place(school.installation(), records, new, by="An")
        (tmp_path / "new").write_text(locked.change())
        (tmp_path / "wrong").write_text("wrong")
        if kind is sftp:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "nobody")
            (tmp_path / "wrong").write_text((tmp_path / "nobody").read_text())
        with lasting_agent(school):
            wait_until(lambda: bool(asked(school)), what="the password is asked for")
            assert asked(school) == [(Timing.DUE, Role.IT_PROVIDER)]
            assert "Elders" in vangnet(*home, "targets").out
            assert "does not accept our password" in vangnet(*home, "targets").out

            refused = vangnet(*home, "place", "login", NAME, "--secret-file", str(tmp_path / "wrong"), expect=None)
            assert refused.code != 0
            assert "does not accept our name, password or key" in refused.err
            assert read_secret(school.home, NAME, f"place-{target.id}").reveal().strip() == locked.secret.strip()

            taken = vangnet(*home, "place", "login", NAME, "--secret-file", str(tmp_path / "new"))
            assert "lets us in again" in taken.out

            def good() -> bool:
                return {r.data_set for r in school.runs() if r.target == target.id and r.outcome is Outcome.GOOD} == {
                    "marks", "letters",
                }  # fmt: skip

            wait_until(good, what="copies go there again")
            wait_until(lambda: not asked(school), what="nobody is asked any more")
    assert (school.home.secrets / f"place-{target.id}").stat().st_mode & 0o777 == 0o600
    with school.records() as records:
        rows = [row for row in records.journal_rows() if row.kind == "place-login-changed"]
        assert len(rows) == 1
        assert records.verify_journal().ok
    assert (tmp_path / "new").read_text().strip() not in (school.home.data / "agent.log").read_text()


def test_a_folder_has_no_password(tmp_path: Path) -> None:
    school = make_installation(tmp_path / "school")
    (tmp_path / "new").write_text("x")
    refused = vangnet(
        "--home", str(school.home.config), "--lang", "en", "place", "login", "nas", "--secret-file",
        str(tmp_path / "new"), expect=2,
    )  # fmt: skip
    assert "no password belongs to it" in refused.err
