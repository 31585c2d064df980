"""atheris, guided by what the code does with its input, finds no input that is not a value or an error of ours.

A few seconds each; with VANGNET_LONG=1 fifteen times as many runs.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.conftest import LONG
from tests.hostile.forge import TIME, encode, file, link
from tests.hostile.test_small_files import INDEX, KEY, SNAPSHOT

ROOT = Path(__file__).parents[2]
RUNS = 3_000_000 if LONG else 200_000

_TREE = {
    "nodes": [
        {**file("a"), "content": ["ab" * 32], "extended_attributes": [{"name": "user.x", "value": "eA=="}]},
        {**link("b", "a"), "linktarget_raw": "YQ=="},
        {**file("d"), "type": "dir", "subtree": "cd" * 32},
        {**file("\\x41 \\u00e9 \\303 \\n"), "type": "chardev", "device": 259},
    ]
}
_ENTRY = struct.pack("<BII32s", 2, 10, 20, bytes(32)) + struct.pack("<BI32s", 1, 10, bytes(32))
SEEDS: dict[str, tuple[bytes, ...]] = {
    "pack": (bytes(20) + _ENTRY + struct.pack("<I", len(_ENTRY)), b"", struct.pack("<I", 1 << 31)),
    "index": (encode(INDEX), b'{"packs":[]}', encode({**INDEX, "supersedes": ["ab" * 32]})),
    "tree": (encode(_TREE), b'{"nodes":null}'),
    "snapshot": (
        encode(SNAPSHOT),
        encode({**SNAPSHOT, "tags": ["a"], "original": "ab" * 32, "parent": "cd" * 32, "excludes": ["*"], "uid": 1}),
    ),
    "key": (encode(KEY),),
    "name": (b"\\x41", b"\\u00e9\\U0001F600", b"\\303\\\\ \\\"'", TIME.encode()),
}
WORDS = [
    *(f'"{key}":' for document in (KEY, SNAPSHOT, _TREE["nodes"][0], INDEX) for key in document),
    '"data"', '"tree"', '"dir"', '"0001-01-01T00:00:00Z"', "+99:99", "9999-12-31T23:59:59Z", "null", "1e999", "-1",
    "18446744073709551616", "\\ud800", "\\\\x00", "[[[[[[[[", "00" * 32,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 120)
@pytest.mark.parametrize("decoder", SEEDS)
def test_no_input_is_anything_but_a_value_or_an_error_of_ours(decoder: str, tmp_path: Path) -> None:
    corpus, seeds, words = tmp_path / "corpus", tmp_path / "seeds", tmp_path / "words"
    seeds.mkdir()
    for number, seed in enumerate(SEEDS[decoder]):
        (seeds / f"{number}").write_bytes(seed)
    words.write_text("".join(f"{json.dumps(word)}\n" for word in WORDS if "\\" not in word))
    options = (
        f"-runs={RUNS}", "-seed=20261123", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", f"-dict={words}",
        f"-artifact_prefix={tmp_path}/found-", "-print_final_stats=1",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.fuzz", decoder, str(corpus), str(seeds), *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {path.name: path.read_bytes()[:500] for path in tmp_path.glob("found-*")}
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{found}"
    assert f"stat::number_of_executed_units: {RUNS}" in done.stderr
