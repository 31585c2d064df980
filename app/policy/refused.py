"""A configuration file that cannot be used: where its first mistake is, for whoever has to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.errors import VangnetError
from app.policy.errors import FileInvalid


@dataclass(frozen=True, slots=True)
class Refused:
    """The first mistake of a refused file. `line` is 0 where the file as a whole is meant."""

    code: str
    file: str
    line: int
    key: str
    reason: str
    since: datetime
    """When the file was changed."""


def refusal(error: VangnetError, since: datetime) -> Refused:
    """Return what an error of loading says."""
    if isinstance(error, FileInvalid) and error.problems:
        first = error.problems[0]
        return Refused(error.code, error.file, first.line, first.key, first.reason.value, since)
    return Refused(error.code, str(error.data.get("file", "")), 0, "", str(error.data.get("reason", "")), since)
