"""Repositories that were sound until somebody changed bytes in them, with and without the key."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.repository.backend.base import FileKind
from app.repository.backend.memory import MemoryBackend
from tests.hostile.conftest import examples, fresh_sandbox
from tests.hostile.forge import Forge, encode, file, folder, link, node
from tests.hostile.test_small_files import hostile_values, twisted

Change = Callable[[bytes], bytes]


def sound() -> Forge:
    forge = Forge(MemoryBackend())
    forge.config()
    inside = forge.tree(file("inside", forge.blob(b"inside" * 100), forge.blob(b"more" * 100)))
    forge.snapshot_of(file("a", forge.blob(b"a" * 500)), folder("b", inside), link("c", "a"))
    forge.put_raw(FileKind.KEY, encode({"kdf": "scrypt"}))
    forge.put(FileKind.LOCK, encode({"time": "2020-01-01T00:00:00Z", "exclusive": False}))
    return forge


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Return what flips, cuts, doubles or replaces bytes."""
    seed, kind = draw(st.integers(0, 2**32)), draw(st.sampled_from(["flip", "cut", "grow", "rubbish", "empty"]))

    def change(data: bytes) -> bytes:
        chance = random.Random(seed)
        at = chance.randrange(len(data) or 1)
        match kind:
            case "flip":
                return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]
            case "cut":
                return data[:at]
            case "grow":
                return data[:at] + chance.randbytes(chance.randrange(1, 200)) + data[at:]
            case "rubbish":
                return chance.randbytes(len(data))
            case _:
                return b""

    return change


@pytest.mark.parametrize("keeps_name", [True, False], ids=["under its old name", "under its new name"])
@pytest.mark.parametrize("kind", FileKind)
def test_changed_file_is_an_error_of_ours_or_a_problem(kind: FileKind, keeps_name: bool) -> None:
    @examples(6)
    @given(changes())
    def run(change: Change) -> None:
        forge = sound()
        (name,) = (info.name for info in forge.backend.list(kind)) if kind is not FileKind.CONFIG else ("",)
        data = change(forge.backend.load(kind, name, limit=1 << 20))
        forge.backend.remove(kind, name)
        if keeps_name or kind is FileKind.CONFIG:
            forge.backend.save(kind, name, data)
        else:
            forge.put_raw(kind, data)
        with fresh_sandbox() as sandbox:
            sandbox.use(forge.backend)

    run()


TREE: dict[str, object] = {
    "nodes": [
        {**node("a"), "content": ["00" * 32], "extended_attributes": [{"name": "user.x", "value": "eA=="}]},
        {**link("b", "a"), "linktarget_raw": "YQ=="},
        {**node("c"), "type": "chardev", "device": 259},
        {**node("d"), "type": "dir", "subtree": "00" * 32},
    ]
}


@examples(40)
@given(twisted(TREE))
def test_twisted_tree_is_an_error_of_ours_or_a_problem(plain: bytes) -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    root = forge.raw_tree(plain)
    forge.publish()
    forge.snapshot(root)
    with fresh_sandbox() as sandbox:
        sandbox.use(forge.backend)


@examples(25)
@given(st.sampled_from(sorted(node("a"))), hostile_values)
def test_any_value_in_any_field_is_an_error_of_ours_or_a_problem(field: str, value: object) -> None:
    forge = Forge(MemoryBackend())
    forge.config()
    content = forge.blob(b"content")
    forge.snapshot_of({**file("a", content), field: value}, {**link("b", "a"), field: value})
    with fresh_sandbox() as sandbox:
        sandbox.use(forge.backend)
