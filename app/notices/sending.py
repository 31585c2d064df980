"""Hands messages to the process that delivers them, and waits for its word."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Final

import app
from app.notices.delivery import Parcel, Trouble, write_parcel
from app.paths import Home

DELIVERY_TIMEOUT_S: Final = 90.0
"""A mail server that answers more slowly than this is not there."""


async def send(home: Home, parcel: Parcel, *, timeout_s: float = DELIVERY_TIMEOUT_S) -> Trouble | None:
    """Deliver a message in a process of its own; return why it could not be, None when it was taken."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", *home.arguments, "deliver",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=Path(app.__file__).parent.parent,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        return Trouble.FAILED
    try:
        async with asyncio.timeout(timeout_s):
            said, _nothing = await process.communicate(write_parcel(parcel).encode())
    except TimeoutError:
        return Trouble.TIMEOUT
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _trouble(said)


def _trouble(said: bytes) -> Trouble | None:
    try:
        word: object = json.loads(said)["trouble"]
        return None if word == "" else Trouble(str(word))
    except (ValueError, TypeError, KeyError):
        return Trouble.FAILED
