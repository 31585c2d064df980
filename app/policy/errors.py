"""What can be wrong with a policy or machine file, as data; the text for people is made in `app.wording`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from app.errors import ConfigurationError

MAX_PROBLEMS: Final = 50
"""A file reports at most this many problems at once."""


class Reason(StrEnum):
    """Why a place in a file is wrong."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    NOT_TEXT = "not-text"
    EMPTY = "empty"
    SYNTAX = "syntax"
    SEVERAL_DOCUMENTS = "several-documents"
    TOO_DEEP = "too-deep"
    ALIAS = "alias"
    TAG = "tag"
    DUPLICATE_KEY = "duplicate-key"
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    WRONG_TYPE = "wrong-type"
    UNKNOWN_VALUE = "unknown-value"
    IMPOSSIBLE_VALUE = "impossible-value"
    NOT_UNIQUE = "not-unique"
    UNKNOWN_DATA_SET = "unknown-data-set"
    MISSING_RULE = "missing-rule"
    WEAKER_THAN_LOWER_TIER = "weaker-than-lower-tier"
    INSIDE_ITS_SOURCE = "inside-its-source"


class Expected(StrEnum):
    """The kinds of value a place can want; `Problem.expected` holds one of these, or the allowed values themselves."""

    TEXT = "text"
    FILLED_TEXT = "filled-text"
    NUMBER = "number"
    TRUE_OR_FALSE = "true-or-false"
    DATE = "date"
    MONTH_AND_DAY = "month-and-day"
    TIME = "time"
    DURATION = "duration"
    LIST = "list"
    MAPPING = "mapping"
    SLUG = "slug"
    ABSOLUTE_PATH = "absolute-path"
    RELATIVE_PATH = "relative-path"
    TIME_ZONE = "time-zone"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file.

    `line` counts from 1; 0 is the file as a whole. `key` is the path of keys ("data_sets[2].availability").
    `found` is what stands there, cut short. `expected` holds the allowed values, or one `Expected` (tell them apart
    by type: a key may be called "text"); for a key that stands twice it is the line of the first one, for a file that
    is too large the limit in bytes.
    `suggestion` is the key or value that was probably meant; empty when nothing comes close.
    """

    file: str
    line: int
    key: str
    reason: Reason
    found: str = ""
    expected: tuple[str, ...] = ()
    suggestion: str = ""


class FileInvalid(ConfigurationError):
    """A file cannot be used as it is (`file`, `problems`, `more`: there were more than are listed)."""

    code: ClassVar[str] = "file-invalid"

    def __init__(self, file: str, problems: tuple[Problem, ...], *, more: bool = False) -> None:
        self.file = file
        self.problems = problems
        self.more = more
        super().__init__(file=file, problems=problems, more=more)


class PolicyInvalid(FileInvalid):
    """The policy file cannot be used as it is."""

    code: ClassVar[str] = "policy-invalid"


class MachineInvalid(FileInvalid):
    """The machine file cannot be used as it is."""

    code: ClassVar[str] = "machine-invalid"
