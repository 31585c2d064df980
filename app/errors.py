"""What every error of Vangnet has: a stable code, data, and the exit code it leads to.

The text a person reads is made at the edge (`app.wording.errors`), in their language, from `code` and `data`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's exit code says. 3, 10, 11 and 12 are restic's own."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    NOT_THERE = 10
    LOCKED = 11
    WRONG_KEY = 12


class VangnetError(Exception):
    """The base of every error we raise on purpose.

    `code` is stable and documented; `data` holds what the text needs (names, counts, paths; never a secret).
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, **data: object) -> None:
        self.data = data
        super().__init__(self.code, data)

    def __str__(self) -> str:
        details = ", ".join(f"{key}={value!r}" for key, value in self.data.items())
        return f"{self.code}({details})"


class ConfigurationError(VangnetError):
    """The configuration cannot be used as it is (`reason`; `file`, `line`, `key` where known)."""

    code = "configuration"
    exit_code = ExitCode.USAGE


class NotSetUp(ConfigurationError):
    """There is no policy or machine file yet: the set-up has not been done (`home`)."""

    code = "not-set-up"
