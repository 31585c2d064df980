"""Decoders of structs are made where a module loads: see app/repository/decoding.py."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import app

_APP = Path(app.__file__).parent
_BUILT_IN = {"str", "int", "bytes", "bool", "float", "list", "dict", "tuple", "None", "Document", "msgspec", "Raw"}

_TWO_THREADS = """
import sys, threading
sys.setswitchinterval(1e-6)
from app.targets.marker import decode_marker
from app.repository.crypto import MasterKey
marker = (
    b'{"vangnet":1,"id":"%s","organisation":"De Linde","target":"nas","name":"NAS",'
    b'"repository_id":"%s","created":"2026-09-01T08:00:00Z"}' % (b"ab" * 16, b"cd" * 32)
)
key = b'{"encrypt":"AAAA","mac":{"k":"AAAA","r":"AAAA"}}'
start = threading.Barrier(4)
def look(read):
    start.wait()
    read()
threads = [
    threading.Thread(target=look, args=[read])
    for read in (lambda: decode_marker(marker, "here"), lambda: MasterKey.from_json(key)) * 2
]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def _decoded_when_called(tree: ast.AST) -> Iterator[str]:
    """Yield the types that functions have decoded without a decoder of the module's."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith((".json.decode", ".msgpack.decode")):
            for keyword in call.keywords:
                if keyword.arg == "type":
                    yield from (n.id for n in ast.walk(keyword.value) if isinstance(n, ast.Name))


def test_no_struct_is_found_out_about_when_threads_may_come_to_it() -> None:
    late = {
        f"{path.relative_to(_APP)}: {name}"
        for path in _APP.rglob("*.py")
        if "msgspec" in (text := path.read_text())
        for name in set(_decoded_when_called(ast.parse(text))) - _BUILT_IN
    }
    assert late == set()


def test_two_threads_may_read_the_first_marker_at_once() -> None:
    for _ in range(5):
        subprocess.run([sys.executable, "-c", _TWO_THREADS], check=True, timeout=60)
