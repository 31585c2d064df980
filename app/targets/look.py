"""Looking whether a place on a network is there, in a process of its own that is ended when it takes too long.

So a server that hangs, a name that cannot be found or a library that waits for ever never holds up whoever asks, and
the libraries never take memory in the agent. The process prints one JSON object and holds no database.

    python -m app.targets.look HOME-JSON TARGET
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.errors import VangnetError
from app.paths import Home
from app.policy.load import load_machine
from app.policy.machine import Target, TargetId
from app.targets.errors import MarkerDamaged, PlaceSecretMissing, TargetError, TargetNotThere, WrongDisk

TIMEOUT_S = 9.0
_ANSWER_LIMIT = 64 << 10


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found: no error means that it is there, and is the one."""

    error: TargetError | None = None
    free_bytes: int | None = None


class _Answer(msgspec.Struct):
    code: str = ""
    data: dict[str, str] = {}
    free_bytes: int | None = None


_decoder = msgspec.json.Decoder(_Answer)


_ERRORS: dict[str, type[TargetError]] = {
    kind.code: kind for kind in (TargetNotThere, WrongDisk, MarkerDamaged, PlaceSecretMissing)
}


def look_at(home: Home | None, target: Target, *, timeout_s: float = TIMEOUT_S) -> Seen:
    """Look whether a place on a network is there now; answers within `timeout_s`, and never raises."""
    nothing = Seen(TargetNotThere(target=target.name, path=target.where, reason="no-answer"))
    if home is None:
        return nothing
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, _home_text(home), target.id],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        answer = _decoder.decode(done.stdout[:_ANSWER_LIMIT])
    except (subprocess.TimeoutExpired, OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return nothing
    if not answer.code:
        return Seen(None, answer.free_bytes)
    kind = _ERRORS.get(answer.code)
    return Seen(kind(**answer.data)) if kind else nothing


def look_here(home: Home, target: Target) -> Seen:
    """Look in this process; waits only briefly for each answer. Raises what is no matter of being there."""
    from app.repository.backend.remote import Patience
    from app.targets.remote import open_remote_target, why_not_there

    try:
        repository = open_remote_target(home, target, patience=Patience.brief())
        try:
            return Seen(None, repository.backend.free_bytes())
        finally:
            repository.backend.close()
    except VangnetError as exc:
        error = why_not_there(target, exc)
        if error is None:
            raise
        return Seen(error)


def main(home_text: str, target_id: str) -> None:
    """Look, and print what was seen."""
    home = _home_of(home_text)
    target = load_machine(home.machine_file).target(TargetId(target_id))
    try:
        seen = look_here(home, target)
    except VangnetError:
        seen = Seen(TargetNotThere(target=target.name, path=target.where, reason="unreadable"))
    answer = _Answer(free_bytes=seen.free_bytes)
    if seen.error is not None:
        answer = _Answer(seen.error.code, {key: str(value) for key, value in seen.error.data.items()})
    sys.stdout.write(msgspec.json.encode(answer).decode())


def _home_text(home: Home) -> str:
    return json.dumps([str(folder) for folder in (home.config, home.data, home.cache, home.runtime)])


def _home_of(text: str) -> Home:
    config, data, cache, runtime = (Path(folder) for folder in msgspec.json.decode(text, type=list[str]))
    return Home(config, data, cache, runtime)


if __name__ == "__main__":
    main(*sys.argv[1:3])
