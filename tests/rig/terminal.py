"""A real terminal (tmux) in which the real program runs: type keys, read what stands on the screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Self


class Terminal:
    """One program in a terminal of its own; use as a context manager."""

    def __init__(self, *command: str, columns: int = 80, lines: int = 24, env: Mapping[str, str] | None = None) -> None:
        if shutil.which("tmux") is None:
            raise RuntimeError("tmux is missing: apt-get install tmux")
        self._socket = f"vangnet-{uuid.uuid4().hex[:12]}"
        variables = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines),
            " ".join(_quoted(part) for part in command), env=variables,
        )  # fmt: skip

    @classmethod
    def vangnet(cls, *arguments: str, columns: int = 80, lines: int = 24, env: Mapping[str, str] | None = None) -> Self:
        """Open `vangnet ARGUMENTS`."""
        return cls(sys.executable, "-m", "app", *arguments, columns=columns, lines=lines, env=env)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False)

    def screen(self) -> str:
        """Return what stands on the screen now."""
        return self._tmux("capture-pane", "-p")

    def wait_for(self, text: str, *, timeout_s: float = 30) -> str:
        """Wait until a text stands on the screen; fails with what stands there instead."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            shown = self.screen()
            if text in shown:
                return shown
            time.sleep(0.1)
        raise AssertionError(f"{text!r} did not come; the screen says:\n{self.screen()}")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names (Tab, Enter, PageDown, F2 …)."""
        for key in keys:
            self._tmux("send-keys", key)
            time.sleep(0.15)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)
        time.sleep(0.15)

    def _tmux(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True, env=env
        )
        return done.stdout


def _quoted(part: str) -> str:
    return "'" + part.replace("'", "'\\''") + "'"
