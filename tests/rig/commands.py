"""Runs the real program as a user would: its own process, real exit codes, real output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """Return the one JSON document on stdout; fails when there is anything else."""
        return json.loads(self.out)


def vangnet(
    *arguments: str,
    expect: int | None = 0,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout_s: float = 110,
) -> Done:
    """Run `vangnet ARGUMENTS` in English and return how it ended; asserts the exit code (None: any)."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False,
        env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(env or {})},
    )  # fmt: skip
    assert expect is None or done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return Done(done.returncode, done.stdout, done.stderr)
