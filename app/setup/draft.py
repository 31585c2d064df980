"""The wizard's answers so far, kept on disk so that closing half-way loses nothing. No secrets are in them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import cast

import msgspec

from app.paths import Home
from app.setup.answers import SetupAnswers

MAX_DRAFT_BYTES = 1 << 20


def save_draft(home: Home, answers: SetupAnswers) -> None:
    """Write the draft: whole or not at all, readable by this user only."""
    home.config.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = msgspec.json.encode(answers, enc_hook=_encode_path)
    handle, temporary = tempfile.mkstemp(dir=home.config, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(home.setup_draft)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_draft(home: Home) -> SetupAnswers | None:
    """Return the draft, or None when there is none or it cannot be read: a draft is a convenience, never a truth."""
    try:
        with home.setup_draft.open("rb") as file:
            data = file.read(MAX_DRAFT_BYTES + 1)
    except OSError:
        return None
    if len(data) > MAX_DRAFT_BYTES:
        return None
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, ValueError):
        return None


def discard_draft(home: Home) -> None:
    """Remove the draft; harmless when there is none."""
    with contextlib.suppress(FileNotFoundError):
        home.setup_draft.unlink()


def _encode_path(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _decode_path(wanted: type, value: object) -> object:
    if issubclass(wanted, Path):
        return Path(cast(str, value))
    raise NotImplementedError(wanted)


_decoder = msgspec.json.Decoder(SetupAnswers, dec_hook=_decode_path)
