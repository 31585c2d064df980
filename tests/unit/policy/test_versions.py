"""Approved versions stay, read-only, and show when somebody touched them."""

from __future__ import annotations

import hashlib
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.policy.errors import PolicyInvalid
from app.policy.load import template_text
from app.policy.versions import ArchivedVersion, archive_version, history, kept_versions

AT = datetime(2026, 11, 23, 17, 2, 11, 500_000, tzinfo=UTC)


def keep(folder: Path, content: bytes, at: datetime = AT) -> ArchivedVersion:
    return archive_version(folder, content, sha256=hashlib.sha256(content).hexdigest(), approved_at=at)


def version(number: str) -> bytes:
    return template_text().replace('version: "1.0"', f'version: "{number}"').encode()


def test_approved_version_is_kept_read_only_with_its_hash(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "policy-archive"
    kept = keep(folder, version("1.0"))
    assert kept.path.read_bytes() == version("1.0")
    assert kept.sha256 == hashlib.sha256(version("1.0")).hexdigest()
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o400
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (kept.version, kept.superseded, kept.intact, kept.restricted) == ("1.0", False, True, True)
    assert kept.approved_at == AT.replace(microsecond=0)


def test_older_versions_are_superseded(tmp_path: Path) -> None:
    for days, number in enumerate(("1.0", "1.1", "2.0")):
        keep(tmp_path / "a", version(number), AT + timedelta(days=days))
    assert [(v.version, v.superseded) for v in history(tmp_path / "a")] == [
        ("2.0", False), ("1.1", True), ("1.0", True),
    ]  # fmt: skip


def test_version_that_is_approved_again_is_the_newest_again(tmp_path: Path) -> None:
    for days, number in enumerate(("1.0", "1.1", "1.0")):
        keep(tmp_path / "a", version(number), AT + timedelta(days=days))
    assert [v.version for v in history(tmp_path / "a") if not v.superseded] == ["1.0"]
    assert len(history(tmp_path / "a")) == 3


def test_approving_twice_in_a_second_keeps_one(tmp_path: Path) -> None:
    first = keep(tmp_path / "a", version("1.0"))
    assert keep(tmp_path / "a", version("1.0")) == first
    assert history(tmp_path / "a") == (first,)


def test_touched_version_gives_itself_away(tmp_path: Path) -> None:
    kept = keep(tmp_path / "a", version("1.0"))
    kept.path.chmod(0o600)
    kept.path.write_bytes(version("1.0").replace(b"every: 1 week", b"every: 9 week"))
    (after,) = history(tmp_path / "a")
    assert not after.intact


@pytest.mark.parametrize("damage", [b"", b"\x00\x01", b"- no policy\n"])
def test_damaged_version_is_listed_as_damaged(tmp_path: Path, damage: bytes) -> None:
    kept = keep(tmp_path / "a", version("1.0"))
    kept.path.chmod(0o600)
    kept.path.write_bytes(damage)
    (after,) = history(tmp_path / "a")
    assert (after.version, after.intact) == ("", False)


def test_open_copy_is_seen(tmp_path: Path) -> None:
    kept = keep(tmp_path / "a", version("1.0"))
    kept.path.chmod(0o444)
    assert not history(tmp_path / "a")[0].restricted


def test_invalid_policy_is_not_archived(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid):
        keep(tmp_path / "a", b"format: 1\n")
    assert history(tmp_path / "a") == ()


def test_other_files_are_left_out(tmp_path: Path) -> None:
    keep(tmp_path / "a", version("1.0"))
    (tmp_path / "a" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "a" / f"20261399T000000Z-{'0' * 64}.yml").write_text("x", encoding="utf-8")
    assert len(history(tmp_path / "a")) == 1


def test_archive_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        keep(tmp_path / "a", version("1.0"))
    assert caught.value.data["reason"] == "archive-not-writable"


def test_policy_that_changed_while_it_was_read_is_not_archived(tmp_path: Path) -> None:
    shown = hashlib.sha256(version("1.0")).hexdigest()
    with pytest.raises(ConfigurationError) as caught:
        archive_version(tmp_path / "a", version("1.1"), sha256=shown, approved_at=AT)
    assert caught.value.data["reason"] == "changed-meanwhile"
    assert history(tmp_path / "a") == ()


def test_what_the_checklist_asks_is_told_without_reading_the_policies(tmp_path: Path) -> None:
    for days, number in enumerate(("1.0", "1.1", "2.0")):
        keep(tmp_path / "archive", version(number), AT + timedelta(days=days))
    oldest = history(tmp_path / "archive")[-1].path
    oldest.chmod(0o644)
    told = kept_versions(tmp_path / "archive")
    assert [(v.superseded, v.intact, v.restricted) for v in told] == [
        (False, True, True),
        (True, True, True),
        (True, True, False),
    ]
    (tmp_path / "archive").chmod(0o755)
    assert not any(v.restricted for v in kept_versions(tmp_path / "archive"))
    assert kept_versions(tmp_path / "nothing") == ()
