"""The documents of `vangnet repo … --json` have the fields that docs/commands.md lists, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.repository.backend.local import LocalBackend
from tests.rig.commands import vangnet
from tests.rig.repositories import make_cheap
from tests.rig.restic import Restic

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"

pytestmark = pytest.mark.slow

_SOMETIMES = {
    "stats": {"total_file_count", "total_blob_count", "total_uncompressed_size"},
    "migrate": {"check"},
}


def documented() -> dict[str, tuple[set[str], dict[str, set[str]]]]:
    """Return for each command its fields, and those of the objects in its lists."""
    table = DOCS.read_text().partition("### The documents of `--json`")[2]
    found: dict[str, tuple[set[str], dict[str, set[str]]]] = {}
    for commands, fields in re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE):
        inner = {
            name: set(re.findall(r"`(\w+)`", each)) for name, each in re.findall(r"`(\w+)`[^`\[\]]*\[([^]]*)\]", fields)
        }
        outer = set(re.findall(r"`(\w+)`", re.sub(r"\[[^]]*\]", "", fields)))
        if fields.startswith("["):
            inner = {"": set(re.findall(r"`(\w+)`", fields))}
            outer = set()
        for command in re.findall(r"`([^`]+)`", commands):
            found[command] = outer, inner
    return found


FIELDS = documented()


def assert_documented(command: str, document: Any) -> None:
    """Compare a document, and the objects in its lists, with what is documented of its command."""
    outer, inner = FIELDS[command]
    if isinstance(document, list):
        assert document, f"{command}: an empty list shows nothing"
        for each in document:
            assert set(each) - {"link_target"} == inner[""] - {"link_target"}
        return
    told = set(document)
    sometimes = _SOMETIMES.get(command, set())
    assert told - sometimes == outer - sometimes, command
    assert told <= outer, command
    for name, fields in inner.items():
        for each in document.get(name) or ():
            if isinstance(each, dict) and name not in ("kept", "refused", "removed"):
                assert set(each) - {"link_target", "snapshots"} == fields - {"link_target", "snapshots"}, (
                    command,
                    name,
                )


def test_every_document_has_the_fields_that_are_listed(tmp_path: Path) -> None:
    place, second = tmp_path / "repository", tmp_path / "second"
    source, password = tmp_path / "source", tmp_path / "password"
    source.mkdir()
    password.write_text("geheim")
    (source / "file").write_text("x" * 5000)
    (source / "link").symlink_to("file")
    met: set[str] = set()

    def repo(name: str, *arguments: str | Path, at: Path = place, expect: int | None = 0) -> Any:
        command = (*name.split(), *map(str, arguments), "-r", str(at), "--password-file", str(password), "--json")
        document = vangnet("--home", str(tmp_path / "home"), "repo", *command, expect=expect).document()
        assert_documented(name, document)
        met.add(name)
        return document

    repo("init")
    make_cheap(LocalBackend(place))  # two dozen commands open it
    first = repo("backup", source, tmp_path / "missing", expect=3)["snapshot"]
    (source / "file").write_text("y" * 6000)
    repo("backup", source)
    repo("snapshots")
    repo("ls", "latest", "--recursive")
    repo("find", "file")
    repo("restore", "latest", "--target", tmp_path / "out")
    repo("diff", first, "latest")
    for mode in ("restore-size", "files-by-contents", "blobs-per-file", "raw-data"):
        repo("stats", "--mode", mode)
    repo("check", "--read-data")
    repo("init", at=second)
    repo("copy", "--from-repo", place, "--from-password-file", password, at=second)
    repo("forget", first, "--prune", expect=None)
    repo("prune")
    repo("unlock")
    new = tmp_path / "new"
    new.write_text("new")
    added = repo("key add", "--new-password-file", new)["id"]
    repo("key list")
    repo("key remove", added)
    damage(place)
    damaged = repo("check", "--read-data", expect=1)["problems"]
    repo("repair index")
    repo("repair packs", *[problem["file"] for problem in damaged if problem["file"].startswith("data/")])
    repo("repair snapshots")
    repo("key passwd", "--new-password-file", new)
    old = tmp_path / "old"
    Restic.at(old, "geheim", folder=tmp_path).init(1)
    repo("migrate", at=old)
    assert met == set(FIELDS)


def damage(place: Path) -> None:
    pack = max((place / "data").rglob("?" * 64), key=lambda file: file.stat().st_size)
    pack.write_bytes(b"?" + pack.read_bytes()[1:])
