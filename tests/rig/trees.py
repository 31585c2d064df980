"""Trees of files for tests: a builder that makes one of everything, and a comparer that forgets nothing.

Names are bytes throughout: half of what goes wrong in a back-up starts with a name that is no UTF-8.
"""

from __future__ import annotations

import hashlib
import os
import random
import stat
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

AWKWARD_NAMES: tuple[bytes, ...] = (
    b"plain.txt",
    "ünïcödé – €.txt".encode(),
    "emoji \N{SMILING FACE WITH OPEN MOUTH}.txt".encode(),
    "zero\N{ZERO WIDTH SPACE}width\N{SOFT HYPHEN}.txt".encode(),  # Go quotes what cannot be printed
    "private\ue000use\U000e0001tag".encode(),
    "line\u2028separator".encode(),
    "replacement\ufffdcharacter".encode(),
    b"not utf-8 \xff\xfe\x80.bin",
    b"truncated utf-8 \xe2\x82",
    b"surrogate \xed\xa0\x80",
    b"control \x01\x07\x08\x1b\x7f",
    b"white \t\n\v\f\r space",
    b"back\\slash",
    b"looks like an escape \\x41 \\u0041 \\n",
    b"quotes \" ' `",
    b"html <b>&amp;<i>",
    b"-dash",
    b" leading and trailing ",
    b"percent %s %d",
    b"star * ? [a]",
    b"..three dots...",
    b"l" * 255,
)
LARGE_FILE_BYTES = 17 * 1024 * 1024
SPARSE_FILE_BYTES = 12 * 1024 * 1024
BEFORE_1970_NS = -86_400_000_000_000 * 365 + 123_456_789


def build_varied_tree(root: Path, *, raw_link_targets: bool = True, large: bool = True) -> None:
    """Make a folder that holds one of everything a back-up must keep.

    `raw_link_targets`: with a symlink whose target is no UTF-8 (restic before 0.16 cannot keep one). `large`: with
    a file over 16 MiB and a sparse one. Owners are varied only when run by root.
    """
    root.mkdir()
    base = os.fsencode(root)
    random_bytes = random.Random(20260501).randbytes
    _make_plain(base, random_bytes(200_000))
    _make_names(base)
    _make_links(base, raw_targets=raw_link_targets)
    _make_attributes(base)
    os.mkfifo(base + b"/fifo", 0o640)
    if large:
        _write(base + b"/large.bin", random_bytes(LARGE_FILE_BYTES))
        _make_sparse(base + b"/sparse.img")
    _set_times(base)


def _write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _make_plain(base: bytes, noise: bytes) -> None:
    os.makedirs(base + b"/a/b/c/d/e")
    os.mkdir(base + b"/empty folder")
    _write(base + b"/empty file", b"")
    _write(base + b"/a/text.txt", b"The quick brown fox\n" * 5000)
    _write(base + b"/a/b/noise.bin", noise)
    _write(base + b"/a/b/c/same content.bin", noise)
    _write(base + b"/a/b/c/d/one byte", b"x")
    _write(base + b"/a/b/c/d/zeros", bytes(100_000))
    for number in range(60):
        _write(base + b"/a/b/c/d/e/%03d.csv" % number, b"%d;" % number * (number * 7))


def _make_names(base: bytes) -> None:
    os.mkdir(base + b"/names")
    for name in AWKWARD_NAMES:
        _write(base + b"/names/" + name, b"content of " + name)
    os.mkdir(base + b"/names/folder \xff\n")
    _write(base + b"/names/folder \xff\n/inside \xfe", b"inside")


def _make_links(base: bytes, *, raw_targets: bool) -> None:
    os.mkdir(base + b"/links")
    os.symlink(b"../a/text.txt", base + b"/links/relative")
    os.symlink(b"/etc/hostname", base + b"/links/absolute")
    os.symlink(b"nowhere/at all", base + b"/links/broken")
    os.symlink(b"..", base + b"/links/to a folder")
    os.symlink(b'back\\slash "quoted" \n', base + b"/links/awkward")
    if raw_targets:
        os.symlink(b"no utf-8 \xff\xfe", base + b"/links/raw \xff")
    _write(base + b"/links/first of three", b"one content, three names")
    os.link(base + b"/links/first of three", base + b"/links/second of three")
    os.link(base + b"/links/first of three", base + b"/a/third of three")


def _make_attributes(base: bytes) -> None:
    os.mkdir(base + b"/attributes")
    for mode in (0o400, 0o644, 0o600, 0o755, 0o4755, 0o2755, 0o1644, 0o6711, 0o000):
        path = base + b"/attributes/mode %04o" % mode
        _write(path, b"mode %o" % mode)
        os.chmod(path, mode)
    os.mkdir(base + b"/attributes/sticky", 0o700)
    os.chmod(base + b"/attributes/sticky", 0o1777)
    os.mkdir(base + b"/attributes/set group id", 0o700)
    os.chmod(base + b"/attributes/set group id", 0o2750)
    _write(base + b"/attributes/extended", b"has extended attributes")
    if supports_xattrs(base):
        os.setxattr(base + b"/attributes/extended", b"user.plain", b"a value")
        os.setxattr(base + b"/attributes/extended", b"user.bytes", bytes(range(256)))
        os.setxattr(base + b"/attributes/extended", b"user.empty", b"")
        os.setxattr(base + b"/attributes/sticky", b"user.on.a.folder", b"yes")
    if os.geteuid() == 0:
        os.chown(base + b"/attributes/extended", 12345, 23456)
        os.chown(base + b"/attributes/sticky", 12345, 0)
        os.chown(base + b"/links/broken", 777, 888, follow_symlinks=False)
    # A folder that its owner may not write to: its files must be made before its mode is set.
    os.mkdir(base + b"/attributes/read only")
    _write(base + b"/attributes/read only/inside", b"still here")
    os.chmod(base + b"/attributes/read only", 0o555)


def _make_sparse(path: bytes) -> None:
    with open(path, "wb") as file:
        file.truncate(SPARSE_FILE_BYTES)
        file.seek(SPARSE_FILE_BYTES // 2)
        file.write(b"an island in a sea of zeros")


def _set_times(base: bytes) -> None:
    """Give every entry an odd nanosecond; deepest first, so that no later write moves a folder's time."""
    times_ns = (1_600_000_000_123_456_789, 999_999_999, 0, BEFORE_1970_NS, 1_700_000_000_000_000_001)
    for number, path in enumerate(sorted(_walk(base), reverse=True)):
        mtime_ns = times_ns[number % len(times_ns)]
        os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)


def supports_xattrs(folder: bytes) -> bool:
    """Tell whether users' extended attributes can be set below this folder."""
    probe = folder + b"/.xattr-probe"
    _write(probe, b"")
    try:
        os.setxattr(probe, b"user.probe", b"1")
    except OSError:
        return False
    else:
        return True
    finally:
        os.unlink(probe)


def _walk(base: bytes) -> Iterator[bytes]:
    yield base
    with os.scandir(base) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = base + b"/" + name
        if stat.S_ISDIR(os.lstat(path).st_mode):
            yield from _walk(path)
        else:
            yield path


@dataclass(frozen=True, slots=True)
class Entry:
    """All that two copies of one entry must share."""

    kind: str
    mode: int
    mtime_ns: int
    uid: int
    gid: int
    size: int
    content: str
    """SHA-256 of a file, the target of a symlink, the numbers of a device."""
    same_file_as: bytes
    """The first path of its hard link group; empty without one."""
    xattrs: tuple[tuple[str, bytes], ...]


def describe_tree(root: Path) -> dict[bytes, Entry]:
    """Return every entry below `root` by its relative path; the root itself is `b"."`."""
    base = os.fsencode(root)
    described: dict[bytes, Entry] = {}
    groups: dict[tuple[int, int], bytes] = {}
    for path in _walk(base):
        relative = path[len(base) + 1 :] or b"."
        status = os.lstat(path)
        same_file_as = b""
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            same_file_as = groups.setdefault((status.st_dev, status.st_ino), relative)
        described[relative] = _describe(path, status, same_file_as)
    return described


def _describe(path: bytes, status: os.stat_result, same_file_as: bytes) -> Entry:
    kind = stat.filemode(status.st_mode)[0]
    content, size = "", 0
    if stat.S_ISREG(status.st_mode):
        size = status.st_size
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    elif stat.S_ISLNK(status.st_mode):
        content = repr(os.readlink(path))
    elif kind in "bc":
        content = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return Entry(
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        mtime_ns=status.st_mtime_ns,
        uid=status.st_uid,
        gid=status.st_gid,
        size=size,
        content=content,
        same_file_as=same_file_as,
        xattrs=tuple(
            (name, os.getxattr(path, name, follow_symlinks=False))
            for name in sorted(os.listxattr(path, follow_symlinks=False))
        ),
    )


def differences(a: Path, b: Path, *, with_root: bool = True) -> list[str]:
    """List what differs between two trees, one line each; empty when they are the same.

    `with_root`: compare the attributes of the two top folders as well.
    """
    left, right = describe_tree(a), describe_tree(b)
    if not with_root:
        del left[b"."], right[b"."]
    lines = [f"only in {a}: {path!r}" for path in sorted(left.keys() - right.keys())]
    lines += [f"only in {b}: {path!r}" for path in sorted(right.keys() - left.keys())]
    for path in sorted(left.keys() & right.keys()):
        lines += [
            f"{path!r}: {part.name} {getattr(left[path], part.name)!r} != {getattr(right[path], part.name)!r}"
            for part in fields(Entry)
            if getattr(left[path], part.name) != getattr(right[path], part.name)
        ]
    return lines


def assert_same_tree(a: Path, b: Path, *, with_root: bool = True) -> None:
    """Fail with a list of the differences unless the two trees are the same in every respect."""
    found = differences(a, b, with_root=with_root)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:60])
