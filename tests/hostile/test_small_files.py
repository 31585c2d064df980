"""Configs, keys, locks, snapshots and indexes made to do harm, each sealed with the right key."""

from __future__ import annotations

import base64
import hashlib
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import SystemClock
from app.errors import VangnetError
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.backend.memory import MemoryBackend
from app.repository.crypto import MasterKey
from app.repository.keys import make_key_file
from app.repository.repository import Repository
from app.secret import Secret
from tests.hostile.conftest import examples, fresh_sandbox
from tests.hostile.forge import CONFIG, MASTER, TIME, Forge, Json, encode, file
from tests.hostile.sandbox import Sandbox, in_child

DEEP = b'{"x":' + b"[" * 100_000
KEY: dict[str, object] = {
    "created": TIME,
    "username": "u",
    "hostname": "h",
    "kdf": "scrypt",
    "N": 1024,
    "r": 8,
    "p": 1,
    "salt": base64.b64encode(bytes(64)).decode(),
    "data": base64.b64encode(bytes(200)).decode(),
}
LOCK: dict[str, object] = {"time": TIME, "exclusive": True, "hostname": os.uname().nodename, "pid": 1}
SNAPSHOT: dict[str, object] = {"time": TIME, "tree": "00" * 32, "paths": ["/a"], "hostname": "h", "username": "u"}
BLOB: dict[str, object] = {"id": "ab" * 32, "type": "data", "offset": 0, "length": 100, "uncompressed_length": 100}
INDEX: dict[str, object] = {"packs": [{"id": "cd" * 32, "blobs": [BLOB]}]}

_numbers = st.sampled_from(
    [0, -1, 1, 2, 31, 32, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 10**30]
)
_texts = st.one_of(
    st.sampled_from(
        [
            "",
            "..",
            "/",
            "\0",
            "\ud800",
            "\x1b[2J",
            "0x-1",
            "-3da3358b4dc173",
            "3da3358b4dc173",
            "ff" * 7,
            "Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-99:99",
            "2026-01-01T00:00:00+99:99",
            "../../canary/file",
            "a" * 4000,
            "zz" * 32,
            "00" * 32,
            "00" * 31 + " 0",
            "tree",
            "data",
        ]
    ),
    st.text(max_size=20),
)
hostile_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts, st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def twisted(draw: st.DrawFn, honest: Json) -> bytes:
    """Return an honest JSON document with some of its values replaced, dropped or doubled."""

    def twist(value: object, luck: int) -> object:
        if draw(st.integers(0, luck)) == 0:
            return draw(hostile_values)
        if isinstance(value, dict):
            return {key: twist(of, luck) for key, of in value.items() if draw(st.integers(0, 20))}
        if isinstance(value, list):
            return [twist(of, luck) for of in value for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2])))]
        return value

    document = twist(honest, 4)
    plain = encode(document) if isinstance(document, dict | list) else b"0"
    cut = draw(st.sampled_from([None, None, None, None, 1, len(plain) // 2]))
    return plain[:cut]


def _open(backend: MemoryBackend) -> str:
    return str(Repository.open(backend, password=Secret("geheim")))


def honest_repository() -> Forge:
    """Return a repository with one good snapshot of one good file."""
    forge = Forge(MemoryBackend())
    forge.config()
    forge.snapshot_of(file("good", forge.blob(b"good" * 100)))
    return forge


@pytest.mark.parametrize(
    ("kind", "honest"),
    [(FileKind.SNAPSHOT, SNAPSHOT), (FileKind.INDEX, INDEX), (FileKind.LOCK, LOCK)],
    ids=["snapshot", "index", "lock"],
)
@pytest.mark.parametrize("compressed", [True, False], ids=["packed", "bare"])
def test_twisted_small_file_is_an_error_of_ours_or_a_problem(
    kind: FileKind, honest: dict[str, object], compressed: bool
) -> None:
    @examples(12)
    @given(twisted(honest))
    def run(plain: bytes) -> None:
        forge = honest_repository()
        forge.put(kind, plain, compressed=compressed)
        with fresh_sandbox() as sandbox:
            sandbox.use(forge.backend)

    run()


@examples(25)
@given(twisted(CONFIG))
def test_twisted_config_is_an_error_of_ours(plain: bytes) -> None:
    forge = Forge(MemoryBackend())
    forge.backend.save(FileKind.CONFIG, "", MASTER.seal(plain))
    with fresh_sandbox() as sandbox:
        sandbox.use(forge.backend)


@examples(25)
@given(twisted(KEY))
def test_twisted_key_file_is_an_error_of_ours(plain: bytes) -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    forge.put_raw(FileKind.KEY, plain)
    outcome = in_child(lambda: str(Repository.open(forge.backend, password=Secret("geheim"))))
    assert outcome.split()[0] in ("wrong-key", "repository-damaged", "repository-unsupported")


@pytest.mark.parametrize(
    "plain",
    [DEEP, b"", b"\xff", b'{"a":"\xff"}', b"[" * 100_000, b'"', b"{" * 1000],
    ids=lambda value: ascii(value)[:40],
)
@pytest.mark.parametrize("kind", [FileKind.SNAPSHOT, FileKind.INDEX, FileKind.LOCK, FileKind.KEY, FileKind.CONFIG])
def test_small_file_that_is_rubbish_is_an_error_of_ours(
    sandbox: Sandbox, forge: Forge, kind: FileKind, plain: bytes
) -> None:
    if kind is FileKind.KEY:
        forge.put_raw(kind, plain)
        assert in_child(lambda: str(Repository.open(forge.backend, password=Secret("x")))) != "fine"
    elif kind is FileKind.CONFIG:
        forge = Forge(MemoryBackend())
        forge.backend.save(kind, "", MASTER.seal(plain))
    else:
        forge.put(kind, plain, compressed=False)
        forge.put(kind, plain, compressed=True)
    sandbox.use(forge.backend)


def test_fields_of_a_master_key_that_is_none_are_an_error_of_ours(forge: Forge) -> None:
    user_key = hashlib.scrypt(b"geheim", salt=bytes(64), n=1024, r=8, p=1, dklen=64)
    for plain in (
        DEEP,
        b"\xff",
        b'{"mac":{"k":"","r":""},"encrypt":"\xff"}',
        b'{"mac":{"k":"=","r":""},"encrypt":"A"}',
    ):
        sealed = MasterKey.from_bytes(user_key).seal(plain)
        data = encode({**KEY, "data": base64.b64encode(sealed).decode()})
        backend = MemoryBackend()
        Forge(backend).config()
        backend.save(FileKind.KEY, "ab" * 32, data)
        assert in_child(partial(_open, backend)).startswith("repository-damaged")


# --- keys ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [
        (2**30, 8, 1),
        (2**63, 1, 1),
        (2**16, 1, 1),  # more rounds than OpenSSL allows for so small a block
        (2, 1, 41_943_040),
        (2, 2**20, 1),
        (2, 2**30, 2**30),
        (2**15, 8, 2**31),
        (1024, 0, 1),
        (1024, 8, -1),
        (1, 8, 1),
        (1000, 8, 1),
        (0, 8, 1),
        (-1024, 8, 1),
    ],
)
def test_key_that_asks_for_too_much_work_is_refused_at_once(n: int, r: int, p: int) -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    forge.put_raw(FileKind.KEY, encode({**KEY, "N": n, "r": r, "p": p}))
    outcome = in_child(lambda: str(Repository.open(forge.backend, password=Secret("geheim"))), time_s=10)
    assert outcome in ("repository-unsupported scrypt-parameters", "wrong-key")


@pytest.mark.slow
def test_many_keys_that_ask_for_much_work_take_no_longer_than_one() -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    for number in range(100):
        forge.put_raw(FileKind.KEY, encode({**KEY, "N": 2**18, "p": 8, "username": str(number)}))
    outcome = in_child(lambda: str(Repository.open(forge.backend, password=Secret("geheim"))), time_s=60)
    assert outcome.split()[0] in ("wrong-key", "repository-unsupported")


def test_thousands_of_key_files_take_no_longer_than_twenty(tmp_path: Path) -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    for number in range(5000):
        forge.put_raw(FileKind.KEY, encode({**KEY, "username": str(number)}))
    assert in_child(lambda: str(Repository.open(forge.backend, password=Secret("geheim"))), time_s=20) == "wrong-key"


def test_our_key_beside_one_that_asks_for_too_much_still_opens() -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    ours = make_key_file(
        MASTER, Secret("geheim"), hostname="h", username="u", now=SystemClock().now(), n=1024, r=8, p=1
    )
    forge.backend.save(FileKind.KEY, "ff" * 32, ours.data)
    forge.backend.save(FileKind.KEY, "00" * 32, encode({**KEY, "N": 2**40}))
    forge.backend.save(FileKind.KEY, "11" * 32, DEEP)
    assert Repository.open(forge.backend, password=Secret("geheim")).master == MASTER


# --- locks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pid", [2**31, 2**40, 2**62, -(2**40), -1, 0])
@pytest.mark.parametrize("time", ["now", "9999-12-31T23:59:59Z", "not a time"])
def test_lock_of_an_impossible_process_is_an_error_of_ours_at_most(
    sandbox: Sandbox, forge: Forge, pid: int, time: str
) -> None:
    now = SystemClock().now().isoformat() if time == "now" else time
    forge.put(FileKind.LOCK, encode({**LOCK, "time": now, "pid": pid}))
    outcomes = sandbox.use(forge.backend)
    assert outcomes["back up"] in ("fine", "repository-locked")


def test_thousands_of_stale_locks_do_not_keep_us_out(sandbox: Sandbox, forge: Forge) -> None:
    for number in range(3000):
        forge.put(FileKind.LOCK, encode({**LOCK, "time": "2020-01-01T00:00:00Z", "pid": number}))
    assert sandbox.use(forge.backend)["back up"] == "fine"


# --- what stands where a file should be --------------------------------------------------------------------------


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def _huge(path: Path) -> None:
    with path.open("ab") as huge:
        huge.truncate(1 << 40)


@pytest.mark.parametrize("replace", [_pipe, _folder, _endless, _huge])
@pytest.mark.parametrize("kind", FileKind)
def test_what_is_no_file_of_a_repository_is_an_error_of_ours(sandbox: Sandbox, kind: FileKind, replace: object) -> None:
    assert callable(replace)
    location = sandbox.root / "repository"
    forge = Forge(LocalBackend(location))
    forge.config()
    forge.snapshot_of(file("good", forge.blob(b"good" * 100)))
    forge.put_raw(FileKind.KEY, encode(KEY))
    forge.put(FileKind.LOCK, encode({**LOCK, "time": "2020-01-01T00:00:00Z"}))
    victim = location / "config" if kind is FileKind.CONFIG else next((location / kind.value).rglob("?" * 64))
    replace(victim)
    outcomes = sandbox.use(forge.backend)
    if kind in (FileKind.CONFIG, FileKind.INDEX, FileKind.PACK):  # other files need not be there
        assert set(outcomes.values()) != {"fine"}
    in_child(lambda: str(Repository.open(forge.backend, password=Secret("geheim"))))


def test_errors_carry_no_more_of_a_hostile_file_than_a_person_can_read() -> None:
    forge = Forge(MemoryBackend())
    forge.backend.save(FileKind.CONFIG, "", MASTER.seal(encode({**CONFIG, "version": 10**18})))
    forge.put_raw(FileKind.KEY, encode({**KEY, "kdf": "x" * 50_000}))
    with pytest.raises(VangnetError) as caught:
        Repository.open(forge.backend, password=Secret("geheim"))
    assert len(str(caught.value)) < 500
