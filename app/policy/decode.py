"""Turn the nodes of a YAML file into typed values, gathering every problem instead of stopping at the first.

After a problem a harmless stand-in is returned so that reading goes on; it never leaves the loader, because a report
with problems is raised as an error at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, timedelta
from enum import Enum
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

from app.policy.errors import Expected, Reason
from app.policy.model import Label
from app.policy.yamlfile import Mapping, Node, Report, Scalar, Sequence

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

MAX_TEXT: Final = 2000
MAX_PATH: Final = 4096
MAX_ITEMS: Final = 1000
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PAIR: Final = re.compile(r"(\d{1,2})([:-])(\d{2})")
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4}) (second|minute|hour|day|week|year)s?")
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NO_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "year": timedelta(days=365),
}


class Required(Enum):
    """Stands for "no default: the key must be there"."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED
_Required = Literal[Required.REQUIRED]


class Item:
    """One value of the file: its node, the path of keys to it, and the report its problems go to."""

    __slots__ = ("key", "line", "node", "report")

    def __init__(self, node: Node, key: str, report: Report) -> None:
        self.node = node
        self.key = key
        self.line = node.line
        self.report = report

    def problem(
        self, reason: Reason, *, found: str | None = None, expected: tuple[str, ...] = (), suggestion: str = ""
    ) -> None:
        """Report something about this value."""
        shown = _shown(self.node) if found is None else found
        self.report.add(reason, self.line, self.key, found=shown, expected=expected, suggestion=suggestion)

    def wrong_type(self, expected: Expected) -> None:
        self.problem(Reason.WRONG_TYPE, expected=(expected,))

    def scalar(self, expected: Expected) -> str | None:
        """Return the text of a value that is there; None (reported) when it is empty, a list or a mapping."""
        if isinstance(self.node, Scalar) and not self.node.is_null:
            return self.node.text
        self.wrong_type(expected)
        return None

    def text(self, *, filled: bool = True, lines: bool = False) -> str:
        """A text of at most MAX_TEXT characters without control characters; with `lines`, of several lines."""
        expected = Expected.FILLED_TEXT if filled else Expected.TEXT
        text = self.scalar(expected)
        if text is None:
            return ""
        if (filled and not text.strip()) or not _printable(text, lines=lines) or len(text) > MAX_TEXT:
            self.problem(Reason.IMPOSSIBLE_VALUE, expected=(expected,))
        return text

    def path_text(self) -> str:
        """A path or a pattern: any character but NUL may stand in it."""
        text = self.scalar(Expected.FILLED_TEXT) or ""
        if isinstance(self.node, Scalar) and (not text or "\0" in text or len(text) > MAX_PATH):
            self.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.FILLED_TEXT,))
        return text

    def slug(self) -> str:
        text = self.scalar(Expected.SLUG)
        if text is not None and (not _SLUG.fullmatch(text) or len(text) > 64):
            self.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.SLUG,))
        return text or ""

    def number(self, low: int, high: int) -> int:
        text = self.scalar(Expected.NUMBER)
        if text is None:
            return low
        if not self._is_plain or not _NUMBER.fullmatch(text):
            self.wrong_type(Expected.NUMBER)
            return low
        if not low <= int(text) <= high:
            self.problem(Reason.IMPOSSIBLE_VALUE, expected=(f"{low}–{high}",))
        return int(text)

    def true_or_false(self) -> bool:
        text = self.scalar(Expected.TRUE_OR_FALSE)
        if text is not None and (not self._is_plain or text not in {"true", "false"}):
            self.wrong_type(Expected.TRUE_OR_FALSE)
        return text == "true"

    def day(self) -> date:
        """A date, "2026-09-01"."""
        return self._matching(Expected.DATE, lambda t: date.fromisoformat(t) if _DATE.fullmatch(t) else None, date.min)

    def duration(self) -> timedelta:
        return self._matching(Expected.DURATION, read_duration, timedelta(days=1))

    def time(self) -> tuple[int, int]:
        """A time of day, "18:00", as (hour, minute)."""
        return self._matching(Expected.TIME, lambda t: _read_pair(t, ":", (0, 23), (0, 59)), (0, 0))

    def month_and_day(self) -> tuple[int, int]:
        """A day of every year, "09-01", as (month, day); 29 February is refused, for it is not in every year."""

        def read(text: str) -> tuple[int, int] | None:
            pair = _read_pair(text, "-", (1, 12), (1, 31))
            return pair and (date(2001, *pair).month, pair[1])

        return self._matching(Expected.MONTH_AND_DAY, read, (1, 1))

    def choice(self, kind: type[E]) -> E:
        """One of an Enum's values."""
        values = {str(member.value): member for member in kind}
        return values[self.one_of(tuple(values))]

    def one_of(self, allowed: tuple[str, ...]) -> str:
        """One of these values; the first of them after a problem."""
        if not isinstance(self.node, Scalar) or self.node.text not in allowed:
            found = _shown(self.node)
            self.problem(Reason.UNKNOWN_VALUE, expected=allowed, suggestion=nearest(found, allowed))
            return allowed[0]
        return self.node.text

    def items(self) -> tuple[Item, ...]:
        """The items of a list."""
        if not isinstance(self.node, Sequence):
            self.wrong_type(Expected.LIST)
            return ()
        if len(self.node.items) > MAX_ITEMS:
            self.problem(Reason.TOO_LARGE, found=str(len(self.node.items)), expected=(str(MAX_ITEMS),))
            return ()
        return tuple(Item(node, f"{self.key}[{n}]", self.report) for n, node in enumerate(self.node.items))

    def fields(self) -> Fields:
        """The entries of a mapping; use as `with item.fields() as fields:`."""
        if isinstance(self.node, Mapping):
            return Fields(self.node, self.key, self.report)
        self.wrong_type(Expected.MAPPING)
        return Fields(Mapping(self.line), self.key, self.report, broken=True)

    def label(self) -> Label:
        with self.fields() as fields:
            return Label(nl=fields.text("nl"), en=fields.text("en"))

    @property
    def _is_plain(self) -> bool:
        return isinstance(self.node, Scalar) and self.node.plain

    def _matching(self, expected: Expected, read: Callable[[str], T | None], stand_in: T) -> T:
        text = self.scalar(expected)
        if text is None:
            return stand_in
        try:
            value = read(text)
        except ValueError:
            self.problem(Reason.IMPOSSIBLE_VALUE, expected=(expected,))
            return stand_in
        if value is None:
            self.wrong_type(expected)
            return stand_in
        return value


class Fields:
    """The entries of one mapping. Every key that is asked for is a known one; leaving the `with` reports
    the others, and the ones that are missing."""

    def __init__(self, node: Mapping, key: str, report: Report, *, broken: bool = False) -> None:
        self.line = node.line
        self.key = key
        self.report = report
        self._node = node
        self._asked: list[str] = []
        self._missing: list[str] = []
        self._broken = broken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is None and not self._broken:
            meant = self._report_unknown_keys()
            for key in self._missing:
                if key not in meant:
                    self.report.add(Reason.MISSING_KEY, self.line, self.path(key), expected=(key,))

    def get(self, key: str) -> Item | None:
        """The value of a key that may be absent or left empty."""
        self._asked.append(key)
        node = self._node.entries.get(key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return None
        return Item(node, self.path(key), self.report)

    def need(self, key: str) -> Item | None:
        """The value of a key that must be there; None (reported on leaving) when it is not."""
        self._asked.append(key)
        node = self._node.entries.get(key)
        if node is not None:
            return Item(node, self.path(key), self.report)
        self._missing.append(key)
        return None

    def path(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key else key

    def text(self, key: str, default: str | _Required = REQUIRED, *, lines: bool = False) -> str:
        """A text; with a default it may be absent, empty or null."""
        if isinstance(default, Required):
            return item.text(lines=lines) if (item := self.need(key)) else ""
        return item.text(filled=False, lines=lines) if (item := self.get(key)) else default

    def slug(self, key: str) -> str:
        return item.slug() if (item := self.need(key)) else ""

    def number(self, key: str, low: int, high: int, default: int | _Required = REQUIRED) -> int:
        return self._read(key, lambda item: item.number(low, high), default, low)

    def true_or_false(self, key: str, default: bool | _Required = REQUIRED) -> bool:
        return self._read(key, Item.true_or_false, default, False)

    def day(self, key: str) -> date:
        return self._read(key, Item.day, REQUIRED, date.min)

    def optional_day(self, key: str) -> date | None:
        return item.day() if (item := self.get(key)) else None

    def duration(self, key: str) -> timedelta:
        return self._read(key, Item.duration, REQUIRED, timedelta(days=1))

    def optional_duration(self, key: str) -> timedelta | None:
        return item.duration() if (item := self.get(key)) else None

    def choice(self, key: str, kind: type[E], default: E | _Required = REQUIRED) -> E:
        return self._read(key, lambda item: item.choice(kind), default, next(iter(kind)))

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        return self._read(key, lambda item: item.one_of(allowed), REQUIRED, allowed[0])

    def label(self, key: str) -> Label:
        return self._read(key, Item.label, REQUIRED, Label("", ""))

    def label_here(self) -> Label:
        """The two languages among the other entries of this mapping."""
        return Label(nl=self.text("nl"), en=self.text("en"))

    def items(self, key: str, *, required: bool = True) -> tuple[Item, ...]:
        return self._read(key, Item.items, REQUIRED if required else (), ())

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts that may be absent."""
        return tuple(item.text() for item in self.items(key, required=False))

    def mapping(self, key: str) -> Fields:
        item = self.need(key)
        return item.fields() if item else Fields(Mapping(self.line), self.path(key), self.report, broken=True)

    def _read(self, key: str, read: Callable[[Item], T], default: T | _Required, stand_in: T) -> T:
        if isinstance(default, Required):
            return read(item) if (item := self.need(key)) else stand_in
        return read(item) if (item := self.get(key)) else default

    def _report_unknown_keys(self) -> tuple[str, ...]:
        """Report the keys nobody asked for; returns the missing keys that they were probably meant to be."""
        meant = []
        for name, key in self._node.keys.items():
            if name in self._asked:
                continue
            guess = nearest(name, self._missing) or nearest(name, self._asked)
            meant.append(guess)
            self.report.add(
                Reason.UNKNOWN_KEY, key.line, self.path(name), found=name, expected=tuple(self._asked), suggestion=guess
            )
        return tuple(meant)


def read_duration(text: str) -> timedelta | None:
    """Read "15 minutes", "1 day", "13 weeks" or "1 year" (365 days); None when it is not like that."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def nearest(word: str, known: Collection[str]) -> str:
    """Return the known word that was probably meant; "" when nothing comes close."""
    from difflib import get_close_matches  # only a wrong file pays for it

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.7)), "")


def _read_pair(text: str, separator: str, first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int] | None:
    found = _PAIR.fullmatch(text)
    if not found or found[2] != separator:
        return None
    pair = int(found[1]), int(found[3])
    if not (first[0] <= pair[0] <= first[1] and second[0] <= pair[1] <= second[1]):
        raise ValueError(text)
    return pair


def _printable(text: str, *, lines: bool) -> bool:
    # Names end up on screens, in file names and in e-mails: no control characters, but any script and any dash.
    return (_NO_LINES if lines else _NO_NAME).search(text) is None


def _shown(node: Node) -> str:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return "[…]" if node.items else "[]"
        case Mapping():
            return "{…}" if node.entries else "{}"
