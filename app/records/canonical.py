"""The one spelling of a value in the journal: JSON in ASCII, keys sorted, no spaces, times by `format_utc`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING

from app.clock import format_utc

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Body = Mapping[str, object]
"""What a journal row says: names to texts, numbers, times, dates, enum members, None; sequences, mappings of them."""

MAX_BODY_CHARS = 4 << 20
"""More than any fact we write (100 problems with the longest paths); a bound for what comes from a caller."""


def canonical(value: object) -> str:
    """Write a value canonically; raises ValueError on NaN, infinity or a type that JSON has no word for."""
    text = json.dumps(plain(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(text) > MAX_BODY_CHARS:
        raise ValueError(f"too much for one journal row: {len(text)} characters")
    return text


def read_json(content: str | bytes) -> object:
    """Read JSON; raises ValueError on what is none, and on what is nested too deeply to read."""
    try:
        value: object = json.loads(content)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    return value


def plain(value: object) -> object:
    """Turn a value into what JSON knows. Text that is not Unicode (lone surrogates) is spelled with backslashes."""
    match value:
        case Enum():
            return plain(value.value)
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case None | bool() | int() | float():
            return value
        case datetime():
            return format_utc(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes | bytearray):
            return [plain(item) for item in value]
        case _:
            if is_dataclass(value) and not isinstance(value, type):
                return fields_of(value)
            raise ValueError(f"no place in the journal for a {type(value).__name__}")


def fields_of(value: DataclassInstance) -> dict[str, object]:
    """Return the fields of a dataclass as JSON knows them."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
