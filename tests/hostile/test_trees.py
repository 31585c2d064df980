"""Folders in a snapshot that were made to do harm: their names, links, numbers and kinds."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from app.repository.model import NodeType, RestoreOptions
from app.repository.repository import Repository
from tests.hostile.forge import MASTER, Forge, file, folder, link, node
from tests.hostile.sandbox import Sandbox

OUTSIDE_NAMES = [
    "..",
    ".",
    "",
    "/",
    "../canary",
    "../../canary/file",
    "/etc/vangnet-was-here",
    "canary/file",
    "a\0b",
    "\\x2e\\x2e",
    "\\u002e\\u002e",
    "\\x2e\\x2e\\x2fcanary",
    "\\x00",
    "x" * 5000,
]


@pytest.mark.parametrize("name", OUTSIDE_NAMES, ids=lambda value: ascii(value)[:40])
def test_name_that_leads_out_of_its_folder_is_refused(forge: Forge, sandbox: Sandbox, name: str) -> None:
    bad = forge.blob(b"bad")
    inside = forge.tree(file("inside", bad))
    roots = [
        forge.tree(node(name, kind, content=[bad.hex()], subtree=inside.hex(), linktarget="/", size=3))
        for kind in (NodeType.FILE, NodeType.DIR, NodeType.SYMLINK)
    ]
    forge.publish()
    for root in roots:
        forge.snapshot(root)
    outcomes = sandbox.use(forge.backend)
    for number in range(len(roots)):
        assert outcomes[f"list {number}"] == outcomes[f"walk {number}"] == "repository-damaged not-a-tree"
        assert outcomes[f"restore {number}"] == "1 problems"
    assert outcomes["check"] == "1 problems"
    assert os.listdir(sandbox.restored) == []


def test_file_is_not_written_through_a_link_of_the_same_name(forge: Forge, sandbox: Sandbox) -> None:
    bad = forge.blob(b"bad")
    inside = forge.tree(file("file", bad))
    target = str(sandbox.root / "canary")
    forge.snapshot_of(link("a", target), folder("a", inside), file("a", bad))
    assert sandbox.use(forge.backend)["restore 0"] == "1 problems"


def test_folder_is_not_restored_through_a_link_of_an_earlier_restore(forge: Forge, sandbox: Sandbox) -> None:
    bad = forge.blob(b"bad")
    target = str(sandbox.root / "canary")
    first = forge.tree(link("a", target), link("file", f"{target}/file"))
    second = forge.tree(folder("a", forge.tree(file("file", bad))), file("file", bad))
    forge.publish()
    names = [forge.snapshot(first), forge.snapshot(second)]
    before = sandbox.outside()
    repository = Repository.open(forge.backend, master=MASTER)
    for overwrite in (RestoreOptions(), RestoreOptions(overwrite="always")):
        for name in names:
            repository.restore(repository.snapshot(name), os.fsencode(sandbox.restored), options=overwrite)
    assert sandbox.outside() == before


@pytest.mark.parametrize("target", ["/etc/passwd", "../canary/file", "..", "/proc/self/mem", "a" * 5000, "", "\0x"])
def test_links_attributes_never_reach_their_target(forge: Forge, sandbox: Sandbox, target: str) -> None:
    attributes = [{"name": "user.x", "value": "eA=="}]
    forge.snapshot_of(link("a", target, mode=0o777 | 1 << 27, uid=12, extended_attributes=attributes))
    before = os.stat("/etc/passwd")
    sandbox.use(forge.backend)
    assert (os.stat("/etc/passwd").st_uid, os.stat("/etc/passwd").st_mode) == (before.st_uid, before.st_mode)


def test_hard_link_never_reaches_what_was_there_before(forge: Forge, sandbox: Sandbox) -> None:
    os.link(sandbox.root / "canary" / "file", sandbox.restored / "first")
    bad = forge.blob(b"bad")
    name = forge.snapshot_of(file("first", bad, links=2), file("second", bad, links=2))
    repository = Repository.open(forge.backend, master=MASTER)
    for options in (RestoreOptions(), RestoreOptions(overwrite="always")):
        repository.restore(repository.snapshot(name), os.fsencode(sandbox.restored), options=options)
    assert (sandbox.root / "canary" / "file").read_text() == "alive"
    assert (sandbox.restored / "second").read_text() == "bad"


def test_hard_links_of_a_link_and_a_file_stay_apart(forge: Forge, sandbox: Sandbox) -> None:
    target = str(sandbox.root / "canary" / "file")
    forge.snapshot_of(link("a", target, links=2), file("b", forge.blob(b"bad"), links=2))
    assert sandbox.use(forge.backend)["restore 0"] == "fine"
    assert stat.S_ISREG(os.lstat(sandbox.restored / "b").st_mode)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mtime", "9999-12-31T23:59:59.999999999-23:59"),
        ("mtime", "0000-01-01T00:00:00+23:59"),
        ("mtime", "2024-13-45T99:99:99Z"),
        ("mtime", "2024-02-30T00:00:00Z"),
        ("mtime", "-2024-01-01T00:00:00Z"),
        ("mtime", "2024-01-01T00:00:00." + "9" * 5000 + "Z"),
        ("atime", "not a time"),
        ("size", -1),
        ("size", 2**62),
        ("size", 2**63),
        ("size", 10**30),
        ("size", 1.5),
        ("mode", -1),
        ("mode", 2**64 - 1),
        ("mode", 10**30),
        ("uid", -1),
        ("uid", 2**32 - 1),
        ("uid", 2**63),
        ("gid", 2**40),
        ("inode", 2**64),
        ("links", 2**63),
        ("device_id", -5),
        ("user", "\ud800"),
        ("name", "\ud800"),
        ("name", "\\ud800"),
        ("name", "\\U99999999"),
        ("name", "\\777"),
        ("name", "\\"),
        ("type", "irregular"),
        ("type", ""),
        ("content", ["zz"]),
        ("content", ["00"]),
        ("content", ["00" * 32]),
        ("content", {}),
        ("extended_attributes", [{"name": "user.a\0b", "value": "eA=="}]),
        ("extended_attributes", [{"name": "", "value": "eA=="}]),
        ("extended_attributes", [{"name": "user." + "x" * 4000, "value": "eA=="}]),
        ("extended_attributes", [{"name": "user.x", "value": "!"}]),
        ("extended_attributes", [{"name": "user.x", "value": "eA==" * 50_000}]),
        ("extended_attributes", [{"name": "trusted.overlay.opaque", "value": "eQ=="}]),
        ("extended_attributes", [{"name": "system.posix_acl_access", "value": "eA=="}]),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_absurd_field_is_an_error_of_ours_or_a_problem(
    forge: Forge, sandbox: Sandbox, field: str, value: object
) -> None:
    inside = forge.tree(file("inside", forge.blob(b"good")))
    root = [{**file("a", forge.blob(b"content"), size=7), field: value}, {**folder("b", inside), field: value}]
    forge.snapshot_of(*root)
    sandbox.use(forge.backend)


@pytest.mark.parametrize("device", [-1, 2**32, 2**64, 10**30])
@pytest.mark.parametrize("kind", [NodeType.DEVICE, NodeType.CHARDEVICE, NodeType.FIFO, NodeType.SOCKET])
def test_absurd_device_is_an_error_of_ours_or_a_problem(
    forge: Forge, sandbox: Sandbox, device: int, kind: NodeType
) -> None:
    forge.snapshot_of(node("a", kind, device=device))
    sandbox.use(forge.backend)


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"nodes":null}',
        b'{"nodes":{}}',
        b'{"nodes":[null]}',
        b'{"nodes":[' + b"[" * 100_000,
        b'{"nodes":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"nodes":[{"name":"a","type":"file","x":' + b'{"y":' * 100_000,
        b'{"nodes":[{"name":"\xff","type":"file"}]}',
        b'{"nodes":[{"name":"\xed\xa0\x80","type":"file"}]}',
        b'{"nodes":[{"name":"a","type":"file","user":"\\ud800"}]}',
        b'{"nodes":[{"name":"a","type":"dir","subtree":"' + b"0" * 64 + b'"}]}',
        b'{"nodes":[{"name":"a","type":"dir"}]}',
        b'{"nodes":[{"name":"a","type":"file","subtree":"' + b"0" * 64 + b'"}]}',
    ],
    ids=lambda plain: ascii(plain[:48]),
)
def test_tree_that_is_no_tree_is_an_error_of_ours_or_a_problem(forge: Forge, sandbox: Sandbox, plain: bytes) -> None:
    root = forge.raw_tree(plain)
    forge.publish()
    forge.snapshot(root)
    sandbox.use(forge.backend)


def test_raw_link_target_with_a_nul_is_refused(forge: Forge, sandbox: Sandbox) -> None:
    forge.snapshot_of(link("a", "a", linktarget_raw=base64.b64encode(b"a\0b").decode()))
    assert sandbox.use(forge.backend)["restore 0"] == "1 problems"


def test_data_blob_that_is_named_as_a_tree_is_refused(forge: Forge, sandbox: Sandbox) -> None:
    data = forge.blob(b'{"nodes":[]}')
    forge.publish()
    forge.snapshot(data)
    outcomes = sandbox.use(forge.backend)
    assert outcomes["list 0"] == "repository-damaged blob-not-in-index"
    assert outcomes["check"] == "1 problems"


@pytest.mark.parametrize(
    "prepare",
    [
        lambda path: path.symlink_to("/etc"),
        lambda path: path.symlink_to("../canary"),
        lambda path: path.write_text("a file"),
        lambda path: os.mkfifo(path),
    ],
)
def test_what_stands_in_the_way_is_never_written_through(
    forge: Forge, sandbox: Sandbox, prepare: Callable[[Path], object]
) -> None:
    prepare(sandbox.restored / "folder")
    prepare(sandbox.restored / "file")
    bad = forge.blob(b"bad")
    forge.snapshot_of(folder("folder", forge.tree(file("file", bad))), file("file", bad))
    outcomes = sandbox.use(forge.backend)
    assert outcomes["restore 0"] == "1 problems"  # the folder; the file is skipped
