"""Places on a network, on real servers: prepared, recognised, looked at, backed up to by the program itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.paths import Home
from app.policy.machine import RemotePlace, Target, TargetId, TargetKind
from app.repository.backend.base import FileKind
from app.repository.errors import BackendRefused
from app.secret import Secret
from app.targets.errors import TargetHasOtherData, TargetUnsuitable
from app.targets.keys import KeyRing, new_recovery_key
from app.targets.look import look_here
from app.targets.place import open_target
from app.targets.probe import probe
from app.targets.remote_prepare import Site, prepare_remote_target
from tests.rig.ports import free_port
from tests.rig.servers import RestServer, S3Server, SmbServer, SshServer

pytestmark = pytest.mark.rig

CLOCK = SystemClock()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.in_folder(tmp_path / "home")
    KeyRing.create(home, new_recovery_key(), CLOCK)
    return home


@dataclass(frozen=True)
class Way:
    place: RemotePlace
    secret: str


def over_sftp(server: SshServer, name: str) -> Way:
    address = f"sftp://127.0.0.1:{server.port}{server.folder}/{name}"
    return Way(RemotePlace(address, server.user, server_key=server.host_key), server.private_key)


def over_smb(server: SmbServer, name: str) -> Way:
    return Way(RemotePlace(f"smb://127.0.0.1:{server.port}/{server.share}/{name}", server.user), server.password)


def over_rest(server: RestServer, name: str) -> Way:
    return Way(RemotePlace(f"rest:{server.url(name)}", server.user), server.password)


def over_s3(server: S3Server, name: str) -> Way:
    return Way(RemotePlace(f"s3:{server.url}/{name}/copies", server.access_key), server.secret_key)


WAYS = [
    pytest.param("ssh_server", over_sftp, id="sftp"),
    pytest.param("smb_server", over_smb, id="smb"),
    pytest.param("rest_server", over_rest, id="rest"),
    pytest.param("s3_server", over_s3, id="s3"),
]


def prepared(home: Home, way: Way, *, name: str = "off-site") -> Target:
    return prepare_remote_target(
        home, id=TargetId(name), name=name, place=way.place, secret=Secret(way.secret), organisation="De Linde",
        clock=CLOCK, site=Site("thuis", True, "Kerkstraat 1", 12, False),
    )  # fmt: skip


@pytest.mark.parametrize(("server", "ways"), WAYS)
def test_a_place_on_a_server_is_prepared_recognised_tested_and_told_from_others(
    server: str, ways: Callable[[Any, str], Way], home: Home, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    way = ways(request.getfixturevalue(server), f"place-{secrets.token_hex(5)}")
    target = prepared(home, way)
    assert target.kind is TargetKind(server.split("_")[0].replace("ssh", "sftp"))
    assert (home.secrets / "place-off-site").stat().st_mode & 0o777 == 0o600
    assert way.secret not in repr(target)

    # Found again, and the same when it is prepared once more.
    assert prepared(home, way).repository_id == target.repository_id
    assert look_here(home, target).error is None
    repository = open_target(home, target)
    (tmp_path / "file").write_text("content")
    assert repository.backup([bytes(tmp_path / "file")]).complete
    tested = probe(repository.backend, CLOCK, size=1 << 20)
    assert tested.same
    assert tested.removable
    assert tested.write_bytes_s > 0
    assert repository.check(read_data=True).sound
    repository.backend.close()

    # Another repository, another marker, another organisation: never written to.
    for other in (replace(target, repository_id="0" * 64), replace(target, marker_id="0" * 32)):
        if server == "rest_server" and other.marker_id != target.marker_id:
            continue  # a rest-server keeps no marker: the repository's id is what counts
        seen = look_here(home, other)
        assert seen.error is not None
        assert seen.error.code == "wrong-disk"
    stranger = Home.in_folder(tmp_path / "stranger")
    KeyRing.create(stranger, new_recovery_key(), CLOCK)
    with pytest.raises(TargetHasOtherData):
        prepared(stranger, way)


def test_files_of_somebody_else_are_left_alone(home: Home, smb_server: SmbServer) -> None:
    name = f"taken-{secrets.token_hex(5)}"
    (smb_server.data / name).mkdir()
    (smb_server.data / name / "thesis.doc").write_text("years of work")
    with pytest.raises(TargetHasOtherData):
        prepared(home, over_smb(smb_server, name))
    assert [path.name for path in (smb_server.data / name).iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize(("server", "ways"), WAYS)
def test_a_changed_password_is_told_from_a_server_that_is_away(
    server: str, ways: Callable[[Any, str], Way], home: Home, request: pytest.FixtureRequest
) -> None:
    way = ways(request.getfixturevalue(server), f"place-{secrets.token_hex(5)}")
    target = prepared(home, way)
    assert target.on_network is not None
    if server != "s3_server":  # moto lets everybody in
        other = SshOther.key if server == "ssh_server" else "another password"
        (home.secrets / "place-off-site").write_text(other)
        seen = look_here(home, target)
        assert seen.error is not None
        assert seen.error.data["reason"] == "login"
    port = target.on_network.address.split("127.0.0.1:")[1].split("/")[0]
    gone = replace(target.on_network, address=target.on_network.address.replace(port, str(free_port())))
    seen = look_here(home, replace(target, on_network=gone))
    assert seen.error is not None
    assert seen.error.data["reason"] == "no-answer"


def test_another_server_in_the_same_place_is_never_talked_to(home: Home, ssh_server: SshServer, tmp_path: Path) -> None:
    target = prepared(home, over_sftp(ssh_server, f"place-{secrets.token_hex(5)}"))
    impostor = SshServer(tmp_path / "impostor")
    impostor.start()
    try:
        assert target.on_network is not None
        address = target.on_network.address.replace(str(ssh_server.port), str(impostor.port))
        seen = look_here(home, replace(target, on_network=replace(target.on_network, address=address)))
    finally:
        impostor.stop()
    assert seen.error is not None
    assert seen.error.data["reason"] == "other-server"


def test_a_server_that_only_adds_refuses_removals_and_takes_copies(
    home: Home, append_only_server: RestServer, tmp_path: Path
) -> None:
    way = over_rest(append_only_server, f"place-{secrets.token_hex(5)}")
    repository = open_target(home, prepared(home, replace(way, place=replace(way.place, append_only=True))))
    (tmp_path / "file").write_text("content")
    summary = repository.backup([bytes(tmp_path / "file")])
    assert summary.complete
    assert repository.lock_names() == ()  # a lock is the one thing that may go
    with pytest.raises(BackendRefused):
        repository.backend.remove(FileKind.SNAPSHOT, summary.snapshot.id)
    assert not probe(repository.backend, CLOCK, size=4096).removable
    assert repository.check(read_data=True).sound
    repository.backend.close()


def test_a_bucket_that_locks_objects_keeps_copies_from_being_removed(
    home: Home, s3_server: S3Server, tmp_path: Path
) -> None:
    way = over_s3(s3_server, f"locked-{secrets.token_hex(5)}")
    locked = replace(way, place=replace(way.place, retention_days=30))
    repository = open_target(home, prepared(home, locked))
    assert probe(repository.backend, CLOCK, size=4096).locks_objects
    repository.backend.close()
    plain = over_s3(s3_server, f"plain-{secrets.token_hex(5)}")
    prepared(home, plain, name="plain")
    with pytest.raises(TargetUnsuitable):
        prepared(home, replace(plain, place=replace(plain.place, retention_days=30)), name="plain")


class SshOther:
    """A private key that no server knows."""

    key = ""


@pytest.fixture(autouse=True, scope="module")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.rig.programs import run

    file = tmp_path_factory.mktemp("key") / "other"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file)
    SshOther.key = file.read_text()
