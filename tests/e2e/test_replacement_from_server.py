"""The old computer is gone and so are its disks: a new one goes on with the copies that lie on a server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.jobs.installation import Installation
from app.jobs.other_copies import OnServer, open_other
from app.jobs.recovery import renew_recovery_key
from app.paths import Home
from app.policy.machine import RemotePlace, TargetKind
from app.policy.write import PolicyEdit, write_policy
from app.records.facts import Outcome
from app.records.store import Records
from app.repository.backend.address import open_remote
from app.repository.backend.base import FileKind
from app.repository.errors import BackendReadOnly
from app.secret import Secret
from app.setup.network import NewPlace, add_place
from app.targets.remote import NoteKeeper, reach_of
from app.targets.remote_prepare import Site
from app.targets.settings import SETTINGS_FILE
from app.tui.home import HomeSource
from tests.e2e.installation import TestHome, make_installation
from tests.rig.commands import vangnet
from tests.rig.servers import RestServer, S3Server, SmbServer, SshServer

pytestmark = pytest.mark.rig


def over_sftp(server: SshServer, name: str) -> OnServer:
    address = f"sftp://127.0.0.1:{server.port}{server.folder}/{name}"
    return OnServer(RemotePlace(address, server.user, server_key=server.host_key), Secret(server.private_key))


def over_smb(server: SmbServer, name: str) -> OnServer:
    place = RemotePlace(f"smb://127.0.0.1:{server.port}/{server.share}/{name}", server.user)
    return OnServer(place, Secret(server.password))


def over_s3(server: S3Server, name: str) -> OnServer:
    place = RemotePlace(f"s3:{server.url}/{name}/copies", server.access_key)
    return OnServer(place, Secret(server.secret_key))


def over_rest(server: RestServer, name: str) -> OnServer:
    return OnServer(RemotePlace(f"rest:{server.url(name)}", server.user), Secret(server.password))


@dataclass(frozen=True)
class Lost:
    """What is left after a fire: copies on a server, the recovery sheet in the safe, and the password in a head."""

    old: TestHome
    server: OnServer
    key: Secret
    folder: Path

    def opened(self) -> tuple[str, ...]:
        """Return how the copies are named on the command line."""
        place = self.server.place
        said = [place.address, "--user", place.user, "--key-file", str(self.folder / "sheet")]
        said += ["--secret-file", str(self.folder / "secret")]
        return (*said, *(("--server-key", place.server_key) if place.server_key else ()))


def lost_with(server: OnServer, folder: Path) -> Lost:
    old = make_installation(folder / "old")
    organisation = replace(old.installation().policy.organisation, name="De Linde")
    write_policy(old.home.policy_file, PolicyEdit(organisation=organisation))
    installation = old.installation()
    with old.records() as records:
        key = renew_recovery_key(installation, records, by="An").key
        add_place(installation, records, NewPlace("Elders", server.place, server.secret, Site("bij Bo", True)), by="An")
    for changed in ("first", "second"):
        (old.source("marks") / "marks 1.txt").write_text(changed)
        vangnet("--home", str(old.home.config), "backup", "marks", "--target", "elders")
    (folder / "sheet").write_text(key.reveal().lower().replace("-", " "))
    assert server.secret is not None
    (folder / "secret").write_text(server.secret.reveal())
    return Lost(old, server, key, folder)


KEEPING_NOTES = [
    pytest.param("ssh_server", over_sftp, id="sftp"),
    pytest.param("smb_server", over_smb, id="smb"),
    pytest.param("s3_server", over_s3, id="s3"),
]


@pytest.mark.parametrize(("server", "ways"), KEEPING_NOTES)
def test_the_new_computer_goes_on_with_the_copies_on_a_server(
    server: str, ways: Callable[[Any, str], OnServer], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lost = lost_with(ways(request.getfixturevalue(server), f"lost-{secrets.token_hex(5)}"), tmp_path)
    new = ("--home", str(tmp_path / "new"), "--lang", "en")

    # Sealed: what lies there says nothing without the sheet.
    backend = open_remote(reach_of(lost.server.place, lost.server.secret))
    assert isinstance(backend, NoteKeeper)
    sealed = backend.load_note(SETTINGS_FILE, limit=1 << 20)
    before = {kind: sorted(backend.list(kind), key=str) for kind in FileKind}
    assert sealed is not None
    assert b"Marks" not in sealed

    listed = vangnet(*new, "adopt", "list", *lost.opened(), "--json").document()
    assert (listed["organisation"], listed["can_be_taken_over"]) == ("De Linde", True)
    assert "marks" in {found["set"] for found in listed["sets"]}
    back = vangnet(*new, "adopt", "restore", *lost.opened(), "marks", "--to", str(tmp_path / "back"), "--json")
    assert back.document()["files"] == 5
    assert (tmp_path / "back" / "marks" / "marks 1.txt").read_text() == "second"
    copies = open_other(lost.server, lost.key.reveal())
    with pytest.raises(BackendReadOnly):
        copies.repository.backend.save(FileKind.SNAPSHOT, "0" * 64, b"x")
    with pytest.raises(BackendReadOnly):
        copies.repository.backend.remove(FileKind.SNAPSHOT, copies.repository.snapshots()[0].id)
    copies.close()
    assert {kind: sorted(backend.list(kind), key=str) for kind in FileKind} == before
    assert backend.load_note(SETTINGS_FILE, limit=1 << 20) == sealed
    backend.close()

    taken = vangnet(*new, "adopt", "take", *lost.opened(), "--by", "An", "--json").document()
    assert taken["organisation"] == "De Linde"
    home = Home.in_folder(tmp_path / "new")
    target = Installation.load(home, SystemClock()).target("elders")
    assert target.on_network is not None
    assert target.on_network.address == lost.server.place.address
    assert (home.secrets / "place-elders").stat().st_mode & 0o777 == 0o600
    done = vangnet(*new, "backup", "marks", "--target", "elders", "--json").document()
    assert done["runs"][0]["outcome"] == "good"
    assert done["runs"][0]["bytes_added"] < 10_000  # the files are in the copies already
    with Records.open(home, SystemClock()) as records:
        assert "taken-over" in {row.kind for row in records.journal_rows()}
        assert records.verify_journal().ok
    vangnet(*new, "adopt", "list", *lost.opened())  # the printed sheet goes on working


def test_a_rest_server_gives_files_back_and_says_that_it_keeps_no_settings(
    rest_server: RestServer, tmp_path: Path
) -> None:
    lost = lost_with(over_rest(rest_server, f"lost-{secrets.token_hex(5)}"), tmp_path)
    new = ("--home", str(tmp_path / "new"), "--lang", "en")
    listed = vangnet(*new, "adopt", "list", *lost.opened(), "--json").document()
    assert not listed["can_be_taken_over"]
    assert "marks" in {found["set"] for found in listed["sets"]}
    back = vangnet(*new, "adopt", "restore", *lost.opened(), "marks", "--to", str(tmp_path / "back"), "--json")
    assert back.document()["outcome"] == "good"
    refused = vangnet(*new, "adopt", "take", *lost.opened(), "--by", "An", "--json", expect=None).document()
    assert refused["error"]["code"] == "not-taken-over"
    assert "rest-server keeps copies only" in refused["error"]["what"]
    assert not (tmp_path / "new" / "machine.yml").exists()


async def test_the_screens_do_the_same_on_a_real_home(ssh_server: SshServer, tmp_path: Path) -> None:
    server = over_sftp(ssh_server, f"lost-{secrets.token_hex(5)}")
    lost = await asyncio.to_thread(lost_with, server, tmp_path)
    source = HomeSource(Home.in_folder(tmp_path / "new"), SystemClock())
    try:
        unknown = replace(lost.server.place, server_key="")
        look = await source.look_at_server(unknown, lost.server.secret)
        assert (look.error, look.server_key) == (None, ssh_server.host_key)
        view = await source.open_other(
            OnServer(replace(unknown, server_key=look.server_key), lost.server.secret), lost.key
        )
        assert (view.where, view.can_be_taken_over) == (lost.server.place.address, True)
        marks = next(found for found in view.sets if found.id == "marks")
        oldest = await source.restore_other("marks", marks.versions[-1], tmp_path / "back")
        assert (oldest.outcome, oldest.files) == (Outcome.GOOD, 5)
        assert (tmp_path / "back" / "marks" / "marks 1.txt").read_text() == "first"
        assert await source.take_over("Els") == ()
        assert await source.set_up()
    finally:
        await source.close()
    target = Installation.load(Home.in_folder(tmp_path / "new"), SystemClock()).target("elders")
    assert target.kind is TargetKind.SFTP
