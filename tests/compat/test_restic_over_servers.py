"""Vangnet and restic on one repository, each through its own way to a real server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.repository.backend.local import LocalBackend
from app.repository.repository import Repository
from app.secret import Secret
from tests.rig.commands import vangnet
from tests.rig.places import sftp_backend, smb_backend
from tests.rig.restic import Restic
from tests.rig.servers import RestServer, S3Server, SmbServer, SshServer

pytestmark = [pytest.mark.rig, pytest.mark.slow]

PASSWORD = "geheim"


@dataclass(frozen=True)
class Ways:
    """Two ways to one repository: our address and who we are, and restic's."""

    address: str
    env: dict[str, str]
    restic: str
    restic_options: tuple[str, ...] = ()
    restic_env: tuple[tuple[str, str], ...] = ()


def over_sftp(server: SshServer, name: str) -> Ways:
    where = f"{server.user}@127.0.0.1"
    command = (
        f"ssh -p {server.port} -i {server.folder}/user_key -o StrictHostKeyChecking=no -o BatchMode=yes "
        f"-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR {where} -s sftp"
    )
    return Ways(
        f"sftp://{where}:{server.port}{server.folder}/{name}",
        {"VANGNET_PLACE_KEY_FILE": f"{server.folder}/user_key", "VANGNET_PLACE_SERVER_KEY": server.host_key},
        f"sftp:{where}:{server.folder}/{name}", ("-o", f"sftp.command={command}"),
    )  # fmt: skip


def over_rest(server: RestServer, name: str) -> Ways:
    return Ways(
        f"rest:{server.url(name)}",
        {"RESTIC_REST_USERNAME": server.user, "RESTIC_REST_PASSWORD": server.password},
        f"rest:http://{server.user}:{server.password}@127.0.0.1:{server.port}/{name}/",
    )


def over_s3(server: S3Server, name: str) -> Ways:
    keys = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
    address = f"s3:{server.url}/{name}/copies"
    return Ways(address, keys, address, restic_env=tuple(keys.items()))


def over_smb(server: SmbServer, name: str) -> Ways:
    """restic knows no SMB: it sees the share as whatever mounts it does, as a folder."""
    password = server.folder / "client-password"
    password.write_text(server.password)
    return Ways(
        f"smb://{server.user}@127.0.0.1:{server.port}/{server.share}/{name}",
        {"VANGNET_PLACE_PASSWORD_FILE": str(password)},
        str(server.data / name),
    )


@pytest.mark.parametrize(
    ("server", "ways"),
    [("ssh_server", over_sftp), ("rest_server", over_rest), ("s3_server", over_s3), ("smb_server", over_smb)],
    ids=["sftp", "rest", "s3", "smb"],
)
def test_vangnet_and_restic_share_a_repository_on_a_server(
    server: str, ways: Callable[[Any, str], Ways], request: pytest.FixtureRequest, tmp_path: Path, varied_tree: Path
) -> None:
    way = ways(request.getfixturevalue(server), f"both-{secrets.token_hex(5)}")
    restic = Restic.at(way.restic, PASSWORD, folder=tmp_path, options=way.restic_options, env=way.restic_env)
    ours = ("-r", way.address, "--password-file", str(restic.password_file))

    vangnet("repo", "init", *ours, env=way.env)
    vangnet("repo", "backup", *ours, str(varied_tree), env=way.env)
    restic.check()
    first = restic.snapshots()[0]
    assert str(varied_tree / "names") in "\n".join(restic.list_paths(str(first["id"])))

    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "note.txt").write_text("written by restic")
    restic.backup(tmp_path / "more")
    listed = vangnet("repo", "snapshots", *ours, "--json", env=way.env).document()
    assert len(listed) == 2
    vangnet("repo", "check", *ours, "--read-data", env=way.env)
    vangnet(
        "repo", "restore", *ours, "latest", "--target", str(tmp_path / "back"), "--include", "note.txt", env=way.env
    )
    assert [found.read_text() for found in (tmp_path / "back").rglob("note.txt")] == ["written by restic"]
    assert restic.run("list", "locks").strip() == ""


def test_one_repository_is_the_same_over_sftp_smb_and_as_a_folder(
    ssh_server: SshServer,
    smb_server: SmbServer,
    make_repository: Callable[[], Repository],
    location: Path,
    varied_tree: Path,
    tmp_path: Path,
) -> None:
    made = make_repository()
    here = made.backup([bytes(varied_tree)])
    shared = smb_server.data / f"same-{secrets.token_hex(4)}"
    location.rename(shared)

    folder = LocalBackend(shared)
    over_ssh = sftp_backend(ssh_server, f"../{shared.parent.parent.name}/{shared.parent.name}/{shared.name}")
    over_smb = smb_backend(smb_server, shared.name)
    try:
        seen = [Repository.open(backend, password=Secret(PASSWORD)) for backend in (folder, over_ssh, over_smb)]
        assert len({repository.id for repository in seen}) == 1
        written = [repository.backup([bytes(varied_tree)]) for repository in seen]
        assert {summary.snapshot.tree for summary in written} == {here.snapshot.tree}
        assert all(summary.blobs_added == 0 for summary in written)  # each knows what the others have stored
        assert len({tuple(snapshot.id for snapshot in repository.snapshots()) for repository in seen}) == 1
        assert all(repository.check(read_data=True).sound for repository in seen)
    finally:
        over_ssh.close()
        over_smb.close()
    Restic.at(shared, PASSWORD, folder=tmp_path).check()
