"""Who can get at the keys on this computer, as the computer itself shows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.policy.access import Access, look_at_access

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
an:x:1000:1000:An Claes,,,:/home/an:/bin/bash
bo:x:1001:27:Bo:/home/bo:/usr/bin/zsh
kiosk:x:1002:1002::/home/kiosk:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
+nis
broken:x:no-number:1:::/bin/sh
"""
GROUP = "root:x:0:\nsudo:x:27:an,weg\nusers:x:100:an,bo\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "passwd").write_text(PASSWD, encoding="utf-8")
    (folder / "group").write_text(GROUP, encoding="utf-8")
    return folder


def keys(tmp_path: Path, mode: int = 0o700) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    folder.chmod(mode)
    return folder


def test_accounts_of_people_and_the_administrators_among_them(tmp_path: Path, etc: Path) -> None:
    found = look_at_access(keys(tmp_path), etc=etc, sys=tmp_path)
    assert found.accounts == ("an", "bo")
    # bo has the group of administrators as his own; "weg" is gone, and the account with it.
    assert found.administrators == ("an", "bo")


@pytest.mark.parametrize(("mode", "closed"), [(0o700, True), (0o750, False), (0o701, False)])
def test_keys_that_others_can_look_at(tmp_path: Path, etc: Path, mode: int, closed: bool) -> None:
    assert look_at_access(keys(tmp_path, mode), etc=etc, sys=tmp_path).keys_closed is closed


def test_what_cannot_be_read_is_not_said(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert look_at_access(nowhere, etc=nowhere, sys=nowhere) == Access()


def layer(sys: Path, device: int, name: str, below: str = "") -> None:
    folder = sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    (folder / "dm").mkdir(parents=True)
    (folder / "dm" / "uuid").write_text(name, encoding="ascii")
    if below:
        (folder / "slaves" / "dm-0" / "dm").mkdir(parents=True)
        (folder / "slaves" / "dm-0" / "dm" / "uuid").write_text(below, encoding="ascii")


@pytest.mark.parametrize(
    ("name", "below", "encrypted"),
    [
        ("CRYPT-LUKS2-0a1b-home", "", True),
        ("LVM-0a1b", "CRYPT-LUKS2-0a1b-disk", True),
        ("LVM-0a1b", "LVM-pool", False),
    ],
)
def test_a_disk_that_is_encrypted_somewhere_below(
    tmp_path: Path, etc: Path, monkeypatch: pytest.MonkeyPatch, name: str, below: str, encrypted: bool
) -> None:
    device = os.makedev(253, 7)
    real = Path.stat

    def on_that_device(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = real(path, follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:2], device, *found[3:])) if path.name == "secrets" else found

    folder = keys(tmp_path)
    layer(tmp_path / "sys", device, name, below)
    monkeypatch.setattr(Path, "stat", on_that_device)
    assert look_at_access(folder, etc=etc, sys=tmp_path / "sys").encrypted is encrypted


def test_a_file_system_without_a_device_says_nothing_of_encryption(tmp_path: Path, etc: Path) -> None:
    assert look_at_access(keys(tmp_path), etc=etc, sys=tmp_path / "empty").encrypted is None
