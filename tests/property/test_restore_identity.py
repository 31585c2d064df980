"""restore ∘ backup = identity, for whatever tree of files there may be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.repository.backend.memory import MemoryBackend
from app.repository.model import RestoreOptions
from app.repository.repository import Repository
from tests.rig.trees import assert_same_tree

NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.integers(0, 300_000).map(bytes),
    st.tuples(st.binary(min_size=1, max_size=8), st.integers(0, 50_000)).map(lambda pair: pair[0] * pair[1]),
    st.integers(0, 1 << 32).map(lambda seed: seed.to_bytes(8, "little") * 90_000),  # over one chunk
)
MODES = st.integers(0, 0o7777)
TIMES_NS = st.integers(-(2**31) * 10**9, 2**33 * 10**9)
Leaf = tuple[str, bytes, int, int]
Tree = dict[bytes, "Leaf | Tree"]
LEAVES = st.one_of(
    st.tuples(st.just("file"), CONTENTS, MODES, TIMES_NS),
    st.tuples(st.just("link"), NAMES, MODES, TIMES_NS),
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=5),
    lambda below: st.dictionaries(NAMES, st.one_of(LEAVES, below), max_size=4),
    max_leaves=12,
)


def plant(folder: bytes, tree: Tree) -> None:
    os.mkdir(folder)
    for name, entry in tree.items():
        path = folder + b"/" + name
        if isinstance(entry, dict):
            plant(path, entry)
            continue
        kind, content, mode, time_ns = entry
        if kind == "link":
            os.symlink(content, path)
        else:
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, mode | 0o400)  # readable to the one who backs it up
        os.utime(path, ns=(time_ns, time_ns), follow_symlinks=False)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES, st.booleans())
def test_what_is_restored_is_what_was_backed_up(tree: Tree, verify: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        plant(os.fsencode(source), tree)
        repository = Repository.init(MemoryBackend())
        summary = repository.backup([os.fsencode(source)])
        assert summary.complete
        options = RestoreOptions(strip=os.fsencode(source), verify=verify)
        assert repository.restore(summary.snapshot, os.fsencode(target), options=options).complete
        assert_same_tree(source, target, with_root=False)
        assert repository.check(read_data=True).sound
