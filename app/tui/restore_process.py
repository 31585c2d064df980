"""Gets files back in a process of its own: `vangnet restore … --json`, so that the screens never wait for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Final

import msgspec

from app.clock import format_utc
from app.records.facts import Outcome
from app.tui.picture import RestoreResult, RestoreWish

_ANSWER_LIMIT: Final = 4 << 20
_OUTCOMES: Final = {o.value: o for o in Outcome}


class _Error(msgspec.Struct):
    code: str = ""
    data: Mapping[str, object] = {}


class _Document(msgspec.Struct):
    """The parts that we need of what `restore --json` prints (DESIGN 6)."""

    outcome: str = ""
    files: int = 0
    error: _Error | None = None


_decoder = msgspec.json.Decoder(_Document)


async def restore_in_process(program: tuple[str, ...], wish: RestoreWish) -> RestoreResult:
    """Run the command and wait for its end; never raises: what goes wrong is in the result."""
    command: list[str | bytes] = [*program, "restore", wish.data_set, *(os.fsencode(path) for path in wish.paths)]
    command += ["--to", os.fsencode(wish.to), "--json"]
    if wish.at is not None:
        command += ["--at", format_utc(wish.at)]
    if wish.target:
        command += ["--target", wish.target]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        answer, _nothing = await process.communicate()
    except OSError as problem:
        return RestoreResult(Outcome.FAILED, 0, wish.to, "error", (("reason", str(problem)),))
    return read_answer(answer[:_ANSWER_LIMIT], wish)


def read_answer(answer: bytes, wish: RestoreWish) -> RestoreResult:
    """Read the JSON document that the command printed."""
    try:
        document = _decoder.decode(answer)
    except msgspec.DecodeError:
        return RestoreResult(Outcome.FAILED, 0, wish.to, "error")
    error = document.error or _Error()
    data = tuple((key, str(value)) for key, value in error.data.items())
    outcome = _OUTCOMES.get(document.outcome, Outcome.FAILED)
    return RestoreResult(outcome, document.files, wish.to, error.code, data)
