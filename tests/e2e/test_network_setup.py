"""A whole set-up with places on a network, through the program: set up, back up, test, add, restore."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
import yaml

from tests.rig.commands import vangnet
from tests.rig.servers import RestServer, SmbServer, SshServer

pytestmark = [pytest.mark.rig, pytest.mark.slow]


def test_a_school_with_a_nas_and_an_off_site_server_is_set_up_from_a_file(
    ssh_server: SshServer, smb_server: SmbServer, append_only_server: RestServer, tmp_path: Path
) -> None:
    name = f"school-{secrets.token_hex(4)}"
    source = tmp_path / "punten"
    source.mkdir()
    (source / "klas 1.csv").write_text("Jan;18\n")
    (tmp_path / "key").write_text(ssh_server.private_key)
    (tmp_path / "nas-password").write_text(smb_server.password + "\n")
    (tmp_path / "answers.yml").write_text(
        yaml.safe_dump(
            {
                "organisation": {"name": "De Linde", "kind": "school", "country": "BE", "language": "en"},
                "data_sets": [{"typical": "grade-book", "paths": [str(source)]}],
                "places": [
                    {
                        "name": "Office NAS", "kind": "smb", "user": smb_server.user, "site": "school",
                        "address": f"smb://127.0.0.1:{smb_server.port}/{smb_server.share}/{name}",
                        "secret_file": str(tmp_path / "nas-password"),
                    },
                    {
                        "name": "Elsewhere", "kind": "sftp", "user": ssh_server.user, "offsite": True,
                        "address": f"sftp://127.0.0.1:{ssh_server.port}{ssh_server.folder}/{name}",
                        "secret_file": str(tmp_path / "key"), "site": "data centre",
                        "site_address": "Kerkstraat 1", "distance_km": 42, "same_zone": False,
                    },
                ],
            }
        )
    )  # fmt: skip
    home = ("--home", str(tmp_path / "home"))
    vangnet(*home, "setup", "--from", str(tmp_path / "answers.yml"), "--recovery-sheet", str(tmp_path / "sheet.txt"))

    machine = (tmp_path / "home" / "machine.yml").read_text()
    assert ssh_server.host_key in machine, "the server's key is learnt once and kept"
    assert smb_server.password not in machine
    assert "distance_km: 42" in machine
    kept = tmp_path / "home" / "secrets" / "place-office-nas"
    assert kept.read_text().strip() == smb_server.password
    assert kept.stat().st_mode & 0o777 == 0o600

    vangnet(*home, "agent", "--once")
    targets = vangnet(*home, "targets", "--json").document()["targets"]
    assert {t["name"]: t["connection"] for t in targets} == {"Office NAS": "connected", "Elsewhere": "connected"}
    assert (smb_server.data / name / "README.nl.txt").exists(), "who finds it on the NAS can read what it is"

    tested = vangnet(*home, "place", "test", "elsewhere", "--json").document()
    assert tested["same"]
    assert tested["free_bytes"] > 0
    assert "ssh" not in str(tested["location"]).replace("sshd", "")

    (tmp_path / "rest-password").write_text(append_only_server.password)
    vangnet(
        *home, "place", "add", "Vault", "--address", f"rest:{append_only_server.url(name)}", "--user",
        append_only_server.user, "--secret-file", str(tmp_path / "rest-password"), "--append-only", "--offsite",
        "--distance-km", "80", "--other-zone",
    )  # fmt: skip
    vangnet(*home, "agent", "--once")
    for target in ("office-nas", "elsewhere", "vault"):
        to = tmp_path / f"back-{target}"
        vangnet(*home, "restore", "grade-book", "--target", target, "--to", str(to))
        assert [found.read_text() for found in to.rglob("klas 1.csv")] == ["Jan;18\n"]
    assert "only ever adds" in vangnet(*home, "place", "test", "vault").out

    # The NAS is switched off: said within the time that an answer may take, and the others still work.
    smb_server.stop()
    try:
        vangnet(*home, "agent", "--once")
        targets = vangnet(*home, "targets", "--json").document()["targets"]
        assert {t["name"]: t["connection"] for t in targets}["Office NAS"] == "missing"
        refused = vangnet(*home, "place", "test", "office-nas", expect=10)
        assert "NAS" in refused.err or "not there" in refused.err
    finally:
        smb_server.start()


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "answers.yml").write_text(
        yaml.safe_dump(
            {
                "organisation": {"name": "De Linde", "kind": "school", "country": "BE", "language": "en"},
                "data_sets": [{"typical": "grade-book", "paths": ["/srv"]}],
                "places": [{"name": "NAS", "kind": "rest", "address": "rest:https://jan:geheim@host/x"}],
            }
        )
    )
    done = vangnet("--home", str(tmp_path / "home"), "setup", "--from", str(tmp_path / "answers.yml"), expect=2)
    assert "address" in done.err
    assert "geheim" not in done.err + done.out
